"""Whatever loads can be printed: times at both ends of what is kept, in every command and format."""

import json

import pandas as pd
import pytest

import stcloud
from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput

ZONES = ("Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12")
EVENTS = """
id = "e"
kind = "event"
key = ["id"]
[time]
column = "t"
end = "closed"
{more}
[space]
lon = "lon"
lat = "lat"
[columns.seen]
type = "instant"
optional = true
[columns.day]
type = "date"
optional = true
"""
FEATURES = """
id = "p"
kind = "feature"
key = ["code"]
[space]
lon = "lon"
lat = "lat"
[valid]
from = "from"
to = "to"
{more}
[columns.seen]
type = "instant"
optional = true
"""


def created(tmp_path, zone):
    return stcloud.create(tmp_path / "city", crs="EPSG:4548", zone=zone)


def load_events(city, tmp_path, *lines, more="", **options):
    file = tmp_path / "e.csv"
    file.write_text("id,t,closed,seen,day,lon,lat\n" + "".join(f"{line},117.1,31.9\n" for line in lines))
    return city.load(
        "e", file, definition=Definition.from_toml(EVENTS.format(more=more), name="e"), **options
    )


def load_features(city, tmp_path, *lines, more="", **options):
    file = tmp_path / "p.csv"
    file.write_text("code,from,to,seen,lon,lat\n" + "".join(f"{line},117.1,31.9\n" for line in lines))
    definition = Definition.from_toml(FEATURES.format(more=more), name="p")
    return city.load("p", file, definition=definition, mode="changes", **options)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0001-01-01", False), ("0001-01-02T23:59:59", False), ("0001-01-03", True),
        ("9999-12-29T23:59:59.999999", True),
        ("9999-12-30", False), ("9999-12-31", False), ("9999-12-31T23:59:59", False), ("9999-12-31T23:59:59Z", False),
    ],
)  # fmt: skip
def test_a_time_out_of_range_has_its_own_reason_in_every_zone(tmp_path, zone, text, kept):
    city = created(tmp_path, zone)
    lines = [f"1,{text},,,", "2,2024-03-01,,,", f"3,2024-03-01,,{text},"]
    lines += [f"4,2024-03-01,{text},,"] if text > "2024" else []
    found = load_events(city, tmp_path, *lines, max_rejected="90%")
    assert (found.accepted, found.rejected) == ((len(lines), 0) if kept else (1, len(lines) - 1))
    assert {one["reason"] for one in city.rejected("e").to_pylist()} == (
        set() if kept else {"time-out-of-range"}
    )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["0001-01-03", "9999-12-29T23:59:59.999999"])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_first_and_the_last_time_load_back_as_they_are_exported(tmp_path, zone, text, suffix):
    """Exports say an instant in UTC, or with its offset: there it may be another day."""
    city = created(tmp_path, zone)
    load_events(city, tmp_path, f"1,{text},,{text},")
    rows = city.query("e").to_pandas()[["id", "t", "closed", "seen", "day", "lon", "lat"]]
    file = tmp_path / f"again.{suffix}"
    if suffix == "parquet":
        rows.assign(t=rows["t"].dt.tz_convert("UTC")).to_parquet(file)
    else:
        rows.assign(t=[one.isoformat() for one in rows["t"]]).to_csv(file, index=False)
    found = city.load("e", file)
    assert (found.read, found.rejected) == (1, 0)


@pytest.mark.parametrize("zone", ZONES)
def test_the_day_after_an_inclusive_end_is_bounded_too(tmp_path, zone):
    city = created(tmp_path, zone)
    lines = ["1,2024-02-01,9999-12-29,", "2,2024-02-01,9999-12-28,", "3,2024-02-01,9999-12-31,"]
    found = load_features(city, tmp_path, *lines, more="inclusive = true", max_rejected="90%")
    assert (found.accepted, found.rejected_by) == (1, {"time-out-of-range": 2})


def test_the_day_after_is_one_of_the_clock(tmp_path):
    """10 March 2024 has 23 hours in New York: 24 hours on would be an hour of the 11th."""
    city = created(tmp_path, "America/New_York")
    lines = ["1,2024-03-01,2024-03-10,", "2,2024-03-11,2024-03-12,"]
    load_features(city, tmp_path, *lines, more="inclusive = true")
    history = city.features("p").history("1").to_arrow().to_pylist()
    assert history[0]["st_valid_to"] == pd.Timestamp("2024-03-11", tz="America/New_York")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T00:00", "9999-12-31 00:00:00.000"])
