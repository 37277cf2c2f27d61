"""`stcloud conflicts`, `stcloud blueprint`: a short table for people, all columns for programs, decisions, a map."""

import csv
import io
import json

import geopandas
import pytest
import shapely

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.conflicts import conflicts

RULES = """
id = "town"
[plans.landuse]
department = "Planning bureau"
[[exclude]]
id = "homes"
first = { layer = "landuse", use = "dwelling" }
second = { layer = "wood" }
"""
CRS = "EPSG:4548"


@pytest.fixture
def town(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    stcloud.create(tmp_path / "bay", crs=CRS, zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "bay") as city:
        for layer, west in (("landuse", 500_000), ("wood", 500_080)):
            rows = geopandas.GeoDataFrame(
                {"id": ["1"], "use": ["dwelling"]},
                geometry=[shapely.box(west, 3_520_000, west + 100, 3_520_100)],
                crs=CRS,
            )
            city.load(layer, rows, key="id", valid_from="2024-01-01")
    return tmp_path / "bay"


def asked(town, *more):
    return ("conflicts", town, "landuse", "wood", "--rules", "rules.toml", *more)


def test_a_table_is_for_people(run, town):
    printed = run(*asked(town, "--at", "2024-06-01"))
    head, row = (line.split() for line in printed.out.splitlines())
    assert head == ["conflict", "rule", "first", "second", "extent", "outcome"]
    assert row[1:] == ["homes", "landuse:1", "wood:1", "2,000.0", "m²", "open"]
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    assert "rules_applied 1 of 1, slivers 0 pieces, 0 m² left out" in printed.err


def test_every_format_has_every_column(run, town, tmp_path):
    (row,) = json.loads(run(*asked(town, "-f", "json")).out)
    assert (row["area_m2"], row["first_department"], row["to"]) == (2000.0, "Planning bureau", None)
    (record,) = csv.DictReader(io.StringIO(run(*asked(town, "-f", "csv")).out))
    assert record["conflict"] == row["conflict"]
    for name in ("out.geojson", "out.gpkg", "out.parquet", "out.xlsx"):
        assert run(*asked(town, "-o", tmp_path / name)).code == 0
    assert geopandas.read_parquet(tmp_path / "out.parquet").area.tolist() == [2000.0]
    (group,) = json.loads(run(*asked(town, "--by", "department", "-f", "json")).out)
    assert (group["second_department"], group["conflicts"]) == ("wood", 1)


def test_decisions_changes_and_a_blueprint(run, town):
    printed = run(*asked(town, "-f", "json", "--pin"))
    (row,) = json.loads(printed.out)
    pin = printed.err[printed.err.index("pin:") :].strip()
    decision = ("--outcome", "wood", "--decided-by", "council", "--on", "2024-05-01", "--reason", "the oak")
    assert "council" in run(*asked(town, "--decide", row["conflict"], *decision)).out
    assert "wood prevails: the oak" in run(*asked(town, "--why", row["conflict"])).out
    changed = run(*asked(town, "--since", pin))
    assert changed.out.splitlines()[1].split()[0] == "changed"
    assert json.loads(run(*asked(town, "-f", "json", "--known-at", pin)).out) == [row]
    pieces = ("blueprint", town, "landuse", "wood", "--rules", "rules.toml", "--at", "2024-06-01")
    rows = json.loads(run(*pieces, "-f", "json").out)
    assert [(row["layer"], row["state"], row["area_m2"]) for row in rows] == [
        ("landuse", "cut", 2000.0), ("landuse", "settled", 8000.0), ("wood", "settled", 10000.0),
    ]  # fmt: skip
    sums = json.loads(run(*pieces, "--by", "state", "-f", "json").out)
    assert [row["area_m2"] for row in sums] == [2000.0, 18000.0]
    assert run(*pieces, "--map", "blueprint.png").code == 0


def test_a_page_stands_alone(run, town, tmp_path):
    printed = run(*asked(town, "--at", "2024-06-01", "-o", tmp_path / "page.html"))
    assert "page:" in printed.err
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<h1>Conflicts between landuse, wood</h1>" in page
    assert "2,000.00" in page
    assert "data:image/png;base64," in page
    assert "<script" not in page
    assert "http" not in page
    assert run(*asked(town, "--at", "2020-01-01", "-o", tmp_path / "none.html")).code == 0
    assert "0 conflicts" in (tmp_path / "none.html").read_text("utf-8")
    assert "are different things" in run(*asked(town, "--by", "rule", "-o", tmp_path / "page.html")).err


def test_a_map_and_an_explanation(run, town, tmp_path):
    printed = run(*asked(town, "--at", "2024-06-01", "--map", tmp_path / "map.png"))
    assert "map:" in printed.err
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert "rule homes: dwelling in landuse and anything in wood" in run(*asked(town, "--explain")).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "rule", "--since", "2024-01-01"), "are different things to do"),
        (("--outcome", "wood"), "add --decide CONFLICT"),
        (("--decide", "x", "--outcome", "wood"), "the decision lacks --decided-by, --on"),
        (("--why", "x"), "there is no conflict 'x'"),
        (("--at", "2024", "--during", "2024"), "leave out --at or --during"),
        (("--explain", "-f", "json"), "this is not printed as json"),
        (("--by", "ruel"), "did you mean 'rule'?"),
    ],
)
def test_what_makes_no_sense_is_one_line(run, town, arguments, message):
    printed = run(*asked(town, *arguments))
    assert printed.code != 0
    assert message in printed.err
    assert len(printed.err.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"explain": True, "why": "x", "by": ["rule"]}, "one-result"),
        ({"on": "2024"}, "no-decision"),
        ({"decide": "x", "on": "2024"}, "half-decision"),
    ],
)
def test_calls_that_contradict_themselves(town, options, kind):
    with pytest.raises(InvalidInput) as caught:
        conflicts(town, ["landuse", "wood"], "rules.toml", **options)
    assert caught.value.kind == kind
