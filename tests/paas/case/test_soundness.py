"""Soundness: names are known, states are reached, cases can end, and who handles does not close."""

import pytest

from stcloud.errors import InvalidDefinition
from stcloud.iaas.bundle import bundled_text
from stcloud.paas.case import Workflow

TEXT = bundled_text("layers", "workflows", "urban-management.toml")


def line_of(text, action, nth=0):
    """The line of the head of the nth transition of an action."""
    lines = text.splitlines()
    heads = [
        i
        for i, line in enumerate(lines)
        if line == f'action = "{action}"' and "[[transitions]]" in lines[i - 1]
    ]
    return heads[nth]


def faults(*changes):
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    with pytest.raises(InvalidDefinition) as error:
        Workflow.from_toml(text, name="city.toml")
    assert error.value.kind == "unsound-workflow"
    return list(error.value.faults), text


CLOSE = 'from = ["pending_check"]\nto = "closed"\nroles = ["operator"'


@pytest.mark.parametrize(
    ("change", "action", "fault"),
    [
        (('from = ["filed"]\nto = "dispatched"', 'from = ["file"]\nto = "dispatched"'), "dispatch",
         "there is no state 'file'; did you mean 'filed'?"),
        (('to = "pending_verify"', 'to = "verifying"'), "order_verify", "there is no state 'verifying'"),
        (('roles = ["dispatcher"]\nneeds = ["department"]', 'roles = ["despatcher"]\nneeds = ["department"]'),
         "dispatch",
         "there is no role 'despatcher'; did you mean 'dispatcher'?"),
        (('needs = ["handler"]', 'needs = ["handlers"]'), "assign", "there is no field 'handlers'"),
        (('sets = ["self_handled"]', 'sets = ["self"]'), "self_handle", "there is no flag 'self'"),
        (('clears = ["verification"]\n\n', 'clears = ["verifications"]\n\n'), "order_verify",
         "there is no flag or field 'verifications'; did you mean 'verification'?"),
        (('at_most = { appeals = 1 }', 'at_most = { appeal = 1 }'), "appeal",
         "there is no count 'appeal'; did you mean 'appeals'?"),
        ((CLOSE, CLOSE.replace('"operator"', '"department", "operator"')), "close",
         "department handles cases, and who handles may not close them"),
        (('needs = ["reason", "until"]', 'needs = ["reason"]'), "suspend",
         "it must need until, a field of type instant"),
        (('needs = ["workflow"]\ntakes = ["reason"]', 'takes = ["workflow"]'), "migrate",
         "it must need workflow, a field of type text"),
        (('migrates = true', 'migrates = true\nsets = ["forced"]'), "migrate",
         "what migrates a case changes nothing else"),
        (('needs = ["corrects", "corrected", "reason"]', 'needs = ["corrects"]'), "correct",
         "it must need corrected, a field of type instant"),
        (('after_end = true\nroles = ["public", "operator"]', 'roles = ["public", "operator"]'), "rate",
         "it leaves a terminal state; say after_end = true if it may"),
        (('from = ["linked"]\nto = "reported"', 'from = ["linked"]\nto = "reported"\nafter_end = true'), "unlink",
         "after_end is for what follows a terminal state"),
        (('action = "refile"', 'action = "rework"'), "rework", "there is another one from pending_check"),
    ],
)  # fmt: skip
def test_a_fault_of_a_transition_names_its_line(change, action, fault):
    found, text = faults(change)
    nth = 1 if action == "rework" else 0
    line = line_of(text, action, nth)
    assert [each for each in found if fault in each and each.startswith(f"line {line}: transitions.")], found


def test_all_faults_are_named_at_once():
    found, _ = faults(
        ('to = "pending_verify"', 'to = "verifying"'), ('needs = ["handler"]', 'needs = ["handlers"]')
    )
    assert len(found) == 2


def test_a_state_that_no_action_leads_to():
    found, _ = faults(("[roles]", '[states.lost]\ntitle = "lost"\nstage = "end"\nterminal = true\n\n[roles]'))
    assert found == ["states.lost: no action leads to it"]


