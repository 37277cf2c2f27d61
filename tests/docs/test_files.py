"""The page of files tells every column, type, format and exit code that the code has."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.schema import OWN, PART, Attribute
from stcloud.iaas.source.registry import formats
from stcloud.saas.cli.exits import ALERT, BUG, CANCELLED, CODES
from stcloud.saas.cli.journal import EVENTS, FIELDS
from stcloud.saas.cli.option import OutputFormat

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
WRITTEN = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.float64(): "double",
    pa.int64(): "int64",
    pa.bool_(): "boolean",
    pa.date32(): "date32",
    pa.timestamp("us", "UTC"): "timestamp, µs, UTC",
}


def table(first: str) -> dict[str, list[str]]:
    """Cells of a table's rows by each name in the first cell; the table is found by its head."""
    rows = re.search(rf"^\| {re.escape(first)} \|.*\n\|[-:| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert rows, first
    found = {}
    for row in rows[1].splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        for name in re.findall(r"`([^`]+)`", cells[0]) or [cells[0]]:
            found[name] = cells[1:]
    return found


def test_columns_are_told_with_their_types():
    told = table("column")
    assert set(told) == {*OWN, PART}
    assert {name: told[name][0] for name in OWN} == {name: WRITTEN[kind] for name, kind in OWN.items()}


@pytest.mark.parametrize("declared", ["text", "integer", "number", "boolean", "date", "instant"])
def test_declared_types_are_told_as_stored(declared):
    assert table("declared type")[declared] == [WRITTEN[Attribute("a", "a", declared).field.type]]


def test_formats_read_are_told():
    assert set(table("file name")) == {suffix for entry in formats() for suffix in entry.suffixes}


def test_formats_written_are_told():
    assert set(table("`--format`")) == set(OutputFormat)


def test_exit_codes_are_told():
    told = table("code")
    assert {int(code) for code in told} == {0, *(code for _, code in CODES), ALERT, BUG, CANCELLED}
    for error, code in CODES:
        assert f"`{error.__name__}`" in told[str(code)][-1]


def test_keys_and_events_of_the_log_are_told():
    told = table("key")
    assert tuple(told) == FIELDS
    assert all(f"`{event}`" in told["event"][-1] for event in EVENTS)


def test_the_counts_of_a_reckoning_are_told():
    counts = Reckoning("load", "layer", "file.csv", "changes", 0).counts
    assert all(f"`{name}`" in PAGE for name in counts)
