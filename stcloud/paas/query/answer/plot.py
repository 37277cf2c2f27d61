"""A quick plot of an answer, with the plotting of GeoPandas and pandas: a map where it has places, else a chart.

Tested by `tests/paas/query/answer/test_answer.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import InvalidInput, Unsupported, nearest
from stcloud.time import Bin

if TYPE_CHECKING:
    from stcloud.paas.query.answer.answer import Answer

__all__ = ["plot_answer"]

_TIMES = {bin_.field for bin_ in Bin if not bin_.recurs}
_NOT_DRAWN = {"color": "#e6e8ea"}
"""Style of an area without a value."""


def plot_answer(answer: Answer, column: str | None, ax: Any, *, legend: bool) -> Any:
    """Return the axes with the answer drawn; see `Answer.plot`."""
    column = _checked(answer, column)
    if answer.shape_column is not None:
        return _map(answer, column, ax, legend=legend)
    return _chart(answer, column, ax, legend=legend)


def _checked(answer: Answer, column: str | None) -> str | None:
    """Return the column to draw: the given one, or of groups their first measure."""
    numbers = [
        field.name
        for field in answer.table.schema
        if (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        and field.name not in answer.groups
    ]
    if column is None:
        return numbers[0] if answer.groups and numbers else None
    names = answer.plain.schema.names
    if column not in names:
        raise InvalidInput(
            "no-plot", f"the answer has no column '{column}' to draw",
            hint=f"use {' or '.join(nearest(column, names) or names[:8])}",
        )  # fmt: skip
    return column


def _map(answer: Answer, column: str | None, ax: Any, *, legend: bool) -> Any:
    place = answer.shape_column
    if place in answer.groups and len(answer.table) > len(set(answer.table[place].to_pylist())):
        raise Unsupported(
            "no-plot", f"each '{place}' has several groups, which would be drawn on top of each other",
            hint="group by the place alone, or narrow the question to one of the other groups",
        )  # fmt: skip
    frame = answer.to_geopandas()
    if column is None:
        return frame.plot(ax=ax)
    return frame.plot(column=column, ax=ax, legend=legend, missing_kwds=_NOT_DRAWN)


def _chart(answer: Answer, column: str | None, ax: Any, *, legend: bool) -> Any:
    groups = answer.groups
    if not 1 <= len(groups) <= 2 or column is None:
        raise Unsupported(
            "no-plot", "this answer has no place and is not grouped by one or two things",
            hint="count by a place, such as cell:100m, by a bin of time, such as week, or by a column",
        )  # fmt: skip
    frame = answer.to_pandas()
    first, *others = groups
    wide = (
        frame.pivot(index=first, columns=others, values=column)
        if others
        else frame.set_index(first)[[column]]
    )
    if first in _TIMES:
        return wide.plot.line(ax=ax, legend=legend, ylabel=column, marker=".")
    return wide.plot.bar(ax=ax, legend=legend, ylabel=column)
