"""Archives: nothing leaves the folder it is unpacked to, and what unpacks to very much more is refused."""

import gzip
import zipfile

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.source import archive
from stcloud.iaas.source.archive import (
    Scratch,
    check_ratio,
    check_zip,
    is_gzip,
    is_zip,
    opened,
    unpack_gzip,
    unpack_zip,
)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


def test_kinds_are_known_by_their_content(tmp_path):
    packed = tmp_path / "a.csv"
    packed.write_bytes(gzip.compress(b"a,b"))
    assert is_gzip(packed)
    assert not is_zip(packed)
    assert is_zip(zipped(tmp_path / "b.zip", a="1"))
    with opened(packed) as file:
        assert file.read(100) == b"a,b"


def test_data_sets_are_unpacked_with_their_companions_and_nothing_else(tmp_path):
    path = zipped(
        tmp_path / "a.zip",
        **{
            "x/a.shp": "1",
            "x/a.DBF": "2",
            "x/a.shx": "3",
            "x/b.dbf": "4",
            "__MACOSX/a.shp": "5",
            "c.txt": "6",
        },
    )
    (member,) = unpack_zip(path, tmp_path / "out", (".shp",))
    assert member.name == "x/a.shp"
    assert sorted(file.name for file in member.path.parent.iterdir()) == ["a.DBF", "a.shp", "a.shx"]


@pytest.mark.parametrize("name", ["../a.shp", "/a.shp", "x/../../a.shp", "x\\a.shp"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        target.writestr(zipfile.ZipInfo(name), "1")
        target.filelist[0].filename = name
    for look in (check_zip, lambda path: unpack_zip(path, tmp_path / "out", (".shp",))):
        with pytest.raises(InvalidInput, match="leads out") as refused:
            look(tmp_path / "a.zip")
        assert refused.value.kind == "unreadable-source"
    assert not (tmp_path / "out").exists()


def test_damage_is_one_kind(tmp_path):
    path = zipped(tmp_path / "a.zip", a="1" * 1000)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InvalidInput) as refused:
        check_zip(path)
    assert refused.value.kind == "unreadable-source"
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(b"a,b" * 1000)[:-5])
    with pytest.raises(InvalidInput) as refused:
        unpack_gzip(packed, tmp_path)
    assert refused.value.kind == "unreadable-source"


def test_what_unpacks_to_very_much_more_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_FREE_BYTES", 1000)
    check_ratio(tmp_path, 10, 1000)
    check_ratio(tmp_path, 10, 2000)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"\0" * 1_000_000))
    with pytest.raises(InvalidInput) as refused:
        unpack_gzip(packed, tmp_path)
    assert refused.value.kind == "archive-bomb"
    with pytest.raises(InvalidInput) as refused:
        check_zip(zipped(tmp_path / "b.zip", a="\0" * 1_000_000))
    assert refused.value.kind == "archive-bomb"


def test_scratch_goes_with_its_object():
    scratch = Scratch()
    place = scratch.path
    (place / "file").write_text("1")
    assert scratch.path == place
    del scratch
    assert not place.exists()
