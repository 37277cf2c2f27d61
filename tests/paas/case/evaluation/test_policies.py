"""Policies are sets of cases: conditions that name columns, instants and each other."""

import pytest

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.case.evaluation.policies import Policies
from stcloud.paas.case.evaluation.schemeclauses import PolicyClause
from stcloud.paas.case.evaluation.truths import Truths
from stcloud.paas.case.facts import FACTS
from stcloud.testing.casefacts import FIRST_US, HOUR_US, as_table
from stcloud.time import Span, Zone

ZONE = Zone("Asia/Shanghai")


def policies(**conditions):
    return Policies({name: PolicyClause(condition=text, title=name) for name, text in conditions.items()})


def cases_of(bound, name, *rows):
    """Return which rows are in a policy."""
    table = as_table(
        [dict.fromkeys(FACTS.names) | {"number": str(place)} | row for place, row in enumerate(rows)]
    )
    (truth,) = Truths([bound.condition(name)]).of(table.to_batches()[0])
    return truth.to_pylist()


def test_a_policy_names_another_which_is_never_unknown():
    bound = policies(late="handled_at > due_at", fine="NOT late").bound(0, None, ZONE)
    rows = ({"handled_at": FIRST_US, "due_at": None}, {"handled_at": FIRST_US + 1, "due_at": FIRST_US})
    assert cases_of(bound, "late", *rows) == [False, True]
    assert cases_of(bound, "fine", *rows) == [True, False]


def test_the_instant_and_the_ends_of_the_period_are_values():
    conditions = {"late": "due_at < at", "inside": "due_at >= period_start AND due_at < period_end"}
    rows = [{"due_at": FIRST_US + hours * HOUR_US} for hours in (0, 1, 2)]
    period = Span(FIRST_US + HOUR_US, FIRST_US + 2 * HOUR_US)
    bound = policies(**conditions).bound(FIRST_US + HOUR_US, period, ZONE)
    assert cases_of(bound, "late", *rows) == [True, False, False]
    assert cases_of(bound, "inside", *rows) == [False, True, False]
    assert cases_of(policies(**conditions).bound(0, None, ZONE), "inside", *rows) == [True] * 3


def test_the_parts_of_a_policy_are_those_of_the_policies_that_it_names():
    bound = policies(valid="counted AND NOT cancelled", filed="valid AND filed_at IS NOT NULL").bound(
        0, None, ZONE
    )
    assert [part.text for part in bound.parts("filed")] == [
        "counted",
        "NOT cancelled",
        "filed_at IS NOT NULL",
    ]
    assert bound.needs("filed") == {"counted", "cancelled", "filed_at"}


@pytest.mark.parametrize(
    ("conditions", "kind"),
    [
        ({"a": "b", "b": "a"}, "circular-policy"),
        ({"a": "a OR counted"}, "circular-policy"),
        ({"a": "handled"}, "unknown-column"),
        ({"a": "counted > 3"}, "wrong-type"),
        ({"a": "due_at"}, "wrong-type"),
        ({"a": "due_at < '2024'"}, "wrong-type"),
    ],
)
def test_a_condition_that_is_none_is_refused(conditions, kind):
    with pytest.raises((InvalidInput, NotFound)) as caught:
        policies(**conditions).bound(0, None, ZONE).condition("a")
    assert caught.value.kind == kind
    assert [fault for fault in policies(**conditions).faults(ZONE) if fault.startswith("policies.a: ")]


def test_what_is_no_cql2_is_refused_with_the_policy():
    with pytest.raises(InvalidInput, match=r"policies\.a: the filter is not CQL2") as caught:
        policies(a="(counted")
    assert caught.value.kind == "unreadable-filter"


def test_an_unknown_policy_is_refused_with_the_nearest():
    with pytest.raises(NotFound, match="did you mean 'handled'") as caught:
        policies(handled="TRUE").clause("handeld")
    assert caught.value.kind == "unknown-policy"
    with pytest.raises(NotFound, match="use one of handled"):
        policies(handled="TRUE").clause("xyz")


def test_a_policy_is_not_called_like_a_column_or_an_instant():
    faults = list(policies(counted="TRUE", at="TRUE").faults(ZONE))
    assert faults == [
        "policies.counted: facts have a column of this name",
        "policies.at: facts have a column of this name",
    ]


def test_a_variant_is_of_a_policy_that_there_is():
    clauses = {"a": PolicyClause(condition="TRUE", title="a", variant_of="b")}
    assert list(Policies(clauses).faults(ZONE)) == ["policies.a.variant_of: there is no policy 'b'"]
