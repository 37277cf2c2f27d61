"""Rows of several files in one order, with flat memory, however many they are.

Tested by `tests/iaas/table/test_merging.py`.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from stcloud.iaas.table.sorter import Sorter

__all__ = ["merged_rows"]

_PART = "st_merged"
_BATCH_ROWS = 1 << 16


@contextlib.contextmanager
def merged_rows(
    tables: Iterable[pa.Table], order: tuple[str, ...], folder: Path, *, most_rows: int
) -> Iterator[Iterator[Iterator[pa.Table]]]:
    """Give the rows of tables of one schema sorted, in portions of about ``most_rows`` rows, each in pieces.

    Parameters
    ----------
    tables
        Read one after the other.
    order
        Columns to sort by; a null sorts as 0.
    folder
        Where rows are laid down meanwhile.
    most_rows
        About how many rows a portion has at the most.
    """
    place = folder / f"merge-{uuid.uuid4().hex}"
    place.mkdir()
    sorter = Sorter(place, part=_PART, order=order)
    try:
        for table in tables:
            for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
                sorter.add(batch.append_column(_PART, pa.array(np.zeros(batch.num_rows, np.int64))))
        sorter.flush()
        yield (
            (pa.Table.from_batches([chunk.drop_columns([_PART])]) for chunk in portion)
            for part in sorter.parts
            for portion in sorter.portions(part, most_rows=most_rows)
        )
    finally:
        sorter.close()
        shutil.rmtree(place, ignore_errors=True)
