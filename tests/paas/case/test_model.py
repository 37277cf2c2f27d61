"""Workflow and model agree: the model is the table of the field's states, written by hand, and plain Python."""

import itertools
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stcloud.paas.case import CaseState, RefusedAction, fold, legal, read_workflow, resumed, step
from stcloud.testing.caselogs import DAY_US, MINUTE_US, START_US, GrowingLog

WORKFLOW = read_workflow("urban-management")

SUPERVISION = {"operator", "shift_leader"}
AT_WORK = ("filed", "dispatched", "handling", "suspended", "split", "handled", "pending_check")
OPEN = ("reported", "pending_verify", "linked", *AT_WORK)
ENDED = ("closed", "forced_close", "rejected")


def always(_case, _act):
    return True


def own(case, act):
    return case["department"] is not None and act["department_of_actor"] == case["department"]


def idle(case, act):
    return act["actor"] not in case["handlers"]


def verified(case, _act):
    return case["verification"] == "exists" or (
        case["verification"] is None and case["source"] == "collector"
    )


def extended(case, act):
    return (
        own(case, act)
        and "overdue" not in act["facts"]
        and case["extensions"] < 2
        and "requested" not in case["flags"]
    )


def within_a_year(field, extra=always):
    return lambda case, act: 0 < act["ahead"] <= 366 * DAY_US and extra(case, act)


TABLE = {
    None: {
        "report": ("reported", {"collector", "public", "operator"}, always),
        "open_part": ("filed", {"dispatcher"}, always),
    },
    "reported": {
        "self_handle": ("reported", {"collector"}, always),
        "order_verify": ("pending_verify", SUPERVISION, always),
        "file": ("filed", SUPERVISION, verified),
        "reject": ("rejected", SUPERVISION, idle),
    },
    "pending_verify": {
        "verify": ("pending_verify", {"collector"}, always),
        "file": ("filed", SUPERVISION, verified),
        "reject": (
            "rejected",
            SUPERVISION,
            lambda case, _act: case["verification"] in ("not_exists", "unable"),
        ),
    },
    "filed": {
        "dispatch": ("dispatched", {"dispatcher"}, always),
        "return_to_operator": ("reported", {"dispatcher"}, lambda case, _act: "part" not in case["flags"]),
        "check_self_handled": (
            "pending_check",
            SUPERVISION,
            lambda case, _act: "self_handled" in case["flags"] and "returned" not in case["flags"],
        ),
        "split": (
            "split",
            {"dispatcher"},
            lambda case, act: "parts_taken" not in act["facts"] and "part" not in case["flags"],
        ),
    },
    "dispatched": {
        "return_to_dispatcher": ("filed", {"department"}, own),
        "forward": ("dispatched", {"department"}, own),
        "assign": ("handling", {"department"}, own),
    },
    "handling": {
        "revoke_assignment": ("dispatched", {"department"}, own),
        "handle": ("handled", {"handler"}, own),
        "suspend": (
            "suspended",
            {"dispatcher", "shift_leader"},
            within_a_year("until", lambda case, _act: case["suspensions"] < 1),
        ),
    },
    "suspended": {"resume": ("handling", {"dispatcher", "shift_leader"}, always)},
    "handled": {
        "refuse_handling": ("handling", {"department"}, own),
        "feed_back": ("pending_check", {"department"}, own),
    },
    "pending_check": {
        "check": ("pending_check", {"collector"}, idle),
        "close": ("closed", SUPERVISION, lambda case, act: idle(case, act) and case["check"] == "pass"),
        "rework": (
            "dispatched",
            SUPERVISION,
            lambda case, act: (
                idle(case, act) and case["check"] == "fail" and "self_handled" not in case["flags"]
            ),
        ),
        "refile": (
            "filed",
            SUPERVISION,
            lambda case, _act: case["check"] == "fail" and "self_handled" in case["flags"],
        ),
    },
    "split": {
        "close": (
            "closed",
            SUPERVISION,
            lambda case, act: idle(case, act) and "parts_closed" in act["facts"],
        ),
    },
    "linked": {
        "unlink": ("reported", SUPERVISION, always),
        "close_with_master": (
            "closed",
            SUPERVISION | {"leader"},
            lambda _case, act: "master_closed" in act["facts"],
        ),
        "reject_with_master": ("rejected", SUPERVISION, lambda _case, act: "master_closed" in act["facts"]),
    },
    "closed": {"reopen": ("filed", SUPERVISION, lambda case, _act: "duplicate" not in case["flags"])},
    "forced_close": {"reopen": ("filed", SUPERVISION, lambda case, _act: "duplicate" not in case["flags"])},
    "rejected": {"reopen": ("reported", SUPERVISION, lambda case, _act: "duplicate" not in case["flags"])},
}

