"""Timestamps written in files: a whole column of texts to UTC microseconds, strictly and fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.errors import InvalidInput
from stcloud.time.cursor import SPACES, Bytes, TextCursor
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Bools, Micros
from stcloud.time.pattern import Pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.time.zone import Zone

__all__ = ["EARLIEST_US", "LATEST_US", "StampResult", "read_stamps"]

CHUNK_ROWS = 1 << 15  # the columns of a chunk stay in the processor's cache
FIRST_US = -62_135_596_800 * SECOND_US  # 0001-01-01T00:00Z
STOP_US = 253_402_300_800 * SECOND_US  # 10000-01-01T00:00Z
EARLIEST_US, LATEST_US = FIRST_US + 2 * DAY_US, STOP_US - 2 * DAY_US
"""Bounds of instants, half-open: 0001-01-03 to 9999-12-30, so that the clocks of all zones show years 1 to 9999."""
_NO_YEAR = r"^\s*([+-]?\d{5,}-\d\d-\d\d|-\d{4,}-\d\d-\d\d|<value out of range)"
"""Dates that typed files hold and no calendar of ours shows."""
_SHORT_YEAR_PIVOT = 69  # POSIX: 69..99 are of the 1900s, 00..68 of the 2000s


@dataclass(frozen=True, slots=True, eq=False)
class StampResult:
    """What was read from a column of texts.

    Attributes
    ----------
    utc_us
        ``(n,)`` int64 UTC microseconds, in the order given; 0 where not valid.
    valid
        ``(n,)`` bool: the text was read. False for null, for what no format fits and for what is out of range.
    adjusted
        ``(n,)`` bool: a wall-clock time that the zone repeats or skips.
    out_of_range
        ``(n,)`` bool: the text was read, and means a day that is not kept.
    """

    utc_us: Micros
    valid: Bools
    adjusted: Bools
    out_of_range: Bools


def read_stamps(
    values: Any, formats: Sequence[str], zone: Zone | None, *, days: bool = False, later_us: int = 0
) -> StampResult:
    """Read written timestamps.

    Parameters
    ----------
    values
        ``(n,)`` pyarrow array of strings, chunked or dictionary-encoded too; white space around a text
        is not looked at.
    formats
        ``iso``, ``epoch-s``, ``epoch-ms`` or directives of strptime; each is tried on what those before it
        could not read. ``iso`` is ``YYYY-MM-DD``, and maybe ``T`` or one space and ``HH:MM[:SS[.fraction]]``,
        and maybe an offset.
    zone
        Zone of the wall clock for texts without an offset of their own; None: there are none.
    days
        True when the texts are days, not instants: all of the years 1 to 9999 are kept. Of instants two days at
        each end are not, as they are written, whatever the zone: the clock of another zone could not show them.
        Of those that have an offset of their own it is one day, in UTC: so what another clock shows is read too.
    later_us
        Added on the clock that a text is written for, before its zone counts: a day for the last day of a period.

    Returns
    -------
    Instants and masks, in the order given.

    Raises
    ------
    InvalidInput
        ``unknown-time-format``; ``zone-needed``: a text without an offset, and no zone.

    Notes
    -----
    Strict: the whole text is read, or nothing; a date that does not exist is not valid. Fractions beyond
    microseconds are cut. Each valid text means what ``datetime.strptime`` says; texts whose digits could be
    divided in two ways (``1112024`` as ``%m%d%Y``) are not valid. About 0.3 microseconds a text.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> read = read_stamps(pa.array(["3/5/2024 7:30", "2/30/2024 7:30"]), ["%m/%d/%Y %H:%M"], Zone("UTC"))
    >>> read.valid.tolist(), Zone("UTC").iso(int(read.utc_us[0]))
    ([True, False], '2024-03-05T07:30+00:00')
    """
    read_us, valid, zoned, given = _read_texts(values, [Pattern.of(text) for text in formats])
    read_us[valid] += later_us
    first_us, stop_us = (FIRST_US, STOP_US) if days else (EARLIEST_US, LATEST_US)
    more_us = np.where(zoned & (not days), DAY_US, 0)
    inside = (read_us >= first_us - more_us) & (read_us < stop_us + more_us)
    out_of_range = (valid & ~inside) | (given & ~valid & _without_year(values, given & ~valid))
    valid &= inside
    adjusted = _to_utc(read_us, np.flatnonzero(valid & ~zoned), zone, values)
    read_us[~valid] = 0
    return StampResult(read_us, valid, adjusted & valid, out_of_range)


def _read_texts(values: Any, patterns: Sequence[Pattern]) -> tuple[Micros, Bools, Bools, Bools]:
    """Return microseconds, which texts were read, which of them are UTC already, and which were not null."""
    data, at, end, given = _texts(values)
    count = len(at)
    read_us, valid, zoned = (
        np.zeros(count, dtype=np.int64),
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
    )
    for start in range(0, count, CHUNK_ROWS):
        rows = start + np.flatnonzero(given[start : start + CHUNK_ROWS])
        for pattern in patterns:
            cursor = TextCursor(data, at[rows], end[rows])
            time_us, has_offset = _read(pattern, cursor)
            done = rows[cursor.fits]
            read_us[done], zoned[done], valid[done] = time_us[cursor.fits], has_offset[cursor.fits], True
            rows = rows[~cursor.fits]
            if not rows.size:
                break
    return read_us, valid, zoned, given


def _without_year(values: Any, unread: Bools) -> Bools:
    """Tell which of the texts that no format fits are dates beyond the years that formats know."""
    if not unread.any():
        return unread
    hit = pc.match_substring_regex(values.cast(pa.string()), _NO_YEAR)
    whole = hit.combine_chunks() if isinstance(hit, pa.ChunkedArray) else hit
    return np.asarray(pc.fill_null(whole, fill_value=False).to_numpy(zero_copy_only=False), np.bool_)


def _texts(values: Any) -> tuple[Bytes, Micros, Micros, Bools]:
    """Find the bytes of all texts, where each begins and ends between white space, and which are not null."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    texts = values.cast(pa.large_string())
    _, offsets_buffer, data_buffer = texts.buffers()
    if not len(texts):
        return np.zeros(1, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.zeros(1, np.uint8) if not data_buffer else np.frombuffer(data_buffer, dtype=np.uint8)
    at, end = offsets[:-1].copy(), offsets[1:].copy()
    is_space = np.zeros(256, dtype=np.bool_)
    is_space[list(SPACES)] = True
    while (blank := is_space[data.take(at, mode="clip")] & (at < end)).any():
        at += blank
    while (blank := is_space[data.take(end - 1, mode="clip")] & (at < end)).any():
        end -= blank
    return data, at, end, texts.is_valid().to_numpy(zero_copy_only=False)


def _read(pattern: Pattern, cursor: TextCursor) -> tuple[Micros, Bools]:
    """Microseconds since 1970, and whether they are UTC already; the rest is wall-clock time."""
    pattern.read(cursor)
    if pattern.epoch_us:
        part_us = cursor.get("micro") * pattern.epoch_us // SECOND_US
        counted_us = cursor.get("sign") * (cursor.get("epoch") * pattern.epoch_us + part_us)
        return counted_us, np.ones(len(counted_us), dtype=np.bool_)
    local_us = (
        _day(cursor) * DAY_US
        + _hour(cursor) * HOUR_US
        + cursor.get("minute") * MINUTE_US
        + (cursor.get("second") - cursor.get("offset")) * SECOND_US
        + cursor.get("micro")
    )
    return local_us, cursor.get("zoned") > 0


def _day(cursor: TextCursor) -> Micros:
    """Return the days since 1970-01-01; texts whose day the month (or year) does not have do not fit."""
    starts = _month_starts()
    year = cursor.get("year")
    if "short_year" in cursor.fields:
        short = cursor.get("short_year")
        year = short + np.where(short < _SHORT_YEAR_PIVOT, 2000, 1900)
    month = np.where(cursor.fits, year * 12 + cursor.get("month", 1) - 1, 0)
    day = cursor.get("day", 1)
    months = 1
    if "day_of_year" in cursor.fields:
        day, months = cursor.get("day_of_year"), 12
    cursor.fits &= day <= starts[month + months] - starts[month]
    return starts[month] + day - 1


def _hour(cursor: TextCursor) -> Micros:
    if "hour12" in cursor.fields:
        return cursor.get("hour12") % 12 + 12 * cursor.get("pm")
    return cursor.get("hour")


@lru_cache(maxsize=1)
def _month_starts() -> Micros:
    """Return the days since 1970-01-01 of the first of each month from year 0 on."""
    months = np.arange(-1970 * 12, (10_001 - 1970) * 12, dtype=np.int64)
    return months.view("M8[M]").astype("M8[D]").astype(np.int64)


def _to_utc(read_us: Micros, rows: Micros, zone: Zone | None, values: Any) -> Bools:
    """Move wall-clock times to UTC where they stand; tell which were adjusted."""
    adjusted = np.zeros(len(read_us), dtype=np.bool_)
    if not rows.size:
        return adjusted
    if zone is None:
        raise InvalidInput(
            "zone-needed",
            f"row {rows[0]} '{values[int(rows[0])]}' has no offset from UTC, and no time zone is given",
            hint="declare the time zone of the source",
        )
    read_us[rows], adjusted[rows] = zone.to_utc(read_us[rows])
    return adjusted
