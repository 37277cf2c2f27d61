"""Groups of cases: by a column of facts, or by the bin of the calendar that the instant of the cohort falls in.

Tested by `tests/paas/case/evaluation/test_grouping.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.errors import InvalidInput, nearest
from stcloud.iaas.conversion import numbers_of, scalar, truths_of
from stcloud.paas.case.evaluation.schemeclauses import Subject
from stcloud.time import Bin, Bools, Micros, Zone, parse_when
from stcloud.time.micros import DAY_US

__all__ = ["AREAS", "BINS", "GROUPS", "BinKey", "GroupKey", "TextKey", "group_key", "subject_of"]

AREAS = ("cell", "community", "street", "district", "duty_grid")
"""Columns of facts with an area."""
_POSTS: Mapping[str, Subject] = {
    "reporter_post": "reporter", "operator_post": "operator", "dispatcher_post": "dispatcher",
    "handler_post": "handler", "checker_post": "checker",
}  # fmt: skip
_TEXTS = (*AREAS, "department", *_POSTS, "class", "condition", "kind", "source", "component")
BINS = ("day", "week", "month", "quarter", "year")
"""Bins of the calendar that cases are grouped by."""
GROUPS = (*_TEXTS, *BINS)
"""What cases are grouped by."""
_MOST_DAYS = 200_000
_FALSE = scalar(False, pa.bool_())  # noqa: FBT003  (a value)


class GroupKey(Protocol):
    """What tells the groups of cases apart, by whole numbers."""

    @property
    def name(self) -> str:
        """Name of the group's column in answers."""

    @property
    def column(self) -> str | None:
        """Column of facts that it looks at; None: it looks at the instants of the cohort."""

    @property
    def timed(self) -> bool:
        """Whether it looks at the instants of the cohort."""

    def numbers(self, rows: pa.RecordBatch, at_us: Micros) -> Micros:
        """Return the number of the group of each row; of equal groups it is equal, in every batch.

        Parameters
        ----------
        rows
            Facts.
        at_us
            ``(n,)`` int64 UTC microseconds: instants of the cohort.
        """

    def matches(self, rows: pa.RecordBatch, at_us: Micros, value: Any) -> Bools:
        """Return the rows of one group, by its label; None: that of what is not known."""

    def labels(self, numbers: Micros) -> list[str | None]:
        """Return the labels of groups."""


class TextKey:
    """Groups by the text of a column. Null is a group of its own.

    Parameters
    ----------
    column
        Of facts.
    """

    timed = False

    def __init__(self, column: str) -> None:
        self.name, self.column = column, column
        self._numbers: dict[str | None, int] = {}
        self._labels: list[str | None] = []

    def numbers(self, rows: pa.RecordBatch, at_us: Micros) -> Micros:  # noqa: ARG002  (as all keys)
        """Return the number of each row's text, in order of first appearance."""
        encoded = _texts(rows.column(self.column)).dictionary_encode()
        listed = [self._number(text) for text in encoded.dictionary.to_pylist()]
        if encoded.null_count:
            listed.append(self._number(None))
        places = pc.fill_null(encoded.indices.cast(pa.int64()), scalar(len(listed) - 1, pa.int64()))
        numbers: Micros = np.asarray(listed, np.int64)[numbers_of(places)]
        return numbers

    def matches(self, rows: pa.RecordBatch, at_us: Micros, value: Any) -> Bools:  # noqa: ARG002
        """Return the rows with a text."""
        column = rows.column(self.column)
        if value is None:
            return truths_of(column.is_null())
        return truths_of(pc.fill_null(pc.equal(_texts(column), scalar(str(value), pa.string())), _FALSE))

    def labels(self, numbers: Micros) -> list[str | None]:
        """Return the texts."""
        return [self._labels[number] for number in numbers.tolist()]

    def _number(self, text: str | None) -> int:
        number = self._numbers.setdefault(text, len(self._labels))
        if number == len(self._labels):
            self._labels.append(text)
        return number


class BinKey:
    """Groups by the bin of the calendar.

    Parameters
    ----------
    bin_
        Of days or longer; it does not recur.
    zone
        The zone on whose wall clock the calendar is read.
    """

    timed = True
    column = None

    def __init__(self, bin_: Bin, zone: Zone) -> None:
        self.name, self._bin, self._zone = bin_.value, bin_, zone

    def numbers(self, rows: pa.RecordBatch, at_us: Micros) -> Micros:  # noqa: ARG002
        """Return the number of the bin of each instant: that of its day, each of which is looked at once."""
        if not len(at_us):
            return at_us
        days = (at_us + self._offset_us(at_us)) // DAY_US
        first, last = int(days.min()), int(days.max())
        if last - first > _MOST_DAYS:
            return self._bin.of_days(days)
        numbers: Micros = self._bin.of_days(np.arange(first, last + 1))[days - first]
        return numbers

    def _offset_us(self, at_us: Micros) -> Micros | int:
        """Return the offsets of instants; a single one where the clock was not set between them."""
        pieces = self._zone.offsets(int(at_us.min()), int(at_us.max()) + 1)
        offsets_us = pieces.offsets_us
        return int(offsets_us[0]) if (offsets_us == offsets_us[0]).all() else self._zone.offset_at(at_us)

    def matches(self, rows: pa.RecordBatch, at_us: Micros, value: Any) -> Bools:
        """Return the rows whose instants lie in a bin, which is named by its label or by any time in it."""
        start_us = parse_when(str(value), self._zone).start_us
        number = self._bin.numbers(np.array([start_us]), self._zone)[0]
        return np.asarray(self.numbers(rows, at_us) == number, np.bool_)

    def labels(self, numbers: Micros) -> list[str | None]:
        """Return the labels of bins as ISO 8601 writes them."""
        return [str(self._bin.label(number)) for number in numbers.tolist()]


def group_key(name: str, zone: Zone) -> GroupKey:
    """Return what tells groups apart.

    Raises
    ------
    InvalidInput
        ``unknown-group``: it is not one of `GROUPS`.
    """
    if name in _TEXTS:
        return TextKey(name)
    if name in BINS:
        return BinKey(Bin.parse(name), zone)
    close = nearest(name, GROUPS)
    raise InvalidInput(
        "unknown-group", f"cases are not grouped by '{name}'",
        hint=f"did you mean '{close[0]}'?" if close else f"use {', '.join(GROUPS)}",
    )  # fmt: skip


def subject_of(by: Sequence[str]) -> Subject | None:
    """Return what is judged by groups: areas, departments, or a kind of posts; None: none of them.

    >>> subject_of(["month", "street"]), subject_of(["class"])
    ('area', None)
    """
    for name in by:
        if name in _POSTS:
            return _POSTS[name]
    if "department" in by:
        return "department"
    return "area" if set(AREAS) & set(by) else None


def _texts(column: pa.Array) -> pa.StringArray:
    return column if column.type == pa.string() else column.cast(pa.string())
