"""Keys of rows as they come: in memory while they are few, laid down in a file when they are many.

Tested by `tests/iaas/keys/test_keys.py`.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.errors import InternalError
from stcloud.iaas.keys.few import settle_few
from stcloud.iaas.keys.settled import DuplicateRule, KnownRows, Settled
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["Keys"]

_SCHEMA = pa.schema([("number", pa.int64()), ("key", pa.string()), ("digest", pa.binary())])
_FEW_ROWS = 1 << 16
"""Up to so many rows are settled in memory: to start DuckDB takes longer than to load a few hundred rows."""

_PART_ROWS = 1 << 25
"""So many rows are settled at once on disk: memory grows with them, by 0.6 GB for 30 million."""


class Keys:
    """Collects ``(number, key, digest)`` of rows and settles them against rows that are known.

    Parameters
    ----------
    folder
        Where it may spill; the owner removes it.
    few_rows, part_rows
        The most rows that are settled in memory, and at once on disk.
    """

    def __init__(self, folder: Path, *, few_rows: int = _FEW_ROWS, part_rows: int = _PART_ROWS) -> None:
        self._folder = folder
        self._path = folder / "keys.parquet"
        self._few_rows = few_rows
        self._part_rows = part_rows
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._closed = False

    def add(self, numbers: pa.Array, keys: pa.Array, digests: pa.Array) -> None:
        """Take some rows; a number comes once."""
        if self._closed:
            raise InternalError("settled", "keys came after they were settled")
        rows = pa.RecordBatch.from_arrays([numbers, keys, digests], schema=_SCHEMA)
        self._held.append(rows)
        self._held_rows += rows.num_rows
        if self._writer is not None or self._held_rows > self._few_rows:
            self._lay_down()

    def settle(self, known: KnownRows, *, rule: DuplicateRule, compare: bool = True) -> Settled:
        """Decide which row stands for each key and compare it with the known one.

        Without ``compare`` every known key counts as changed.
        """
        many = self._writer is not None
        self.close()
        if not many:
            came = pa.Table.from_batches(self._held, _SCHEMA).combine_chunks()
            return settle_few(came, known, rule=rule, compare=compare)
        from stcloud.iaas.keys.many import settle_many  # noqa: PLC0415  (slow to import: SQL)

        return settle_many(
            self._path, self._folder / "spill", known, rule=rule, compare=compare, part_rows=self._part_rows
        )

    def close(self) -> None:
        """Finish the file; nothing more can be added."""
        self._closed = True
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _lay_down(self) -> None:
        with storage_errors("lay down keys"):
            if self._writer is None:
                self._writer = pq.ParquetWriter(
                    self._path, _SCHEMA, compression="lz4", use_dictionary=False, write_statistics=False
                )
            for rows in self._held:
                self._writer.write_batch(rows)
        self._held.clear()
