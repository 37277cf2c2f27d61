"""Facts of the log are the facts of the states: at any instant, as it was known at any other, whatever the rules."""

import dataclasses
import json
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import CaseSummary, RecordBatch, Records, StoredRule
from stcloud.paas.case import fold
from stcloud.paas.case.casefacts import case_facts, entry_logs, fact_columns, fact_rows
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.facts import FACTS, facts_of
from stcloud.paas.case.submitted import entry_of
from stcloud.testing.caselogs import DAY_US, MINUTE_US, START_US, GrowingLog, handled_case, logs, stored_logs
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands

CELLS = ("35020300100100101", "350203001", "350203", "35", "")
STATED = {
    "cell": st.sampled_from(CELLS), "lon": st.sampled_from((118, 118.25)), "lat": st.just(24.5),
    "kind": st.sampled_from(("component", "matter")), "class": st.sampled_from(("01001", "06010")),
    "master": st.just("M-1"), "satisfaction": st.integers(1, 5), "component": st.just("C-1"),
    "limit_kind": st.sampled_from(("urgent_hour", "work_hour", "work_day", "natural_day")),
    "limit_value": st.sampled_from((1, 2.5, 30)), "bundle": st.sampled_from(("b1", "b2")),
    "extension_value": st.sampled_from((1, 0.5, 0)), "due": st.just(START_US + DAY_US),
    "rule_limits": st.sampled_from(("usual", "later")), "source": st.sampled_from(("collector", "hotline")),
    "verification": st.sampled_from(("exists", "unable")),
}  # fmt: skip
POSTS = st.none() | st.sampled_from(("p1", "p2", "p3"))


def stored(kind, body, valid_us=ALWAYS_US, recorded_us=1, digest="0" * 64):
    return StoredRule(
        kind=kind, digest=digest.ljust(64, "0"), valid_from_us=valid_us, recorded_us=recorded_us, body=body
    )


def clocks(zone, **other):
    return json.dumps(
        json.loads(clocks_body(None, name="urban-management", calendar="CN", zone=zone)) | other
    )


def rules_of(workflow, zone, *, newer=""):
    """Rules that change: clocks after two days, and a workflow, if there is a newer one, after three."""
    text = bundled_text("layers", "workflows", f"{workflow}.toml")
    change, start = START_US + 2 * DAY_US, {"start": "dispatch"} if workflow == "urban-management" else {}
    rules = [
        stored("workflow", text, recorded_us=1),
        stored("clocks", clocks(zone), recorded_us=2, digest="usual"),
        stored(
            "clocks",
            clocks(zone, limit="20 work hours", rework="cumulative", **start),
            change,
            recorded_us=3,
            digest="later",
        ),
    ]
    if newer:
        rules.append(stored("workflow", newer, START_US + 3 * DAY_US, START_US + 3 * DAY_US))
    return CaseRules(rules)


def newer_workflow():
    text = bundled_text("layers", "workflows", "urban-management.toml").replace("version = 1", "version = 2")
    text = re.sub(r"\bhandling = \{", "in_work = {", text).replace('"handling"', '"in_work"')
    text = text.replace('side = "in_work"', 'side = "handling"').replace(
        'component = { keep = "last" }', "component = {}"
    )
    text = text.replace('stage = "check", clock = "running"', 'stage = "check", clock = "off"')
    return text + '\n[migrations."urban-management/1".states]\nhandling = "in_work"\n'


NEWER = newer_workflow()
RULES = {
    "urban-management": rules_of("urban-management", "Asia/Shanghai", newer=NEWER),
    "service-requests": rules_of("service-requests", "Pacific/Auckland"),
    "imported-requests": rules_of("imported-requests", "Pacific/Auckland"),
}  # fmt: skip


