"""Filing conditions: what binds on a day, and which tables of them are refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, NotFound
from stcloud.paas.case.classes import LIMIT_KINDS, ConditionTable, bundled_classes, bundled_conditions

CLASSES = bundled_classes()
DAY = date(2026, 9, 1)
HEAD = "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
ROW = "matter,2026,06010,open,Refuse lies open,work_hour,4,Clean,Sanitation,2026-07-01,,\n"
TOML = """
[[condition]]
kind = "matter"
edition = "2026"
code = "06010"
condition = "open"
filing = "Refuse lies open"
limit_kind = "work_hour"
limit_value = 4
closing = "Clean"
department = "Sanitation"
valid_from = 2026-07-01
"""


def limits(name, code):
    """The limits of a class in an example: condition, clock, value."""
    return [
        (entry.condition, entry.limit_kind, entry.limit_value)
        for entry in bundled_conditions(name).of_class("matter", code, DAY)
    ]


def test_two_cities_have_other_limits_for_the_same_class():
    assert limits("example-a", "06001") == [
        ("stop work", "work_hour", 4.0),
        ("penalty", "work_day", 7.0),
        ("demolish", "work_day", 20.0),
    ]
    assert limits("example-b", "06001") == [("illegal structure", "work_day", 15.0)]
    assert limits("example-a", "06010") == [("refuse lies open", "work_hour", 4.0)]
    assert limits("example-b", "06010") == [("refuse lies open", "work_day", 1.0)]
    assert limits("example-a", "06012") == [("road is dirty", "work_hour", 2.0)]
    assert limits("example-b", "06012") == [("road is dirty", "work_hour", 5.0)]
    assert limits("example-b", "06011") == [("refuse has piled up", "work_day", 4.0)]
    assert limits("example-a", "04013") == [("repair", "work_day", 5.0)]


@pytest.mark.parametrize("name", ["example-a", "example-b"])
def test_examples_say_that_they_are_examples(name):
    assert {entry.source for entry in bundled_conditions(name)} == {f"example city {name[-1].upper()}"}


def test_an_unknown_example_is_refused_with_the_nearest():
    with pytest.raises(NotFound, match="there are: example-a, example-b") as refused:
        bundled_conditions("example-c")
    assert refused.value.kind == "unknown-conditions"


def test_csv_and_toml_say_the_same():
    assert list(ConditionTable.from_toml(TOML, CLASSES)) == list(ConditionTable.from_csv(HEAD + ROW, CLASSES))


def test_a_condition_binds_by_its_name_on_its_days():
    table = ConditionTable.from_csv(HEAD + ROW, CLASSES)
    assert table.binding("matter", "06010", "open", DAY).limit_text == "4 work hours"
    with pytest.raises(NotFound, match=r"has no condition 'opened'.*did you mean 'open'") as refused:
        table.binding("matter", "06010", "opened", DAY)
    assert refused.value.kind == "unknown-condition"
    with pytest.raises(NotFound, match="it has: none"):
        table.binding("matter", "06010", "open", date(2026, 6, 30))


def test_a_condition_may_be_replaced_by_another_of_its_name():
    later = ROW.replace("work_hour,4", "work_hour,2").replace("2026-07-01,", "2027-01-01,")
    first = ROW.replace("2026-07-01,", "2026-07-01,2027-01-01", 1)
    table = ConditionTable.from_csv(HEAD + first + later, CLASSES)
    assert table.binding("matter", "06010", "open", date(2026, 12, 31)).limit_value == 4
    assert table.binding("matter", "06010", "open", date(2027, 1, 1)).limit_value == 2


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("06010", "06999", "there is no matter 06999 in the edition of 2026"),
        (
            "2026,06010",
            "2013,0401",
            "it is valid from 2026-07-01, but matter 0401 (Road collapse), valid before",
        ),
        ("matter", "event", "kind 'event' is neither component nor matter"),
        ("work_hour", "workhour", "limit_kind 'workhour' is unknown; did you mean 'work_hour'?"),
        ("work_hour", "week", "it is one of urgent_hour, work_hour, work_day, natural_day"),
        (",4,", ",0,", "limit_value 0 is not positive"),
        (",4,", ",-1,", "limit_value -1 is not positive"),
        (",4,", ",nan,", "limit_value nan is not positive"),
        (",4,", ",inf,", "limit_value inf is not positive"),
        (",4,", ",four,", "limit_value 'four' is no number"),
        ("Sanitation", "", "department is empty"),
        ("2026-07-01,", "2026-07-01,2026-07-01", "valid_from 2026-07-01 is not before valid_to 2026-07-01"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_the_words_of_its_columns(old, new, fault):
    with pytest.raises(InvalidDefinition) as refused:
        ConditionTable.from_csv(HEAD + ROW.replace(old, new, 1), CLASSES, "mine.csv")
    assert refused.value.kind == "invalid-conditions"
    assert fault in str(refused.value)
    assert str(refused.value).startswith("mine.csv; row 1: ")


def test_all_faults_are_named_at_once():
    rows = ROW.replace("4", "0", 1) + ROW.replace("work_hour", "hour")
    with pytest.raises(InvalidDefinition) as refused:
        ConditionTable.from_csv(HEAD + rows, CLASSES)
    assert [fault[:6] for fault in refused.value.faults] == ["row 1:", "row 2:"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[[condition]", "not-toml"),
        ('[[conditions]]\nkind = "matter"', "invalid-conditions"),
        (TOML.replace("limit_value = 4", ""), "invalid-conditions"),
        (TOML.replace("limit_value", "limit_valu"), "invalid-conditions"),
        ("", None),
    ],
)
def test_a_document_that_is_wrong_is_refused(text, kind):
    if kind is None:
        assert len(ConditionTable.from_toml(text, CLASSES)) == 0
        return
    with pytest.raises(InvalidDefinition) as refused:
        ConditionTable.from_toml(text, CLASSES, "mine.toml")
    assert refused.value.kind == kind


def test_an_empty_file_is_refused():
    with pytest.raises(InvalidDefinition, match="there is no header line"):
        ConditionTable.from_csv("", CLASSES)


periods = st.tuples(st.integers(0, 6), st.integers(1, 6) | st.none())


@given(st.lists(periods, min_size=1, max_size=4), st.sampled_from(LIMIT_KINDS))
def test_periods_that_share_a_day_are_refused_and_all_others_leave_one_condition_a_day(spans, kind):
    """The oracle counts days one by one."""
    start = date(2026, 7, 1)
    rows, days = [], []
    for first, length in spans:
        end = "" if length is None else start + timedelta(first + length)
        begin = start + timedelta(first)
        limit = ROW.replace("work_hour", kind).replace("2026-07-01,", f"{begin},{end}", 1)
        rows.append(limit)
        days += [day for day in range(20) if day >= first and (length is None or day < first + length)]
    text = HEAD + "".join(rows)
    if len(set(days)) < len(days):
        with pytest.raises(InvalidDefinition, match="the periods overlap"):
            ConditionTable.from_csv(text, CLASSES)
        return
    table = ConditionTable.from_csv(text, CLASSES)
    for day in range(20):
        assert len(table.of_class("matter", "06010", start + timedelta(day))) == days.count(day)
