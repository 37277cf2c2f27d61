"""A log of linked cases is what a model says, whatever is submitted in whatever order, on SQLite and on PostgreSQL.

Whole sentences of the law: the log only grows, a case is the fold of its log, summary and published row are the case,
what is refused or sent again changes nothing, and what was seen at a pinned instant is seen there for ever.
"""

import itertools
import tempfile
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import Records
from stcloud.paas.case import fold, read_workflow
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.caserules import ALWAYS_US, clocks_body
from stcloud.paas.case.published import PublishedCases
from stcloud.paas.case.submitted import Submission
from stcloud.testing.casemodel import ACTIONS, ENDED, CaseModel, effective_us
from stcloud.testing.examples import examples

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
NUMBERS = ("A-1", "A-2", "A-3", "P-1", "P-2")
ROLES = tuple(dict.fromkeys(role for _, _, roles in ACTIONS.values() for role in roles))
DEPARTMENTS = ("roads", "lamps")
WORKFLOW = read_workflow("urban-management")
MODELLED = ("returned", "extension_requested", "extension_reviewed", "forced", "duplicate", "part")
NEXT = {
    None: ("report",), "reported": ("file", "file", "file", "link"), "linked": ("unlink", "correct"),
    "filed": ("dispatch", "dispatch", "dispatch", "split", "link"),
    "dispatched": ("assign", "assign", "request_extension", "review_extension", "return_to_dispatcher"),
    "handling": ("handle", "handle", "suspend", "request_extension", "review_extension", "approve_extension"),
    "suspended": ("resume", "correct"), "handled": ("feed_back",), "split": ("close", "correct", "force_close"),
    "pending_check": ("check", "check", "close", "close", "close", "rework", "rework", "correct"),
    "closed": ("reopen", "correct"), "forced_close": ("reopen", "correct"),
}  # fmt: skip
"""Actions that mostly lead on, and some that do so now and then."""
PLAIN = ("resume", "handle", "feed_back", "close", "review_extension")
TO_CHECK = tuple(
    (
        "A-1",
        name,
        {"source": "collector"} if name == "report" else {"check": "pass"} if name == "check" else {},
    )
    for name in ("report", "file", "dispatch", "assign", "handle", "feed_back", "check")
)
DUPLICATE = (("A-2", "report", {"source": "hotline"}), ("A-2", "link", {"master": "A-1"}))
PARTS = (*TO_CHECK[:2], ("A-1", "split", {}), ("A-3", "report", {}), ("A-3", "link", {"master": "P-1"}))
SCENES = {
    "nothing": (), "a check": TO_CHECK, "a duplicate": (*TO_CHECK, *DUPLICATE), "parts": PARTS,
    "a close": (*TO_CHECK, *DUPLICATE, ("A-1", "close", {})), "an end": (*PARTS, ("A-1", "force_close", {})),
}  # fmt: skip
steps = st.lists(
    st.tuples(st.sampled_from(("A-1", "A-1", *NUMBERS)), st.integers(0, 100)), min_size=4, max_size=14
)
_names = itertools.count(1)


