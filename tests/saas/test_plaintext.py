"""Text of data reaches a terminal as text."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.saas.plaintext import hides, visible, visible_json, visible_lines

ODD = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\x1b\x9b\x07\u202e\u2066\u200f\ufeff\u2028\U000e0041")
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2066a\u2069\u200f\u061c", r"\u2066a\u2069\u200f\u061c"),
        ("\ufeffa\u200bb\x7f", r"\ufeffa\u200bb\x7f"),
        ("\U000e0041", r"\U000e0041"),
        ("路灯 عربى 👩\u200d🚒 é", "路灯 عربى 👩\u200d🚒 é"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text, shown):
    assert visible(text) == shown


@given(ODD)
def test_nothing_is_left_that_a_terminal_obeys(text):
    shown = visible(text)
    assert not hides(shown)
    assert not any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in shown)
    assert not any(unicodedata.bidirectional(letter) in BIDI for letter in shown)
    assert hides(text) or shown == text
    assert visible_lines(text).count("\n") == text.count("\n")


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.dictionaries(ODD, ODD))
def test_json_keeps_its_value(value):
    text = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not hides(text)
