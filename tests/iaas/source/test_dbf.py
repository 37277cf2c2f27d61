"""Tables beside Shapefiles: half characters are cut and counted, dates that are none stay as they are written."""

import datetime as dt
import struct

import geopandas
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from stcloud.iaas.source.dbf import decode
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source

POINT = shapely.Point(117, 31)


def shapefile(path, encoding="utf-8", **columns):
    count = len(next(iter(columns.values())))
    geopandas.GeoDataFrame(columns, geometry=[POINT] * count, crs=4326).to_file(path, encoding=encoding)
    return path


def spoil(path, before, after):
    """Change bytes of the table."""
    table = path.with_suffix(".dbf")
    content = table.read_bytes()
    assert before in content
    assert len(before) == len(after)
    table.write_bytes(content.replace(before, after))


def read(path, **reading):
    source = open_source(path, Reading(**reading))
    (batch,) = source.batches()
    return batch.rows.to_pylist(), batch


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "big5"])
@pytest.mark.parametrize("stated", [False, True])
def test_half_a_character_at_the_end_of_a_text_is_cut_and_counted(tmp_path, encoding, stated):
    whole = "路" * 3
    path = shapefile(tmp_path / "a.shp", encoding, name=[whole, "道"])
    raw = whole.encode(encoding)
    spoil(path, raw, raw[:-1] + b" ")
    rows, batch = read(path, **({"encoding": encoding} if stated else {}))
    assert [row["name"] for row in rows] == ["路路", "道"]
    assert [(one.row, one.field, one.value, one.reason) for one in batch.repairs] == [
        (1, "name", "路路", "cut-character")
    ]
    assert batch.faults == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_bad_byte_within_a_text_is_a_fault_of_its_row(tmp_path, encoding):
    path = shapefile(tmp_path / "a.shp", encoding, name=["路x路", "道"])
    spoil(path, b"x", b"\xff")
    _, batch = read(path)
    assert [(one.row, one.field, one.reason) for one in batch.faults] == [(1, "name", "undecodable-text")]
    assert batch.repairs == ()


def test_half_a_character_elsewhere_than_at_the_end_of_a_field_is_no_text():
    assert decode("路".encode()[:2], "utf-8", fixed=False)[1] is False
    assert decode("路".encode()[:2] + b"x", "utf-8")[1] is False


DATES = {
    b"20240301": "2024-03-01", b"20240230": "2024-02-30", b"20230229": "2023-02-29", b"20240229": "2024-02-29",
    b"20241301": "2024-13-01", b"20240431": "2024-04-31", b"2024ab01": "2024ab01", b"        ": None,
    b"00000000": None, b"********": None, b"000*0*00": None, b"2024022 ": "2024022",
}  # fmt: skip


@pytest.mark.parametrize(("written", "read_as"), DATES.items())
def test_dates(tmp_path, written, read_as):
    path = tmp_path / "a.shp"
    dates = pd.array([dt.date(1999, 12, 31), dt.date(2001, 1, 1)], dtype=pd.ArrowDtype(pa.date32()))
    frame = geopandas.GeoDataFrame({"on": dates}, geometry=[POINT] * 2, crs=4326)
    frame.to_file(path, use_arrow=True)
    spoil(path, b"20010101", written)
    rows, _ = read(path)
    assert [row["on"] for row in rows] == ["1999-12-31", read_as]


NUMBERS = {
    (b"9007199254740993", b"7"): ("integer", ["9007199254740993", "7"]),
    (b"12345678901234567890", b"0007"): ("text", ["12345678901234567890", "7"]),
    (b"-9223372036854775808", b""): ("integer", ["-9223372036854775808", None]),
    (b"9223372036854775808", b"********************"): ("text", ["9223372036854775808", None]),
}


def table(path, kind, width, values):
    """Write a table of one column beside a Shapefile."""
    shapefile(path, x=["a"] * len(values))
    field = b"x".ljust(11, b"\0") + kind + bytes(4) + bytes([width, 0]) + bytes(14)
    head = struct.pack("<B3BIHH20x", 3, 124, 1, 1, len(values), 65, 1 + width)
    records = b"".join(b" " + value.rjust(width) for value in values)
    path.with_suffix(".dbf").write_bytes(head + field + b"\r" + records + b"\x1a")
    return path


@pytest.mark.parametrize(("written", "read_as"), NUMBERS.items())
def test_long_whole_numbers_keep_their_digits(tmp_path, written, read_as):
    path = table(tmp_path / "a.shp", b"N", 20, written)
    rows, _ = read(path)
    assert (open_source(path, Reading()).types["x"].type, [row["x"] for row in rows]) == read_as


def test_a_text_that_goes_on_after_nul_is_a_fault_of_its_row(tmp_path):
    path = table(tmp_path / "a.shp", b"C", 6, [b"ab\0cd ", b"abc\0\0\0"])
    rows, batch = read(path)
    assert [(fault.row, fault.value, fault.reason) for fault in batch.faults] == [
        (1, "ab\\x00cd", "nul-character")
    ]
    assert rows[1]["x"] == "abc"
