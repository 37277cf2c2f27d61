"""A table in a zip file is streamed; what is not plainly one table is refused in one line."""

import io
import json
import random
import zipfile

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.source import archive
from stcloud.iaas.source.delimited import DelimitedSource
from stcloud.iaas.source.packed import PackedText, matching_members, text_member
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source

TABLE = "a,b\n1,x\n2,道路\n".encode()


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members:
            target.writestr(name, content)
    return path


def rows(path, **reading):
    source = open_source(path, Reading(**reading))
    return [row for batch in source.batches() for row in batch.rows.to_pylist()]


def refused(path, **reading):
    with pytest.raises(InvalidInput) as error:
        rows(path, **reading)
    assert "\n" not in str(error.value)
    return error.value.kind


def test_one_table_among_what_archivers_leave(tmp_path):
    members = [
        ("d/", b""),
        ("d/a.csv", TABLE),
        ("__MACOSX/d/._a.csv", b"x"),
        ("d/.DS_Store", b"x"),
        ("read.txt", b"x"),
    ]
    assert rows(zipped(tmp_path / "a.zip", *members)) == [{"a": "1", "b": "x"}, {"a": "2", "b": "道路"}]


def test_other_encodings_and_signs(tmp_path):
    text = TABLE.decode().replace(",", ";").encode("gb18030")
    file = zipped(tmp_path / "a.zip", ("a.txt", text))
    assert rows(file, format="csv", encoding="gb18030")[1] == {"a": "2", "b": "道路"}


def test_one_of_several_is_named(tmp_path):
    file = zipped(tmp_path / "a.zip", ("x/a.csv", TABLE), ("x/b.csv", b"c\n9\n"))
    assert refused(file) == "several-layers"
    assert rows(file, layer="b") == rows(file, layer="b.csv") == rows(file, layer="x/b.csv") == [{"c": "9"}]
    assert refused(file, layer="c") == "several-layers"


def test_a_large_one_is_streamed_and_read_twice(tmp_path):
    lines = random.Random(4)
    text = "a,b\n" + "".join(f"{number},{lines.random()}\n" for number in range(300_000))
    file = zipped(tmp_path / "a.zip", ("a.csv", text))
    source = DelimitedSource(file, Reading())
    for _ in range(2):
        count, places = 0, []
        for batch in source.batches():
            count += batch.rows.num_rows
            places.append(source.position())
        assert count == 300_000
        assert places == sorted(places)
        assert 0 < places[-1] <= file.stat().st_size


def test_vector_files_in_a_zip_file_go_before_tables(tmp_path):
    point = {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": "Point", "coordinates": [0, 1]}}
    collection = json.dumps({"type": "FeatureCollection", "features": [point]})
    assert list(rows(zipped(tmp_path / "a.zip", ("a.geojson", collection), ("a.csv", TABLE)))[0]) == [
        "n",
        "geometry",
    ]


def test_hostile_ones_are_refused(tmp_path, monkeypatch):
    for name in ("../a.csv", "/a.csv", "x/../../a.csv"):
        assert refused(zipped(tmp_path / "out.zip", (name, TABLE))) == "unreadable-source"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as target:
        target.writestr("a.csv", TABLE)
    assert refused(zipped(tmp_path / "nested.zip", ("a.zip", inner.getvalue()))) == "nested-archive"
    assert refused(zipped(tmp_path / "empty.zip")) == "unreadable-source"
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as target:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/passwd")
    assert refused(tmp_path / "link.zip") == "unreadable-source"
    locked = bytearray(zipped(tmp_path / "locked.zip", ("a.csv", TABLE)).read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    assert refused(tmp_path / "locked.zip") == "unreadable-source"
    monkeypatch.setattr(archive, "_FREE_BYTES", 1000)
    with pytest.raises(InvalidInput) as error:  # by what it says of itself, before anything is unpacked
        text_member(zipped(tmp_path / "bomb.zip", ("a.csv", b"a\n" + b"0" * 5_000_000)), None)
    assert error.value.kind == "archive-bomb"


def test_a_bomb_that_lies_about_its_size_and_damage_are_refused(tmp_path, monkeypatch):
    file = zipped(tmp_path / "a.zip", ("a.csv", b"a\n" + b"1\n" * 100_000))
    content = bytearray(file.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")  # it claims to be of ten bytes
    (tmp_path / "b.zip").write_bytes(content)
    assert refused(tmp_path / "b.zip") == "unreadable-source"
    whole = bytearray(
        zipped(tmp_path / "c.zip", ("a.csv", random.Random(1).randbytes(300_000).hex())).read_bytes()
    )
    whole[100_000] ^= 255
    (tmp_path / "c.zip").write_bytes(whole)
    assert refused(tmp_path / "c.zip") == "unreadable-source"


def test_a_member_reads_as_a_stream(tmp_path):
    with PackedText(zipped(tmp_path / "a.zip", ("a.csv", TABLE)), "a.csv") as stream:
        assert stream.readable()
        assert stream.read(3) + stream.read(1000) == TABLE
        assert stream.read(1) == b""
    assert stream.closed


def test_a_pattern_means_several_tables(tmp_path):
    file = zipped(
        tmp_path / "a.zip", ("x/a.csv", TABLE), ("x/b.csv", TABLE), ("c.csv", TABLE), ("d.txt", b"x")
    )
    assert matching_members(file, "*") == ["c.csv", "x/a.csv", "x/b.csv"]
    assert matching_members(file, "x/*") == ["x/a.csv", "x/b.csv"]
    assert matching_members(file, "[ab].csv") == ["x/a.csv", "x/b.csv"]
    for path, pattern in ((file, "z*"), (tmp_path / "a.csv", "*")):
        path.exists() or path.write_bytes(TABLE)
        with pytest.raises(InvalidInput) as error:
            matching_members(path, pattern)
        assert error.value.kind == "several-layers"
