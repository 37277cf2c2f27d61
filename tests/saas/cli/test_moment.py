"""Options of time on the command line."""

import json

import pytest

import stcloud
from stcloud.iaas import clock


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moments")
    days = ["2024-02-04", "2024-02-12", "2024-06-05", "2024-07-04"]
    lines = [f"{at},{day} 12:00,117.0,31.6" for at, day in enumerate(days)]
    (folder / "a.csv").write_text("\n".join(["id,at,lon,lat", *lines]))
    made = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    made.load("a", folder / "a.csv", key=["id"], time="at", lon="lon", lat="lat")
    return folder / "city"


def keys(ended):
    assert ended.code == 0, ended.err
    return [one["st_key"] for one in json.loads(ended.out)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--months", "jun-aug"], ["2", "3"]),
        (["--seasons", "winter"], ["0", "1"]),
        (["--days", "working", "--calendar", "CN"], ["0", "2", "3"]),
        (["--days", "free", "--calendar", "us-ny"], ["0", "1", "3"]),
        (["--days", "free", "--calendar", "CN", "--months", "2"], ["1"]),
        (["--when", "last 7 days", "--now", "2024-06-08"], ["2"]),
        (["--when", "last month", "--when", "this month", "--now", "2024-07-10T08:00"], ["2", "3"]),
    ],
)
def test_options_narrow_a_question(run, city, words, expected):
    ended = run("query", city, "a", *words, "--format", "json")
    assert keys(ended) == expected
    assert "when " in ended.err


def test_the_present_is_read_only_where_it_is_needed_and_is_said(run, city, monkeypatch):
    """A question that can be asked again: the instant that was used is on stderr."""
    monkeypatch.setattr(clock, "system_clock", lambda: 1_720_067_400_123_456)
    ended = run("query", city, "a", "--when", "last 2 hours", "--format", "json")
    assert keys(ended) == ["3"]
    assert "'last 2 hours' is as of 2024-07-04T12:30+08:00" in ended.err
    monkeypatch.setattr(clock, "system_clock", None)
    assert keys(run("query", city, "a", "--when", "2024-07", "--format", "json")) == ["3"]
    assert keys(run("query", city, "a", "--when", "today", "--now", "2024-07-04", "--format", "json")) == [
        "3"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--months", ""], "as months"),
        (["--months", "febuary"], "did you mean 'february'"),
        (["--seasons", "witner"], "did you mean 'winter'"),
        (["--days", "working"], "no calendar was given"),
        (["--days", "workin", "--calendar", "CN"], "did you mean 'working'"),
        (["--calendar", "CN"], "no days were asked for"),
        (["--days", "free", "--calendar", "US-NYC"], "did you mean 'US-NY'"),
        (["--when", "2100", "--days", "free", "--calendar", "CN"], "it knows 2001 to"),
        (["--when", "last 7 dayz"], "last 7 days"),
        (["--when", "today", "--now", "noon"], "cannot read 'noon'"),
        (["--hours", ""], "as hours"),
        (["--weekdays", ""], "as days of the week"),
    ],
)
def test_what_cannot_be_read_has_one_line(run, city, words, said):
    ended = run("query", city, "a", *words)
    assert ended.code == 2
    assert said in ended.line


def test_create_takes_a_calendar(run, tmp_path):
    words = ("--crs", "EPSG:4548", "--zone", "Asia/Shanghai", "--calendar", "cn")
    assert run("create", tmp_path / "made", *words).code == 0
    assert stcloud.open(tmp_path / "made").configuration.calendar == "CN"
