"""`stcloud calendar`: who has published which years, the city's days, and what is refused in one line."""

import json

import pytest

import stcloud
from stcloud.errors import InvalidInput
from stcloud.saas.cli.calendar import calendar

DAYS = """
years = [2030]
days = [["2024-03-05", "free", "notice 3: flood"], ["2030-05-05", "working", "notice 4"]]
"""


@pytest.fixture
def town(tmp_path):
    stcloud.create(tmp_path / "town", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN").close()
    (tmp_path / "days.toml").write_text(DAYS, encoding="utf-8")
    return tmp_path / "town"


def test_it_shows_what_the_packages_have_published(run, town):
    done = run("calendar", town)
    assert "calendar CN (holidays " in done.err
    assert "no days of its own" in done.err
    assert "published by chinesecalendar: 2004 to " in done.err
    assert done.out.splitlines()[1].split() == [
        "2005-12-31",
        "sat",
        "working",
        "holidays",
        "free",
        "by",
        "chinesecalendar",
    ]


def test_days_are_published_and_shown(run, town):
    done = run("calendar", town, "--publish", town.parent / "days.toml", "-f", "csv")
    assert "2 days of" in done.err
    assert "published by city: 2030" in done.err
    assert done.out.splitlines() == [
        "day,weekday,is,source,otherwise", "2005-12-31,sat,working,holidays,free by chinesecalendar",
        '2024-03-05,tue,free,notice 3: flood,"working by holidays, working by chinesecalendar"',
        "2030-05-05,sun,working,notice 4,",
    ]  # fmt: skip
    assert "2024-03-05" not in run("calendar", town, "--known-at", "2024-01-01").out


def test_json_is_whole(run, town, tmp_path):
    run("calendar", town, "--publish", town.parent / "days.toml")
    document = json.loads(run("calendar", town, "--year", "2030", "-f", "json").out)
    assert document["published"]["city"] == ["2030"]
    assert document["published_to"] < "2030"
    assert document["provisional"] is False
    assert {"2030-01-01", "2030-05-05"} <= {each["day"] for each in document["days"]}
    assert all(each["day"].startswith("2030") for each in document["days"])
    run("calendar", town, "-o", tmp_path / "calendar.json")
    assert json.loads((tmp_path / "calendar.json").read_text())["calendar"] == "CN"


def test_a_year_that_is_not_published_is_said_to_be_expected(run, town):
    done = run("calendar", town, "--year", "2031")
    assert "2031 is not published: its days are expected, and deadlines provisional" in done.err


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--publish", "absent.toml"), "there is no file absent.toml"),
        (("--publish", "absent.toml", "--known-at", "2024"), "leave out --known-at"),
        (("--known-at", "yesterweek"), "yesterweek"),
        (("-f", "geojson"), "geojson"),
    ],
)
def test_what_is_wrong_is_one_line(run, town, options, line):
    done = run("calendar", town, *options)
    assert done.code != 0
    assert line in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_city_without_a_calendar_is_said_to_have_none(run, tmp_path):
    stcloud.create(tmp_path / "bare", crs="EPSG:4548", zone="Asia/Shanghai").close()
    done = run("calendar", tmp_path / "bare")
    assert done.code == 2
    assert "city 'bare' has no calendar" in done.err


def test_what_is_published_now_is_not_known_earlier(town):
    with pytest.raises(InvalidInput) as refused:
        calendar(town, publish=town.parent / "days.toml", known_at="2024")
    assert refused.value.kind == "unclear-calendar"
    with stcloud.open(town) as city:
        assert city.calendar.days() is None
