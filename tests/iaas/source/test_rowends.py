"""Law: parts of a delimited text, read apart, are the text: rows, their numbers, and what is refused."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.errors import StcloudError
from stcloud.iaas.source import rowends
from stcloud.iaas.source.part import SourcePart, batches_of, parts_of
from stcloud.iaas.source.protocol import Batch, Reading
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.rowends import row_spans

HEAD = "a,b\n"
LONG = "y" * (2 << 20)


def read(batches: list[Batch]) -> Any:
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    numbers = [number for batch in batches for number in batch.numbers.tolist()]
    refused = [
        (refusal.row, refusal.value, refusal.reason) for batch in batches for refusal in batch.refusals
    ]
    return rows, numbers, sorted(refused)


def outcome(path: Path, parts: list[SourcePart]) -> Any:
    try:
        return read([batch for part in parts for batch in batches_of(open_source(path, Reading()), part)])
    except StcloudError as error:
        return str(error)


FIELDS = ("1", "x y", "", '"q"', '"a,b"', '"line\nend"', '"it""s"', '""', '"""x"""')
ODD = ('5" pipe', '"closed"late', ' "spaced"', '"open', "a\rb", "\u00e9", "1,2,3")
LINES = ("\n", "\r\n", "\n\n", "\r\n\r\n", "\n", "\r")


@settings(deadline=None)
@given(
    fields=st.lists(
        st.tuples(*(st.sampled_from(FIELDS * 3 + ODD),) * 2, st.sampled_from(LINES)), max_size=12
    ),
    rows=st.integers(1, 5),
    block=st.sampled_from([1, 2, 7, 1 << 20]),
    marked=st.booleans(),
)
@example(fields=[('"line\nend"', "1", "\n")] * 3, rows=1, block=7, marked=True)
@example(
    fields=[("1,2,3", "x", "\n"), ("1", "x", "\r\n\r\n"), ("1", "2,3", "\n")], rows=1, block=7, marked=False
)
def test_parts_of_a_text_are_the_text(
    fields: list[tuple[str, str, str]], rows: int, block: int, marked: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rowends, "_BLOCK_BYTES", block)
        path = Path(folder) / "rows.csv"
        text = HEAD + "".join(f"{a},{b}{end}" for a, b, end in fields)
        path.write_bytes((b"\xef\xbb\xbf" if marked else b"") + text.encode())
        parts = parts_of(open_source(path, Reading()), rows)
        assert outcome(path, parts) == outcome(path, [SourcePart()])


def test_a_text_is_cut_at_the_ends_of_rows_and_not_within_quotes(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEAD + '1,"x\n"\n\n2,"a""\n"\n3,z\n4,w')
    spans = row_spans(path, ",", 2)
    assert [(span.first_row, path.read_bytes()[span.start : span.stop]) for span in spans] == [
        (1, b'1,"x\n"\n\n2,"a""\n"\n'), (3, b"3,z\n4,w"),
    ]  # fmt: skip
    assert {span.head for span in spans} == {len(HEAD)}


@pytest.mark.parametrize("fault", ['5" pipe,x\n', '"a"b,x\n', "a\rb,x\n", '"never closed,x\n', f"{LONG},x\n"])
def test_a_text_whose_row_ends_are_not_certain_is_left_whole(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(HEAD + "1,x\n" * 5 + fault + "2,y\n" * 5, newline="")
    assert row_spans(path, ",", 2) == []


def test_packed_and_other_encodings_are_read_whole(tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress((HEAD + "1,x\n" * 5).encode()))
    assert parts_of(open_source(packed, Reading()), 2) == [SourcePart()]
    other = tmp_path / "rows.csv"
    other.write_text(HEAD + "1,x\n" * 5)
    assert parts_of(open_source(other, Reading(encoding="gb18030")), 2) == [SourcePart()]
    assert len(parts_of(open_source(other, Reading()), 2)) == 3
