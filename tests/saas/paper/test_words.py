"""Words of reports: every fixed word of the code and the templates is in the catalogue, with the same values."""

import re
import string
from pathlib import Path

import pytest

import stcloud.saas.paper
from stcloud.errors import InvalidInput
from stcloud.saas.paper.words import PaperWords, catalogue

ROOM = Path(stcloud.saas.paper.__file__).parent
TEXT = re.compile(r'words(?:\.text)?\(\s*"((?:[^"\\]|\\.)*)"')


def used():
    """Return the texts that code and templates give to the catalogue literally."""
    files = [*ROOM.glob("*.py"), *(ROOM / "templates").glob("*.jinja")]
    return {text for path in files for text in TEXT.findall(path.read_text(encoding="utf-8"))}


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_word_that_is_used_is_in_the_catalogue():
    assert len(used()) > 20
    assert used() - {"By {bin}"} <= set(catalogue())


def test_words_of_both_languages_have_the_same_values():
    assert {english: fields(text) for english, text in catalogue().items()} == {
        english: fields(english) for english in catalogue()
    }


def test_an_unknown_language_is_refused():
    with pytest.raises(InvalidInput) as refused:
        PaperWords("fr")
    assert refused.value.kind == "unknown-language"
    assert "en or zh" in refused.value.hint
