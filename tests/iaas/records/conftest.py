"""A log of each kind of database, and short words for what is appended to it."""

import itertools

import pytest

from stcloud.iaas.records import Audit, CaseSummary, Entry, PrivateValue, RecordBatch, Records

NUMBERS = itertools.count(1)
READER = Audit(who="inspector", why="a complaint")


def action(case="A", seq=1, *, id=None, name="report", **values):  # noqa: A002 -- as the field is called
    """Return an entry."""
    return Entry(
        case=case, seq=seq, id=id or f"{case}-{seq}", name=name, actor="a", role="collector", **values
    )


def batch(*entries, private=(), media=(), notices=(), **summary):
    """Return a batch of entries; their cases have summaries of the same values."""
    cases = dict.fromkeys(entry.case for entry in entries)
    values = {"state": entries[-1].name, **summary}
    return RecordBatch(
        entries=entries,
        summaries=tuple(CaseSummary(number=case, **values) for case in cases),
        private=tuple(private),
        media=tuple(media),
        notices=tuple(notices),
    )


def note(case="A", seq=1, *, value="井盖坏了", person="p1", field="note"):
    """Return a private value."""
    return PrivateValue(
        ref=f"{case}-{seq}.{field}", case=case, seq=seq, field=field, value=value, person=person
    )


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a log can be created, on each database."""
    return str(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").url


@pytest.fixture
def name():
    """The name of a log that is not there yet."""
    return f"log{next(NUMBERS)}"


@pytest.fixture
def records(place, name):
    """An empty log on each database."""
    with Records.create(place, name) as records:
        yield records
