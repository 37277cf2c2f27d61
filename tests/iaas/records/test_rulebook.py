"""Documents are known since their recording, and valid from an instant of their own."""

import pytest

from stcloud.errors import InvalidInput
from tests.iaas.records.conftest import action, batch


def test_documents_are_read_as_they_were_known(records):
    first = records.rules.add("limits", "[a]", valid_from_us=100)
    (entry,) = records.append(batch(action()))
    second = records.rules.add("limits", "[b]", valid_from_us=50)
    other = records.rules.add("calendar", "2024", valid_from_us=100)
    assert first.recorded_us < entry.recorded_us < second.recorded_us < other.recorded_us
    assert records.rules.known("limits") == [first, second]
    assert records.rules.known("limits", until_us=second.recorded_us - 1) == [first]
    assert records.rules.known(until_us=entry.recorded_us) == [first]
    assert records.rules.known() == [first, second, other]
    assert records.rules.known("workflow") == []


def test_a_document_that_says_the_same_is_no_new_one(records):
    first = records.rules.add("limits", "a", valid_from_us=100)
    assert records.rules.add("limits", "a", valid_from_us=100) == first
    second = records.rules.add("limits", "b", valid_from_us=100)
    third = records.rules.add("limits", "a", valid_from_us=100)
    assert records.rules.known("limits") == [first, second, third]
    assert (third.digest, third.digest == second.digest) == (first.digest, False)


def test_a_document_appears_at_no_instant_that_was_pinned(records):
    pinned_us = records.pin()
    records.rules.add("limits", "a", valid_from_us=0)
    assert records.rules.known(until_us=pinned_us) == []


@pytest.mark.parametrize(
    ("kind", "body", "refusal"), [("", "x", "bad-rule"), ("x", "", "bad-rule"), ("x", "\0", "bad-value")]
)
def test_a_document_without_kind_or_text_is_refused(records, kind, body, refusal):
    with pytest.raises(InvalidInput) as refused:
        records.rules.add(kind, body, valid_from_us=0)
    assert refused.value.kind == refusal
