"""Rows of published cases: what they hold, when a deadline is in them, and the definition of their layer."""

import pyarrow as pa
import pytest

from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.casefacts import case_facts
from stcloud.paas.case.facts import FACTS
from stcloud.paas.case.published import PublishedCases
from stcloud.testing.desks import new_desk
from stcloud.testing.hands import Hands

HOUR_US = 3_600_000_000


@pytest.fixture
def desk(tmp_path):
    made = new_desk(tmp_path, clock=Hands("2024-03-01T09:50+08:00"))
    yield made
    made.records.close()


def rows(desk):
    known_us = desk.records.pin()
    states = desk.log.states(known_us, at_us=known_us)
    published = PublishedCases(desk.log.rules, "desk")
    plain = [row for batch in published.rows_of(states, known_us) for row in batch.to_pylist()]
    assert [row for batch in published.batches(desk.records, known_us) for row in batch.to_pylist()] == plain
    return {row["number"]: row for row in plain}


def micros(instant):
    return pa.scalar(instant, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py()


def test_a_row_is_its_case(desk):
    desk.do("A", "report", private={"reporter": "Wang"})
    desk.do("A", "file", limit_kind="work_hour", limit_value=4.0)
    desk.do("A", "dispatch")
    row, state = rows(desk)["A"], desk.log.state("A")
    assert (row["state"], row["stage"], row["counted"], row["actions"]) == ("dispatched", "handle", True, 3)
    assert (row["class"], row["department"], row["limit_kind"], row["limit_value"]) == (
        "01001",
        "roads",
        "work_hour",
        4.0,
    )
    assert [micros(row[f"{name}_at"]) for name in ("reported", "filed", "dispatched")] == [
        *state.last_us.values()
    ]
    assert (row["ended_at"], row["closed_at"]) == (None, None)
    clock = next(
        each for each in case_clocks([state], desk.log.rules, desk.log.now_us()) if each.stage is None
    )
    assert micros(row["due_at"]) == clock.deadline_us
    assert "Wang" not in repr(row)


def test_a_paused_clock_has_no_deadline_and_an_ended_case_keeps_its(desk):
    for number in "AB":
        desk.do(number, "report")
        desk.do(number, "file", limit_kind="work_hour", limit_value=4.0)
        desk.do(number, "dispatch", "assign")
    due = rows(desk)["A"]["due_at"]
    desk.do("A", "force_close")
    desk.do("B", "suspend", until=desk.log.now_us() + 9 * HOUR_US)
    after = rows(desk)
    assert due is not None
    assert after["A"]["due_at"] == due
    assert micros(after["A"]["ended_at"]) == desk.log.state("A").since_us
    assert after["B"]["due_at"] is None


def test_a_duplicate_is_not_counted(desk):
    desk.do("A", "report", "file")
    desk.do("B", "report")
    desk.do("B", "link", master="A")
    row = rows(desk)["B"]
    assert (row["counted"], row["master"], row["flags"]) == (False, "A", "duplicate")


def test_the_definition_has_a_column_for_each_of_the_rows(desk):
    published = PublishedCases(desk.log.rules, "desk")
    definition = published.definition("layer", "Asia/Shanghai")
    assert {*definition.columns, "number", "opened_at", "lon", "lat"} == set(published.schema.names)
    assert definition.key == ("number",)


def test_facts_are_among_the_columns_and_mean_what_they_mean_elsewhere(desk):
    assert set(FACTS.names) <= set(PublishedCases(desk.log.rules, "desk").schema.names)
    desk.do("A", "report", "file", "dispatch", "assign", "handle", "feed_back", "check")
    desk.do("A", "close")
    desk.do("A", "reopen")
    known_us = desk.records.pin()
    (facts,) = case_facts(desk.records, desk.log.rules, known_us).read_all().to_pylist()
    row = rows(desk)["A"]
    assert {name: row[name] for name in FACTS.names} == facts
    assert (micros(row["filed_at"]), row["closed_at"]) == (desk.log.state("A").first_us["filed"], None)


def test_codes_of_classes_are_named_where_classes_are_those_of_conditions(tmp_path):
    for workflow, codes in (("urban-management", "class-2026"), ("imported-requests", None)):
        other = new_desk(tmp_path, workflow, workflow=workflow)
        definition = PublishedCases(other.log.rules, "desk").definition("layer", "Pacific/Auckland")
        assert definition.columns["class"].codes == codes
        other.records.close()
