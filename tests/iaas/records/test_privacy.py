"""Private values are in nothing but their table; who reads them is written down; erasing leaves no byte."""

import random
import sqlite3
from pathlib import Path

import psycopg
import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Audit, Erased, Find, Notice, RecordBatch, Records
from tests.iaas.records.conftest import READER, action, batch, note


@pytest.fixture
def people(records):
    """Four cases, each with two private values of its own person, and a rule."""
    for number in range(4):
        case = f"c{number}"
        records.append(
            batch(
                action(case, fields={"note": f"private:{case}-1.note"}),
                private=[
                    note(case, value=f"张{number} 1390000{number}", person=f"p{number}"),
                    note(case, value="坏了", person=None, field="text"),
                ],
                notices=[Notice(id=case, case=case, seq=1, target="t", body="{}")],
                text="湖滨路",
            )
        )
    records.rules.add("limits", "x", valid_from_us=0)
    return records


def but_private(place, name):
    """Return all rows of a log but those of private values and of what is known about them."""
    with Records.open(place, name) as records:
        k = records.log("c3")[-1].recorded_us
        return [
            [part.to_pylist() for part in records.logs(k)],
            records.find(Find()).summaries,
            records.find(Find(text="湖滨")).summaries,
            records.outbox.waiting(),
            records.rules.known(),
        ]


def test_values_are_given_to_who_says_his_name_and_why(people):
    values = people.private(READER, case="c1")
    assert [(value.field, value.value) for value in values] == [("note", "张1 13900001"), ("text", "坏了")]
    assert people.private(READER, refs=["c2-1.note", "c2-1.nothing"])[0].person == "p2"
    written = [(reading["ref"], reading["who"], reading["why"]) for reading in people.readings()]
    assert written == [(ref, READER.who, READER.why) for ref in ("c1-1.note", "c1-1.text", "c2-1.note")]
    assert all(reading["recorded_us"] > values[0].recorded_us for reading in people.readings())


@pytest.mark.parametrize("reader", [Audit(who="", why="x"), Audit(who="x", why=" ")])
def test_nothing_is_read_or_erased_without_a_reason(people, reader):
    for read in (
        lambda: people.private(reader, case="c1"),
        lambda: people.erase(reader, case="c1"),
        lambda: people.find(Find(text="张1"), reader=reader),
    ):
        with pytest.raises(InvalidInput) as refused:
            read()
        assert refused.value.kind == "no-reason"
    assert people.readings() == []
    assert len(people.private(READER, case="c1")) == 2


@pytest.mark.parametrize("scope", [{}, {"case": "a", "person": "b"}, {"person": "a", "before_us": 1}])
def test_one_scope_is_erased_at_a_time(people, scope):
    with pytest.raises(InvalidInput) as refused:
        people.erase(READER, **scope)
    assert refused.value.kind == "bad-scope"
    with pytest.raises(InvalidInput):
        people.private(READER)


@pytest.mark.parametrize(
    ("scope", "gone"),
    [
        (lambda records: {"case": "c1"}, {"c1-1.note", "c1-1.text"}),
        (lambda records: {"person": "p2"}, {"c2-1.note"}),
        (lambda records: {"before_us": records.log("c1")[0].recorded_us}, {"c0-1.note", "c0-1.text"}),
        (lambda records: {"person": "nobody"}, set()),
    ],
)
def test_erasing_changes_nothing_else(place, people, name, scope, gone):
    refs = {f"c{number}-1.{field}" for number in range(4) for field in ("note", "text")}
    before = but_private(place, name)
    erased = people.erase(READER, **scope(people))
    assert (erased.values, erased.wiped) == (len(gone), True)
    assert {value.ref for value in people.private(READER, refs=sorted(refs))} == refs - gone
    assert but_private(place, name) == before
    for number in range(4):
        expected = () if f"c{number}-1.note" in gone else (f"c{number}",)
        matches = people.find(Find(text=f"1390000{number}"), reader=READER).summaries
        assert tuple(summary.number for summary in matches) == expected


def test_erasing_leaves_no_gram(place, people, name):
    people.erase(READER, before_us=2**60)
    if "://" in place:
        with psycopg.connect(place) as connection:
            grams = connection.execute(f'SELECT gram FROM "stcloud_{name}".gram ORDER BY 1').fetchall()
            assert {gram for (gram,) in grams} == {"湖滨", "滨路", "路"}
    else:
        content = (Path(place) / "cases" / f"{name}.sqlite").read_bytes()
        assert "湖滨".encode() in content
        assert "张1".encode() not in content


def test_erased_bytes_are_gone_from_the_files(tmp_path):
    """Values of any length, in pages that were split and joined many times, while another has the file open."""
    draw, persons = random.Random(5), range(7)
    with Records.create(str(tmp_path), "log") as records, Records.open(str(tmp_path), "log") as other:
        for first in range(0, 700, 35):
            parts = [person_part(draw, first + number, persons) for number in range(35)]
            records.append(
                RecordBatch(
                    entries=tuple(part.entries[0] for part in parts),
                    summaries=tuple(part.summaries[0] for part in parts),
                    private=tuple(part.private[0] for part in parts),
                )
            )
            other.private(READER, refs=[parts[0].private[0].ref])
        for person in (3, 0, 6):
            assert kept_bytes(tmp_path, person) > 90
            erased = records.erase(READER, person=f"p{person}")
            assert (erased.values, erased.wiped) == (100, True)
            assert kept_bytes(tmp_path, person) == 0
        assert kept_bytes(tmp_path, 2) == 100
        assert [value.person for value in other.private(READER, refs=["x"])] == []


def person_part(draw, number, persons):
    case = f"{draw.randrange(10**6):06d}-{number}"
    person = number % len(persons)
    text = f"SECRET-{person}- " + "z" * draw.choice((0, 40, 900, 3000, 9000))
    return batch(action(case), private=[note(case, value=text, person=f"p{person}")])


def kept_bytes(folder, person):
    return sum(path.read_bytes().count(b"SECRET-%d-" % person) for path in (folder / "cases").iterdir())


def test_erasing_while_another_reads_says_that_bytes_are_left(tmp_path):
    with Records.create(str(tmp_path), "log") as records:
        records.append(batch(action(), private=[note(value="SECRET-1- ")]))
        reader = sqlite3.connect(tmp_path / "cases" / "log.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM private").fetchone() == (1,)
        erased = records.erase(READER, case="A")
        assert (erased.values, erased.wiped) == (1, False)
        assert records.private(READER, case="A") == []
        assert kept_bytes(tmp_path, 1) > 0
        reader.close()
        assert records.erase(READER, case="A") == Erased(0, wiped=True)
        assert kept_bytes(tmp_path, 1) == 0


def test_a_refusal_never_repeats_a_value(people):
    repeated = note("c1", value="new")
    with pytest.raises(InvalidInput) as refused:
        people.append(batch(action("c1", 2), private=[type(repeated)(
            ref="c1-1.note", case="c1", seq=2, field="note", value="geheim", person="someone")]))  # fmt: skip
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(refused.value.__context__)