@st.composite
def cases(draw, rules):
    """Logs of some cases, of which each may begin under another workflow, and migrate."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        workflow = draw(st.sampled_from([*rules.workflows.values()]))
        log = draw(logs(most=10, workflow=workflow))
        actions = list(log.actions)
        shift = 0
        if len(rules.workflows) > 1 and workflow.key.endswith("/2"):
            shift = 4 * DAY_US  # what begins under the newer workflow is opened after it has come
        elif len(rules.workflows) > 1 and draw(st.booleans()) and not workflow.is_terminal(log.state.state):
            at = log.now_us + draw(st.sampled_from((1, 5 * DAY_US)))
            migrate = log.draft("migrate", "admin", happened_us=max(at, START_US + 4 * DAY_US))
            actions.append(migrate)
        made.append([
            dataclasses.replace(
                action, case=f"N{number}", post=draw(POSTS), id=f"{number}/{action.seq}",
                happened_us=action.happened_us + shift, recorded_us=action.recorded_us + shift,
                fields={**_moved(action.fields, shift), **draw(_fields())},
            )
            for action in actions
        ])  # fmt: skip
    return made


def _moved(fields, shift):
    return {
        name: value + shift if name in ("until", "corrected") else value for name, value in fields.items()
    }


def _fields():
    chosen = st.sets(st.sampled_from(sorted(STATED)), max_size=6)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: STATED[name] for name in names}))


def plain(rules, made, known_us, at_us):
    """The facts of the states that the logs come to, one by one."""
    known = rules.known_at(known_us)
    states = []
    for log in made:
        seen = [action for action in log if action.recorded_us <= known_us]
        if seen:
            workflow = known.workflow(seen[0].happened_us, seen[0].recorded_us)
            state = fold(workflow, seen, at_us=at_us, newer=known.workflows)
            states += [] if state is None else [state]
    return facts_of(states, known, at_us).to_pylist()


def vectorised(rules, made, known_us, at_us, *, together):
    known = rules.known_at(known_us)
    seen = [[action for action in log if action.recorded_us <= known_us] for log in made]
    seen = [log for log in seen if log]
    parts = [seen] if together else [[log] for log in seen]
    batches = fact_rows(map(stored_logs, parts if seen else []), known, at_us, FACTS, fact_columns)
    return sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row["number"])


@pytest.mark.costly
@pytest.mark.parametrize("name", [*RULES])
@given(data=st.data())
def test_facts_of_the_log_are_the_facts_of_the_states(name, data):
    rules = RULES[name]
    made = data.draw(cases(rules))
    actions = [action for log in made for action in log]
    known_us = data.draw(st.sampled_from(sorted({action.recorded_us for action in actions})))
    instants = {us for action in actions for us in (action.happened_us, action.happened_us - 1)}
    at_us = data.draw(st.sampled_from(sorted({*instants, known_us, known_us + 40 * DAY_US})))
    expected = plain(rules, made, known_us, at_us)
    for together in (True, False):
        assert vectorised(rules, made, known_us, at_us, together=together) == expected


def test_facts_are_read_from_the_store_as_it_was_known(tmp_path):
    hands = Hands("2024-03-01T09:50+08:00")
    desk = new_desk(tmp_path, clock=hands)
    for number in "ABC":
        desk.do(number, "report", "file", "dispatch")
    pinned = desk.records.pin()
    before = case_facts(desk.records, desk.log.rules.known_at(pinned), pinned)
    assert before.schema == FACTS
    first = before.read_all().to_pylist()
    hands.pass_hours(30)
    desk.do("B", "assign", "handle", "feed_back", "check", "close")
    again = case_facts(desk.records, desk.log.rules.known_at(pinned), pinned).read_all().to_pylist()
    assert again == first
    known_us = desk.records.pin()
    rows = case_facts(desk.records, desk.log.rules, known_us).read_all().to_pylist()
    assert (
        rows == facts_of([*desk.log.states(known_us, at_us=known_us)], desk.log.rules, known_us).to_pylist()
    )
    assert [row["open"] for row in rows] == [True, False, True]
    desk.records.close()


def test_a_log_without_cases_has_no_facts(tmp_path):
    desk = new_desk(tmp_path)
    assert case_facts(desk.records, desk.log.rules, desk.records.pin()).read_all().num_rows == 0
    desk.records.close()


def test_cases_in_a_bundle_share_the_latest_deadline_also_across_batches_and_rules():
    rules = RULES["urban-management"]
    first, second = handled_case("report", "file", "dispatch"), GrowingLog(case="2024-2")
    second.now_us += 3 * DAY_US - MINUTE_US
    for name in ("report", "file", "dispatch"):
        second.do(name)
    made = [
        [dataclasses.replace(action, fields={**action.fields, "limit_kind": "natural_day", "limit_value": 1.0})
         for action in log.actions]
        for log in (first, second)
    ]  # fmt: skip
    for log in (first, second):
        log.do("bundle", bundle="b7")
    bundled = [[*log, by.actions[-1]] for log, by in zip(made, (first, second), strict=True)]
    at_us = second.now_us
    alone = [row["due_at"] for row in vectorised(rules, made, at_us, at_us, together=False)]
    shared = [row["due_at"] for row in vectorised(rules, bundled, at_us, at_us, together=False)]
    assert alone[0] < alone[1]
    assert shared == [alone[1]] * 2
    assert shared == [row["due_at"] for row in plain(rules, bundled, at_us, at_us)]


def test_logs_are_handed_on_in_whole_cases(tmp_path):
    with Records.create(tmp_path, "log", clock=lambda: START_US + 60 * DAY_US) as records:
        text = bundled_text("layers", "workflows", "urban-management.toml")
        records.rules.add("workflow", text, valid_from_us=ALWAYS_US)
        made = [handled_case("report", "file", "dispatch"), *(GrowingLog(case=f"2024-{n}") for n in (2, 3))]
        for log in made[1:]:
            log.do("report")
        records.append(RecordBatch(
            entries=tuple(entry_of(action) for log in made for action in log.actions),
            summaries=tuple(CaseSummary(number=log.case, state="open") for log in made),
        ))  # fmt: skip
        known_us = records.pin()
        rules = CaseRules(records.rules.known())
        batches = [*fact_rows(entry_logs(records, known_us, rows=2), rules, known_us, FACTS, fact_columns)]
    assert [row["number"] for batch in batches for row in batch.to_pylist()] == ["2024-1", "2024-2", "2024-3"]
    assert len(batches) > 1
    assert pa.Table.from_batches(batches).schema == FACTS


def facts_by_hand(log, *, actions=None):
    """The facts of one log, which are the same in both ways."""
    made = [list(actions or log.actions)]
    at_us = made[0][-1].recorded_us
    (row,) = vectorised(RULES["urban-management"], made, at_us, at_us, together=True)
    assert [row] == plain(RULES["urban-management"], made, at_us, at_us)
    return row


def test_what_an_action_clears_it_may_state_anew():
    log = GrowingLog()
    log.do("report", source="hotline")
    draft = log.draft("order_verify")
    stated = dataclasses.replace(draft, fields={**draft.fields, "verification": "exists"})
    assert facts_by_hand(log, actions=[*log.actions, stated])["verified_public"]
    assert not facts_by_hand(log, actions=[log.actions[0], draft])["verified_public"]


def test_a_field_is_kept_as_the_workflow_has_it_that_binds_the_action():
    log = handled_case("report", "file", "dispatch")
    log.now_us += 5 * DAY_US
    before = log.draft("amend", "operator", component="C-1")
    migrate = dataclasses.replace(log.draft("migrate", "admin"), seq=5)
    after = dataclasses.replace(log.draft("amend", "operator", component="C-2"), seq=6)
    row = facts_by_hand(log, actions=[*log.actions, before, migrate, after])
    assert row["component"] == "C-1"


def test_a_suspended_case_has_a_limit_and_no_deadline():
    log = GrowingLog()
    log.do("report")
    log.do("file", limit_kind="urgent_hour", limit_value=4.0)
    log.do("dispatch")
    log.do("assign")
    assert facts_by_hand(log)["due_at"] is not None
    log.do("suspend")
    row = facts_by_hand(log)
    assert (row["suspended"], row["due_at"], row["due_provisional"]) == (True, None, None)
    assert row["started_at"] is not None
