"""The deadline of one case is that of many: what an action leaves, beside the clocks of all cases at once."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.casedue import due_us
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.state import CaseState
from stcloud.testing.examples import examples

ZONE = "Pacific/Auckland"
START_US = int(datetime(2026, 12, 23, 15, 40, tzinfo=ZoneInfo(ZONE)).timestamp()) * 1_000_000
"""Before Christmas in the south; working days of 2027 follow."""
MINUTE_US = 60_000_000
STATES = (
    "reported", "pending_verify", "filed", "dispatched", "handling", "suspended", "handled", "pending_check",
    "linked", "closed", "rejected",
)  # fmt: skip
WORKFLOW = bundled_text("layers", "workflows", "urban-management.toml")
LIMITS = (
    None, ("work_hour", 4.0), ("work_hour", 0.25), ("work_hour", 2600.0), ("work_day", 1.0), ("work_day", 7.0),
    ("urgent_hour", 30.0), ("natural_day", 2.0),
)  # fmt: skip


def rules_of(**changes):
    document = json.loads(clocks_body(None, name="urban-management", calendar="NZ", zone=ZONE)) | changes
    bodies = {
        "workflow": WORKFLOW,
        "clocks": json.dumps({name: value for name, value in document.items() if value is not None}),
    }
    return CaseRules(
        StoredRule(kind=kind, digest=kind * 4, valid_from_us=ALWAYS_US, recorded_us=n, body=body)
        for n, (kind, body) in enumerate(bodies.items(), 1)
    )


RULES = [
    rules_of(work_day=work_day, start=start, limit=limit)
    for work_day in ("hours", "end")
    for start in (None, "dispatch", "handle")
    for limit in (None, "5 work days")
]


def state_of(stays, limit, extension, due):
    """Return a case that entered states so many minutes after the one before."""
    moves, at_us = [], START_US
    for seq, (state, minutes) in enumerate(stays, 1):
        at_us += minutes * MINUTE_US
        moves.append((seq, state, at_us))
    happened = tuple(stated for _, _, stated in moves)
    values = {} if limit is None else {"limit_kind": limit[0], "limit_value": limit[1]}
    values |= {} if extension is None else {"extension_value": extension}
    values |= {} if due is None else {"due": START_US + due * MINUTE_US}
    return CaseState(
        case="C-1", workflow="urban-management/1", seq=len(moves), state=stays[-1][0], since_us=at_us, until_us=None,
        opened_us=START_US, changed_us=at_us, recorded_us=at_us, stated_us=at_us, values=values, lists={}, counts={},
        flags=frozenset(), handlers=(), moves=tuple(moves), names=("act",) * len(moves), happened=happened,
        corrections={}, posts=(),
    )  # fmt: skip


def due_of_many(state, rules, at_us):
    """The law's other side: the whole case's clock of `case_clocks`, while it runs or is paused."""
    if rules.workflows[state.workflow].clock(state.state) == "off":
        return None
    clocks = case_clocks([state], rules, at_us)
    whole = next((clock for clock in clocks if clock.stage is None), None)
    return whole.deadline_us if whole is not None and (whole.running or whole.paused) else None


minutes = st.sampled_from((0, 1, 7, 95, 500, 1500, 6000, 40_000))


@settings(deadline=None, max_examples=examples(400))
@given(
    rules=st.sampled_from(RULES),
    stays=st.lists(st.tuples(st.sampled_from(STATES), minutes), min_size=1, max_size=9),
    limit=st.sampled_from(LIMITS),
    extension=st.sampled_from((None, 0.0, 1.0, 3.0)),
    due=st.sampled_from((None, None, None, 600)),
    later=minutes,
)
def test_the_deadline_of_one_case_is_that_of_many(rules, stays, limit, extension, due, later):
    state = state_of(stays, limit, extension, due)
    at_us = state.changed_us + later * MINUTE_US
    assert due_us(state, rules, at_us) == due_of_many(state, rules, at_us)


@pytest.mark.parametrize("paused", [False, True])
def test_a_day_before_any_spell_of_work_and_one_after_the_years_of_the_calendar_are_counted(paused):
    stays = [("reported", -60_000), ("dispatched", 1), *([("suspended", 30)] if paused else [])]
    state = state_of(stays, ("work_hour", 20_000.0), None, None)
    at_us = state.changed_us
    assert due_us(state, RULES[0], at_us) == due_of_many(state, RULES[0], at_us)


def test_a_limit_that_is_none_is_refused_as_that_of_many_is():
    state = state_of([("reported", 0), ("dispatched", 1)], ("work_hour", -1.0), None, None)
    for due in (due_us, due_of_many):
        with pytest.raises(InvalidInput, match="no limit"):
            due(state, RULES[0], state.changed_us)


@pytest.mark.parametrize("rules", RULES[::2])
@pytest.mark.parametrize(
    ("stays", "limit"),
    [
        ([("dispatched", 0), ("suspended", 95), ("handling", 500), ("suspended", 7)], ("work_hour", 4.0)),
        (
            [("dispatched", 0), ("suspended", 60), ("handling", 1500)],
            ("work_hour", 1.0),
        ),  # used up as it pauses
        ([("dispatched", -600), ("handling", 7)], ("work_day", 1.0)),  # it begins before the work of its day
        ([("dispatched", 200), ("suspended", 7)], ("urgent_hour", 30.0)),
    ],
)
def test_pauses_and_the_day_of_the_start_count_for_one_case_as_for_many(rules, stays, limit):
    state = state_of(stays, limit, None, None)
    at_us = state.changed_us + 90 * MINUTE_US
    assert due_us(state, rules, at_us) == due_of_many(state, rules, at_us)
