"""Which rows that came hold the very values that a table's current rows of their keys hold.

Tested by ``tests/daas/load/test_feature_load.py``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.iaas.engine.connections import connect, file_errors, literal
from stcloud.iaas.table.checksum import parquet_errors, verify_columns

__all__ = ["equal_rows", "equal_texts"]

_EQUAL = """
SELECT came.st_row, came.st_key FROM came
JOIN (SELECT * FROM read_parquet($paths, union_by_name = true) WHERE st_recorded_to IS NULL) AS current USING (st_key)
WHERE {conditions}
"""
# What an older version wrote of a typed value is another text of it: `3.4e+11`, `1.50`, a fraction of six zeros.
_OTHER_TEXT = {
    "number": "(regexp_matches({old}, '[.e]') AND try_cast({old} AS DOUBLE) = try_cast({new} AS DOUBLE))"
    " OR ({old} = 'nan' AND {new} IS NULL)",
    "instant": "try_cast({old} AS TIMESTAMP) = try_cast({new} AS TIMESTAMP)",
}


def equal_rows(
    rows: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    paths: Sequence[str],
    folder: Path,
    *,
    columns: Sequence[str],
    loose: Mapping[str, str],
) -> tuple[np.ndarray, pa.Array]:
    """Return numbers and keys of the rows whose values equal those of the current row of their key.

    Parameters
    ----------
    rows, schema
        ``st_row``, its number, ``st_key`` and values, in batches; a key comes once.
    paths
        Files of the table that hold the current rows.
    folder
        Where the comparison may spill; the owner removes it.
    columns
        What is compared. A column that one side lacks is null there.
    loose
        Text columns that hold what a file gave as ``number`` or ``instant``: other texts of one value are equal.
    """
    verify_columns(paths)
    with parquet_errors("a part of the layer"):
        old = {name for path in paths for name in pq.read_schema(path).names}
    conditions = " AND ".join(_condition(name, old, schema.names, loose.get(name)) for name in columns)
    with (
        file_errors(),
        connect(memory="512MB", scratch=str(folder / f"spill-{uuid.uuid4().hex}")) as connection,
    ):
        connection.register("came", pa.RecordBatchReader.from_batches(schema, rows))
        query = _EQUAL.format(conditions=conditions or "true")
        pairs = connection.execute(query, {"paths": [literal(path) for path in paths]}).fetchnumpy()
    return np.asarray(pairs["st_row"], np.int64), pa.array(pairs["st_key"], pa.string())


def equal_texts(now: pa.Array, before: pa.Array, kind: str) -> pa.Array:
    """Return which texts, now and before, are texts of one value of a kind, ``number`` or ``instant``; a mask."""
    condition = _OTHER_TEXT[kind].format(old="before", new="now")
    with connect(memory="256MB") as connection:
        connection.register(
            "pairs", pa.table({"now": now.cast(pa.string()), "before": before.cast(pa.string())})
        )
        pairs = connection.execute(f"SELECT coalesce({condition}, false) AS equal FROM pairs").fetchnumpy()  # noqa: S608
    return pa.array(np.asarray(pairs["equal"], np.bool_))


def _condition(name: str, old: set[str], new: Sequence[str], loose: str | None) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    before = f"current.{quoted}" if name in old else "NULL"
    now = f"came.{quoted}" if name in new else "NULL"
    same = f"{before} IS NOT DISTINCT FROM {now}"
    if loose is None or "NULL" in (before, now):
        return f"({same})"
    return f"({same} OR coalesce({_OTHER_TEXT[loose].format(old=before, new=now)}, false))"