SAME = {
    "request_extension": (("dispatched", "handling"), {"department", "handler"}, extended),
    "review_extension": (
        ("dispatched", "handling"),
        {"dispatcher"},
        lambda case, _act: "requested" in case["flags"] and "reviewed" not in case["flags"],
    ),
    "approve_extension": (
        ("dispatched", "handling"),
        {"shift_leader", "leader"},
        lambda case, _act: {"requested", "reviewed"} <= case["flags"] and case["extensions"] < 2,
    ),
    "refuse_extension": (
        ("dispatched", "handling"),
        {"dispatcher", "shift_leader", "leader"},
        lambda case, _act: "requested" in case["flags"],
    ),
    "urge": (AT_WORK, {"shift_leader", "evaluator", "leader"}, within_a_year("required")),
    "reply_to_urging": (
        ("dispatched", "handling", "suspended", "handled"),
        {"department"},
        lambda case, act: own(case, act) and "urged" in case["flags"],
    ),
    "resolve_urging": (
        AT_WORK,
        {"shift_leader", "evaluator", "leader"},
        lambda case, _act: "urged" in case["flags"],
    ),
    "rate": (("closed", "forced_close"), {"public", "operator"}, always),
    "appeal": (
        ("closed", "forced_close"),
        {"department"},
        lambda case, act: own(case, act) and "overdue" in act["facts"] and case["appeals"] < 1,
    ),
    "review_appeal": (
        ("closed", "forced_close"),
        {"dispatcher"},
        lambda case, _act: "appealed" in case["flags"] and "appeal_reviewed" not in case["flags"],
    ),
    "approve_appeal": (
        ("closed", "forced_close"),
        {"evaluator", "leader"},
        lambda case, _act: {"appealed", "appeal_reviewed"} <= case["flags"],
    ),
    "refuse_appeal": (
        ("closed", "forced_close"),
        {"dispatcher", "evaluator", "leader"},
        lambda case, _act: "appealed" in case["flags"],
    ),
    "reclassify": (OPEN, {*SUPERVISION, "dispatcher"}, always),
    "change_limit": (OPEN, {"shift_leader", "dispatcher"}, always),
    "bundle": (OPEN, {"dispatcher"}, always),
    "amend": (OPEN, {"collector", *SUPERVISION}, always),
    "correct": ((*OPEN, *ENDED), {*SUPERVISION, "admin"}, always),
}
for name, (states, roles, condition) in SAME.items():
    for state in states:
        TABLE[state][name] = (state, roles, condition)
for state in AT_WORK:
    TABLE[state]["force_close"] = ("forced_close", {"shift_leader", "leader"}, idle)
for state in ("reported", "pending_verify", "filed"):
    TABLE[state]["link"] = (
        "linked",
        SUPERVISION,
        lambda case, act: (
            "master_open" in act["facts"]
            and "has_duplicates" not in act["facts"]
            and "part" not in case["flags"]
        ),
    )

EFFECTS = {
    "open_part": {"+": ["part"]},
    "self_handle": {"+": ["self_handled"], "handles": True},
    "order_verify": {"verification": None},
    "dispatch": {"-": ["returned"]},
    "return_to_operator": {"-": ["returned"], "returns": 1},
    "split": {"-": ["returned"]},
    "check_self_handled": {"check": None},
    "return_to_dispatcher": {"+": ["returned"], "-": ["requested", "reviewed"], "returns": 1},
    "revoke_assignment": {"revocations": 1},
    "handle": {"-": ["requested", "reviewed"], "handles": True},
    "refuse_handling": {"refusals": 1},
    "feed_back": {"check": None, "handles": True},
    "close": {"-": ["urged"]},
    "rework": {"reworks": 1},
    "refile": {"-": ["self_handled"], "reworks": 1},
    "force_close": {"+": ["forced"], "-": ["urged"]},
    "request_extension": {"+": ["requested"]},
    "review_extension": {"+": ["reviewed"]},
    "approve_extension": {"-": ["requested", "reviewed"], "extensions": 1},
    "refuse_extension": {"-": ["requested", "reviewed"]},
    "suspend": {"-": ["requested", "reviewed"], "suspensions": 1},
    "urge": {"+": ["urged", "supervised"], "urgings": 1},
    "resolve_urging": {"-": ["urged"]},
    "appeal": {"+": ["appealed"], "appeals": 1},
    "review_appeal": {"+": ["appeal_reviewed"]},
    "approve_appeal": {"+": ["exempt"], "-": ["appealed", "appeal_reviewed"]},
    "refuse_appeal": {"-": ["appealed", "appeal_reviewed"]},
    "link": {"+": ["duplicate"]},
    "unlink": {"-": ["duplicate"]},
    "reopen": {"reopenings": 1},
}
REOPENED = {"forced", "appealed", "appeal_reviewed", "self_handled"}
FLAGS = {
    "requested": "extension_requested", "reviewed": "extension_reviewed", "appealed": "appeal_requested",
    "exempt": "overdue_exempt",
}  # fmt: skip
COUNTS = (
    "returns", "revocations", "refusals", "reworks", "extensions", "suspensions", "urgings", "appeals", "reopenings",
)  # fmt: skip
STATED = ("verification", "check", "department", "source")


