"""TOML documents read back as they were written, and a digest in the first line finds a change."""

import tomllib

import pytest

from stcloud.daas.definition.document import digest_holds, toml_of, with_digest

DOCUMENT = {
    "title": 'Öffnung "auf"\\zu\x7f', "key": ["a", "b c"], "space": {"lon": "x", "none": False},
    "columns": {"tiefe [m]": {"type": "number", "values": {"\n": "1"}}},
}  # fmt: skip


def test_a_document_reads_back():
    assert tomllib.loads(toml_of(DOCUMENT)) == DOCUMENT


def test_values_come_before_tables_wherever_they_stand():
    text = toml_of({"space": {"lon": "x"}, "id": "a"})
    assert tomllib.loads(text) == {"id": "a", "space": {"lon": "x"}}


def test_a_change_below_the_digest_is_found_and_a_deleted_line_is_not():
    text = with_digest(toml_of(DOCUMENT))
    assert digest_holds(text)
    assert digest_holds(text.replace("lon", "lat")) is False
    assert digest_holds(text.partition("\n")[2]) is None


@pytest.mark.parametrize("change", [("# digest ", "# digest x"), ("of the lines", "of the  lines")])
def test_a_damaged_digest_is_no_missing_one(change):
    first, rest = with_digest("a = 1\n").split("\n", 1)
    assert digest_holds(f"{first.replace(*change)}\n{rest}") is False
