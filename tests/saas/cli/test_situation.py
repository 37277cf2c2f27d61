"""`stcloud situation`, `stcloud case duplicates` and `responsible`, in a city eight hours from UTC."""

import json

import pandas as pd
import pytest

import stcloud

HEAD = "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
CONDITIONS = HEAD + "component,2026,01002,rocks,It rocks,work_day,2,It lies flat,water,2020-01-01,,Handbook\n"
LON, LAT = "117.0235", "31.9035"


@pytest.fixture
def city(run, tmp_path):
    place = tmp_path / "city"
    with stcloud.create(place, crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN") as city:
        frame = pd.DataFrame(
            {"id": ["a"], "at": ["2024-03-05 08:00"], "lon": [float(LON)], "lat": [float(LAT)]}
        )
        city.load(
            "requests", frame, key="id", time="at", time_formats="%Y-%m-%d %H:%M", lon="lon", lat="lat",
            datum="wgs84", zone="Asia/Shanghai",
        )  # fmt: skip
        with city.cases("desk", create="urban-management") as cases:
            cases.add_rule("conditions", CONDITIONS)
            for number, time, code in (("A", "09:00", "01002"), ("B", "10:30", "0102")):
                cases.open(
                    number=number, at=(float(LON), float(LAT)), actor="c", role="collector",
                    happened=f"2024-03-05T{time}", fields={"source": "collector", "kind": "component", "class": code},
                )  # fmt: skip
            cases.act(
                "A",
                "file",
                actor="o",
                role="operator",
                happened="2024-03-05T09:10",
                fields={"condition": "rocks"},
            )
    return place


def test_a_situation_is_printed_for_people_at_eighty_columns(run, city):
    shown = run("situation", city, LON, LAT, "--at", "2024-03-05T12:00")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0] == "city: 117.023500, 31.903500, within 200 m"
    assert lines[1].startswith("at 2024-03-05 12:00, known at ")
    assert max(map(len, lines)) <= 80
    assert "  A, B: class 01002 is the successor of 0102, 0.0 m away, reported 1.5 h" in lines


def test_a_situation_is_whole_for_programs_and_in_files(run, city, tmp_path):
    question = ("situation", city, LON, LAT, "--at", "2024-03-05T12:00", "--radius", "0.1km", "--log", "desk")
    document = json.loads(run(*question, "--format", "json").out)
    assert document["radius_m"] == 100
    assert [record["number"] for record in document["decision"]["cases"]["records"]] == ["A", "B"]
    assert [record["key"] for record in document["decision"]["events"]["records"]] == ["a"]
    assert run(*question, "-o", tmp_path / "here.geojson").code == 0
    features = json.loads((tmp_path / "here.geojson").read_text())["features"]
    assert [feature["properties"]["part"] for feature in features] == ["point", "cases", "cases", "events"]
    without = json.loads(run(*question, "--layer", "events=", "-f", "json").out)
    assert without["decision"]["events"]["records"] == []


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--radius", "near"], "'near' is no radius; write 200m or 1.5km"),
        (["--radius", "9km"], "a radius is more than 0 and at most 5,000 metres, not 9000"),
        (["--layer", "events"], "'events' names no part"),
        (["--layer", "event=requests"], "no layer plays 'event' in a situation; did you mean 'events'?"),
        (["--format", "csv"], "this is not printed as csv"),
        (["--log", "desks"], "no log 'desks'"),
    ],
)
def test_a_wrong_option_is_one_line(run, city, options, line):
    outcome = run("situation", city, LON, LAT, *options)
    assert outcome.code == (3 if "log" in line else 2)
    assert line in outcome.line


def test_west_and_south_are_negative_numbers(run, city):
    outcome = run("situation", city, "-74.5", "-40.25", "--radius", "100m")
    assert outcome.code == 2
    assert "lon -74.5, lat -40.25 is far outside of where the city's CRS is used" in outcome.line
    assert run("situation", city, "--limt", "3", LON, LAT).code == 2


def test_a_part_that_is_unreadable_has_its_kind():
    from stcloud.errors import InvalidInput
    from stcloud.saas.cli.situation import layers_of

    with pytest.raises(InvalidInput) as refused:
        layers_of(["x"])
    assert refused.value.kind == "unreadable-part"


def test_duplicates_are_listed_with_score_and_why(run, city):
    (record,) = json.loads(run("case", "duplicates", city, "desk", "B", "-f", "json").out)
    assert (record["number"], record["state"], record["hours"], record["distance_m"]) == (
        "A",
        "filed",
        1.5,
        0.0,
    )
    assert record["score"] == pytest.approx(0.9 * (1 - 1.5 / 144), abs=1e-3)
    none = run("case", "duplicates", city, "desk", "B", "--days", "0.01")
    assert "A" in none.out  # it had not ended by then
    none = run("case", "duplicates", city, "desk", "A", "--days", "0.01")
    assert none.err == "case 'A' has no probable duplicate within 50 m and 0.01 days\n"
    assert run("case", "duplicates", city, "desk", "Z").line.startswith("stcloud: there is no case 'Z'")


def test_who_is_responsible_is_listed_with_the_source_and_what_is_not_known_on_stderr(run, city):
    outcome = run("case", "responsible", city, "desk", "A", "-f", "json")
    (record,) = json.loads(outcome.out)
    assert (record["what"], record["who"]) == ("handling", "water")
    assert record["source"].startswith("filing condition rocks of component 01002 (")
    assert outcome.err.splitlines() == [
        "the case names no component", "the city has no layer of unit-grid",
        "the city has no layer of duty-grids",
    ]  # fmt: skip
