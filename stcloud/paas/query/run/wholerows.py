"""Rows of events read whole from their files and tested in memory, for questions that want most of them: no engine.

Tested by `tests/paas/series/test_readings.py` and `tests/paas/movement/test_fixreader.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from stcloud.paas.query.plan.resolved import Mask, Resolved

__all__ = ["empty_rows", "holds_all", "kept_rows"]


def holds_all(test: Resolved, files: Iterable[object]) -> bool:
    """Tell whether the log proves a condition of every row of some files."""
    holds = getattr(test, "holds_all", None)
    return holds is not None and bool(holds(files))


def empty_rows(schema: pa.Schema, names: Sequence[str]) -> pa.Table:
    """Return no rows, with some columns of a schema."""
    return pa.schema([schema.field(name) for name in names]).empty_table()


def kept_rows(rows: pa.Table, tests: Sequence[Resolved]) -> Mask | None:
    """Return which rows pass all tests; None: all."""
    if not tests:
        return None
    masks = [np.logical_and.reduce([test.mask(batch) for test in tests]) for batch in rows.to_batches()]
    kept = np.concatenate([np.zeros(0, np.bool_), *masks])
    return None if kept.all() else kept
