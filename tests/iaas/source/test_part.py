"""Parts of files, read apart: together they are the file, and rows keep their numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.iaas.source.part import SourcePart, batches_of, cut_of, note_cut, parts_of
from stcloud.iaas.source.protocol import Reading, remarks_of
from stcloud.iaas.source.registry import open_source


@pytest.mark.parametrize(("rows", "count"), [(1, 4), (3, 4), (4, 2), (6, 2), (100, 1)])
def test_parts_of_a_parquet_file_are_its_row_groups(tmp_path: Path, rows: int, count: int) -> None:
    path = tmp_path / "numbers.parquet"
    pq.write_table(pa.table({"n": range(10)}), path, row_group_size=3)
    source = open_source(path, Reading())
    parts = parts_of(source, rows)
    assert len(parts) == count
    batches = [batch for part in parts for batch in batches_of(open_source(path, Reading()), part)]
    assert np.concatenate([batch.numbers for batch in batches]).tolist() == list(range(1, 11))
    assert [text for batch in batches for text in batch.rows.column(0).to_pylist()] == [
        str(n) for n in range(10)
    ]


def test_other_files_are_one_part(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text('n\n1\n2"\n')  # a quote within a field: quotes tell nothing of rows
    source = open_source(path, Reading())
    assert parts_of(source, 1) == [SourcePart()]
    assert [batch.numbers.tolist() for batch in batches_of(source, SourcePart())] == [[1, 2]]


def test_a_parquet_file_without_rows_is_one_part(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), path)
    source = open_source(path, Reading())
    (part,) = parts_of(source, 1)
    assert sum(batch.rows.num_rows for batch in batches_of(source, part)) == 0


def test_what_was_cut_is_counted_over_all_parts(tmp_path: Path) -> None:
    path = tmp_path / "fine.parquet"
    at = pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 4, pa.timestamp("ns", "UTC"))
    fine = pa.array(np.asarray(at.cast(pa.int64())) + np.arange(4)).cast(pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"at": fine}), path, row_group_size=2)
    whole = open_source(path, Reading())
    total: dict[str, int] = {}
    for part in parts_of(whole, 1):
        source = open_source(path, Reading())
        assert len(list(batches_of(source, part))) == 1
        total["at"] = total.get("at", 0) + cut_of(source).get("at", 0)
    note_cut(whole, total)
    assert remarks_of(whole) == ("column 'at': 3 cut to microseconds",)
