"""Tracks, segments, stops and trips as rows.

Tested by `tests/paas/movement/test_tracktable.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.index.stay import stays
from stcloud.paas.movement.fixes import Fixes, Floats, Ints
from stcloud.paas.movement.motionrules import StopRule, TripRule
from stcloud.time import Zone
from stcloud.time.micros import SECOND_US

__all__ = ["runs_of_trips", "segments_table", "stops_table", "tracks_table", "trip_lengths", "trips_table"]


_AT_ONCE = 8_000_000  # lines whose bytes a chunk of Arrow can count
_LINE = 2
_PAIR = np.dtype(
    [
        ("order", "u1"),
        ("kind", "<u4"),
        ("count", "<u4"),
        ("x", "<f8"),
        ("y", "<f8"),
        ("x2", "<f8"),
        ("y2", "<f8"),
    ]
)  # WKB


def tracks_table(fixes: Fixes, zone: Zone) -> pa.Table:
    """Return tracks: ``mover``, ``from``, ``to``, ``fixes``, ``length_m``, ``duration_s``, ``st_geom``."""
    return _runs(fixes, np.arange(fixes.tracks), fixes.first, fixes.last, zone)


def segments_table(fixes: Fixes, zone: Zone) -> pa.Table:
    """Return segments, with ``speed_mps``: null of one that takes no time."""
    begin = fixes.segments
    length_m, lasted_us = fixes.steps_m()[begin + 1], fixes.time_us[begin + 1] - fixes.time_us[begin]
    still = lasted_us == 0
    speed = length_m / np.where(still, 1, lasted_us) * SECOND_US
    return pa.table(
        {
            "mover": fixes.names(fixes.track[begin]),
            "from": fixes.instants(fixes.time_us[begin], zone),
            "to": fixes.instants(fixes.time_us[begin + 1], zone),
            "length_m": length_m,
            "duration_s": lasted_us / SECOND_US,
            "speed_mps": pa.array(speed, mask=still),
            "st_geom": _pairs(fixes, begin),
        }
    )


def stops_table(fixes: Fixes, rule: StopRule, zone: Zone) -> pa.Table:
    """Return stops: ``mover``, ``from``, ``to``, ``duration_s``, ``fixes``, and the mean place of the fixes."""
    first, last = _stops(fixes, rule)
    x, y = (_means(values, first, last) for values in (fixes.x, fixes.y))
    return pa.table(
        {
            "mover": fixes.names(_tracks_at(fixes, first)),
            "from": fixes.instants(fixes.time_us[first], zone),
            "to": fixes.instants(fixes.time_us[last], zone),
            "duration_s": (fixes.time_us[last] - fixes.time_us[first]) / SECOND_US,
            "fixes": last - first + 1,
            "st_x": x,
            "st_y": y,
        }
    )


def trips_table(fixes: Fixes, rule: TripRule, zone: Zone) -> pa.Table:
    """Return a row for each trip, with the columns of tracks."""
    track, first, last = runs_of_trips(fixes, rule)
    return _runs(fixes, track, first, last, zone)


def runs_of_trips(fixes: Fixes, rule: TripRule) -> tuple[Ints, Ints, Ints]:
    """Return the trips: the track, the first and the last fix of each, ascending.

    A trip begins with the last fix of a stop and ends with the first one of the next: each segment of a track is in
    one trip, in one stop, or a silence.
    """
    segments = fixes.segments
    moving = fixes.time_us[segments + 1] - fixes.time_us[segments] <= rule.gap_us
    if rule.stop is not None:
        first, last = _stops(fixes, rule.stop)
        inside = np.zeros(len(fixes) + 1, np.int64)
        np.add.at(inside, first, 1)
        np.add.at(inside, last, -1)
        moving &= np.cumsum(inside)[segments] == 0
    begins = segments[moving]
    if not len(begins):
        return begins, begins, begins
    track = _tracks_at(fixes, begins)
    goes_on = (np.diff(begins) == 1) & (np.diff(track) == 0)
    firsts = np.append(True, ~goes_on)
    return track[firsts], begins[firsts], begins[np.append(~goes_on, True)] + 1


def _stops(fixes: Fixes, rule: StopRule) -> tuple[Ints, Ints]:
    return stays(fixes.starts, fixes.time_us, fixes.x, fixes.y, rule.within_m, rule.least_us, rule.gap_us)


def _tracks_at(fixes: Fixes, rows: Ints) -> Ints:
    return np.searchsorted(fixes.starts, rows, side="right") - 1


def _means(values: Floats, first: Ints, last: Ints) -> Floats:
    """Return the mean of runs of values, which do not overlap."""
    if not len(first):
        return np.zeros(0)
    bounds = np.stack([first, last + 1], axis=1).ravel()
    sums = np.add.reduceat(np.append(values, 0.0), bounds)[::2]
    return np.asarray(sums / (last - first + 1), np.float64)


def _runs(fixes: Fixes, track: Ints, first: Ints, last: Ints, zone: Zone) -> pa.Table:
    """Return a row for each run of fixes of a track; runs are ascending, and may share a fix."""
    return pa.table(
        {
            "mover": fixes.names(track),
            "from": fixes.instants(fixes.time_us[first], zone),
            "to": fixes.instants(fixes.time_us[last], zone),
            "fixes": last - first + 1,
            "length_m": trip_lengths(fixes.steps_m(), first, last),
            "duration_s": (fixes.time_us[last] - fixes.time_us[first]) / SECOND_US,
            "st_geom": pa.array(_lines(fixes, first, last), pa.binary()),
        }
    )


def trip_lengths(steps_m: Floats, first: Ints, last: Ints) -> Floats:
    """Return the sum of the steps after the first fix of each run, to its last."""
    if not len(first):
        return np.zeros(0)
    bounds = np.stack([first + 1, last + 1], axis=1).ravel()
    sums = np.add.reduceat(np.append(steps_m, [0.0, 0.0]), bounds)[::2]
    return np.where(last > first, sums, 0.0)


def _pairs(fixes: Fixes, begin: Ints) -> pa.ChunkedArray:
    """Return lines of two points as WKB, written as bytes: geometries would take ten times as much."""
    chunks = []
    for start in range(0, len(begin), _AT_ONCE):
        at = begin[start : start + _AT_ONCE]
        lines = np.empty(len(at), _PAIR)
        lines["order"], lines["kind"], lines["count"] = 1, _LINE, 2
        for name, values, row in (
            ("x", fixes.x, at),
            ("y", fixes.y, at),
            ("x2", fixes.x, at + 1),
            ("y2", fixes.y, at + 1),
        ):
            lines[name] = values[row]
        offsets = np.arange(len(at) + 1, dtype=np.int32) * _PAIR.itemsize
        chunks.append(
            pa.Array.from_buffers(pa.binary(), len(at), [None, pa.py_buffer(offsets), pa.py_buffer(lines)])
        )
    return pa.chunked_array(chunks, pa.binary())


def _lines(fixes: Fixes, first: Ints, last: Ints) -> NDArray[Any]:
    """Return runs as WKB: lines, and of single fixes points."""
    counts = last - first + 1
    row = np.repeat(np.arange(len(first)), counts)
    at = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    shapes = np.empty(len(first), object)
    alone = counts == 1
    shapes[alone] = shapely.points(fixes.x[first[alone]], fixes.y[first[alone]])
    several = ~alone[row]
    if several.any():
        number = np.cumsum(~alone) - 1
        places = np.stack([fixes.x[at[several]], fixes.y[at[several]]], axis=1)
        shapes[~alone] = shapely.linestrings(places, indices=number[row[several]])
    wkb: NDArray[Any] = shapely.to_wkb(shapes)
    return wkb