def test_an_end_may_be_declared_open(tmp_path, zone, text):
    city = created(tmp_path, zone)
    open_ends = 'open = ["9999-12-31"]'
    found = load_features(city, tmp_path, f"1,2024-02-01,{text},", more=f"inclusive = true\n{open_ends}")
    assert (found.accepted, found.rejected) == (1, 0)
    [now] = city.features("p").as_of("2500-06-01").to_arrow().to_pylist()
    assert now["st_valid_to"] is None
    found = load_events(city, tmp_path, f"1,2024-02-01,{text},,", more=open_ends)
    [event] = city.query("e").rows().table.to_pylist()
    assert (found.accepted, event["st_time_to"], event["closed"]) == (1, None, None)


def test_words_can_mean_no_time(tmp_path):
    city = created(tmp_path, "America/New_York")
    more = 'formats = ["%m/%d/%Y"]\nnull = ["1900-01-01"]'
    found = load_events(
        city, tmp_path, "1,02/01/2024,01/01/1900,,", "2,01/01/1900,,,", more=more, max_rejected="50%"
    )
    assert found.rejected_by == {"missing-time": 1}
    [event] = city.query("e").rows().table.to_pylist()
    assert event["closed"] is None


def test_open_needs_an_end():
    with pytest.raises(InvalidInput, match="open"):
        Definition.from_toml(EVENTS.format(more='open = ["x"]').replace('end = "closed"\n', ""), name="e")


COMMANDS = (
    ("query", "e"), ("query", "e", "--by", "year"), ("query", "e", "--measure", "median(days(closed - t))"),
    ("query", "e", "--measure", "max(seen)"), ("timeline", "e"), ("timeline", "p"),
    ("show", "p", "--as-of", "2024-06-01"),
    ("show", "p", "--as-of", "0001-01-03"), ("history", "p", "1"), ("diff", "p", "2023-01-01", "2025-01-01"),
    ("join", "e", "p", "--how", "within 20 m"),
    ("layers",),
)  # fmt: skip
FORMATS = ("table", "csv", "json", "ndjson", "geojson")
FILES = ("gpkg", "fgb", "parquet", "geojson", "csv")


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", pytest.param("America/New_York", marks=pytest.mark.thorough)]
)
def test_whatever_loads_is_printed(run, tmp_path, zone):
    city = created(tmp_path, zone)
    ends = ("0001-01-03", "9999-12-29T23:59:59.999999")
    load_events(
        city, tmp_path, f"1,{ends[0]},{ends[1]},{ends[0]},0001-01-01", f"2,{ends[1]},,{ends[1]},9999-12-31",
        "3,2024-03-01,2024-03-02,2024-03-01,2024-03-01",
    )  # fmt: skip
    load_features(
        city, tmp_path, f"1,{ends[0]},{ends[1]},{ends[0]}", "2,2024-02-01,,2024-02-01",
        f"3,2024-02-01,{ends[1]},{ends[1]}",
    )  # fmt: skip
    wrong = []
    for command, *rest in COMMANDS:
        for form in FORMATS:
            found = run(command, tmp_path / "city", *rest, "--format", form)
            refused = ("has no place in it", "is not printed as geojson")
            if found.code and not any(text in found.err for text in refused):
                wrong.append((command, *rest, form, found.code, found.err))
    for command in (("query", "e"), ("show", "p", "--as-of", "2024-06-01")):
        for suffix in FILES:
            file = tmp_path / f"out-{command[0]}.{suffix}"
            found = run(command[0], tmp_path / "city", *command[1:], "-o", file)
            if found.code:
                wrong.append((*command, suffix, found.code, found.err))
    assert wrong == [], "\n".join(map(str, wrong))
    rows = json.loads(run("query", tmp_path / "city", "e", "--format", "json").out)
    assert len(rows) == 3
    city.query("e").rows().to_pandas()
    features = city.features("p").as_of("2024-06-01")
    assert len(features.to_records()) == len(features.to_geopandas()) == 3
