"""Transitions against hour-by-hour looking."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stcloud.time import Zone
from stcloud.time.transition import transitions

HOUR_US = 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text):
    return int(np.datetime64(text, "us").astype(np.int64))


def offset(name, at_us):
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(name)).utcoffset() // timedelta(
        microseconds=1
    )


@pytest.mark.parametrize(
    ("name", "start", "stop", "changes"),
    [
        ("America/New_York", "2020-01-01", "2022-01-01", 4),
        ("Africa/Freetown", "1939-07-01", "1940-01-01", 2),  # 95 hours apart: the closest of all
        ("Africa/Casablanca", "2023-01-01", "2024-01-01", 2),
        ("Asia/Shanghai", "1986-01-01", "1992-01-01", 12),
        ("Asia/Shanghai", "1992-01-01", "2024-01-01", 0),
        ("Pacific/Apia", "2011-01-01", "2012-01-01", 3),
        ("Pacific/Kwajalein", "1969-01-01", "1970-01-01", 1),
    ],
)
def test_pieces_are_those_seen_hour_by_hour(name, start, stop, changes):
    """Every offset between the first and the last hour is found, and each change to the microsecond."""
    found = transitions(name, us(start), us(stop))
    hours = np.arange(us(start), us(stop), HOUR_US)
    looked = [offset(name, int(at)) for at in hours]
    piece = np.searchsorted(found.starts_us, hours, side="right") - 1
    assert found.offsets_us[piece].tolist() == looked
    assert found.starts_us[0] == us(start)
    assert len(found.starts_us) == changes + 1
    for at, before, after in zip(found.starts_us[1:], found.offsets_us, found.offsets_us[1:], strict=False):
        assert (offset(name, int(at) - 1), offset(name, int(at))) == (before, after)


def test_a_span_that_begins_with_a_change_begins_with_the_new_offset():
    """The pieces are half-open, as the span is."""
    change = Zone("America/New_York").offsets(us("2024-01-01"), us("2024-06-01")).starts_us[1]
    assert len(transitions("America/New_York", int(change), int(change) + 1).starts_us) == 1
    assert transitions("America/New_York", int(change), int(change) + 1).offsets_us[0] == -4 * HOUR_US
    assert transitions("America/New_York", int(change) - 1, int(change)).offsets_us.tolist() == [-5 * HOUR_US]