def test_a_state_that_cannot_end():
    trap = (
        '[[transitions]]\naction = "bury"\nfrom = ["filed"]\nto = "pit"\nroles = ["admin"]\n\n# --- Dispatch'
    )
    found, _ = faults(
        ("[roles]", '[states.pit]\ntitle = "pit"\nstage = "end"\n\n[roles]'), ("# --- Dispatch", trap)
    )
    assert found == ["states.pit: no terminal state can be reached from it"]


def test_nothing_opens_a_case():
    found, _ = faults(
        ('opens = true\nto = "reported"', 'from = ["filed"]\nto = "reported"'),
        ('opens = true\nto = "filed"', 'from = ["filed"]\nto = "filed"'),
    )
    assert found == ["transitions: none opens a case"]


def test_a_state_resumes_into_one_that_is_known_and_stays():
    assert faults(('resumes = "handling"', 'resumes = "handle"'))[0] == [
        "states.suspended.resumes: there is no state 'handle'; did you mean 'handled'?"
    ]
    chained = (
        "suspended = {",
        'paused = { title = "p", stage = "handle", resumes = "suspended" }\nsuspended = {',
    )
    into = ('from = ["linked"]\nto = "reported"', 'from = ["linked"]\nto = "paused"')
    needs = (
        'needs = ["reason"]\ntakes = ["opinion"]\nclears = ["duplicate"',
        'needs = ["until"]\nclears = ["duplicate"',
    )
    assert faults(chained, into, needs)[0] == [
        "states.paused.resumes: neither a terminal state resumes, nor one into another that does"
    ]


def test_a_guard_looks_at_what_is_kept():
    found, _ = faults(
        (
            'check = { values = ["pass", "fail", "unable"], keep = "last" }',
            'check = { values = ["pass", "fail", "unable"] }',
        )
    )
    assert all("guards.value needs check, which is not kept" in fault for fault in found)
    assert len(found) == 3


def test_a_name_is_a_flag_or_a_field():
    assert faults(("[flags]", '[flags]\nurgent = { title = "urgent" }'))[0] == [
        "flags.urgent: there is also a field of this name"
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            ('after = ["reject"]', 'after = ["rejects"]'),
            "there is no action 'rejects'; did you mean 'reject'?",
        ),
        (('names = "whole"', 'names = "hole"'), "there is no field 'hole'; did you mean 'whole'?"),
        (
            ('after = ["reject"]', 'after = ["forward"]'),
            "department may do what it follows, and may not do it",
        ),
        (('copies = ["reason"]', 'copies = ["reason", "check"]'), "the action takes no check"),
        (
            ('needs = ["parts", "departments"]', 'needs = ["parts"]'),
            "what it follows does not need departments",
        ),
    ],
)
def test_a_consequence_fits_what_it_follows(change, fault):
    found, _ = faults(change)
    assert any(fault in each and "consequences." in each and each.startswith("line ") for each in found), (
        found
    )


def test_an_older_state_becomes_a_known_one():
    found, _ = faults(
        ("# --- Accept", '[migrations."urban-management/0".states]\nold = "reporte"\n\n# --- Accept')
    )
    assert found == ["migrations.urban-management/0: there is no state 'reporte'; did you mean 'reported'?"]


@pytest.mark.parametrize(
    ("state", "old", "new", "fault"),
    [
        ("closed", 'terminal = true, milestone = "closed"', 'terminal = true, milestone = "handled"',
         "the state ends a case, so it cannot be handled"),
        ("pending_check", 'milestone = "handled"', 'milestone = "closed"',
         "the state does not end a case, so it cannot be closed"),
    ],
)  # fmt: skip
def test_milestones_are_where_they_can_be(state, old, new, fault):
    line = next(line for line in TEXT.splitlines() if line.startswith(f"{state} = "))
    named, _ = faults((line, line.replace(old, new)))
    assert f"states.{state}.milestone: {fault}" in named


def test_some_end_is_the_closing():
    named, _ = faults(*[(', terminal = true, milestone = "closed"', ", terminal = true")] * 2)
    assert named == ["states: none that ends a case has the milestone closed"]
