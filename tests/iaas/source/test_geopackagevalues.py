"""GeoPackages: SQLite keeps any value in any column, and no value becomes another one."""

import sqlite3

import geopandas
import pyarrow as pa
import pytest
import shapely

from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.text import instants_as_text

GOOD = {
    "DATE": "2024-02-29", "BOOLEAN": 1, "INTEGER": 2**53 + 1, "MEDIUMINT": 70_000, "SMALLINT": 7, "REAL": 1.5,
    "DATETIME": "2024-02-29T10:00:00Z",
}  # fmt: skip
ODD = [
    ("DATE", "20240301", "20240301"), ("DATE", "2024-02-30", "2024-02-30"), ("DATE", 45_000, "45000"),
    ("DATE", "garbage", "garbage"), ("DATE", "2024-03-01T10:00:00Z", "2024-03-01"), ("DATE", b"\xff", "\\xff"),
    ("BOOLEAN", "true", "true"), ("BOOLEAN", 2, "2"), ("BOOLEAN", 0, "false"), ("BOOLEAN", None, None),
    ("INTEGER", 1.5, "1.5"), ("INTEGER", "many", "many"), ("MEDIUMINT", 2**31, "2147483648"),
    ("SMALLINT", 70_000, "70000"), ("REAL", "much", "much"), ("REAL", 2, "2"),
    ("DATETIME", "2024-02-30T10:00:00Z", "2024-02-30T10:00:00Z"), ("DATETIME", 45_000.5, "45000.5"),
]  # fmt: skip


def package(path, kind, *values):
    """Write a GeoPackage of one column, and rows that have its values."""
    shapes = [shapely.Point(117, 31)] * len(values)
    geopandas.GeoDataFrame({"code": range(len(values))}, geometry=shapes, crs=4326).to_file(path, layer="t")
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    database.execute(f'ALTER TABLE t ADD COLUMN "a ""b" {kind}')
    for at, value in enumerate(values):
        database.execute('UPDATE t SET "a ""b" = ? WHERE code = ?', (value, at))
    return database


def rows(path):
    batches = list(open_source(path, Reading()).batches())
    return [row for batch in batches for row in batch.rows.to_pylist()]


@pytest.mark.parametrize(("kind", "value", "text"), ODD)
def test_a_value_that_is_none_of_its_columns_type_comes_as_it_is_written(tmp_path, kind, value, text, capfd):
    database = package(tmp_path / "a.gpkg", kind, GOOD[kind], value, GOOD[kind])
    database.commit()
    database.close()
    first, odd, last = (row['a "b'] for row in rows(tmp_path / "a.gpkg"))
    assert (odd, first) == (text, last)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("value", [b"\0", "POINT (1 2)", b"GP\0\1", b"XX\0\1\xe6\x10\0\0" + bytes(21), 7])
def test_a_geometry_that_is_none_is_no_missing_one(tmp_path, value, capfd):
    database = package(tmp_path / "a.gpkg", "TEXT", "a", "b")
    database.execute("UPDATE t SET geom = ? WHERE code = 1", (value,))
    database.execute("UPDATE t SET geom = NULL WHERE code = 0")
    database.commit()
    database.close()
    assert [row["geometry"] for row in rows(tmp_path / "a.gpkg")] == [None, b"\0"]
    assert capfd.readouterr() == ("", "")


def test_an_empty_geometry_is_a_missing_one(tmp_path):
    database = package(tmp_path / "a.gpkg", "TEXT", "a")
    database.execute("UPDATE t SET geom = ?", (b"GP\0\x11\xe6\x10\0\0",))
    database.commit()
    database.close()
    assert [row["geometry"] for row in rows(tmp_path / "a.gpkg")] == [None]


def test_an_instant_that_is_none_changes_no_other():
    texts = pa.array(["2024-01-01T10:00:00Z", "never", "2024-01-01T10:00:00.500", None])
    assert instants_as_text(texts).to_pylist() == [
        "2024-01-01 10:00:00Z", "never", "2024-01-01 10:00:00.5", None,
    ]  # fmt: skip
