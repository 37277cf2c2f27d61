"""Responsible departments are those that a source names, and no other."""

from itertools import groupby

import pytest

from stcloud.iaas.records import StoredRule
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules, clocks_body
from stcloud.paas.case.responsible import (
    DutyOf,
    Responsibility,
    ResponsibleDepartment,
    component_departments,
    condition_departments,
)
from stcloud.time import Zone, instant_us

ZONE = Zone("Pacific/Auckland")
HEAD = "kind,edition,code,condition,filing,limit_kind,limit_value,closing,department,valid_from,valid_to,source\n"
ROWS = [
    ("component", "01002", "missing", "water", "2020-01-01", "2026-09-05"),
    ("component", "01002", "rocks", "roads", "2020-01-01", ""),
    ("component", "01002", "missing", "sewage", "2026-09-05", ""),
    ("matter", "01002", "smells", "health", "2020-01-01", ""),
]


def table(rows):
    return HEAD + "".join(
        f"{kind},2026,{code},{condition},filed,work_hour,4,closed,{department},{since},{until},\n"
        for kind, code, condition, department, since, until in rows
    )


def rules_of(*bodies):
    clocks = clocks_body(None, name="urban-management", calendar="NZ", zone=ZONE.name)
    stored = [StoredRule(kind="clocks", digest="c" * 64, valid_from_us=ALWAYS_US, recorded_us=1, body=clocks)]
    stored += [
        StoredRule(kind="conditions", digest=f"{n:064d}"[::-1], valid_from_us=ALWAYS_US, recorded_us=2 + n, body=body)
        for n, body in enumerate(bodies, 1)
    ]  # fmt: skip
    return CaseRules(stored)


@pytest.mark.parametrize("day", ["2019-06-01", "2026-09-04", "2026-09-05", "2027-12-01"])
@pytest.mark.parametrize("kind", ["component", "matter", None])
@pytest.mark.parametrize("condition", ["missing", "rocks", "none", None])
def test_departments_of_a_class_are_those_of_the_rows_that_are_valid_on_its_day(day, kind, condition):
    at_us = instant_us(f"{day}T00:30", ZONE)  # still the day before in UTC
    answer, reason = condition_departments(rules_of(table(ROWS)), kind, "01002", condition, at_us)
    rows = [
        (department, name)
        for of, _, name, department, since, until in ROWS
        if of == (kind or "component") and condition in (None, name) and since <= day and day < (until or "9")
    ]
    assert [each.department for each in answer] == list(dict.fromkeys(each for each, _ in rows))
    for each, (_, names) in zip(answer, groupby(rows, key=lambda row: row[0]), strict=True):
        assert all(name in each.source for _, name in names)
        assert each.part == "handling"
    assert bool(reason) == (not rows)


def test_a_case_keeps_the_conditions_that_it_is_pinned_to():
    rules = rules_of(table(ROWS), table([("component", "01002", "rocks", "parks", "2020-01-01", "")]))
    at_us = instant_us("2024-06-01", ZONE)
    (newest,), _ = condition_departments(rules, "component", "01002", "rocks", at_us)
    (pinned,), _ = condition_departments(rules, "component", "01002", "rocks", at_us, pinned="1000")
    assert (newest.department, pinned.department) == ("parks", "roads")
    assert condition_departments(rules, None, "01002", None, at_us, pinned="77")[0] == []
    assert condition_departments(rules_of(), None, "01002", None, at_us) == (
        [], "the log has no filing conditions",
    )  # fmt: skip


def test_departments_of_a_component_are_those_of_its_columns():
    row = {"ZGBMDM": "11", "ZGBMMC": "Water", "YHDWMC": "Pipes Ltd", "QSDWDM": "", "QSDWMC": None}
    source = "component K of layer covers"
    assert component_departments(row, "K", "covers") == [
        ResponsibleDepartment("11", "Water", "supervising", source),
        ResponsibleDepartment("Pipes Ltd", None, "maintainer", source),
    ]
    (old,) = component_departments({"DeptCode1": "7"}, "K", "covers")
    assert old == ResponsibleDepartment("7", None, "supervising", source)
    assert component_departments({}, "K", "covers") == []


def test_the_first_source_names_the_department():
    department = ResponsibleDepartment("water", None, "handling", "conditions")
    answer = Responsibility((department,), (DutyOf("A", "c07", "1", "patrols"),), ())
    assert answer.department == "water"
    assert Responsibility((), (), ("why",)).department is None
    assert answer.records() == [
        {"what": "handling", "who": "water", "name": None, "source": "conditions"},
        {"what": "duty grid", "who": "A", "name": "c07", "source": "patrols: 1"},
    ]
