"""Episodes of a city: listed as known at any instant, derived again only where something changed."""

import json
from pathlib import Path

import pandas as pd
import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import Conflict, InvalidDefinition, InvalidInput, NotFound, StorageError
from stcloud.iaas.store.folder import Folder
from stcloud.paas.episode.episoderows import CONTENT

DISTRICT = Path(__file__).resolve().parents[2] / "fixtures" / "district"
SMOG = DISTRICT / "smog.toml"
PLANTED = json.loads((DISTRICT / "planted.json").read_text(encoding="utf-8"))["air"]


class Clock:
    now_us = 1_800_000_000_000_000

    def __call__(self):
        self.now_us += 1_000_000
        return self.now_us


@pytest.fixture
def city(tmp_path):
    stcloud.create(tmp_path / "lantang", crs="EPSG:4548", zone="Asia/Shanghai").close()
    with stcloud.open(tmp_path / "lantang", clock=Clock()) as opened:
        opened.load(
            "stations", DISTRICT / "air_stations.csv", key="station", lon="lon", lat="lat", datum="wgs84",
            valid_from="2024-01-01",
        )  # fmt: skip
        opened.load("air", DISTRICT / "air_2024-01.csv", definition=DISTRICT / "air.toml")
        yield opened


def planted(name):
    return [(each["station"], each["from"], each["to"]) for each in PLANTED["episodes"][name]]


def listed(rows):
    def text(at):
        return (
            None if at is None or pd.isna(at) else at.tz_convert("Asia/Shanghai").strftime("%Y-%m-%d %H:%M")
        )

    times = [(row["station"], pd.Timestamp(row["from"]), pd.Timestamp(row["to"])) for row in rows]
    return sorted(
        ((station, text(start), text(stop)) for station, start, stop in times), key=lambda each: each[:2]
    )


def late(city):
    city.load("air", DISTRICT / "air_2024-01_late.csv")


def content(city, layer):
    rows = city.query(layer).to_arrow().to_pylist()
    return sorted(tuple(str(row[name]) for name in CONTENT) for row in rows)


def test_the_planted_episodes_are_listed_and_derived(city):
    assert listed(city.episodes("air", SMOG)) == planted("air_2024-01.csv")
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.added, len(done.loads)) == (True, 8, 1)
    assert listed(city.query("smog").to_arrow().to_pylist()) == planted("air_2024-01.csv")
    late(city)
    assert listed(city.episodes("air", SMOG)) == planted("air_2024-01_late.csv")
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.added, done.corrected, done.withdrawn) == (False, 0, 2, 2)
    assert listed(city.query("smog").to_arrow().to_pylist()) == planted("air_2024-01_late.csv")
    assert str(done).startswith("smog: 0 added, 2 corrected, 2 withdrawn, ")


def test_only_what_changed_readings_can_affect_is_read_again(city):
    smog = city.episodes("air", SMOG)
    smog.derive("smog")
    at = pd.Timestamp("2024-01-09 03:00")
    city.load(
        "air", pd.DataFrame({"station": ["A03"], "measured_at": [str(at)], "PM2.5": ["50"], "PM10": ["60"]})
    )
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.added, done.corrected, done.withdrawn) == (False, 1, 1, 0)  # cut in two
    assert done.readings < 200
    assert (done.unchanged, len(done.loads)) == (0, 1)


def test_late_data_change_beliefs_and_no_history(city):
    city.episodes("air", SMOG).derive("smog")
    before_us = city.layer("smog").pin_us()
    late(city)
    city.episodes("air", SMOG).derive("smog")
    then = pd.Timestamp(before_us, unit="us", tz="UTC").to_pydatetime()
    assert listed(city.query("smog").known_at(then).to_arrow().to_pylist()) == planted("air_2024-01.csv")
    assert listed(city.episodes("air", SMOG).known_at(then)) == planted("air_2024-01.csv")


