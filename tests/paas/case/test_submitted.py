"""Submissions are of the types that they should be, and become entries and actions that say the same."""

from dataclasses import replace

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case.submitted import Submission, action_of, entry_of

GIVEN = {"case": "A", "name": "report", "id": "1", "actor": "c", "role": "collector"}


def test_an_action_and_its_entry_say_the_same():
    sent = Submission(
        **GIVEN, lon=117.0, lat=31, fields={"source": "hotline"}, private={"opinion": "x", "phone": "1"}
    )
    action = sent.action(3, 77, frozenset({"source", "opinion"}))
    assert action.fields == {"source": "hotline", "opinion": "private:A/3/opinion"}
    assert action_of(replace(entry_of(action), recorded_us=99)) == replace(action, recorded_us=99)
    assert [(value.ref, value.value) for value in sent.private_values(3)] == [
        ("A/3/opinion", "x"),
        ("A/3/phone", "1"),
    ]


def test_an_entry_without_an_instant_happened_when_it_was_recorded():
    entry = replace(entry_of(Submission(**GIVEN).action(1, 0, frozenset())), happened_us=None, recorded_us=99)
    assert action_of(entry).happened_us == 99


@pytest.mark.parametrize(
    "given",
    [
        {"case": 1}, {"id": None}, {"actor": b"c"}, {"role": True}, {"post": 1}, {"happened_us": 1.5},
        {"happened_us": True}, {"expected": "1"}, {"expected": False}, {"lon": "e"}, {"fields": []},
        {"fields": {1: "x"}}, {"fields": {"a": [1]}}, {"private": {"a": 1}}, {"private": {1: "a"}}, {"person": 1},
    ],
)  # fmt: skip
def test_other_types_are_refused(given):
    with pytest.raises(InvalidInput) as refused:
        Submission(**(GIVEN | given))
    assert refused.value.kind == "bad-value"


def test_a_text_is_given_once_and_not_empty():
    with pytest.raises(InvalidInput, match="code and as a private text"):
        Submission(**GIVEN, fields={"reason": "x"}, private={"reason": "y"})
    with pytest.raises(InvalidInput, match="is empty"):
        Submission(**GIVEN, private={"reason": " \n"})
