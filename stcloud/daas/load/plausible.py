"""Values of a series outside their plausible limits: they are kept, counted, and named in the notes of a load.

Tested by `tests/daas/load/test_series_load.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.definition import EventDefinition, SeriesClause
from stcloud.daas.table.schema import Attribute

__all__ = ["implausible_counts", "implausible_notes"]


def implausible_counts(
    rows: pa.RecordBatch, definition: EventDefinition, columns: Mapping[str, Attribute]
) -> dict[str, int]:
    """Return how many values of cleaned rows lie outside the limits of their definition, by name."""
    series = definition.series
    if series is None:
        return {}
    counts = {}
    for name, rules in series.values.items():
        if rules.plausible is None or (series.value or name) not in columns:
            continue
        values = _values(rows, series, name, columns)
        low, high = rules.plausible
        change = rules.conversion
        values = values * change.factor + change.offset
        count = int(((values < low) | (values > high)).sum())
        if count:
            counts[name] = count
    return counts


def _values(
    rows: pa.RecordBatch, series: SeriesClause, name: str, columns: Mapping[str, Attribute]
) -> np.ndarray:
    """Return the values of one name, NaN where a row has none."""
    values = rows.column(columns[series.value or name].stored).cast(pa.float64())
    if series.variable is not None:
        same = pc.equal(rows.column(columns[series.variable].stored).cast(pa.string()), name)
        values = pc.if_else(pc.fill_null(same, fill_value=False), values, None)
    numbers: np.ndarray = values.to_numpy(zero_copy_only=False)
    return numbers


def implausible_notes(counts: Mapping[str, int], definition: EventDefinition) -> Iterator[str]:
    """Give a note for each value some of whose readings are not plausible."""
    series = definition.series
    for name, count in sorted(counts.items()):
        rules = None if series is None else series.values.get(name)
        if rules is not None and rules.plausible is not None:
            low, high = rules.plausible
            values = "1 value" if count == 1 else f"{count:,} values"
            yield f"{name}: {values} outside {low:g} to {high:g} {rules.unit}, kept and flagged in readings"