def after(case, act, target):
    """Return the model's case after a legal action."""
    effects = EFFECTS.get(act["name"], {})
    new = {
        **case,
        "state": target,
        "flags": (case["flags"] - {*effects.get("-", ())}) | {*effects.get("+", ())},
    }
    if act["name"] == "reopen":
        cleared = {"check": None} if case["state"] != "rejected" else {"verification": None}
        new |= {**cleared, "flags": new["flags"] - REOPENED if case["state"] != "rejected" else new["flags"]}
    if effects.get("handles"):
        new["handlers"] = case["handlers"] | {act["actor"]}
    new |= {key: None for key in STATED if key in effects}
    new |= {key: case[key] + effects.get(key, 0) for key in COUNTS}
    return new | {key: act["fields"][key] for key in STATED if key in act["fields"]}


NEW = {
    "state": None, "flags": frozenset(), "handlers": frozenset(), **dict.fromkeys(STATED), **dict.fromkeys(COUNTS, 0),
}  # fmt: skip
NAMES = sorted({name for actions in TABLE.values() for name in actions})
ROLES = sorted(WORKFLOW.definition.roles)
FACTS = ("overdue", "master_open", "master_closed", "parts_closed", "parts_taken", "has_duplicates")


def likely(state):
    """Return actions, those of a state many times over."""
    return st.one_of(
        st.sampled_from(sorted(TABLE[state])), st.sampled_from(sorted(TABLE[state])), st.sampled_from(NAMES)
    )


WAY = {
    None: "report", "reported": "file", "pending_verify": "verify", "filed": "dispatch", "dispatched": "assign",
    "handling": "handle", "handled": "feed_back", "pending_check": "check", "split": "close",
    "linked": "unlink", "suspended": "resume",
    "closed": "reopen", "forced_close": "reopen", "rejected": "reopen",
}  # fmt: skip
"""What comes next in the seven steps."""
NEXT = {"pass": "close", "fail": "rework"}


