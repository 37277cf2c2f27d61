"""The time of an event as its source writes it: one column of texts, or several of integers.

Tested by `tests/daas/load/test_series_load.py` and `tests/daas/load/test_event_load.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.definition import TimeClause
from stcloud.daas.load.column import Faults, Values, formats_of, plain, read_integers, trimmed
from stcloud.iaas.source.text import Declared
from stcloud.time import EARLIEST_US, LATEST_US, StampResult, Zone, civil_us, read_stamps

__all__ = ["read_time"]

_DAY_FIELDS = ("year", "month", "day")


def read_time(
    clause: TimeClause,
    source: Mapping[str, pa.Array],
    zone: Zone,
    types: Mapping[str, Declared],
    faults: Faults,
) -> StampResult:
    """Return the instants of rows; a time that is missing, unreadable or out of range is a fault."""
    if clause.columns is not None:
        return _of_columns(clause.columns.by_field, source, zone, faults)
    name = clause.names[0]
    texts = source[name]
    read = read_stamps(texts, formats_of(clause.formats, types.get(name)), zone)
    faults.add(pc.is_null(texts), name, texts, "missing-time")
    faults.add(read.out_of_range, name, texts, "time-out-of-range")
    faults.add(~read.valid, name, texts, "unreadable-time")
    return read


def _of_columns(
    names: Mapping[str, str], source: Mapping[str, pa.Array], zone: Zone, faults: Faults
) -> StampResult:
    """Read several columns of integers; the column that is wrong is the field of the fault."""
    numbers: dict[str, Values] = {}
    for field, name in names.items():
        faults.add(pc.is_null(source[name]), name, source[name], "missing-time")
        numbers[field] = read_integers(name, source[name], faults)
    local_us, wrong = civil_us(numbers)
    valid = ~faults.faulty
    for field, name in names.items():
        reason = "unreadable-date" if field in _DAY_FIELDS else "unreadable-time"
        faults.add(wrong[field], name, source[name], reason)
        valid &= ~wrong[field]
    utc_us, adjusted = np.zeros(len(local_us), np.int64), np.zeros(len(local_us), np.bool_)
    utc_us[valid], adjusted[valid] = zone.to_utc(local_us[valid])
    beyond = valid & ((utc_us < EARLIEST_US) | (utc_us >= LATEST_US))
    year = names["year"]
    faults.add(beyond, year, trimmed(plain(source[year])), "time-out-of-range")
    valid &= ~beyond
    utc_us[~valid] = 0
    return StampResult(utc_us, valid, adjusted & valid, beyond)
