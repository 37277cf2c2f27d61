"""What states and actions mean, whatever they are called."""

import pytest

from stcloud.errors import FormatError
from stcloud.paas.case import read_workflow
from stcloud.paas.case.vocabulary import CaseVocabulary, Deed

URBAN, OPEN = read_workflow("urban-management"), read_workflow("service-requests")
WORDS = CaseVocabulary(URBAN.key, {URBAN.key: URBAN})

DEEDS = {
    Deed.REPORTED: {"report", "open_part"}, Deed.FILED: {"file", "open_part"}, Deed.DISPATCHED: {"dispatch", "split"},
    Deed.HANDLED: {"self_handle", "handle"}, Deed.VERIFIED: {"verify"}, Deed.CHECKED: {"check"},
    Deed.EXTENDED: {"approve_extension"},
}  # fmt: skip


@pytest.mark.parametrize("deed", [*DEEDS])
def test_deeds_are_these_actions(deed):
    actions = {name for transitions in URBAN.table.values() for name in transitions}
    assert {name for name in actions if deed in WORDS.action(name)} == DEEDS[deed]


def test_states_wait_for_what_their_actions_must_state():
    waits = {name: WORDS.state(name).awaits for name in URBAN.states}
    assert waits["pending_verify"] == Deed.VERIFIED
    assert waits["pending_check"] == Deed.CHECKED
    assert waits["handling"] == Deed(0)


def test_what_the_binding_workflow_does_not_know_is_read_by_the_newest_that_does():
    both = CaseVocabulary(OPEN.key, {URBAN.key: URBAN, OPEN.key: OPEN})
    assert both.state("closed").rank == 4
    assert both.state("pending_check").stage == "check"
    assert both.action("file") == Deed.FILED
    assert both.action("nothing") == Deed(0)
    with pytest.raises(FormatError) as broken:
        WORDS.state("in_progress")
    assert broken.value.kind == "broken-case-log"


def test_the_public_is_whose_reports_must_be_verified():
    assert [WORDS.is_public(source) for source in ("hotline", "collector", "monitoring", None)] == [
        True,
        False,
        False,
        False,
    ]
    assert not CaseVocabulary(OPEN.key, {OPEN.key: OPEN}).is_public("hotline")
