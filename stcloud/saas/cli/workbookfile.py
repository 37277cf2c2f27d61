"""Excel workbooks: rows as one sheet, whole or not at all; text is never taken for a formula.

Tested by `tests/saas/cli/test_workbookfile.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from stcloud.errors import MissingExtra, Unsupported
from stcloud.saas.wholefile import whole_file

__all__ = ["require_openpyxl", "write_workbook"]

_MOST_ROWS, _MOST_COLUMNS, _MOST_LETTERS = 1_048_575, 16_384, 32_767
_MOST_DIGITS = 10**15
"""Excel keeps fifteen digits; longer whole numbers are written as text."""
_FIRST_YEAR = 1900
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def require_openpyxl() -> Any:
    """Return openpyxl; `MissingExtra` ``missing-xlsx`` where it is not installed."""
    try:
        import openpyxl  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise MissingExtra(
            "missing-xlsx", "a workbook needs openpyxl", hint="pip install 'stcloud[xlsx]'"
        ) from error
    return openpyxl


def write_workbook(
    names: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    path: Path,
    zones: Mapping[str, str],
    plain: Callable[[Any], Any],
) -> None:
    """Write rows into a new workbook.

    Parameters
    ----------
    names, rows, path
        Columns, rows and file.
    zones
        The time zone of columns of instants, which are written on its clock: a sheet knows no zone, so the header
        names it.
    plain
        Returns values that a sheet has no form for as JSON knows them.

    Raises
    ------
    MissingExtra
        ``missing-xlsx``
    Unsupported
        ``too-large``: a sheet has no room for so many rows, columns or letters.
    StorageError
        The file cannot be written.
    """
    openpyxl = require_openpyxl()
    if len(names) > _MOST_COLUMNS:
        raise _too_large(path, f"{len(names):,} columns, and a sheet has {_MOST_COLUMNS:,}")
    with whole_file(path, ".xlsx") as whole:
        book = openpyxl.Workbook(write_only=True)
        worksheet = book.create_sheet("stcloud")
        worksheet.freeze_panes = "A2"
        head = [f"{name} ({zones[name]})" if name in zones else name for name in names]
        try:
            worksheet.append([_cell(worksheet, text, path, plain) for text in head])
            for number, row in enumerate(rows):
                if number >= _MOST_ROWS:
                    raise _too_large(
                        path, f"more than {_MOST_ROWS:,} rows, which is what a sheet has room for"
                    )
                worksheet.append([_cell(worksheet, row.get(name), path, plain) for name in names])
        finally:
            worksheet.close()
        book.save(whole)


def _cell(worksheet: Any, value: Any, path: Path, plain: Callable[[Any], Any]) -> Any:
    """Return a cell; what is text is marked as text, whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415  (an extra)

    value = _written(value, plain)
    if not isinstance(value, str):
        return WriteOnlyCell(worksheet, value)
    if len(value) > _MOST_LETTERS:
        raise _too_large(path, f"a text of {len(value):,} letters, and a cell has room for {_MOST_LETTERS:,}")
    cell = WriteOnlyCell(worksheet, _UNWRITABLE.sub(lambda letter: f"\\x{ord(letter[0]):02x}", value))
    cell.data_type = "s"
    return cell


def _written(value: Any, plain: Callable[[Any], Any]) -> Any:
    """Return a value as a sheet keeps it without loss; text for what it does not."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < _MOST_DIGITS else str(value)
    if isinstance(value, datetime):
        local = value.replace(tzinfo=None)
        return local if local.year >= _FIRST_YEAR else local.isoformat(" ")
    if isinstance(value, date):
        return value if value.year >= _FIRST_YEAR else value.isoformat()
    shown = plain(value)
    return shown if shown is None or isinstance(shown, int | float) else _as_text(shown)


def _as_text(value: Any) -> str:
    import json  # noqa: PLC0415

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _too_large(path: Path, what: str) -> Unsupported:
    return Unsupported(
        "too-large", f"{path} would hold {what}", hint="write .csv or .parquet, or ask for less"
    )
