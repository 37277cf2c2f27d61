"""`stcloud episodes`: a table for people, all columns for programs, and what a derivation did."""

import csv
import io
import json
from pathlib import Path

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.episodes import episodes

DISTRICT = Path(__file__).resolve().parents[3] / "fixtures" / "district"
SMOG = DISTRICT / "smog.toml"


@pytest.fixture
def town(tmp_path):
    stcloud.create(tmp_path / "lantang", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "lantang") as city:
        city.load(
            "stations", DISTRICT / "air_stations.csv", key="station", lon="lon", lat="lat", datum="wgs84",
            valid_from="2024-01-01",
        )  # fmt: skip
        city.load("air", DISTRICT / "air_2024-01.csv", definition=DISTRICT / "air.toml")
    return tmp_path / "lantang"


def test_a_table_is_for_people(run, town):
    printed = run("episodes", town, SMOG, "--station", "A02", "--when", "2024-01-09/2024-01-18")
    head, *rows = [line.split() for line in printed.out.splitlines()]
    assert head == ["station", "from", "to", "peak", "mean", "readings", "missing"]
    assert [row[:5] for row in rows] == [
        ["A02", "2024-01-08", "19:00", "2024-01-09", "12:00"],
        ["A02", "2024-01-17", "06:00", "2024-01-17", "10:00"],
    ]
    assert "rule PM2.5 above 115 for 3h, gaps up to 1h, ends below 75" in printed.err
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    assert "open" in run("episodes", town, SMOG).out


def test_every_format_has_every_episode(run, town, tmp_path):
    rows = json.loads(run("episodes", town, SMOG, "-f", "json").out)
    assert len(rows) == 8
    assert {row["to"] for row in rows if row["open"]} == {None}
    text = run("episodes", town, SMOG, "-f", "csv").out
    assert [row["episode"] for row in csv.DictReader(io.StringIO(text))] == [row["episode"] for row in rows]
    for name in ("smog.geojson", "smog.gpkg", "smog.parquet", "smog.xlsx"):
        assert run("episodes", town, SMOG, "-o", tmp_path / name).code == 0
    places = json.loads((tmp_path / "smog.geojson").read_text(encoding="utf-8"))["features"]
    assert places[0]["geometry"]["coordinates"] == [117.034451, 31.908884]


def test_a_derivation_says_what_it_did(run, town):
    printed = run("episodes", town, SMOG, "--into", "smog")
    assert printed.out.split() == [
        "layer", "added", "corrected", "withdrawn", "unchanged", "readings", "smog", "8", "0", "0", "0", "2229",
    ]  # fmt: skip
    assert "all of it derived" in printed.err
    run("load", town, "air", DISTRICT / "air_2024-01_late.csv")
    (done,) = json.loads(run("episodes", town, SMOG, "--into", "smog", "-f", "json").out)
    assert (done["corrected"], done["withdrawn"]) == (2, 2)
    printed = run("episodes", town, SMOG, "--into", "smog", "--pin", "--full")
    assert "pin:" in printed.err
    pin = printed.err[printed.err.index("pin:") :].strip()
    assert json.loads(run("episodes", town, SMOG, "-f", "json").out) == json.loads(
        run("episodes", town, SMOG, "-f", "json", "--known-at", pin).out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--full",), "add --into LAYER"),
        (("--into", "smog", "--station", "A01"), "leave out --station, --when and --known-at"),
        (("--into", "smog", "-f", "geojson"), "this is not printed as geojson"),
        (("--into", "air"), "has something else"),
        (("--layer", "water"), "water"),
        (("--station", "A09"), "A09"),
    ],
)
def test_what_is_wrong_is_one_line(run, town, arguments, message):
    printed = run("episodes", town, SMOG, *arguments)
    assert printed.code in (2, 3)
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_full_is_of_a_layer(town):
    with pytest.raises(InvalidInput) as caught:
        episodes(town, SMOG, full=True)
    assert caught.value.kind == "full-unused"


def test_a_rule_is_read_before_anything_else(run, town, tmp_path):
    rule = tmp_path / "rule.toml"
    rule.write_text(SMOG.read_text(encoding="utf-8").replace("above", "abov"), encoding="utf-8")
    printed = run("episodes", tmp_path / "nowhere", rule)
    assert printed.code == 2
    assert "did you mean 'above'?" in printed.err
    assert run("episodes", town, tmp_path / "none.toml").err.endswith("No such file or directory\n")
