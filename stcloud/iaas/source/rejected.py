"""Rows of a source set aside as they were, and how a file of such rows is recognised when it comes back.

Tested by ``tests/iaas/source/test_rejected.py``.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.iaas.store.oserror import storage_errors

__all__ = ["REJECTED_COLUMNS", "RowsAside", "is_of_rejected_rows", "legible_rows"]

REJECTED_COLUMNS = ("st_row", "st_field", "st_reason", "st_value")
"""What stands before the columns of a rejected row: its number, and the field, reason and value of the fault."""


def is_of_rejected_rows(path: Path) -> bool:
    """Return whether a text file has the header of rejected rows: ours, in UTF-8 and delimited by whatever sign."""
    with path.open("rb") as file:
        head = file.read(256).removeprefix(codecs.BOM_UTF8).split(b"\n")[0].replace(b'"', b"")
    return any(head.startswith(sign.join(REJECTED_COLUMNS).encode()) for sign in (",", ";", "\t"))


class RowsAside:
    """Rows by number, kept in a file until they are read; bytes become hexadecimal digits.

    Parameters
    ----------
    path
        Where the file will be, if any row is added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pa.RecordBatchStreamWriter | None = None
        self.numbers: set[int] = set()

    def add(self, rows: pa.RecordBatch, numbers: np.ndarray) -> None:
        """Add some rows of a source; all have the same columns."""
        if not rows.num_rows:
            return
        batch = pa.RecordBatch.from_arrays(
            [pa.array(numbers, pa.int64()), *legible_rows(rows).columns], ["", *rows.schema.names]
        )
        with storage_errors("set rejected rows aside"):
            if self._writer is None:
                self._writer = pa.ipc.new_stream(str(self._path), batch.schema)
            self._writer.write_batch(batch)
        self.numbers.update(batch.column(0).to_pylist())

    def read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give the number and the values of each row, by column; nothing can be added then."""
        self.close()
        if not self.numbers:
            return
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                for row in batch.to_pylist():
                    yield row.pop(""), row

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def legible_rows(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with all values as text, bytes as hexadecimal digits."""
    return pa.RecordBatch.from_arrays([_plain(column) for column in rows.columns], rows.schema.names)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array([None if raw is None else raw.hex() for raw in column.to_pylist()], pa.string())
    return column.cast(pa.string())
