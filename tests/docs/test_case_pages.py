"""The tables of states on the pages of cases are those of the bundled workflow."""

import re
from pathlib import Path

from stcloud.paas.case import read_workflow
from stcloud.paas.case.definition import GuardClause

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXPLANATION = (DOCS / "explanation" / "cases.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "write-a-workflow.md").read_text(encoding="utf-8")


def state_table(workflow):
    """Return the rows of a page's table: a state, its stage, milestone and clock, and what leads out of it."""
    for name, state in workflow.definition.states.items():
        onward = [
            f"{transition.action} → {transition.target} ({', '.join(sorted(transition.roles))})"
            for transition in workflow.table[name].values()
            if transition.target is not None
        ]
        if state.resumes:
            onward.append(f"by itself → {state.resumes} (at `until`)")
        marks = [
            word for word, holds in (("ends", state.terminal), ("not counted", not state.counted)) if holds
        ]
        clock, milestone = ", ".join([state.clock, *marks]), state.milestone or "–"
        yield f"| `{name}` | {state.title_zh} | {state.stage} | {milestone} | {clock} | {'; '.join(onward) or '–'} |"


def same_table(workflow):
    """Return the rows of a page's table: an action that leaves a case in its state, who may do it, and where."""
    actions = {}
    for state, transitions in workflow.table.items():
        for transition in transitions.values():
            if transition.target is None:
                actions.setdefault(transition.action, (sorted(transition.roles), []))[1].append(state)
    opened = [name for name, state in workflow.definition.states.items() if not state.terminal]
    for action, (roles, states) in actions.items():
        words = {tuple(opened): "every open state", workflow.states: "every state"}
        where = words.get(tuple(states), ", ".join(states))
        yield f"| `{action}` | {', '.join(roles)} | {where} |"


def test_the_table_of_states_is_that_of_the_workflow():
    table = "\n".join(state_table(read_workflow("urban-management")))
    assert table in EXPLANATION, f"write this table into docs/explanation/cases.md:\n{table}"


def test_the_table_of_actions_within_a_state_is_that_of_the_workflow():
    table = "\n".join(same_table(read_workflow("urban-management")))
    assert table in EXPLANATION, f"write this table into docs/explanation/cases.md:\n{table}"


def test_every_guard_is_described():
    described = set(re.findall(r"^\| `([a-z_]+)` \|", HOW_TO, re.MULTILINE))
    assert set(GuardClause.model_fields) <= described
