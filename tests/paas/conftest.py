"""What tests of grids and queries share."""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset


@pytest.fixture
def no_rows(monkeypatch):
    """Let every reading of rows fail: by tables, by files, by the engine."""

    def refuse(*_, **__):
        raise AssertionError("a row was read")

    for owner, name in (
        (pq.ParquetFile, "read"), (pq.ParquetFile, "read_row_group"), (pq.ParquetFile, "read_row_groups"),
        (pq.ParquetFile, "iter_batches"), (dataset, "dataset"), (duckdb.DuckDBPyConnection, "execute"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, refuse, raising=False)
