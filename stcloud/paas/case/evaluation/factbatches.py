"""Facts of cases in batches, of whatever gives them: tables, readers, streams.

Tested by `tests/paas/case/evaluation/test_factbatches.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.case.facts import FACTS

__all__ = ["BATCH_ROWS", "Facts", "batches_of", "read_facts"]

BATCH_ROWS = 100_000
"""The most rows of a batch."""


class ArrowStream(Protocol):
    """What gives an Arrow stream: tables of pandas, polars, DuckDB and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Give the stream."""


Facts: TypeAlias = pa.Table | pa.RecordBatchReader | ArrowStream


def read_facts(facts: Any) -> pa.Table | pa.RecordBatchReader:
    """Return facts as what has a schema; nothing is read yet.

    Raises
    ------
    InvalidInput
        ``not-facts``: Arrow does not read them.
    """
    if isinstance(facts, pa.Table | pa.RecordBatchReader):
        return facts
    if hasattr(facts, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(facts)
    raise InvalidInput(
        "not-facts", f"these are no facts of cases: {type(facts).__name__}",
        hint="give an Arrow table or a reader of batches",
    )  # fmt: skip


def batches_of(facts: pa.Table | pa.RecordBatchReader, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give some columns of facts in batches of `BATCH_ROWS` rows at most, in the types of `FACTS`.

    Raises
    ------
    InvalidInput
        ``not-facts``: there is no such column, or it cannot be read as what it should be.
    """
    if missing := [name for name in columns if name not in facts.schema.names]:
        raise InvalidInput(
            "not-facts", f"the cases have no column '{missing[0]}'", hint="give facts of cases"
        )
    if isinstance(facts, pa.Table):
        for batch in facts.select(columns).to_batches(max_chunksize=BATCH_ROWS):
            yield _typed(batch)
        return
    for batch in facts:
        chosen = _typed(batch.select(columns))
        for start in range(0, chosen.num_rows, BATCH_ROWS):
            yield chosen.slice(start, BATCH_ROWS)


def _typed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose columns have the types of facts."""
    wanted = [
        FACTS.field(column.name).type if column.name in FACTS.names else column.type
        for column in batch.schema
    ]
    if wanted == batch.schema.types:
        return batch
    try:
        columns = [
            column if column.type == kind else column.cast(kind)
            for column, kind in zip(batch.columns, wanted, strict=True)
        ]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(
            "not-facts", f"a column of the cases is not what facts have: {error}", hint="give facts of cases"
        ) from error
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)
