"""Rules of a log: a later rule binds later cases, a later calendar is a later belief, conditions give limits."""

import json

import pytest

from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas import bundle
from stcloud.iaas.records import StoredRule
from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, CaseTiming, clocks_body
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands
from stcloud.time import Calendar, CityDays, PublishedDays, Zone

ZONE = Zone("Asia/Shanghai")
CONDITIONS = """\
kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source
matter,2026,06001,stop work,No permit,work_hour,4,Stopped,Planning,2026-07-01,2026-09-01,example
matter,2026,06001,stop work,No permit,work_hour,2,Stopped,Planning,2026-09-01,,example
"""
WORKFLOW = bundle.bundled_text("layers", "workflows", "urban-management.toml")
NEWER = WORKFLOW.replace("version = 1", "version = 2", 1).replace('"forward"', '"pass_on"')


@pytest.fixture
def clock():
    return Hands("2026-08-31T23:30+08:00")


@pytest.fixture
def desk(tmp_path, clock):
    made = new_desk(tmp_path, clock=clock)
    yield made
    made.records.close()


def clocks(**changes):
    document = json.loads(clocks_body(None, name="urban-management", calendar="CN", zone="Asia/Shanghai"))
    return json.dumps({**document, **changes}, sort_keys=True)


def filed(desk, number, **limit):
    desk.do(number, "report")
    desk.do(number, "file", **limit)
    return desk.do(number, "dispatch")


def whole(desk, number, at_us, known_us=None, digest=None):
    rules = desk.log.rules if known_us is None else desk.log.rules.known_at(known_us)
    state = desk.log.state(number, at_us=at_us, known_us=known_us)
    return next(each for each in case_clocks([state], rules, at_us, clocks=digest) if each.stage is None)


def test_a_workflow_that_is_added_later_binds_only_what_is_opened_later(desk, clock):
    desk.do("OLD", "report", "file", "dispatch")
    before = desk.records.pin()
    desk.records.rules.add("workflow", NEWER, valid_from_us=ALWAYS_US)
    desk.do("NEW", "report", "file", "dispatch")
    assert (
        desk.do("OLD", "forward", role="department", department="lamps", expected=3).state.workflow
        == "urban-management/1"
    )
    with pytest.raises(InvalidInput) as refused:
        desk.do("NEW", "forward", role="department")
    assert refused.value.kind == "unknown-action"
    states = {state.case: state.workflow for state in desk.log.states(desk.records.pin())}
    assert states == {"OLD": "urban-management/1", "NEW": "urban-management/2"}
    assert [state.workflow for state in desk.log.states(before)] == ["urban-management/1"]


def test_a_case_migrates_by_an_action_that_says_so(desk):
    desk.do("A", "report", "file", "dispatch")
    with pytest.raises(InvalidInput):
        desk.do("A", "migrate", workflow="urban-management/2")
    known_us = desk.records.pin()
    desk.records.rules.add("workflow", NEWER, valid_from_us=ALWAYS_US)
    assert desk.do("A", "migrate", workflow="urban-management/2").state.workflow == "urban-management/2"
    assert desk.do("A", "pass_on", role="department", department="roads").state.seq == 5
    assert desk.log.state("A", known_us=known_us).workflow == "urban-management/1"


def test_a_workflow_that_becomes_known_while_a_case_is_opened_judges_it(desk, monkeypatch):
    """The case would be recorded after the rule, and its log be read by it."""
    stricter = NEWER.replace('roles = ["collector", "public", "operator"]', 'roles = ["public"]', 1)
    append, calls = desk.records.append, []

    def overtaken(batch):
        if not calls:
            calls.append(desk.records.rules.add("workflow", stricter, valid_from_us=ALWAYS_US))
        return append(batch)

    monkeypatch.setattr(desk.records, "append", overtaken)
    with pytest.raises(InvalidInput) as refused:
        desk.do("A", "report")
    assert refused.value.kind == "wrong-role"
    assert [*desk.log.states(desk.records.pin())] == []
    assert desk.do("A", "report", role="public").state.workflow == "urban-management/2"


def test_clocks_are_pinned_at_filing_and_cases_are_restated_under_others(desk, clock):
    filed(desk, "A", limit_kind="work_hour", limit_value=4.0)
    before = whole(desk, "A", clock())
    added = desk.records.rules.add("clocks", clocks(office_hours="09:00-11:00"), valid_from_us=ALWAYS_US)
    filed(desk, "B", limit_kind="work_hour", limit_value=4.0)
    assert whole(desk, "A", clock()).deadline_us == before.deadline_us
    assert ZONE.iso(before.deadline_us) == "2026-09-01T12:00+08:00"
    assert ZONE.iso(whole(desk, "B", clock()).deadline_us) == "2026-09-02T11:00+08:00"
    restated = whole(desk, "A", clock(), digest=added.digest[:12])
    assert ZONE.iso(restated.deadline_us) == "2026-09-02T11:00+08:00"
    with pytest.raises(NotFound):
        whole(desk, "A", clock(), digest="0" * 12)


