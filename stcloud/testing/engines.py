"""The conformance suite that any engine must pass: named questions, and the comparison with the oracle.

An engine conforms when, for every question of `corpus`, `difference` of its answer and the oracle's is None::

    answer = question.ask(stcloud.open(folder, engine=mine), scene.layer)
    assert difference(answer.table, oracle.answer(question)) is None

Rows come in the order of time, then key; counts in the order of their groups, null last. Floats may differ by
1e-9, nothing else may differ at all.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from stcloud.testing.corpus import corpus

__all__ = ["corpus", "difference"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOLERANCE = 1e-9


def difference(answer: pa.Table, expected: pd.DataFrame) -> str | None:
    """Return where an answer is not what it should be; None where it is.

    Parameters
    ----------
    answer
        The table of an answer.
    expected
        The oracle's answer, in order.
    """
    if list(answer.schema.names) != list(expected.columns):
        return f"columns {answer.schema.names}, expected {list(expected.columns)}"
    rows = [[_plain(value) for value in row.values()] for row in _utc(answer).to_pylist()]
    wanted = [[_plain(value) for value in row] for row in expected.itertuples(index=False)]
    for number, (row, want) in enumerate(zip(rows, wanted, strict=False)):
        for name, value, other in zip(answer.schema.names, row, want, strict=True):
            if not _same(value, other):
                return f"row {number}, {name}: {value!r}, expected {other!r}\n  found    {row}\n  expected {want}"
    if len(rows) == len(wanted):
        return None
    extra = [*rows[len(wanted) :], *wanted[len(rows) :]][0]
    return f"{len(rows)} rows, expected {len(wanted)}; the first that is only in one: {extra}"


def _utc(table: pa.Table) -> pa.Table:
    """Return the instants without a zone of their own: Python compares two of one zone by what their clocks show."""
    kinds = [
        pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind for kind in table.schema.types
    ]
    return table.cast(
        pa.schema([pa.field(name, kind) for name, kind in zip(table.schema.names, kinds, strict=True)])
    )


def _plain(value: Any) -> Any:
    return (value - _EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return (
            left == right
            or math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
            or (math.isnan(left) and math.isnan(right))
        )
    return type(left) is type(right) and bool(left == right)
