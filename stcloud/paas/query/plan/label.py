"""Columns as people see them: their own names, the city's zone, ISO 8601 bins.

Tested by `tests/paas/query/spec/test_plan_json.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.daas.table.schema import UNIT
from stcloud.iaas.conversion import numbers_of, texts, whole_numbers
from stcloud.space import CellSize
from stcloud.time import Binning, Zone

if TYPE_CHECKING:
    from stcloud.paas.query.plan.plan import By

__all__ = ["labelled", "shown", "stored_names", "zoned"]


def zoned(kind: pa.DataType, zone: Zone) -> pa.DataType:
    """Return a column's type as it is shown: instants in the city's zone."""
    return pa.timestamp("us", zone.name) if pa.types.is_timestamp(kind) else kind


def labelled(column: pa.ChunkedArray, by: By, zone: Zone) -> pa.Array | pa.ChunkedArray:
    """Return a column of groups as it is shown: bins by their labels, cells as whole numbers."""
    if isinstance(by, Binning):
        labels = by.labels(numbers_of(column))
        return whole_numbers(labels) if by.recurs else texts(labels.tolist())
    return column.cast(pa.int64() if isinstance(by, CellSize) else zoned(column.type, zone))


def stored_names(stored: Sequence[str], schema: pa.Schema, ours: Collection[str]) -> dict[str, str]:
    """Return by the names of a schema the names under which its columns come; ``ours`` keep theirs."""
    own = [name for name in (*ours, UNIT) if name in stored]
    others = iter([name for name in stored if name not in own])
    return {name: name if name in own else next(others) for name in schema.names}


def shown(batch: pa.RecordBatch, schema: pa.Schema, ours: Collection[str]) -> pa.RecordBatch:
    """Return rows with columns by people's names, in the order and types of a schema; ``ours`` keep their names."""
    places = stored_names(batch.schema.names, schema, ours)
    columns = [batch.column(places[field.name]).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
