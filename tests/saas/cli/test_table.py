"""Tables cut no value, whatever the width."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from stcloud.saas.cli.table import show_table, write_table
from stcloud.testing.examples import examples

WORDS = st.text("abcxyz路灯", min_size=1, max_size=30)
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)


def shown(names, rows, width=80):
    sink = io.StringIO()
    show_table(names, rows, sink, str, width)
    return sink.getvalue()


def written(names, rows):
    sink = io.StringIO()
    write_table(names, rows, sink, str)
    return sink.getvalue()


def test_what_fits_stands_side_by_side():
    lines = shown(["id", "note"], [{"id": 1, "note": "a"}, {"id": 2, "note": None}]).splitlines()
    assert [line.split() for line in lines] == [["id", "note"], ["1", "a"], ["2"]]


def test_a_long_text_is_broken_between_words():
    out = shown(["id", "note"], [{"id": 1, "note": "pothole " * 30}], 40)
    assert out.splitlines()[0].split() == ["id", "note"]
    assert out.split().count("pothole") == 30


@pytest.mark.parametrize("columns", [12, 40, 120])
def test_many_columns_become_records(columns):
    names = [f"column_{number}" for number in range(columns)]
    rows = [dict.fromkeys(names, f"2024-03-05T10:00:00+08:00/{at}") for at in range(3)]
    out = shown(names, rows)
    assert out.count("row ") == 3
    assert all(f"{name} " in out for name in names)
    for at in range(3):
        assert out.split().count(f"2024-03-05T10:00:00+08:00/{at}") == columns


@settings(max_examples=examples(60))
@given(st.integers(20, 200), st.lists(st.lists(TEXTS, min_size=1, max_size=12), min_size=1, max_size=4))
def test_every_letter_is_there_and_no_line_is_too_wide(width, cells):
    names = [f"n{at}" for at in range(max(map(len, cells)))]
    rows = [dict(zip(names, row, strict=False)) for row in cells]
    out = shown(names, rows, width)
    assert all(cell_len(line.rstrip()) <= width for line in out.splitlines())
    if out.splitlines()[0].split() == names:
        words = [word for row in cells for text in row for word in text.split()]
        assert sorted(out.split()) == sorted([*names, *words])
    letters = re.sub(r"\brow \d+\n|\bn\d+\b|\s", "", out)
    assert sorted(letters) == sorted("".join(text for row in cells for text in row).replace(" ", ""))


def test_markup_and_codes_of_emoji_are_shown_as_text():
    row = {":house:[b]": "[red]a[/red] :smile: [/]"}
    for out in (shown([*row], [row]), written([*row], [row])):
        assert out.split() == [":house:[b]", "[red]a[/red]", ":smile:", "[/]"]


def test_a_written_table_has_a_line_for_each_row():
    rows = ({"id": at, "note": "路灯\n" * (at % 3)} for at in range(5000))
    lines = written(["id", "note"], rows).splitlines()
    assert len(lines) == 5001
    assert lines[1].split() == ["0"]
    assert lines[5].split() == ["4", r"路灯\n"]
    assert len({cell_len(line.partition("路")[0]) for line in lines if "路" in line}) == 1
