"""Rows of a package are GeoParquet, come back as they were, and others are refused."""

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.errors import FormatError
from stcloud.iaas.package.packagefile import packed
from stcloud.iaas.package.rowfile import read_rows, write_rows

SCHEMA = pa.schema(
    [
        ("key", pa.string()), ("n", pa.int64()), ("at", pa.timestamp("us", "UTC")),
        ("geometry", pa.struct([("x", pa.float64()), ("y", pa.float64())])),
    ]
)  # fmt: skip
GEOMETRY = ("geometry", "point", ["Point"])


def rows(count, first=0):
    return pa.table(
        {
            "key": [str(number) for number in range(first, first + count)],
            "n": pa.nulls(count, pa.int64()),
            "at": pa.array(range(count), pa.int64()).cast(pa.timestamp("us", "UTC")),
            "geometry": [None if number % 3 == 0 else {"x": number, "y": 1.5} for number in range(count)],
        },
        schema=SCHEMA,
    )


def refused(fault):
    return FormatError("damaged-package", fault)


def unpacked(member, folder):
    import gzip

    if member.path.suffix != ".gz":
        return member.path
    path = folder / "plain.parquet"
    path.write_bytes(gzip.decompress(member.path.read_bytes()))
    return path


@pytest.mark.parametrize("pieces", [[5], [3, 0, 4], [70_000, 70_000]])
def test_rows_come_back(tmp_path, pieces):
    given = [rows(count, first * 100_000) for first, count in enumerate(pieces)]
    member, count = write_rows(iter(given), tmp_path / "0", *GEOMETRY)
    path = unpacked(member, tmp_path)
    back = pa.Table.from_batches(read_rows(path, SCHEMA, count, refused), SCHEMA)
    assert back.equals(pa.concat_tables(given))
    assert member.path.suffix == (".gz" if count < 1000 else "")
    assert geopandas.read_parquet(path).geometry.x.dropna().to_list()[:2] == [1.0, 2.0]


def test_no_rows_are_no_file(tmp_path):
    assert write_rows(iter([rows(0)]), tmp_path / "0", *GEOMETRY) == (None, 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["count", "column", "type", "bytes", "bomb", "dictionary"])
def test_others_are_refused(tmp_path, change):
    path, table, count = tmp_path / "x.parquet", rows(4), 4
    if change == "count":
        count = 5
    if change == "column":
        table = table.append_column("odd", pa.nulls(4))
    if change == "type":
        table = table.set_column(1, "n", pa.array(["a"] * 4))
    if change == "bomb":
        table = pa.table({"key": pa.repeat("x" * 1000, 400_000)})
        count = 400_000
    pq.write_table(table, path, compression="zstd", use_dictionary=change == "dictionary")
    if change == "bytes":
        content = bytearray(path.read_bytes())
        content[4:200] = bytes(196)
        path.write_bytes(content)
    with pytest.raises(FormatError):
        list(read_rows(path, SCHEMA, count, refused))


def test_a_packed_file_stands_for_the_plain_one(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert packed(tmp_path / "a").name == "a.gz"
    assert not (tmp_path / "a").exists()
