"""Months, working days and relative times, asked of a city."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

import stcloud
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput

START, DAYS = datetime(2026, 1, 1, 12), 380


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A city with one event at noon of every day from 2026-01-01 to 2027-01-15."""
    folder = tmp_path_factory.mktemp("noons")
    lines = [f"{at},{START + timedelta(days=at)},117.0,31.6" for at in range(DAYS)]
    (folder / "noons.csv").write_text("\n".join(["id,at,lon,lat", *lines]))
    city = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city.load("noons", folder / "noons.csv", key=["id"], time="at", lon="lon", lat="lat")
    return folder


@pytest.fixture(scope="module")
def noons(folder):
    return stcloud.open(folder / "city").query("noons")


def count(query):
    return query.count().to_records()[0]["count"]


def test_conditions_of_one_call_must_all_hold(noons):
    """Working Saturdays of 2026 in China, by its decree."""
    found = noons.when("2026", weekdays="sat", days="working", calendar="CN").rows().to_pandas()
    assert found["st_time"].dt.strftime("%m-%d").tolist() == ["02-14", "02-28", "05-09", "10-10"]


def test_years_that_no_calendar_knows_are_refused_where_there_are_events_of_them(noons):
    """An open question is bounded by the layer's own times: 2027 has no decree yet, and has events."""
    with pytest.raises(InvalidInput, match=r"working days of 2027; it knows 2001 to 2026") as caught:
        count(noons.when(days="working", calendar="CN"))
    assert caught.value.kind == "unknown-year"
    assert count(noons.when("../2027", days="working", calendar="CN")) == 365 - 117
    assert count(noons.when("2026").when(days="working", calendar="CN")) == 365 - 117
    with pytest.raises(InvalidInput, match="2027"):
        noons.when("2026/2028", days="working", calendar="CN")


def test_the_last_microsecond_of_a_known_year_is_known(noons):
    """Days are told up to the layer's last event, and no day beyond."""
    assert count(noons.when("2026-12-31", days="working", calendar="CN")) == 1


def test_a_relative_time_needs_a_now(noons):
    assert count(noons.when("last 7 days", now="2026-06-08T12:00")) == 7  # the first noon, not the last
    assert count(noons.when("previous 7 days", "today", now="2026-06-08T12:00")) == 8
    with pytest.raises(InvalidInput) as caught:
        replace(noons, subject=replace(noons.subject, clock=None)).when("last 7 days")
    assert caught.value.kind == "now-needed"


def test_facts_and_explanation_say_what_was_understood(noons):
    asked = noons.when(
        "last month", months="4-6", weekdays="mon-fri", days="free", calendar="CN", now="2026-06-08T12:00"
    )
    said = (
        "2026-05-01T00:00+08:00/2026-06-01T00:00+08:00, in apr,may,jun, on mon,tue,wed,thu,fri, on free days of CN "
        "(Asia/Shanghai); 'last month' is as of 2026-06-08T12:00+08:00"
    )
    assert asked.facts()["when"] == said
    explained = asked.explain(by=[])
    assert f"when {said}" in explained.plan
    assert explained.partitions[0] == 1 < explained.partitions[1]
    assert count(asked) == 3


def test_many_years_of_exceptions_are_no_long_list_to_compare_with(noons):
    """They are selected, so that engines join them."""
    (sql,) = noons.when("2026", days="working", calendar="CN").explain(by=[]).sql
    assert "IN (SELECT UNNEST([" in sql


def test_seasons_are_of_the_citys_hemisphere(noons, tmp_path):
    assert "in jan,feb,dec" in noons.when(seasons="winter").facts()["when"]
    (tmp_path / "a.csv").write_text("id,at,lon,lat\n1,2024-07-01,151.2,-33.9\n2,2024-01-01,151.2,-33.9")
    south = stcloud.create(tmp_path / "south", crs="EPSG:32756", zone="Australia/Sydney")
    south.load("a", tmp_path / "a.csv", key=["id"], time="at", lon="lon", lat="lat")
    winter = south.query("a").when(seasons="winter")
    assert winter.rows().to_pandas()["st_key"].tolist() == ["1"]
    assert "in jun,jul,aug" in winter.facts()["when"]


def test_months_that_are_in_no_asked_season_are_refused(noons):
    with pytest.raises(InvalidInput, match="jul is not in winter") as caught:
        noons.when(months="jul", seasons="winter")
    assert caught.value.kind == "no-month"


def test_a_city_may_have_a_calendar(folder, tmp_path):
    """It is meant where no other is given; without it the question is refused."""
    made = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="us-ny")
    made.load("noons", folder / "noons.csv", key=["id"], time="at", lon="lon", lat="lat")
    noons = stcloud.open(tmp_path / "city").query("noons")
    assert "working days of US-NY" in noons.when(days="working").facts()["when"]
    assert "working days of CN" in noons.when("2026", days="working", calendar="CN").facts()["when"]
    assert noons.when("2026").facts()["when"].startswith("2026-01-01T00:00+08:00/")
    with pytest.raises(InvalidInput) as caught:
        stcloud.open(folder / "city").query("noons").when(days="working")
    assert caught.value.kind == "calendar-needed"


@pytest.mark.parametrize("calendar", [None, "CN", "US-NY"])
def test_a_configuration_with_a_calendar_reads_back(calendar):
    """from_toml(to_toml(x)) == x; what was written before calendars has none."""
    configuration = CityConfiguration.create("nyc", "EPSG:32618", "America/New_York", calendar)
    assert CityConfiguration.from_toml(configuration.to_toml()) == configuration
    assert CityConfiguration.from_toml(configuration.to_toml()).calendar == calendar


def test_a_city_of_an_unknown_country_is_not_made(tmp_path):
    with pytest.raises(InvalidInput, match="did you mean 'CN'"):
        stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai", calendar="china")
    assert not (tmp_path / "city").exists()
