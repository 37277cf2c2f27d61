"""Gaps: steps at which a station was expected to give a value, and gave none. They are listed, never filled.

Tested by `tests/paas/series/test_gaps.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.series.readings import MISSING, Ints, Readings
from stcloud.paas.series.stations import Stations
from stcloud.paas.series.wantedtime import WantedTime, required_step
from stcloud.time import Zone

__all__ = ["gaps_of"]


def gaps_of(
    readings: Readings, wanted: WantedTime, zone: Zone, layer: str, stations: tuple[str, ...] | None = None,
    held: Sequence[Stations] = (),
) -> pa.Table:  # fmt: skip
    """Return the gaps of each station and value.

    Parameters
    ----------
    readings, wanted, layer
        What was read, of which time, and the name of the layer for errors.
    zone
        The city's, in which instants are given.
    stations
        Stations that were named: one without any reading is a gap as long as the time that was wanted.
    held
        Versions of stations in a place that was named; for each a step is expected only while one holds.

    Returns
    -------
    ``station``, ``value``, ``from``, ``to`` (exclusive), ``steps``; by station, then value, then time. A step has a
    value if a reading with one lies in ``[step, next step)``; steps of a station are counted from its first reading.
    Steps are expected from the beginning of the time that was wanted, or from the first reading if it has none,
    until its end, or until the last reading; and none later than what was known.

    Raises
    ------
    InvalidInput
        ``no-step``
    """
    step_us = required_step(readings, layer)
    bounds = readings.starts
    number = {name: at for at, name in enumerate(readings.stations)}
    gaps: list[tuple[str, str, int, int]] = []
    for name in sorted({*readings.stations, *(stations or ())}):
        at = number.get(name)
        rows = slice(0, 0) if at is None else slice(int(bounds[at]), int(bounds[at + 1]))
        expected = _expected(readings.time_us[rows], wanted, step_us)
        for versions in held:
            expected = expected[versions.hold((name,), np.zeros(len(expected), np.int32), expected)]
        for value, flags in readings.flags.items():
            there = readings.time_us[rows][flags[rows] != MISSING]
            gaps += [(name, value, *run) for run in _runs(expected, there, step_us)]
    return _table(gaps, step_us, zone)


def _expected(time_us: Ints, wanted: WantedTime, step_us: int) -> Ints:
    """Return the steps at which a station is expected to give a value, ascending."""
    parts = []
    for span in wanted.spans:
        start_us, end_us = span.start_us, span.end_us
        if not len(time_us) and (start_us is None or end_us is None):
            continue
        first_us = int(time_us[0]) if start_us is None else start_us
        last_us = int(time_us[-1]) + 1 if end_us is None else end_us
        phase_us = int(time_us[0]) if len(time_us) else first_us
        first_us += (phase_us - first_us) % step_us
        parts.append(np.arange(first_us, min(last_us, wanted.known_us), step_us, dtype=np.int64))
    steps = np.concatenate([np.zeros(0, np.int64), *parts])
    return steps[wanted.recurring(steps)]


def _runs(expected: Ints, there_us: Ints, step_us: int) -> Iterator[tuple[int, int]]:
    """Give the first and the last step of each gap."""
    if not len(expected):
        return
    present: NDArray[np.bool_] = np.zeros(len(expected), np.bool_)
    place = np.searchsorted(expected, there_us, side="right") - 1
    near = (place >= 0) & (there_us - expected[np.maximum(place, 0)] < step_us)
    present[place[near]] = True
    missing = np.flatnonzero(~present)
    if not len(missing):
        return
    apart = (np.diff(missing) > 1) | (np.diff(expected[missing]) > step_us)
    firsts = missing[np.append(True, apart)]
    lasts = missing[np.append(apart, True)]
    yield from zip(expected[firsts].tolist(), expected[lasts].tolist(), strict=True)


def _table(gaps: list[tuple[str, str, int, int]], step_us: int, zone: Zone) -> pa.Table:
    instant = pa.timestamp("us", zone.name)
    first = np.array([gap[2] for gap in gaps], np.int64)
    end = np.array([gap[3] for gap in gaps], np.int64) + step_us
    return pa.table(
        {
            "station": pa.array([gap[0] for gap in gaps], pa.string()),
            "value": pa.array([gap[1] for gap in gaps], pa.string()),
            "from": pa.array(first).cast(instant),
            "to": pa.array(end).cast(instant),
            "steps": pa.array((end - first) // step_us),
        }
    )
