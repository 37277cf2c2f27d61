"""Parquet files that are read from the first row to the last, without holding what was read.

Arrow fetches ahead by default, for stores that answer slowly: all compressed bytes that are wanted of a file, held
until the last row is read. A file on this machine gains nothing by it, and memory grows with the file.

Tested by `tests/iaas/test_parquetstream.py`.
"""

from __future__ import annotations

import os

import pyarrow.parquet as pq

__all__ = ["open_streamed"]

_BUFFER_BYTES = 1 << 16
"""So much of each column is in memory, besides the page that is being read."""


def open_streamed(path: str | os.PathLike[str]) -> pq.ParquetFile:
    """Open a file for `iter_batches`; whoever reads chosen row groups at once gains nothing."""
    return pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES)