def test_rows_say_as_of_when_they_were_derived(city):
    first = city.episodes("air", SMOG).derive("smog").pin.of_layer("air")
    late(city)
    second = city.episodes("air", SMOG).derive("smog").pin.of_layer("air")
    rows = city.query("smog").to_arrow().to_pylist()
    known = {row["episode"]: row["known_at"].timestamp() * 1e6 for row in rows}
    assert known["A01@2024-01-08T10:00:00Z"] == first < second == known["A02@2024-01-22T12:00:00Z"]


def test_a_second_derivation_loads_nothing(city):
    city.episodes("air", SMOG).derive("smog")
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.readings, done.loads) == (False, 0, ())
    done = city.episodes("air", SMOG).derive("smog", full=True)
    assert (done.full, done.unchanged, done.loads) == (True, 8, ())


@pytest.mark.costly
@pytest.mark.parametrize(
    "cause", ["rule", "undo", "stations", "index", "damaged", "purge", "deleted", "loaded anew"]
)
def test_all_is_derived_where_more_than_readings_changed(city, cause, tmp_path):
    rule, place = SMOG, tmp_path / "lantang" / "index" / "smog.episodes.json"
    first = city.episodes("air", SMOG).derive("smog")
    if cause == "rule":
        rule = tmp_path / "smog.toml"
        rule.write_text(SMOG.read_text(encoding="utf-8").replace("115", "150"), encoding="utf-8")
    elif cause == "undo":
        city.undo("smog", first.loads[0].load)
    elif cause == "stations":
        moved = pd.DataFrame({"station": ["A01"], "name": "x", "name_en": "x", "lon": 117.04, "lat": 31.9})
        city.load("stations", moved, mode="changes", valid_from="2024-01-20")
    elif cause == "index":
        place.unlink()
    elif cause == "damaged":
        place.write_text("{", encoding="utf-8")
    elif cause == "purge":
        city.purge("air", before="2024-01-10")
    elif cause == "loaded anew":
        city.delete("air")
        frame = pd.read_csv(DISTRICT / "air_2024-01.csv", dtype=str, keep_default_na=False)
        city.load("air", frame[frame["station"] != "A02"], definition=DISTRICT / "air.toml")
    else:
        city.delete("smog")
    done = city.episodes("air", rule).derive("smog")
    assert done.full
    city.episodes("air", rule).derive("fresh")
    assert content(city, "smog") == content(city, "fresh")
    assert city.episodes("air", rule).derive("smog").loads == ()


def test_a_load_that_is_undone_is_a_change_of_readings(city):
    city.episodes("air", SMOG).derive("smog")
    before = content(city, "smog")
    load = city.load("air", DISTRICT / "air_2024-01_late.csv").load
    city.episodes("air", SMOG).derive("smog")
    assert content(city, "smog") != before
    city.undo("air", load)
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.added, done.corrected, done.withdrawn) == (False, 2, 2, 0)
    assert content(city, "smog") == before


def test_checks_and_vacuum_leave_derivations_alone(city):
    city.episodes("air", SMOG).derive("smog")
    late(city)
    city.episodes("air", SMOG).derive("smog")
    city.vacuum(retain_hours=0, force=True)
    assert {finding.faults for finding in city.check()} == {0}
    done = city.episodes("air", SMOG).derive("smog")
    assert (done.full, done.readings) == (False, 0)


def test_layers_may_be_renamed(city):
    city.episodes("air", SMOG).derive("smog")
    city.rename("air", "air-quality")
    city.rename("smog", "haze")
    done = city.episodes("air-quality", SMOG).derive("haze")
    assert (done.full, done.loads) == (False, ())
    with pytest.raises(NotFound):
        city.episodes("air-quality", SMOG).derive("smog")


