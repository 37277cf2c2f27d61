"""Summaries are searched by indexes, page by page, as a plain comparison of each would find them."""

import itertools
import sqlite3
from pathlib import Path

import psycopg
import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Find, RecordBatch, Records
from tests.iaas.records.conftest import READER, action, batch, note

STREETS = ("湖滨北路", "湖滨南路", "厦禾路", "Main St", "ＭＡＩＮ Ave")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request, tmp_path_factory):
    """A log of 60 cases on each database, that nobody changes, and its place and name."""
    place = (
        str(tmp_path_factory.mktemp("search"))
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").url
    )
    with Records.create(place, "search") as records:
        fill(records)
        yield records, place, "search"


@pytest.fixture(scope="module")
def cases(filled):
    """The summaries of the 60 cases."""
    summaries = [filled[0].summary(f"2024-{number:04d}") for number in range(60)]
    assert None not in summaries
    return summaries


def fill(records):
    parts = [
        batch(
            action(f"2024-{number:04d}"), private=[note(f"2024-{number:04d}", value=f"电话 13900{number:03d} 张三")],
            state=("report", "file", "close")[number % 3], kind=("component", "matter")[number % 2],
            class_code=f"01{number % 5:02d}", department=("roads", "parks")[number % 2] if number % 7 else None,
            cell=f"350203{number % 4}", lon=118 + number % 10 / 100, lat=24 + number // 10 / 100,
            reported_us=1000 - number // 3, due_us=None if number % 4 else 500 + number % 11,
            text=f"{STREETS[number % 5]}{number}号 井盖破损",
        )
        for number in range(60)
    ]  # fmt: skip
    records.append(
        RecordBatch(
            entries=tuple(part.entries[0] for part in parts),
            summaries=tuple(part.summaries[0] for part in parts),
            private=tuple(part.private[0] for part in parts),
        )
    )


def numbers(summaries):
    return [summary.number for summary in summaries]


def all_pages(records, what, limit, reader=None):
    cursor, pages = None, []
    while True:
        page = records.find(what, limit=limit, cursor=cursor, reader=reader)
        pages.append(page.summaries)
        assert len(page.summaries) <= limit
        cursor = page.cursor
        if cursor is None:
            return list(itertools.chain(*pages))
        assert len(page.summaries) == limit


TESTS = [
    (Find(), lambda s: True),
    (Find(number="2024-001"), lambda s: s.number.startswith("2024-001")),
    (Find(number="2025"), lambda s: False),
    (Find(state=("file",)), lambda s: s.state == "file"),
    (Find(state=("file", "close")), lambda s: s.state in ("file", "close")),
    (Find(kind="matter"), lambda s: s.kind == "matter"),
    (Find(class_code="0103"), lambda s: s.class_code == "0103"),
    (Find(department="roads"), lambda s: s.department == "roads"),
    (Find(cell="3502032"), lambda s: s.cell == "3502032"),
    (
        Find(bbox=(118.02, 24.01, 118.05, 24.03)),
        lambda s: 118.02 <= s.lon <= 118.05 and 24.01 <= s.lat <= 24.03,
    ),
    (Find(due_before_us=504), lambda s: s.due_us is not None and s.due_us < 504),
    (Find(reported_us=(985, 990)), lambda s: 985 <= s.reported_us <= 990),
    (Find(reported_us=(None, 985)), lambda s: s.reported_us <= 985),
    (Find(changed_us=(None, 1)), lambda s: s.changed_us <= 1),
    (Find(changed_us=(1, None)), lambda s: s.changed_us >= 1),
    (Find(text="湖滨"), lambda s: "湖滨" in s.text),
    (Find(text="路1"), lambda s: "路1" in s.text),
    (Find(text="破"), lambda s: True),
    (Find(text="main"), lambda s: "Main" in s.text or "ＭＡＩＮ" in s.text),
    (Find(text="st4"), lambda s: "St4" in s.text),
    (Find(text="st4", state=("close",)), lambda s: "St4" in s.text and s.state == "close"),
    (Find(text="号 井"), lambda s: True),
    (Find(text="损破"), lambda s: False),
    (Find(text="井破盖损"), lambda s: False),
    (Find(text="%"), lambda s: False),
]


@pytest.mark.parametrize(("what", "holds"), TESTS, ids=[str(place) for place in range(len(TESTS))])
def test_a_search_finds_what_holds(filled, cases, what, holds):
    records = filled[0]
    expected = [summary for summary in cases if holds(summary)]
    assert all_pages(records, what, 1000) == expected
    assert all_pages(records, what, 7) == expected


