"""What the log keeps of a file: how many rows it has, which columns have nulls, and between which values it lies.

Rows come in pieces, as the file is written.

Tested by `tests/iaas/table/test_filestats.py` and `tests/iaas/table/test_bounds.py`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["FileStatistics"]

_LONGEST_BOUND = 64
"""Longer texts would make the log large."""


class FileStatistics:
    """Counts of rows and nulls, and least and greatest values, of all rows that were added.

    Parameters
    ----------
    bounded
        The columns whose least and greatest values are kept: numbers, instants and texts. A column with a value that
        cannot be one of them has none.
    """

    def __init__(self, bounded: Collection[str]) -> None:
        self.bounded = tuple(bounded)
        self.rows = 0
        self._nulls: Counter[str] = Counter()
        self._bounds: dict[str, tuple[Any, Any] | None] = dict.fromkeys(bounded, (None, None))

    def add(self, rows: pa.Table) -> None:
        """Take some rows."""
        self.rows += rows.num_rows
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            self._nulls[name] += column.null_count
        for name, known in self._bounds.items():
            if known is not None:
                self._bounds[name] = _widened(known, rows[name])

    def to_json(self) -> str:
        """Return them as the log of a Delta table has them.

        Not escaped: delta-rs reads an escaped ideograph from U+20000 on as another character.
        """
        bounds = {
            name: ends for name, ends in self._bounds.items() if ends is not None and ends[0] is not None
        }
        low, high = ({name: _plain(ends[side]) for name, ends in bounds.items()} for side in (0, 1))
        stats = {"numRecords": self.rows, "minValues": low, "maxValues": high, "nullCount": dict(self._nulls)}
        return json.dumps(stats, ensure_ascii=False)


def _widened(known: tuple[Any, Any], column: pa.ChunkedArray) -> tuple[Any, Any] | None:
    """Return bounds of values before and of a column too; None: it cannot be bounded."""
    if column.null_count == len(column):
        return known
    try:
        ends = pc.min_max(_worded(column)).as_py()
    except OverflowError:  # an instant before the year 1, after 9999: it bounds no file
        return None
    low, high = ends["min"], ends["max"]
    if not (_comparable(low) and _comparable(high)):
        return None
    return low if known[0] is None else min(known[0], low), high if known[1] is None else max(known[1], high)


def _worded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _comparable(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_BOUND
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
