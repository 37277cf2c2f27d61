"""Encodings: marks at the beginning are believed, bytes that are no text are kept apart, other codecs are refused."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.source.encoding import decoder, known_encoding, marked_encoding


@pytest.mark.parametrize("name", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_marks_name_the_encoding(name):
    head = ("\ufeff" if name[-2:] in ("le", "be") else "") + "道路"
    assert marked_encoding(head.encode(name)) == name[:6]


def test_files_of_eight_bits_have_no_mark():
    assert marked_encoding("\ufeffa".encode()) is None
    assert marked_encoding(b"") is None


@pytest.mark.parametrize("name", ["base64", "rot13", "hex", "none-such", "", "idna", "a\0b"])
def test_codecs_that_are_no_text_in_pieces_are_refused(name):
    with pytest.raises(InvalidInput) as refused:
        known_encoding(name)
    assert refused.value.kind == "unknown-encoding"


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "big5", "latin-1", "shift_jis", "cp1252"])
def test_pieces_decode_as_the_whole_does(name):
    assert known_encoding(name)
    text = "abc" if name in ("latin-1", "cp1252") else "道路 abc"
    data, decode = text.encode(name), decoder(name)
    pieces = [decode(data[at : at + 1], at + 1 == len(data)) for at in range(len(data))]
    assert "".join(pieces) == text


def test_bytes_of_no_text_become_lone_surrogates_and_never_fail():
    assert decoder("utf-8")(b"a\xffb\xc3", True) == "a\udcffb\udcc3"
    assert decoder("gb18030")(b"a\xff", True) == "a\udcff"
