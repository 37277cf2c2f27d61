"""Figures of quality equal those that plain Python makes of the same loads."""

import itertools
import statistics
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import stcloud
from stcloud.daas.quality import LayerQuality
from stcloud.errors import InvalidInput
from stcloud.testing.events import HEAD, define, row

START_US, TICK_US, DAY_US = 1_730_000_000_000_000, 3_600_000_001, 86_400_000_000
ZONE = ZoneInfo("Pacific/Auckland")
EVENT = st.tuples(
    st.integers(1, 6), st.integers(0, 600), st.sampled_from("xy"), st.sampled_from(["placed", "unplaced", "bad"])
)  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A city whose layers each example makes anew; its clock never stands still."""
    ticks = itertools.count(START_US, TICK_US)
    folder = tmp_path_factory.mktemp("quality")
    stcloud.create(folder / "town", crs="EPSG:2193", zone="Pacific/Auckland").close()
    with stcloud.open(folder / "town", clock=lambda: next(ticks)) as city:
        yield city, folder, itertools.count()


def local(day):
    return datetime(2023, 1, 1, 10, tzinfo=ZONE) + timedelta(days=day)


def written(event):
    key, day, note, state = event
    at = "never" if state == "bad" else f"{local(day):%Y-%m-%d %H:%M:%S}"
    return row(key, at=at, lon="" if state == "unplaced" else "174.5", note=note).replace("31.9", "-36.9")


class Plain:
    """The same loads as dicts: of each key its versions, each with the instant at which it was recorded."""

    def __init__(self):
        self.versions, self.read, self.rejected = {}, 0, 0

    def load(self, events, recorded_us):
        self.read += len(events)
        for key, day, note, state in events:
            if state == "bad":
                self.rejected += 1
                continue
            at_us = (local(day).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
                microseconds=1
            )
            known = self.versions.setdefault(key, [])
            if not known or known[-1][:3] != (at_us, note, state):
                known.append((at_us, note, state, recorded_us))

    @property
    def lateness_us(self):
        since_us = max(version[0] for known in self.versions.values() for version in known) - 365 * DAY_US
        recent = [
            [recorded_us - at_us for at_us, _, _, recorded_us in known if at_us >= since_us]
            for known in self.versions.values()
            if known[-1][0] >= since_us
        ]
        return statistics.median_low(map(min, recent))


@given(
    st.lists(
        st.lists(EVENT, min_size=1, max_size=6, unique_by=lambda event: event[0]), min_size=1, max_size=3
    )
)
def test_figures_are_those_of_plain_loads(town, loads):
    city, folder, numbers = town
    layer, plain, then = f"calls{next(numbers)}", Plain(), {}
    for number, events in enumerate(loads):
        file = folder / f"{layer}-{number}.csv"
        file.write_text(HEAD + "".join(map(written, events)))
        if all(event[3] == "bad" for event in events):
            with pytest.raises(InvalidInput, match="rejected"):
                city.load(layer, file, definition=define(), max_rejected="90%")
            continue
        done = city.load(layer, file, definition=define(), max_rejected="90%")
        if not done.known:
            plain.load(events, done.recorded_at_us)
            then[done.recorded_at_us] = city.quality(layer)
    if not plain.versions:
        return
    quality = city.quality(layer)
    last = [known[-1] for known in plain.versions.values()]
    assert (quality.rows, quality.unplaced) == (len(last), sum(version[2] == "unplaced" for version in last))
    assert (quality.read, quality.rejected) == (plain.read, plain.rejected)
    assert quality.rejected_share == plain.rejected / plain.read
    assert quality.lateness_us == plain.lateness_us
    assert quality.last_load_us == city.layer(layer).loads[-1].recorded_at_us
    assert quality.complete_to_us == city.layer(layer).completeness().to_us
    assert {
        known_us: city.quality(layer, known_us) for known_us in then
    } == then  # as it was known at each load


def test_a_load_that_was_undone_counts_no_more(town):
    city, folder, _ = town
    for number, day in (("first", 1), ("second", 2)):
        (folder / f"{number}.csv").write_text(HEAD + written((number == "second", day, "x", "unplaced")))
    city.load("undone", folder / "first.csv", definition=define())
    before, first_us = city.quality("undone"), city.layer("undone").loads[-1].recorded_at_us
    load = city.load("undone", folder / "second.csv")
    assert city.quality("undone").rows == 2
    city.undo("undone", load.load)
    after = city.quality("undone")
    assert (after.rows, after.unplaced, after.read, after.last_load_us) == (1, 1, 1, before.last_load_us)
    assert city.quality("undone", first_us) == before
    assert city.quality("undone", load.recorded_at_us).rows == 2
    assert city.quality("undone", START_US - 1) == LayerQuality(0, 0, 0, 0, None, None, None)


def test_features_have_no_lateness_and_may_lack_a_place(town):
    city, _, _ = town
    shapes = [shapely.box(1_750_000, 5_430_000, 1_750_100, 5_430_100), None]
    table = geopandas.GeoDataFrame({"code": ["a", "b"]}, geometry=shapes, crs="EPSG:2193")
    city.load("areas", table, key="code", valid_from="2024-01-01")
    before, first_us = city.quality("areas"), city.layer("areas").loads[-1].recorded_at_us
    moved = table.iloc[:1].set_geometry(table.geometry[:1].translate(5))
    city.load("areas", moved, key="code", valid_from="2024-06-01", mode="changes")
    assert city.quality("areas", first_us) == before
    quality = city.quality("areas")
    assert (quality.rows, quality.lateness_us) == (city.layer("areas").events, None)
    assert quality.unplaced == 1
