"""Facts of requests of open data: due and closing times are those of their source, and what it does not say is null.

Law: **facts of requests are those of their import**. They equal the facts of the log that the same layer is imported
into, but for who recorded them, and when.

Tested by `tests/paas/case/test_requestfacts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.paas.case.facts import COUNTED, FACTS, INSTANT, unit_parts
from stcloud.paas.case.interval import NONE_US
from stcloud.paas.case.requested import RequestColumns, one_line
from stcloud.time.micros import Micros

__all__ = ["request_facts"]

Booleans = NDArray[np.bool_]

_FALSE = ("suspended", "exempt", "forced", "self_handled", "verified_public")


def request_facts(
    batches: Iterable[pa.RecordBatch],
    columns: RequestColumns,
    at_us: int,
    *,
    seen_us: int,
    units: Mapping[str, str] | None = None,
) -> pa.RecordBatchReader:
    """Return the facts of the requests of a layer that are reported by an instant; its schema is `FACTS`.

    Parameters
    ----------
    batches
        Rows of the layer as they were known: ``st_key``, ``st_time``, the columns that ``columns`` and ``units``
        name, and, where they are known, ``st_unit``, ``lon`` and ``lat`` (degrees).
    columns
        Which columns say how a request went.
    at_us
        The instant that requests are read at, UTC microseconds.
    seen_us
        When the layer was last loaded: an end that its source does not date is dated so.
    units
        Columns with the ``district``, ``street``, ``community`` or ``duty_grid`` of a request; without one, the code
        of its cell says which it is, if it has a cell.
    """
    rows = (_facts(batch, columns, at_us, seen_us, units or {}) for batch in batches)
    return pa.RecordBatchReader.from_batches(FACTS, _some(rows))


def _some(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from (batch for batch in batches if batch.num_rows)


def _facts(
    batch: pa.RecordBatch, columns: RequestColumns, at_us: int, seen_us: int, units: Mapping[str, str]
) -> pa.RecordBatch:
    batch = batch.filter(pc.less_equal(batch.column("st_time").cast(INSTANT), pa.scalar(at_us, INSTANT)))
    reported, size = _micros(batch, "st_time"), batch.num_rows
    closed, cancelled, ended = _ends(batch, columns, reported, at_us, seen_us)
    due = _micros(batch, columns.due)
    cell = _texts(batch, "st_unit")
    made: dict[str, Any] = {
        "number": _strings(batch.column("st_key")), "counted": pa.array(~cancelled),
        "cancelled": pa.array(cancelled), "open": pa.array(~(closed | cancelled)),
        "kind": pa.repeat(pa.scalar(columns.kind, pa.string()), size), "class": _texts(batch, columns.class_),
        "source": _texts(batch, columns.source), "department": _texts(batch, columns.department), "cell": cell,
        "due_provisional": pa.array(np.zeros(size, bool), mask=due == NONE_US),
        **{name: pa.array(np.zeros(size, bool)) for name in _FALSE},
        **{name: pa.array(np.zeros(size, np.int64)) for name in COUNTED},
        **{name: batch.column(name) for name in ("lon", "lat") if name in batch.schema.names},
    }  # fmt: skip
    instants = {
        "reported_at": reported, "filed_at": np.where(cancelled, NONE_US, reported),
        "dispatched_at": np.where(cancelled, NONE_US, reported), "handled_at": np.where(closed, ended, NONE_US),
        "closed_at": np.where(closed, ended, NONE_US), "due_at": due,
        "started_at": np.where(due == NONE_US, NONE_US, reported), "recorded_at": np.full(size, seen_us),
    }  # fmt: skip
    made |= {
        name: pa.array(values, mask=values == NONE_US).cast(INSTANT) for name, values in instants.items()
    }
    made |= unit_parts(cell)
    made |= {name: _texts(batch, column) for name, column in units.items()}
    arrays = [made[field.name] if field.name in made else pa.nulls(size, field.type) for field in FACTS]
    return pa.record_batch(arrays, schema=FACTS)


def _ends(
    batch: pa.RecordBatch, columns: RequestColumns, reported: Micros, at_us: int, seen_us: int
) -> tuple[Booleans, Booleans, Micros]:
    """Return which requests are closed, which are cancelled, and when they ended, as `RequestColumns` has it."""
    closed_us, cancelled_us, changed_us = (
        _micros(batch, column) for column in (columns.closed, columns.cancelled, columns.changed)
    )
    closes, cancels = (
        _among(batch, columns.status, words) for words in (columns.closed_when, columns.cancelled_when)
    )
    states = _is_stated(batch, columns.status) if columns.closed_when else np.zeros(batch.num_rows, bool)
    cancelled = cancels | ((cancelled_us != NONE_US) & ~closes)
    closed = ~cancelled & (closes | ((closed_us != NONE_US) & ~states))
    dated = np.where(cancelled, _first(cancelled_us, closed_us, changed_us), _first(closed_us, changed_us))
    ended = np.maximum(np.where(dated == NONE_US, seen_us, dated), reported)
    return closed & (ended <= at_us), cancelled & (ended <= at_us), ended


def _first(*instants: Micros) -> Micros:
    """Return of several instants the first that there is."""
    first = instants[0]
    for following in instants[1:]:
        first = np.where(first == NONE_US, following, first)
    return first


def _micros(batch: pa.RecordBatch, name: str | None) -> Micros:
    """Return a column of instants, `NONE_US` where there is none."""
    if name is None or name not in batch.schema.names:
        return np.full(batch.num_rows, NONE_US)
    column = batch.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(INSTANT).cast(pa.int64())
    micros: Micros = column.fill_null(NONE_US).to_numpy(zero_copy_only=False)
    return micros


def _strings(column: pa.Array) -> pa.Array:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return column.cast(kind).cast(pa.string())


def _texts(batch: pa.RecordBatch, name: str | None) -> pa.Array:
    """Return a column of texts, each on one line as actions of an import state it."""
    if name is None or name not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.string())
    encoded = _strings(batch.column(name)).dictionary_encode()
    lines = pa.array([one_line(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return lines.take(encoded.indices)


def _among(batch: pa.RecordBatch, name: str | None, words: Sequence[str]) -> Booleans:
    """Return whether a column has one of some words."""
    if name is None or name not in batch.schema.names or not words:
        return np.zeros(batch.num_rows, bool)
    is_in = pc.is_in(_strings(batch.column(name)), pa.array(words, pa.string()))
    among: Booleans = is_in.to_numpy(zero_copy_only=False)
    return among


def _is_stated(batch: pa.RecordBatch, name: str | None) -> Booleans:
    if name is None or name not in batch.schema.names:
        return np.zeros(batch.num_rows, bool)
    lengths = pc.utf8_length(_strings(batch.column(name))).fill_null(0)
    stated: Booleans = lengths.to_numpy(zero_copy_only=False) > 0
    return stated
