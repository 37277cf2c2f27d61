"""As-of join: every event once at least, and the columns people read."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
import shapely

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.index import AsOfIndex
from stcloud.paas.query.join import asof_join, read_how

INSTANT = pa.timestamp("us", "UTC")


@pytest.fixture
def partners():
    """Two communities side by side; the western one grew by 1 m on instant 5."""
    west, grown, east = shapely.box(0, 0, 2, 2), shapely.box(0, 0, 3, 2), shapely.box(2, 0, 4, 2)
    return AsOfIndex.of(["w", "w", "e"], [ALWAYS, 5, 0], [5, FOREVER, 9], [west, grown, east])


@pytest.fixture
def content():
    return pa.table({"name": ["West", "West, grown", "East"]})


@pytest.fixture
def events():
    return pa.table({
        "st_key": ["in both", "on the border", "nowhere", "away", "before"],
        "st_time": pa.array([6, 1, 6, 6, -7], INSTANT),
        "st_x": [2.5, 2.0, None, 9.0, 1.0],
        "st_y": [1.0, 1.0, None, 9.0, 1.0],
    })  # fmt: skip


def joined(events, partners, how, content=None, **more):
    return asof_join(events, partners, read_how(how), layer="c", content=content, **more)


def test_each_event_has_the_version_valid_then_and_is_kept_without_one(events, partners, content):
    table = joined(events, partners, "within", content)
    assert table.schema.names == [*events.schema.names, "c_key", "c_valid_from", "c_valid_to", "c_name"]
    assert table.select(["st_key", "c_key", "c_name"]).to_pylist() == [
        {"st_key": "in both", "c_key": "e", "c_name": "East"},
        {"st_key": "on the border", "c_key": "e", "c_name": "East"},
        {"st_key": "nowhere", "c_key": None, "c_name": None},
        {"st_key": "away", "c_key": None, "c_name": None},
        {"st_key": "before", "c_key": "w", "c_name": "West"},
    ]
    last = table.slice(4).to_pylist()[0]
    assert last["c_valid_from"] is None
    assert last["c_valid_to"] == dt.datetime(1970, 1, 1, 0, 0, 0, 5, tzinfo=dt.UTC)


def test_intersects_has_both_sides_of_a_border_and_all_areas_of_an_overlap(events, partners, content):
    table = joined(events.slice(0, 2), partners, "intersects", content)
    assert table["st_key"].to_pylist() == ["in both", "in both", "on the border", "on the border"]
    assert table["c_name"].to_pylist() == ["East", "West, grown", "East", "West"]


def test_inner_leaves_out_events_without_a_partner(events, partners):
    table = joined(events, partners, "within", inner=True)
    assert table["st_key"].to_pylist() == ["in both", "on the border", "before"]
    left = joined(events, partners, "within")
    assert table.equals(left.filter(pa.compute.is_valid(left["c_key"])))


def test_distances_are_told_and_null_without_a_partner(events, partners):
    table = joined(events, partners, "nearest 1 within 100 m")
    assert table["c_distance_m"].to_pylist() == [0.0, 0.0, None, pytest.approx(np.hypot(5, 7)), 0.0]
    near = joined(events, partners, "within 5 m")
    assert near.schema.names[-1] == "c_distance_m"
    assert near["c_key"].to_pylist() == ["e", "w", "e", "w", None, None, "w"]


def test_all_events_may_be_asked_at_one_instant(events, partners):
    table = joined(events, partners, "within", at_us=6)
    assert table["c_key"].to_pylist() == ["e", "e", None, None, "w"]


def test_instants_keep_the_zone_of_the_events(events, partners):
    local = events.set_column(1, "st_time", events["st_time"].cast(pa.timestamp("us", "America/New_York")))
    assert joined(local, partners, "within").schema.field("c_valid_to").type.tz == "America/New_York"


def test_no_event_and_no_version_are_no_error(events, partners, content):
    assert not len(joined(events.slice(0, 0), partners, "within", content))
    nobody = AsOfIndex.of([], [], [], [])
    table = joined(events, nobody, "nearest", content.slice(0, 0))
    assert table["c_name"].null_count == len(events)
    assert not len(joined(events, nobody, "nearest", inner=True))


def test_columns_of_one_name_or_other_lengths_are_refused(events, partners, content):
    for wrong, kind in (
        (content.rename_columns(["key"]), "repeated-column"),
        (content.slice(1), "columns-differ"),
    ):
        with pytest.raises(InvalidInput) as caught:
            joined(events, partners, "within", wrong)
        assert caught.value.kind == kind