class Cases(RuleBasedStateMachine):
    """One case, and its model."""

    def __init__(self):
        super().__init__()
        self.log = GrowingLog(WORKFLOW)
        self.case = dict(NEW)
        self.until = None

    @rule(data=st.data())
    def act(self, data):
        self._resume(self.log.now_us + MINUTE_US)
        state = self.case["state"]
        name = data.draw(likely(state), label="action")
        expected_roles = sorted(TABLE[state][name][1]) if name in TABLE[state] else ROLES
        role = data.draw(st.sampled_from([*expected_roles, *expected_roles, *ROLES]), label="role")
        act = {
            "name": name,
            "actor": data.draw(st.sampled_from(("li", "wu"))),
            "department_of_actor": data.draw(st.sampled_from((self.case["department"], "lamps"))),
            "facts": data.draw(st.sets(st.sampled_from(FACTS))),
            "ahead": data.draw(st.sampled_from((0, 1, 10 * MINUTE_US, 366 * DAY_US, 366 * DAY_US + 1))),
        }
        choices = {
            "source": ("collector", "hotline"), "verification": ("exists", "not_exists", "unable"),
            "check": ("pass", "fail", "unable"), "department": ("roads", "lamps"),
        }  # fmt: skip
        draft = self.log.draft(name, role, actor=act["actor"], department_of_actor=act["department_of_actor"])
        act["fields"] = {
            key: data.draw(st.sampled_from(choices[key])) for key in choices if key in draft.fields
        }
        instants = {
            key: draft.happened_us + act["ahead"] for key in ("until", "required") if key in draft.fields
        }
        draft = replace(draft, fields={**draft.fields, **act["fields"], **instants})
        self._judge(draft, act, role)

    @initialize(steps=st.sampled_from((0, 2, 4, 6, 7, 8)), check=st.sampled_from(("pass", "fail")))
    def begin(self, steps, check):
        """Go some of the seven steps, so that walks begin everywhere."""
        for _ in range(steps):
            self._go_on(check, "wu")

    @rule(check=st.sampled_from(("pass", "fail")), actor=st.sampled_from(("li", "wu", "bai")))
    def go_on(self, check, actor):
        """Do what comes next in the seven steps."""
        self._go_on(check, actor)

    def _go_on(self, check, actor):
        self._resume(self.log.now_us + MINUTE_US)
        name = WAY[self.case["state"]]
        if name == "check" and self.case["check"] in NEXT:
            name = NEXT[self.case["check"]]
        draft = self.log.draft(name, actor=actor if name != "check" else "bai")
        fields = {
            key: check if key == "check" else draft.fields[key] for key in STATED if key in draft.fields
        }
        draft = replace(draft, fields={**draft.fields, **fields})
        act = {
            "name": name, "actor": draft.actor, "department_of_actor": draft.department, "facts": set(), "ahead": 1,
            "fields": fields,
        }  # fmt: skip
        self._judge(draft, act, draft.role)

    def _judge(self, draft, act, role):
        target, roles, condition = TABLE[self.case["state"]].get(act["name"], (None, (), always))
        before = self.log.state
        result = self.log.append(draft, act["facts"])
        if target is None or role not in roles or not condition(self.case, act):
            assert isinstance(result, RefusedAction), (self.case, act, result.state)
            assert self.log.state is before
            self._refused_well(result, role)
            return
        assert isinstance(result, CaseState), (str(result), self.case, act)
        self.case = after(self.case, act, target)
        self.until = draft.fields["until"] if act["name"] == "suspend" else self.until
        self.until = self.until if target == "suspended" else None
        if before is not None:
            assert result.names[:-1] == before.names
            assert result.happened[:-1] == before.happened
            assert result.moves[: len(before.moves)] == before.moves

    def _refused_well(self, refused, role):
        table = TABLE[self.case["state"]]
        assert set(refused.legal) <= {name for name in (*table, "migrate") if role in self._roles(name)}
        assert set(refused.roles) == self._roles(refused.action)
        assert refused.state == self.case["state"]
        assert "\n" not in str(refused)

    def _roles(self, name):
        if name == "migrate":
            return {"admin"} if self.case["state"] in OPEN else set()
        return set(TABLE[self.case["state"]].get(name, (None, ()))[1])

    @rule(minutes=st.sampled_from((1, 30, 14_400)))
    def wait(self, minutes):
        self.log.now_us += minutes * MINUTE_US

    def _resume(self, now_us):
        if self.until is not None and self.until <= now_us:
            self.case["state"], self.until = "handling", None

    @invariant()
    def state_is_the_models(self):
        if self.log.state is None:
            assert self.case["state"] is None
            return
        self._resume(self.log.now_us)
        state = resumed(WORKFLOW, self.log.state, self.log.now_us)
        assert state.state == self.case["state"]
        assert state.flags == {FLAGS.get(flag, flag) for flag in self.case["flags"]}
        assert set(state.handlers) == self.case["handlers"]
        assert {key: state.values.get(key) for key in STATED} == {key: self.case[key] for key in STATED}
        assert {key: state.counts.get(key, 0) for key in COUNTS} == {key: self.case[key] for key in COUNTS}
        assert state.until_us == self.until

    @invariant()
    def no_state_is_skipped(self):
        stays = self.log.state.stays if self.log.state else ()
        for stay, following in itertools.pairwise(stays):
            led = {target for target, _, _ in TABLE[stay.state].values()}
            assert following.state in (led | ({"handling"} if stay.state == "suspended" else set()))

    @invariant()
    def log_comes_to_the_state(self):
        assert fold(WORKFLOW, self.log.actions) == self.log.state


Cases.TestCase.settings = settings(stateful_step_count=40)
TestCases = Cases.TestCase


def test_the_model_has_every_state_and_action_of_the_workflow():
    assert {state: {*actions} for state, actions in TABLE.items()} == {
        state: {*actions} - {"migrate"} for state, actions in WORKFLOW.table.items()
    }


def test_who_may_do_what_is_what_the_model_says():
    for state, actions in TABLE.items():
        for name, (_, roles, _) in actions.items():
            assert WORKFLOW.table[state][name].roles == roles, (state, name)


def test_a_new_case_is_opened_by_whom_the_model_lets():
    for role in ROLES:
        assert set(legal(WORKFLOW, None, role)) == {
            name for name, (_, who, _) in TABLE[None].items() if role in who
        }


def test_an_action_of_another_instant_changes_no_value_that_was_given_out():
    log = GrowingLog()
    first = log.do("report")
    snapshot = (first.state, dict(first.values), first.names)
    log.do("file")
    assert (first.state, dict(first.values), first.names) == snapshot
    assert first.opened_us == START_US + MINUTE_US
    assert isinstance(step(WORKFLOW, first, log.actions[1]), CaseState)