@pytest.mark.parametrize("limit", [1, 7, 60, 61])
def test_pages_are_in_the_order_that_is_named(filled, cases, limit):
    records = filled[0]
    newest = sorted(cases, key=lambda summary: (summary.reported_us, summary.number), reverse=True)
    assert all_pages(records, Find(order="reported"), limit) == newest
    due = sorted((s for s in cases if s.due_us is not None), key=lambda s: (s.due_us, s.number))
    assert all_pages(records, Find(order="due"), limit) == due
    assert all_pages(records, Find(order="due", text="湖滨"), limit) == [s for s in due if "湖滨" in s.text]


def test_a_cursor_stays_good_while_cases_are_added(records):
    fill(records)
    page = records.find(Find(), limit=30)
    records.append(batch(action("2024-0000a"), action("2024-0059a"), action("2023-1")))
    rest = records.find(Find(), limit=100, cursor=page.cursor)
    assert numbers(rest.summaries) == [*(f"2024-{number:04d}" for number in range(30, 60)), "2024-0059a"]


@pytest.mark.parametrize("cursor", ["", "x", "[]", "1", '["000000000000","2024-0001"]', "null"])
def test_a_cursor_of_something_else_is_refused(filled, cases, cursor):
    records = filled[0]
    with pytest.raises(InvalidInput) as refused:
        records.find(Find(), cursor=cursor)
    assert refused.value.kind == "bad-cursor"


def test_a_cursor_of_another_search_is_refused(filled, cases):
    records = filled[0]
    cursor = records.find(Find(), limit=3).cursor
    with pytest.raises(InvalidInput) as refused:
        records.find(Find(kind="matter"), cursor=cursor)
    assert refused.value.kind == "bad-cursor"


@pytest.mark.parametrize(
    ("what", "limit"), [(Find(order="due_us"), 1), (Find(), 0), (Find(), 10_001), (Find(text="  "), 1)]
)
def test_a_search_that_means_nothing_is_refused(records, what, limit):
    with pytest.raises(InvalidInput) as refused:
        records.find(what, limit=limit)
    assert refused.value.kind == "bad-search"


def test_private_texts_are_searched_only_for_a_reader_who_is_named(records):
    fill(records)
    assert records.find(Find(text="13900007")).summaries == ()
    assert records.readings() == []
    assert numbers(all_pages(records, Find(text="13900007"), 10, READER)) == ["2024-0007"]
    (reading,) = records.readings()
    assert (reading["ref"], reading["who"], reading["why"]) == ("2024-0007-1.note", READER.who, READER.why)
    assert len(all_pages(records, Find(text="张三"), 9, READER)) == 60
    assert len(records.readings()) == 61


def test_a_text_that_changed_is_found_as_it_is_now(records):
    records.append(batch(action("A"), text="湖滨北路 旧"))
    records.append(batch(action("A", 2), text="厦禾路"))
    records.append(batch(action("A", 3)))
    assert numbers(records.find(Find(text="厦禾")).summaries) == ["A"]
    assert records.find(Find(text="湖滨")).summaries == ()
    assert records.summary("A").text == "厦禾路"


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("number >= '2024-001' AND number < '2024-002'", "summary"), ("state = 'file'", "summary_state"),
        ("kind = 'matter'", "summary_kind"),
        ("class_code = '0101'", "summary_class"), ("department = 'roads'", "summary_department"),
        ("lon BETWEEN 118.01 AND 118.02", "summary_place"), ("due_us < 504", "summary_due"),
    ],
)  # fmt: skip
def test_conditions_have_an_index(filled, condition, index):
    """Indexes are used where the planner has reason to: it is told that reading everything is dear."""
    _, place, name = filled
    if "://" in place:
        with psycopg.connect(place) as connection:
            connection.execute("SET enable_seqscan = off")
            statement = f'EXPLAIN SELECT * FROM "stcloud_{name}".summary WHERE {condition}'
            plan = str(connection.execute(statement).fetchall())
        assert index in plan
    else:
        connection = sqlite3.connect(Path(place) / "cases" / f"{name}.sqlite")
        plan = str(
            connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM summary WHERE {condition}").fetchall()
        )
        connection.close()
        assert "SEARCH" in plan
        assert index in plan
