"""A data file that is not there: the table was deleted, was changed meanwhile, or is damaged."""

import shutil

import pyarrow as pa
import pytest

from stcloud.iaas.table.missing import missing_file, missing_in
from stcloud.iaas.table.table import Table


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "table")
    made.create(pa.schema([("key", pa.string()), ("part", pa.string())]), partition_by=["part"])
    made.commit(add=[made.write(pa.table({"key": ["a"]}), {"part": "1"})], after=0)
    return made


def test_each_cause_has_its_kind(table):
    (file,) = table.snapshot().files
    path = table.root / file.path
    assert missing_in(f'IO Error: No files found that match the pattern "{path}"') is None  # it is there
    path.unlink()
    assert missing_in(f'IO Error: No files found that match the pattern "{path}"').kind == "missing-file"
    assert missing_file(path.with_name("1-replaced.parquet")).kind == "changed-meanwhile"
    shutil.rmtree(table.root / "_delta_log")
    assert missing_file(path).kind == "missing-file"
    shutil.rmtree(table.root)
    assert missing_file(path).kind == "unknown-layer"
    assert missing_in("an error that names no file") is None
