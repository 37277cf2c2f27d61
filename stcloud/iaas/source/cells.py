"""Cells of a workbook: their canonical text, the type of a column of them, merged ranges, formulas without a value.

Tested by ``tests/iaas/source/test_workbook.py``.
"""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.iaas.source.text import Declared

__all__ = ["CellColumn", "ErrorValue", "merged_ranges"]

_DIGITS = 10**15
"""Excel keeps fifteen digits of a number."""
_BLOCK_BYTES = 1 << 20
_OVERLAP = 4096
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3}\d+)"')
_CLOCK = re.compile(r"(?i)h|s|am/pm")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')


class ErrorValue(Exception):
    """A cell shows an error of its formula, such as ``#DIV/0!``."""


class CellColumn:
    """What the cells of one column were so far."""

    def __init__(self) -> None:
        self._types: set[str] = set()

    @property
    def declared(self) -> Declared:
        """The type that all cells have; text where they differ."""
        types = self._types
        if types and types <= {"integer", "number"}:
            return Declared("number" if "number" in types else "integer", _DIGITS)
        if types and types <= {"date", "instant"}:
            return Declared("instant" if "instant" in types else "date")
        return Declared("boolean" if types == {"boolean"} else "text")

    def text(self, cell: Any) -> str | None:
        """Return the canonical text of a cell's value, and note its type.

        Raises
        ------
        ErrorValue
            The cell shows an error.
        """
        value = cell.value
        if value is None:
            return None
        if cell.data_type == "e":
            raise ErrorValue(str(value))
        kind, text = _read(value, str(cell.number_format or ""))
        self._types.add(kind)
        return text


def _read(value: Any, shown_as: str) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, int | float):
        whole = value == int(value)
        return ("integer", str(int(value))) if whole else ("number", f"{Decimal(repr(value)):f}")
    if isinstance(value, datetime):
        clock = _CLOCK.search(_QUOTED.sub("", shown_as)) or value.time() != time()
        text = value.isoformat(" ").rstrip("0").rstrip(".") if value.microsecond else value.isoformat(" ")
        return ("instant" if clock else "date"), text
    if isinstance(value, date):
        return "date", value.isoformat()
    if isinstance(value, timedelta):
        return "text", f"PT{Decimal(value // timedelta(microseconds=1)) / 1_000_000:f}S"
    return "text", str(value)


def merged_ranges(path: Path, worksheet: Any) -> list[tuple[int, int, int, int]]:
    """Return the merged cells of a sheet that is read row by row: top and bottom row, left and right column, from 1.

    Raises
    ------
    InvalidInput
        ``formulas-not-computed``: a formula has no value; ``unreadable-source``: the sheet has a document type.
    """
    ranges = []
    with zipfile.ZipFile(path) as archive, archive.open(_member(worksheet)) as file:
        rest = b""
        while block := file.read(_BLOCK_BYTES):
            text = rest + block
            if b"<!DOCTYPE" in text:
                raise InvalidInput("unreadable-source", f"{path} cannot be read: a sheet has a document type")
            formula = _UNCOMPUTED.search(text)
            if formula is not None:
                cells = _CELL.findall(text, 0, formula.start())
                where = f" (cell {cells[-1].decode()})" if cells else ""
                raise InvalidInput(
                    "formulas-not-computed",
                    f"{path.name} has formulas whose values it does not hold{where}",
                    hint="open it in a spreadsheet program and save it",
                )
            kept = max(len(text) - _OVERLAP, 0)
            ranges += [match.groups() for match in _MERGED.finditer(text) if match.end() > len(rest)]
            rest = text[kept:]
    return sorted(
        {(int(top), int(bottom), _column(left), _column(right)) for left, top, right, bottom in ranges}
    )


def _member(worksheet: Any) -> str:
    return str(worksheet._worksheet_path).lstrip("/")  # noqa: SLF001  (openpyxl gives no other way to merged cells)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.decode():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
