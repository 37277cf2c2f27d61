"""Figures: a drawing with its table, its question and the command that gives its numbers. Pure values.

Tested by `tests/saas/paper/test_drawings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stcloud.saas.paper.markup import element, escaped
from stcloud.saas.report.chartdata import group_text
from stcloud.saas.report.classes import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stcloud.saas.paper.words import PaperWords

__all__ = ["FigureTable", "PaperFigure", "PaperSection", "shown_value"]

_ENDS = {"_before": "before", "_change_pct": "change in %", "_change": "change", "_other": "other",
         "_numerator": "numerator", "_denominator": "denominator", "_cases": "number of cases"}  # fmt: skip
_RECURRING = ("weekday", "hour_of_day")
_SHORT_ROWS = 12
"""Tables of at most so many rows are printed on paper."""


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The numbers of a figure, as its command gives them.

    Parameters
    ----------
    fields
        Names of the columns, as the command prints them.
    rows
        Values by row; as the command prints them, so codes are codes.
    labels
        What is shown instead of a code, by field and code.
    groups
        How many of the fields, the first ones, say what a row is of.
    whole
        Whether these are all rows of the command, else some of them.
    """

    fields: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    labels: Mapping[str, Mapping[Any, str]]
    groups: int = 0
    whole: bool = True

    def markup(self, caption: str, words: PaperWords) -> str:
        """Return the table as HTML: what is shown otherwise than it is printed has its value beside."""
        head = element("tr", (_heading(name, words) for name in self.fields))
        body = (element("tr", self._cells(row, words)) for row in self.rows)
        title = element("caption", escaped(caption))
        part = None if self.whole else "some"
        return element("table", [title, element("thead", head), element("tbody", body)], data_part=part)

    def _cells(self, row: Sequence[Any], words: PaperWords) -> list[str]:
        return [
            _cell(
                value,
                name,
                self.labels.get(name, {}),
                words,
                header=at == 0 and self.groups > 0,
                group=at < self.groups,
            )
            for at, (name, value) in enumerate(zip(self.fields, row, strict=True))
        ]

    @property
    def is_short(self) -> bool:
        """Whether it is printed."""
        return 1 < len(self.rows) <= _SHORT_ROWS


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure of a report.

    Parameters
    ----------
    name
        Its anchor on the page.
    title
        What it shows, in a line.
    question
        Its question, part by part: name and value.
    drawing
        The picture as markup, safe to put on a page.
    table
        The table behind it as markup, with its caption.
    command, python
        What is typed to get its numbers.
    notes
        What else is to be known of it.
    is_short
        Whether the table is short enough to be printed.
    """

    name: str
    title: str
    question: tuple[tuple[str, str], ...]
    drawing: str
    table: str
    command: str
    python: str = ""
    notes: tuple[str, ...] = ()
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A section: figures, and a line for each that could not be made, with the reason.

    Parameters
    ----------
    name, title
        Its name in templates, and its heading.
    figures, missing
        What it has, and why the rest is left out.
    """

    name: str
    title: str
    figures: tuple[PaperFigure, ...] = ()
    missing: tuple[str, ...] = ()


def shown_value(value: Any, field: str, words: PaperWords) -> str:
    """Return a value as a person reads it."""
    if value is None or value == "":
        return f"({words.text('none')})" if isinstance(value, str) else "–"
    if field == "weekday" and isinstance(value, int):
        return words.text(group_text(value, field))
    if field == "hour_of_day":
        return group_text(value, field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value.isoformat(sep=" ", timespec="minutes") if isinstance(value, datetime) else str(value)
    if isinstance(value, int):
        return number_text(value) if field not in ("year",) else str(value)
    return number_text(value, 2 if abs(value) < 100 else 1)


def _heading(field: str, words: PaperWords) -> str:
    return element("th", escaped(field_text(field, words)), scope="col", data_field=field)


def field_text(field: str, words: PaperWords) -> str:
    """Return what a column of a table is called."""
    for end, name in _ENDS.items():
        if field.endswith(end) and len(field) > len(end):
            return f"{field_text(field.removesuffix(end), words)}, {words.text(name)}"
    plain = field.removesuffix("_s").replace("_", " ") + (" in s" if field.endswith("_s") else "")
    return words.text(field) if words.text(field) != field else words.text(plain)


def _cell(
    value: Any, field: str, labels: Mapping[Any, str], words: PaperWords, *, header: bool, group: bool
) -> str:
    shown = labels.get(value) if value is not None and labels else None
    raw = "" if value is None else str(value)
    is_name = group and isinstance(value, int) and field not in _RECURRING
    text = escaped(shown if shown is not None else raw if is_name else shown_value(value, field, words))
    inside = text if text == escaped(raw) and raw else element("data", text, value=raw)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return (
        element("th", inside, scope="row")
        if header
        else element("td", inside, class_="n" if numeric else None)
    )