def test_a_changed_limit_leaves_the_clocks_that_were_pinned(desk, clock):
    filed(desk, "A", limit_kind="work_hour", limit_value=4.0)
    pinned = desk.log.state("A").rules["limits"]
    desk.records.rules.add("clocks", clocks(office_hours="09:00-11:00"), valid_from_us=ALWAYS_US)
    state = desk.do("A", "change_limit", limit_kind="work_hour", limit_value=6.0).state
    assert state.rules["limits"] == pinned
    assert ZONE.iso(whole(desk, "A", clock()).deadline_us) == "2026-09-01T16:00+08:00"


def test_a_later_calendar_moves_a_provisional_deadline_and_not_what_was_known_before(tmp_path):
    clock = Hands("2028-09-29T10:00+08:00")  # no source has published so far
    desk = new_desk(tmp_path, clock=clock)
    filed(desk, "A", limit_kind="work_day", limit_value=2.0)
    known_us, at_us = desk.records.pin(), clock()
    first = whole(desk, "A", at_us)
    assert first.provisional
    days = [[f"2028-10-{day:02}", "free", "notice"] for day in range(1, 9)]
    document = {"days": [["2028-09-30", "working", "notice"], *days], "years": [2028]}
    desk.records.rules.add("calendar", json.dumps(document), valid_from_us=ALWAYS_US)
    second = whole(desk, "A", at_us)
    assert not second.provisional
    assert second.deadline_us != first.deadline_us
    assert ZONE.iso(second.deadline_us)[:16] == "2028-10-09T10:00"
    assert whole(desk, "A", at_us, known_us=known_us) == first
    desk.records.close()


def test_a_condition_gives_the_limit_that_it_has_on_the_citys_day_of_filing(desk, clock):
    rule = desk.records.rules.add("conditions", CONDITIONS, valid_from_us=ALWAYS_US)
    matter = {"kind": "matter", "class": "06001", "condition": "stop work"}
    desk.do("A", "report", **matter)
    desk.do("A", "file", **matter)
    clock.pass_hours(1)  # it is September in the city, and August in Greenwich
    desk.do("B", "report", **matter)
    desk.do("B", "file", **matter)
    assert [desk.log.state(number).limit for number in "AB"] == [("work_hour", 4.0), ("work_hour", 2.0)]
    assert desk.log.state("B").rules["conditions"] == rule.digest[:12]
    desk.do("A", "dispatch")
    assert desk.log.state("A").limit == ("work_hour", 4.0)  # at its filing, not at its dispatch
    desk.do("B", "dispatch", limit_kind="work_day", limit_value=1.0)
    assert desk.log.state("B").limit == ("work_day", 1.0)
    assert desk.do("B", "reclassify", **matter).state.limit == ("work_hour", 2.0)
    desk.do("C", "report", **matter)
    with pytest.raises(NotFound) as unknown:
        desk.do("C", "file", **(matter | {"condition": "stop"}))
    assert unknown.value.kind == "unknown-condition"


def test_what_is_no_rule_of_clocks_is_refused():
    assert "urban-management" in bundle.case_clocks()
    with pytest.raises(InvalidInput) as needed:
        clocks_body(None, name="urban-management", calendar=None, zone="Asia/Shanghai")
    assert needed.value.kind == "calendar-needed"
    with pytest.raises(InvalidDefinition) as shapes:
        clocks_body("rework = 5\n[stages]\naccept = 5\n", name="x", calendar="CN", zone="UTC")
    assert len(shapes.value.faults) == 2
    for text in (
        'office_hours = "x"',
        'limit = "often"',
        'zone = "Mars/Base"',
        'calendar = "ZZ"',
        "nonsense = 'x'",
    ):
        with pytest.raises(InvalidInput):
            clocks_body(text, name="x", calendar="CN", zone="UTC")


def test_a_usual_limit_is_for_cases_that_state_none():
    timing = CaseTiming.of(clocks(limit="3 work days"))
    assert str(timing.usual) == "3 work days"
    assert CaseTiming.of(clocks()).usual is None


def test_days_of_the_city_are_those_of_clocks_of_its_calendar_as_known():
    """Clocks of another country, and a log with days of its own, do not heed them."""
    notice = CityDays.of([("2026-09-01", "free", "notice")])
    published = PublishedDays("CN", ((500, notice),))

    def calendar(*stored, known_us=None, **changes):
        rule = StoredRule(
            kind="clocks", digest="c", body=clocks(**changes), valid_from_us=ALWAYS_US, recorded_us=1
        )
        rules = CaseRules([rule, *stored]).under(published)
        known = rules if known_us is None else rules.known_at(known_us)
        assert known.recorded_us == max(each.recorded_us for each in known)
        return known.timing(1_000)[1].rules.time.calendar

    assert calendar() == Calendar("CN", notice)
    assert calendar(known_us=499) == Calendar("CN")
    assert calendar(calendar="US") == Calendar("US")
    own = StoredRule(kind="calendar", digest="d", body='{"days": []}', valid_from_us=ALWAYS_US, recorded_us=2)
    assert calendar(own) == Calendar("CN", CityDays(()))
