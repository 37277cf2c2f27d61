"""Workflows: the bundled ones are whole, and a document is refused with every fault and its line."""

import re

import pytest

from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import bundled_text, workflows
from stcloud.paas.case import Workflow, read_workflow
from stcloud.paas.case.definition import WorkflowDefinition

SMALL = """
id = "harbour"
version = 3

[states]
open = { title = "open", stage = "handle", clock = "running" }
waiting = { title = "waiting", stage = "handle", clock = "paused", resumes = "open" }
done = { title = "done", stage = "end", terminal = true }

[roles]
clerk = { title = "clerk", side = "supervision" }
crew = { title = "crew", side = "handling" }

[fields]
reason = { type = "note" }
until = { type = "instant" }
result = { values = ["good", "bad"], keep = "last" }

[flags]
urgent = { title = "urgent" }

[[transitions]]
action = "open"
opens = true
to = "open"
roles = ["clerk"]

[[transitions]]
action = "wait"
from = ["open"]
to = "waiting"
roles = ["crew"]
needs = ["until"]
counts = ["waits"]
guards = { at_most = { waits = 2 } }

[[transitions]]
action = "close"
from = ["open"]
to = "done"
roles = ["clerk"]
takes = ["result"]
"""


def faults(text, kind="unsound-workflow"):
    with pytest.raises(InvalidDefinition) as error:
        Workflow.from_toml(text, name="harbour.toml")
    assert error.value.kind == kind
    assert str(error.value).startswith("harbour.toml")
    return list(error.value.faults)


def test_a_small_workflow_is_sound():
    workflow = Workflow.from_toml(SMALL, name="harbour.toml")
    assert (workflow.key, workflow.states) == ("harbour/3", ("open", "waiting", "done"))
    assert workflow.actions(None) == ("open",)
    assert workflow.actions("open") == ("wait", "close")
    assert workflow.is_terminal("done")
    assert workflow.clock("waiting") == "paused"
    assert workflow.resumes == {"waiting": "open"}


@pytest.mark.parametrize("name", workflows())
def test_a_bundled_workflow_is_sound_and_speaks_both_languages(name):
    workflow = read_workflow(name)
    definition = workflow.definition
    assert definition.id == name
    assert definition.title_zh
    assert all(state.title_zh for state in definition.states.values())
    assert all(role.title_zh for role in definition.roles.values())
    titled = {clause.action for clause in definition.transitions if clause.title and clause.title_zh}
    assert titled == {clause.action for clause in definition.transitions}


def test_these_are_bundled():
    assert workflows() == ("imported-requests", "service-requests", "urban-management")


def test_an_unknown_bundled_workflow_names_the_known():
    with pytest.raises(
        InvalidInput, match="use imported-requests, service-requests, urban-management"
    ) as error:
        read_workflow("harbour")
    assert error.value.kind == "unknown-workflow"


def test_what_is_no_toml_names_its_line():
    with pytest.raises(InvalidDefinition, match="line 2") as error:
        Workflow.from_toml("id = 'a'\nx =\n", name="harbour.toml")
    assert error.value.kind == "not-toml"


def test_a_wrong_key_names_its_line_and_the_nearest():
    text = SMALL.replace('needs = ["until"]', 'need = ["until"]')
    assert faults(text, "invalid-definition") == [
        "line 28: transitions.1.need: unknown key; did you mean 'needs'?"
    ]
    text = SMALL.replace("guards = { at_most", "guards = { at_mos")
    assert faults(text, "invalid-definition") == [
        "line 28: transitions.1.guards.at_mos: unknown key; did you mean 'at_most'?"
    ]
    assert (
        "unknown key; did you mean 'terminal'?"
        in faults(SMALL.replace("terminal", "terminl"), "invalid-definition")[0]
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('opens = true\nto = "open"', 'opens = true\nto = "same"', "what opens a case leads to a state"),
        (
            "opens = true",
            'opens = true\nfrom = ["open"]',
            "name the states that it is from, or say opens = true",
        ),
        ('roles = ["crew"]', "roles = []", "at least 1 item"),
        ('{ type = "note" }', '{ type = "note", values = ["a"] }', "values are listed for type text"),
        ('{ type = "note" }', '{ type = "note", least = 1 }', "least and most are for integers and numbers"),
        ('{ type = "note" }', '{ keep = "sum" }', "a sum is kept of integers and numbers"),
        ('{ type = "note" }', '{ type = "note", keep = "all" }', "all values are kept of texts and cases"),
        ('id = "harbour"', 'id = "Harbour"', "id: "),
    ],
)
def test_a_wrong_value_is_named(old, new, fault):
    assert old in SMALL
    assert any(fault in each for each in faults(SMALL.replace(old, new, 1), "invalid-definition"))


def test_a_definition_is_compiled_without_a_document_too():
    definition = WorkflowDefinition.model_validate(
        {
            "id": "a",
            "states": {
                "x": {"title": "x", "stage": "s"},
                "y": {"title": "y", "stage": "s", "terminal": True},
            },
            "roles": {"r": {"title": "r", "side": "command"}},
            "transitions": [{"action": "go", "opens": True, "to": "x", "roles": ["r"]}],
        }
    )
    with pytest.raises(InvalidDefinition, match=r"a/1; states\.x: no terminal state can be reached from it"):
        Workflow.of(definition)


def test_milestones_are_ranks_and_a_workflow_without_any_has_two():
    workflow = read_workflow("urban-management")
    assert {state: workflow.ranks[state] for state in ("reported", "filed", "split", "pending_check", "closed")} == {
        "reported": 0, "filed": 1, "split": 2, "pending_check": 3, "closed": 4,
    }  # fmt: skip
    assert workflow.ranks["rejected"] == workflow.ranks["linked"] == 0
    text = re.sub(r', milestone = "[a-z]+"', "", bundled_text("layers", "workflows", "urban-management.toml"))
    plain = Workflow.from_toml(text, name="plain").ranks
    assert (plain["reported"], plain["pending_check"], plain["closed"], plain["rejected"]) == (2, 2, 4, 0)
