"""Pairs of characters narrow a search, and miss nothing."""

from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.records.gram import fold, grams, grams_within

TEXTS = st.text("ab井盖 Ａß\n", max_size=12)


@given(TEXTS, TEXTS, TEXTS)
def test_a_text_has_every_gram_of_what_it_contains(before, part, after):
    assert grams_within(part) <= grams(before + part + after)


@given(TEXTS)
def test_every_character_but_spaces_begins_a_gram(text):
    assert {gram[0] for gram in grams(text)} == set(fold(text)) - {" "}


@given(TEXTS)
def test_folding_is_done_once(text):
    assert fold(fold(text)) == fold(text)
