"""Checksums of Parquet files: a byte that changed is seen by every reader, and files without them are read."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.errors import FormatError
from stcloud.iaas.table.blocks import has_checksum
from stcloud.iaas.table.checksum import checked, verify_columns
from stcloud.iaas.table.datafile import read_parquet, write_parquet

ROWS = pa.table(
    {
        "number": np.random.default_rng(1).integers(0, 1 << 40, 30_000),
        "text": [f"k{number}" for number in range(30_000)],
        "word": pa.array(["x", "y", None] * 10_000).dictionary_encode(),
        "shape": [number.to_bytes(20, "big") for number in range(30_000)],
    }
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / write_parquet(ROWS, tmp_path, "2024-03-abc.parquet", {}).path


def flip(path, at, bit=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def test_every_byte_before_the_footer_has_a_digest_and_the_footer_is_named(file):
    footer = checked(file).metadata.serialized_size + 8
    size = int(checked(file).metadata.metadata[b"stcloud.blocks"].split()[0])
    assert has_checksum(file)
    assert size + footer == file.stat().st_size
    verify_columns([file])


def test_a_changed_byte_anywhere_is_seen(file):
    good = file.read_bytes()
    chance = random.Random(3)
    footer = len(good) - checked(file).metadata.serialized_size - 8
    places = [chance.randrange(len(good)) for _ in range(40)]
    for at in [0, 3, len(good) - 1, len(good) - 6, footer, *places]:
        flip(file, at, chance.randrange(8))
        with pytest.raises(FormatError) as caught:
            verify_columns([file])
        assert caught.value.kind == "damaged-table"
        file.write_bytes(good)
        verify_columns([file])


def test_a_file_that_was_checked_and_changes_later_is_checked_again(file):
    verify_columns([file])
    flip(file, 5000)
    with pytest.raises(FormatError):
        read_parquet([str(file)], ["number"])


def test_only_the_wanted_columns_of_the_wanted_row_groups_are_read(file):
    metadata = checked(file).metadata
    chunk = metadata.row_group(2).column(3)
    flip(file, chunk.data_page_offset + chunk.total_compressed_size // 2)
    verify_columns([file], ["number", "TEXT"])
    checked(file).verify([3], [0])
    for columns in (["shape"], None):
        with pytest.raises(FormatError):
            verify_columns([file], columns)


def test_pages_have_the_checksums_of_parquet_too(file):
    chunk = checked(file).metadata.row_group(0).column(0)
    flip(file, chunk.data_page_offset + chunk.total_compressed_size - 3)
    with pytest.raises(OSError, match="CRC"):
        pq.ParquetFile(file, page_checksum_verification=True).read(["number"])


@pytest.mark.parametrize("keep", [0, 3, 11, 5000, -1])
def test_a_cut_file_is_seen(file, keep):
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(FormatError, match="a file of the layer is damaged"):
        verify_columns([file])


def test_a_missing_file_is_named(file):
    file.unlink()
    with pytest.raises(FormatError, match=file.name):
        verify_columns([file])


def test_a_file_without_checksums_is_read_as_it_is(tmp_path):
    path = tmp_path / "2024-03-0123456789abcdef.parquet"
    pq.write_table(ROWS.slice(0, 10), tmp_path / "older.parquet")
    assert not has_checksum(tmp_path / "older.parquet")
    assert read_parquet([str(tmp_path / "older.parquet")], ["number"]).num_rows == 10
    pq.write_table(ROWS.slice(0, 10), path)
    with pytest.raises(FormatError):  # its name says that it has some
        verify_columns([path])