class CasesMachine(RuleBasedStateMachine):
    """Desks that submit to one log; the times are past ones, so that nothing is later than it is recorded."""

    place = None  # a folder of its own, or where the server is

    def __init__(self):
        super().__init__()
        self.folder = None if self.place else tempfile.TemporaryDirectory()
        self.records = Records.create(self.place or self.folder.name, f"model{next(_names)}")
        self.records.rules.add(
            "workflow", bundled_text("layers", "workflows", "urban-management.toml"), valid_from_us=ALWAYS_US
        )
        clocks = clocks_body(None, name="urban-management", calendar="CN", zone="Asia/Shanghai")
        self.records.rules.add("clocks", clocks, valid_from_us=ALWAYS_US)
        self.log = CaseLog(self.records, lambda: time.time_ns() // 1000)
        self.model = CaseModel()
        self.now_us = time.time_ns() // 1000 - 300 * DAY_US
        self.sent = []
        self.logs = {}
        self.pins = {}
        self.ids = itertools.count(1)

    def teardown(self):
        for known_us, seen in self.pins.items():
            assert self.seen_at(known_us) == seen
        self.records.close()
        if self.folder:
            self.folder.cleanup()

    def fields(self, data, name, number, happened_us):
        others = [other for other in NUMBERS[:3] if other != number]
        return {
            "report": lambda: {"source": data.draw(st.sampled_from(("collector", "collector", "hotline")))},
            "file": lambda: {
                "class": "01001",
                "condition": "1",
                "limit_kind": "natural_day",
                "limit_value": 3000.0,
            },
            "dispatch": lambda: {"department": data.draw(st.sampled_from(DEPARTMENTS))},
            "assign": lambda: {"handler": "h1"},
            "suspend": lambda: {
                "reason": "rain",
                "until": happened_us + data.draw(st.sampled_from((-1, 1, 30, 2_000))) * MINUTE_US,
            },
            "check": lambda: {"check": data.draw(st.sampled_from(("pass", "pass", "fail")))},
            "link": lambda: {"master": data.draw(st.sampled_from((*others, number, "none")))},
            "split": lambda: {"parts": "P-1;P-2", "departments": "roads;lamps"},
            "approve_extension": lambda: {"extension_value": 2.0},
            "correct": lambda: {
                "reason": "clock",
                "corrects": data.draw(st.integers(0, 9)),
                "corrected": happened_us - data.draw(st.integers(-1, 5_000)) * MINUTE_US,
            },
        }.get(
            name, lambda: {} if name in PLAIN else {"reason": "r"}
        )()  # fmt: skip

    def submission(self, data):
        """Draw what is mostly legal: an action of the state of a case, by a role of it."""
        number = data.draw(st.sampled_from(NUMBERS))
        self.now_us += data.draw(st.sampled_from((1, 20, 3_000))) * MINUTE_US
        late = data.draw(st.sampled_from((0, 0, 0, 10, 4_000))) * MINUTE_US
        happened_us = self.now_us - late
        state = self.model.state_at(number, happened_us)
        if number.startswith("P") and state is None:
            number, state = "A-1", self.model.state_at("A-1", happened_us)
        onward = [name for name, (starts, _, _) in ACTIONS.items() if state in starts]
        name = data.draw(st.sampled_from((*onward, *onward, *onward, *ACTIONS)))
        role = data.draw(st.sampled_from((*ACTIONS[name][2] * 4, *ROLES)))
        actor = data.draw(st.sampled_from((role, role, role, "everybody")))
        department = self.model.cases.get(number, {}).get("department")
        if data.draw(st.integers(0, 9)) == 0:
            department = data.draw(st.sampled_from((None, *DEPARTMENTS)))
        return Submission(
            case=number, name=name, id=f"a{next(self.ids)}", actor=actor, role=role, department=department,
            happened_us=happened_us, fields=self.fields(data, name, number, happened_us),
        )  # fmt: skip

    @initialize(data=st.data(), scene=st.sampled_from(sorted(SCENES)))
    def begin(self, data, scene):
        for number, name, stated in SCENES[scene]:
            self.do(data, number, name, stated)

    def do(self, data, number, name, stated):
        self.now_us += 20 * MINUTE_US
        role = ACTIONS[name][2][0]
        self.offer(Submission(
            case=number, name=name, id=f"a{next(self.ids)}", actor=role, role=role, happened_us=self.now_us,
            department=self.model.cases.get(number, {}).get("department"),
            fields=self.fields(data, name, number, self.now_us) | stated,
        ))  # fmt: skip

    @rule(data=st.data(), places=steps)
    def go_on(self, data, places):
        for number, choice in places:
            state = self.model.state_at(number, self.now_us + 20 * MINUTE_US)
            names = NEXT[state]
            name = names[choice % len(names)]
            if state is None and number.startswith("P"):
                continue
            self.do(data, number, name, {})

    @rule(data=st.data())
    def submit(self, data):
        self.offer(self.submission(data))

    def offer(self, what):
        legal = self.model.does(
            what.case, what.name, what.role, what.actor, what.department, what.happened_us, dict(what.fields)
        )
        if not legal:
            with pytest.raises(InvalidInput):
                self.log.submit(what)
            return
        accepted = self.log.submit(what)
        assert not accepted.repeated
        self.sent.append((what, accepted))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data):
        what, accepted = data.draw(st.sampled_from(self.sent))
        again = self.log.submit(what)
        assert again.repeated
        assert again.actions == accepted.actions[:1]

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_another_under_its_id(self, data):
        what, _ = data.draw(st.sampled_from(self.sent))
        with pytest.raises(InvalidInput) as refused:
            self.log.submit(replace(what, happened_us=what.happened_us - 1))
        assert refused.value.kind == "action-id-reused"

    @precondition(lambda self: self.model.cases)
    @rule(data=st.data())
    def expect_what_is_past(self, data):
        number = data.draw(st.sampled_from(sorted(self.model.cases)))
        what = replace(self.submission(data), case=number)
        seq = len(self.model.cases[number]["names"])
        with pytest.raises(Conflict) as refused:
            self.log.submit(replace(what, expected=seq - 1))
        assert refused.value.kind == "case-changed"
        assert refused.value.context["state"].seq == seq

    @rule()
    def pin(self):
        known_us = self.records.pin()
        self.pins[known_us] = self.seen_at(known_us)

    def seen_at(self, known_us):
        return [*self.log.states(known_us)], sum(
            batch.num_rows for batch in self.records.logs(known_us, columns=["case"])
        )

    @invariant()
    def logs_only_grow(self):
        for number, case in self.model.cases.items():
            actions = self.log.actions(number)
            before = self.logs.get(number, [])
            assert actions[: len(before)] == before
            assert [action.name for action in actions] == case["names"]
            assert [action.happened_us for action in actions] == case["happened"]
            self.logs[number] = actions
        recorded = [action.recorded_us for log in self.logs.values() for action in log]
        assert len(set(recorded)) == len(recorded)

    @invariant()
    def states_are_the_models(self):
        for number, case in self.model.cases.items():
            state = fold(WORKFLOW, self.logs[number])
            assert state == self.log.states_of([number])[number]
            assert (state.state, state.seq, state.until_us) == (
                case["state"],
                len(case["names"]),
                case["until"],
            )
            assert state.flags & set(MODELLED) == case["flags"]
            assert dict(state.counts) == case["counts"]
            assert set(state.handlers) == case["handlers"]
            assert (state.department, state.master) == (case.get("department"), case.get("master"))
            assert state.effective_us == effective_us(case)
            assert (state.opened_us, state.changed_us) == (effective_us(case)[0], effective_us(case)[-1])

    @invariant()
    def summaries_are_the_states(self):
        for number, case in self.model.cases.items():
            summary = self.records.summary(number)
            assert (summary.state, summary.seq) == (case["state"], len(case["names"]))
            assert (summary.department, summary.link) == (
                case.get("department"),
                case.get("master") or self._whole(number),
            )
            assert summary.fields["counted"] == (
                case["state"] != "linked" and "duplicate" not in case["flags"]
            )

    def _whole(self, number):
        return next(
            (whole for whole, case in self.model.cases.items() if number in case.get("parts", "")), None
        )

    @invariant()
    def duplicates_end_with_their_masters(self):
        for case in self.model.cases.values():
            if case["state"] == "linked":
                assert self.model.cases[case["master"]]["state"] not in ENDED

    @rule()
    def publish(self):
        known_us = self.records.pin()
        published = PublishedCases(self.log.rules, "log")
        states = [*self.log.states(known_us, at_us=known_us)]
        rows = [row for batch in published.batches(self.records, known_us) for row in batch.to_pylist()]
        rows.sort(key=lambda row: row["number"])
        assert rows == [row for batch in published.rows_of(states, known_us) for row in batch.to_pylist()]
        assert [row["number"] for row in rows] == sorted(self.model.cases)
        for row in rows:
            case = self.model.cases[row["number"]]
            assert row["state"] == self.model.state_at(row["number"], known_us)
            assert row["actions"] == len(case["names"])
            assert row["department"] == case.get("department")
            assert int(row["opened_at"].timestamp() * 1e6 + 0.5) // 1000 == effective_us(case)[0] // 1000
            assert (row["ended_at"] is None) == (case["state"] not in ENDED)


class OnPostgres(CasesMachine):
    """The same on a server."""


def _run(machine, count):
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None, max_examples=examples(count), stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_a_log_is_what_the_model_says():
    _run(CasesMachine, 120)


def test_a_log_on_postgres_is_what_the_model_says(postgres):
    OnPostgres.place = postgres.url
    _run(OnPostgres, 24)
