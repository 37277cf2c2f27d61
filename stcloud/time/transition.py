"""When the offset of a time zone from UTC changes: found by probing, for zoneinfo does not tell."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US, SECOND_US, Micros

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Transitions", "transitions"]

# Years 1..9999 and a few days more: room for the wall clocks of all zones, and for a margin around them.
EARLIEST_US = -62_135_596_800 * SECOND_US - 4 * DAY_US
LATEST_US = 253_402_300_800 * SECOND_US + 4 * DAY_US

# zoneinfo tells the offset of an instant but not when it changes, so the year is probed. The closest two
# changes of any zone are 95 hours apart (Africa/Freetown, 1939), so none can hide between two probes.
PROBE_HOURS = 6
FIRST_CHANGING_YEAR = 1800  # the oldest entry of the database is of 1844
LAST_LISTED_YEAR = 2500  # later years follow one yearly rule, and the calendar repeats after 400 years
CYCLE_YEARS = 400
CYCLE_US = 146_097 * DAY_US

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """Pieces of a span in which the offset from UTC stands still.

    Attributes
    ----------
    starts_us
        ``(n,)`` int64, UTC microseconds, strictly increasing; a piece is ``[start, next start)``.
    offsets_us
        ``(n,)`` int64, local minus UTC in microseconds, positive east of Greenwich.
    """

    starts_us: Micros
    offsets_us: Micros


def transitions(name: str, start_us: int, stop_us: int) -> Transitions:
    """Find the offsets of a zone during ``[start_us, stop_us)``; see ``Zone.offsets``.

    Raises
    ------
    InvalidInput
        ``time-out-of-range``.
    """
    _require_range(start_us, stop_us)
    # Two days of margin: wall-clock years begin up to a day before or after those of UTC.
    years = range(_year(start_us - 2 * DAY_US), _year(stop_us + 2 * DAY_US) + 1)
    starts, offsets = [start_us], [_opening_offset(name, years[0])]
    for at_us, offset_us in _changes(name, years):
        if at_us <= start_us:
            offsets[0] = offset_us
        elif at_us < stop_us:
            starts.append(at_us)
            offsets.append(offset_us)
    return Transitions(np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _changes(name: str, years: range) -> Iterator[tuple[int, int]]:
    """List UTC microseconds of each change in wall-clock years, with the offset from then on."""
    for year in range(max(years.start, FIRST_CHANGING_YEAR), years.stop):
        cycles = _cycles(year)
        for at_us, offset_us in _year_changes(name, year - cycles * CYCLE_YEARS):
            yield at_us + cycles * CYCLE_US, offset_us


def _require_range(start_us: int, stop_us: int) -> None:
    for at_us in (start_us, stop_us):
        if not EARLIEST_US <= at_us <= LATEST_US:
            raise InvalidInput(
                "time-out-of-range",
                f"{at_us} microseconds since 1970 lie outside the years 1 to 9999",
                hint="check the unit: instants are microseconds",
            )


def _year(at_us: int) -> int:
    return int(np.datetime64(at_us, "us").astype("M8[Y]").astype(np.int64)) + 1970


def _cycles(year: int) -> int:
    """How many 400-year cycles a year lies beyond the years that are probed."""
    return max(0, -(-(year - LAST_LISTED_YEAR) // CYCLE_YEARS))


def _wall_offset(zone: zoneinfo.ZoneInfo, local_s: int) -> timedelta:
    """Return the offset of a wall-clock time as PEP 495 reads it: before the change, where skipped or repeated."""
    offset = zone.utcoffset(_EPOCH + timedelta(seconds=local_s))
    return timedelta() if offset is None else offset


def _opening_offset(name: str, year: int) -> int:
    """Return the offset in microseconds when the wall clock shows the start of a year."""
    known_year = max(year - _cycles(year) * CYCLE_YEARS, FIRST_CHANGING_YEAR)
    at = datetime(known_year, 1, 1)  # noqa: DTZ001 - a wall clock
    return _wall_offset(zoneinfo.ZoneInfo(name), _seconds(at - _EPOCH)) // timedelta(microseconds=1)


@lru_cache(maxsize=1 << 14)
def _year_changes(name: str, year: int) -> tuple[tuple[int, int], ...]:
    """Find the changes of offset in one wall-clock year: UTC microseconds and the offset from then on."""
    zone = zoneinfo.ZoneInfo(name)
    probes = _probes(year)
    offsets = [zone.utcoffset(probe) for probe in probes]
    changes = []
    for index, (before, after) in enumerate(pairwise(offsets)):
        if before != after and before is not None and after is not None:
            wall_s = _first_with_other_offset(zone, _seconds(probes[index] - _EPOCH), before)
            # Seen from the wall clock, the offset before a change lasts until `at + greater offset`.
            at_s = wall_s - _seconds(max(before, after))
            changes.append((at_s * SECOND_US, _seconds(after) * SECOND_US))
    return tuple(changes)


def _probes(year: int) -> list[datetime]:
    step = np.timedelta64(PROBE_HOURS, "h")
    start, stop = np.datetime64(f"{year}-01-01", "us"), np.datetime64(f"{year + 1}-01-01", "us")
    probes: list[datetime] = np.arange(start, stop + step, step).tolist()
    return probes


def _first_with_other_offset(zone: zoneinfo.ZoneInfo, low_s: int, before: timedelta) -> int:
    """Bisect to the second, on the wall clock: the first second after ``low_s`` without offset ``before``."""
    high_s = low_s + PROBE_HOURS * 3600
    while high_s - low_s > 1:
        middle_s = (low_s + high_s) // 2
        if _wall_offset(zone, middle_s) == before:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)
