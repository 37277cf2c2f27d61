"""A zip file with another compression than it says is damaged, and what the disk refuses is not."""

import struct
import zipfile

import pytest

from stcloud.errors import FormatError, InvalidInput
from stcloud.iaas.source.archive import opened_zip
from stcloud.iaas.store.zipdamage import zip_damages

STORED, BZIP2, LZMA = 0, 12, 14


def as_if_compressed(path, method):
    """Write another method of compression into both headers of the only member."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(signature) + offset
        content[at : at + 2] = struct.pack("<H", method)
    path.write_bytes(content)


@pytest.fixture
def path(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "id,at\n1,2024-01-01\n" * 50)
    return tmp_path / "a.zip"


@pytest.mark.parametrize("method", [STORED, BZIP2, LZMA, 9, 99])
def test_a_member_of_another_compression_is_damaged(path, method):
    as_if_compressed(path, method)
    damages = zip_damages(lambda _: FormatError("damaged-table", "damaged"))
    with pytest.raises(FormatError, match="damaged"), damages, zipfile.ZipFile(path) as archive:
        archive.read("a.csv")
    with pytest.raises(InvalidInput) as refused, opened_zip(path) as archive:
        archive.read("a.csv")
    assert refused.value.kind == "unreadable-source"


def test_what_the_disk_refuses_and_what_was_refused_already_stay_as_they_are():
    with pytest.raises(FileNotFoundError), zip_damages(lambda _: FormatError("damaged-table", "damaged")):
        raise FileNotFoundError(2, "gone")
    with pytest.raises(InvalidInput), zip_damages(lambda _: FormatError("damaged-table", "damaged")):
        raise InvalidInput("unreadable-source", "refused before")