def test_a_long_file_has_the_same_episodes(city):
    wide = pd.read_csv(DISTRICT / "air_2024-01.csv")
    long = wide.melt(["station", "measured_at"], ["PM2.5", "PM10"], "what", "value").dropna()
    text = (DISTRICT / "air.toml").read_text(encoding="utf-8")
    text = text.replace('id = "air"', 'id = "long"').replace(
        'step = "1h"', 'step = "1h"\nvariable = "what"\nvalue = "value"'
    )
    city.load("long", long, definition=Definition.from_toml(text, name="long"))
    assert city.episodes("long", SMOG).to_records() == city.episodes("air", SMOG).to_records()
    city.episodes("long", SMOG).derive("smog")
    late_rows = pd.read_csv(DISTRICT / "air_2024-01_late.csv")
    city.load("long", late_rows.melt(["station", "measured_at"], ["PM2.5", "PM10"], "what", "value"))
    late(city)
    assert not city.episodes("long", SMOG).derive("smog").full
    assert listed(city.query("smog").to_arrow().to_pylist()) == planted("air_2024-01_late.csv")


def test_an_episode_has_the_place_of_its_station_at_its_start(city):
    moved = pd.DataFrame({"station": ["A01"], "name": "x", "name_en": "x", "lon": [117.04], "lat": [31.9]})
    city.load("stations", moved, mode="changes", valid_from="2024-01-20")
    city.episodes("air", SMOG).derive("smog")
    rows = {row["episode"]: (row["lon"], row["lat"]) for row in city.query("smog").to_arrow().to_pylist()}
    assert rows["A01@2024-01-08T10:00:00Z"] == (117.034451, 31.908884)
    assert rows["A01@2024-01-31T12:00:00Z"] == (117.04, 31.9)
    assert len(city.episodes("air", SMOG).to_geopandas()) == 8


def test_episodes_without_a_layer_of_stations_have_no_place(city):
    city.delete("stations")
    city.episodes("air", SMOG).derive("smog")
    assert city.layer("smog").loads[-1].unplaced == 8


def test_stations_and_times_are_chosen(city):
    smog = city.episodes("air", SMOG)
    assert {row["station"] for row in smog.at("A02")} == {"A02"}
    assert len(smog.when("2024-01-09")) == 3  # they began the day before, and are whole
    assert [row["station"] for row in smog.when("2024-02-10")] == ["A01"]  # what is open goes on
    assert len(smog.when(("2024-01-17T10:00", "2024-01-22T20:00"))) == 0  # ends are exclusive
    with pytest.raises(NotFound, match="A09"):
        len(smog.at("A09"))
    with pytest.raises(InvalidInput, match="all stations") as caught:
        smog.at("A02").derive("smog")
    assert caught.value.kind == "all-or-nothing"


def test_a_rule_may_be_stated_in_place(city):
    smog = city.episodes("air", {"id": "high", "value": "PM10", "above": 200, "for": "2h"})
    assert smog.rule.layer == "air"
    assert {"A01", "A02", "A03"} >= {row["station"] for row in smog} > set()
    assert "episode" in repr(smog)
    assert "episode" in smog._repr_html_()
    assert smog.to_arrow().num_rows == len(smog.to_pandas()) == len(smog.to_records()) == len(smog)


def test_what_is_wrong_is_said(city, tmp_path):
    with pytest.raises(NotFound, match="PM25") as caught:
        city.episodes("air", {"id": "smog", "value": "PM25", "above": 1})
    assert caught.value.kind == "unknown-value"
    with pytest.raises(InvalidInput) as caught:
        city.episodes("stations", SMOG)
    assert caught.value.kind == "not-series"
    with pytest.raises(NotFound) as caught:
        city.episodes("water", SMOG)
    assert caught.value.kind == "unknown-layer"
    with pytest.raises(InvalidDefinition, match="above"):
        city.episodes("air", {"id": "smog", "value": "PM2.5"})
    with pytest.raises(InvalidInput, match="has something else") as caught:
        city.episodes("air", SMOG).derive("air")
    assert caught.value.kind == "not-derived"
    with (
        pytest.raises(Conflict) as caught,
        Folder.at(tmp_path / "lantang").lock("layer-smog.episodes", wait_s=0),
    ):
        city.episodes("air", SMOG).derive("smog", wait_s=0)
    assert caught.value.kind == "locked"
    with pytest.raises(StorageError, match="No such file"):
        city.episodes("air", tmp_path / "none.toml")
