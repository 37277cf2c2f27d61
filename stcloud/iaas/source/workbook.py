"""Excel workbooks (`.xlsx`), one sheet, streamed: what its cells hold, formulas as they were computed last.

The sheet is read once, row by row, into a file of text columns, so that the type of each column is known before its
rows are given. Needs the extra ``xlsx``.

Tested by ``tests/iaas/source/test_workbook.py``.
"""

from __future__ import annotations

import contextlib
import lzma
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.source.archive import Scratch, check_zip, is_zip
from stcloud.iaas.source.cells import CellColumn, ErrorValue, merged_ranges
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.protocol import Batch, Reading, Refusal
from stcloud.iaas.source.undecodable import Illegible

__all__ = ["WorkbookSource", "open_workbook"]

_BATCH_ROWS = 16_384
_DAMAGES = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, KeyError, ValueError, TypeError, IndexError,
    AttributeError, SyntaxError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What openpyxl raises for a file that is no workbook."""


def open_workbook(path: Path, reading: Reading) -> WorkbookSource:
    """Open a sheet of a workbook.

    Raises
    ------
    MissingExtra
        ``missing-xlsx``: openpyxl is not installed.
    InvalidInput
        ``several-layers``: it has several sheets and none is named; ``unclear-header``; ``formulas-not-computed``;
        ``empty-source``; ``unreadable-source``; ``archive-bomb``.
    """
    try:
        import openpyxl  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise MissingExtra(
            "missing-xlsx", f"to read {path.name} needs openpyxl", hint="pip install 'stcloud[xlsx]'"
        ) from error
    if not is_zip(path):
        raise _unreadable(path, "it is no .xlsx file, or it is protected by a password; save it without one")
    check_zip(path)
    with contextlib.ExitStack() as held:
        held.enter_context(_damages(path))
        file = held.enter_context(path.open("rb"))  # openpyxl does not close what it cannot read
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        held.callback(book.close)
        return WorkbookSource(path, _chosen(path, book, reading.layer))


@contextlib.contextmanager
def _damages(path: Path) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts of a workbook that are no data
            yield
    except InvalidInput:  # which is a ValueError
        raise
    except _DAMAGES as error:
        raise _unreadable(path, str(error) or type(error).__name__) from error


def _chosen(path: Path, book: Any, name: str | None) -> Any:
    """Return the sheet that is named, or the only one that holds something."""
    worksheets = {worksheet.title: worksheet for worksheet in book.worksheets}
    if name is not None:
        if name in worksheets:
            return worksheets[name]
        raise InvalidInput(
            "several-layers", f"{path} has no sheet {name!r}: it has {', '.join(worksheets)}",
            hint="name one with --source-layer",
        )  # fmt: skip
    held = [title for title, worksheet in worksheets.items() if _holds_something(worksheet)]
    if not held:
        raise InvalidInput("empty-source", f"{path} holds no cell")
    if len(held) > 1:
        raise InvalidInput(
            "several-layers",
            f"{path} has several sheets: {', '.join(held)}",
            hint="name one with --source-layer",
        )
    return worksheets[held[0]]


def _holds_something(worksheet: Any) -> bool:
    with contextlib.closing(worksheet.iter_rows(values_only=True)) as rows:
        return any(value is not None for row in rows for value in row)


class WorkbookSource:
    """Rows of one sheet, whose first row that holds something is the header.

    ``types`` are those that all cells of a column have. A merged cell counts in each of its rows. Rows without a cell
    that holds something are passed over; numbers of rows are counted from the header.
    """

    crs: str | None = None

    def __init__(self, path: Path, worksheet: Any) -> None:
        self._path = path
        self._title = str(worksheet.title)
        self._scratch = Scratch()
        self._refusals: list[Refusal] = []
        self._faults: list[Refusal] = []
        merged = merged_ranges(path, worksheet)
        with contextlib.closing(worksheet.iter_rows()) as written:
            rows = _rows(written, merged)
            header_row, names = self._header(rows, merged)
            self.columns: tuple[str, ...] = names
            cells = [CellColumn() for _ in names]
            self._spool(rows, header_row, cells)
        self.types = {name: column.declared for name, column in zip(names, cells, strict=True)}
        count = sum(bottom > top for top, bottom, _, _ in merged if bottom > header_row)
        self.remarks = (
            (f"{count} merged cells of sheet '{self._title}' count in each of their rows",) if count else ()
        )

    def position(self) -> int:
        """Return 0: the sheet was read when it was opened."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Give the rows in order."""
        place = self._scratch.path / "rows"
        start = 0
        with pa.OSFile(str(place)) as file, pa.ipc.open_stream(file) as batches:
            for number, rows in enumerate(batches):
                numbers = rows.column(0).to_numpy()
                last = number == self._count - 1
                stop = numbers[-1] if len(numbers) and not last else np.iinfo(np.int64).max
                yield self._batch(rows, numbers, start, int(stop))
                start = int(stop)

    def _batch(self, rows: pa.RecordBatch, numbers: np.ndarray, start: int, stop: int) -> Batch:
        illegible = Illegible(numbers)
        columns = [self._whole_days(name, rows.column(at)) for at, name in enumerate(self.columns, 1)]
        refusals = [refusal for refusal in self._refusals if start < refusal.row <= stop]
        batch = illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)), refusals)
        faults = [fault for fault in self._faults if start < fault.row <= stop]
        return Batch(batch.rows, batch.numbers, batch.refusals, batch.repairs, (*batch.faults, *faults))

    def _whole_days(self, name: str, column: pa.Array) -> pa.Array:
        """Return a column of days without the midnight that cells have."""
        if self.types[name].type != "date":
            return column
        return pa.array([None if text is None else text[:10] for text in column.to_pylist()], pa.string())

    def _header(
        self, rows: Iterator[tuple[int, list[Any]]], merged: list[tuple[int, int, int, int]]
    ) -> tuple[int, tuple[str, ...]]:
        number, cells = next(
            ((number, cells) for number, cells in rows if any(cell.value is not None for cell in cells)),
            (0, []),
        )
        if not number:
            raise InvalidInput("empty-source", f"sheet '{self._title}' of {self._path} holds no cell")
        values = [cell.value for cell in cells]
        while values and values[-1] is None:
            values.pop()
        check_columns(self._path, len(values))
        across = any(top <= number <= bottom and right > left for top, bottom, left, right in merged)
        names = tuple(
            "" if value is None else CellColumn().text(cells[at]) or "" for at, value in enumerate(values)
        )
        if across or not all(name.strip() for name in names):
            why = "cells of it are merged" if across else "a cell in it is empty"
            raise InvalidInput(
                "unclear-header",
                f"row {number} of sheet '{self._title}' of {self._path.name} is no header: {why}",
                hint="delete what is above the header, and give each column a name",
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidInput(
                "repeated-column", f"the header of {self._path} has {twice[0]!r} more than once"
            )
        return number, names

    def _spool(self, rows: Iterator[tuple[int, list[Any]]], header_row: int, cells: list[CellColumn]) -> None:
        """Write the rows as text to a file of our own."""
        schema = pa.schema([("", pa.int64()), *((name, pa.string()) for name in self.columns)])
        self._count = 0
        block: list[tuple[int, list[str | None]]] = []

        def write(writer: Any) -> None:
            numbers = pa.array([number for number, _ in block], pa.int64())
            texts = [
                pa.array([texts[at] for _, texts in block], pa.string()) for at in range(len(self.columns))
            ]
            writer.write_batch(pa.RecordBatch.from_arrays([numbers, *texts], schema=schema))
            self._count += 1
            block.clear()

        with pa.ipc.new_stream(str(self._scratch.path / "rows"), schema) as writer:
            for row, values in rows:
                texts = self._texts(row - header_row, values, cells)
                if texts is not None:
                    block.append((row - header_row, texts))
                if len(block) >= _BATCH_ROWS:
                    write(writer)
            write(writer)

    def _texts(self, number: int, row: list[Any], cells: list[CellColumn]) -> list[str | None] | None:
        """Return the texts of a row; None: it holds nothing, or more than the header has."""
        if all(cell.value is None for cell in row):
            return None
        width = len(cells)
        beyond = [cell for cell in row[width:] if cell.value is not None]
        if beyond:
            whole = "\t".join("" if cell.value is None else str(cell.value) for cell in row)
            fields = f"{len(row)} fields where the header has {width}"
            self._refusals.append(Refusal(number, None, whole, f"malformed-row: {fields}"))
            return None
        texts: list[str | None] = [None] * width
        for at, cell in enumerate(row[:width]):
            try:
                texts[at] = cells[at].text(cell)
            except ErrorValue as error:
                self._faults.append(Refusal(number, self.columns[at], str(error), "formula-error"))
        return texts


def _rows(written: Iterator[Any], merged: list[tuple[int, int, int, int]]) -> Iterator[tuple[int, list[Any]]]:
    """Give the rows with their numbers; of a merged cell, what it shows stands in each of its cells."""
    shown: dict[tuple[int, int], Any] = {}
    waiting = sorted(merged)
    for number, row in enumerate(written, 1):
        cells = list(row)
        for _, bottom, left, right in [entry for entry in waiting if entry[0] == number]:
            first = cells[left - 1] if left <= len(cells) else None
            if first is not None and first.value is not None:
                shown.update({(bottom, at): first for at in range(left, right + 1)})
        waiting = [entry for entry in waiting if entry[0] > number]
        for (bottom, at), first in list(shown.items()):
            if at <= len(cells):
                cells[at - 1] = first
            if bottom == number:
                del shown[bottom, at]
        yield number, cells


def _unreadable(path: Path, why: str) -> InvalidInput:
    return InvalidInput("unreadable-source", f"{path} cannot be read: {why.splitlines()[0]}")
