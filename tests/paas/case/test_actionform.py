"""An action that states what its form requires, and nothing that the form lacks, is refused for no field."""

import pytest

from stcloud.iaas.bundle import workflows
from stcloud.paas.case import read_workflow
from stcloud.paas.case.action import Action
from stcloud.paas.case.actionform import action_forms
from stcloud.paas.case.legality import step
from stcloud.paas.case.refused import RefusedAction

VALUES = {"text": "x", "note": "other", "integer": 1, "number": 1.0, "boolean": True, "instant": 2, "case": "c2",
          "cases": "c2;c3"}  # fmt: skip
OF_FIELDS = ("missing-field", "unknown-field", "bad-value")


def stated(fields):
    return {field.name: field.values[0] if field.values else VALUES[field.type] for field in fields}


def faults_of(workflow, action, fields):
    done = step(workflow, None, Action(
        case="c1", seq=1, id="a", name=action, actor="x", role=ROLE[workflow.key, action], happened_us=1,
        recorded_us=1, fields=fields,
    ))  # fmt: skip
    return done.kind if isinstance(done, RefusedAction) else None


ROLE = {
    (workflow.key, action): min(transition.roles)
    for workflow in map(read_workflow, workflows()) for action, transition in workflow.table[None].items()
}  # fmt: skip


@pytest.mark.parametrize("name", workflows())
def test_an_action_that_states_what_its_form_requires_is_refused_for_no_field(name):
    workflow = read_workflow(name)
    for form in action_forms(workflow, None, workflow.table[None]):
        required = [field for field in form.fields if field.required]
        assert faults_of(workflow, form.action, stated(required)) not in OF_FIELDS
        assert faults_of(workflow, form.action, stated(form.fields)) not in OF_FIELDS
        for field in required:
            less = stated(each for each in required if each is not field)
            assert faults_of(workflow, form.action, less) == "missing-field"


@pytest.mark.parametrize("name", workflows())
def test_every_form_of_every_state_has_what_the_transition_takes(name):
    workflow = read_workflow(name)
    for state, transitions in workflow.table.items():
        for form, transition in zip(
            action_forms(workflow, state, transitions), transitions.values(), strict=True
        ):
            assert {field.name for field in form.fields} == {*transition.needs, *transition.takes}
            assert tuple(field.name for field in form.fields if field.required) == transition.needs
            assert (form.action, form.target) == (transition.action, transition.target)
