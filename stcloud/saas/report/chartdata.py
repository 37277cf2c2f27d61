"""What a chart shows of an answer: lines over time or bars by category, in one panel or several. Pure values.

Tested by `tests/saas/report/test_chartdata.py`.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import Unsupported
from stcloud.saas.report.symbol import is_number

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = [
    "MOST_MEASURES", "MOST_PANELS", "ChartData", "Floats", "Panel", "Series", "chart_data", "group_text",
]  # fmt: skip

Floats: TypeAlias = NDArray[np.float64]

MOST_PANELS, MOST_MEASURES = 12, 4
_MOST_BARS, _MOST_POSITIONS = 40, 50_000
_BESIDE = {"_before": "before", "_other": "the other"}
_ENDS = (*_BESIDE, "_change", "_change_pct")
_COUNTED = ("count", "open")
_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Series:
    """Values at the positions of a panel, NaN where there is none; a second series is what they are compared with."""

    label: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of a chart.

    Parameters
    ----------
    title
        What the others do not show; empty: it is the only one.
    measure
        The measure, as it was written.
    series
        One, or two that are compared.
    """

    title: str
    measure: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class ChartData:
    """Panels over the same positions.

    Parameters
    ----------
    form
        ``lines`` over bins of time, ``bars`` of categories, or ``steps`` from instant to instant.
    group
        The field that positions are of.
    positions, labels
        Ascending; the text of each, empty for hours that the answer does not have. Of steps UTC seconds, without
        texts.
    panels
        At least one.
    recurs
        Whether positions are weekdays or hours of the day.
    ticks
        Of steps: the positions that are labelled, each with its text.
    """

    form: str
    group: str
    positions: NDArray[np.int64]
    labels: tuple[str, ...]
    panels: tuple[Panel, ...]
    recurs: bool = False
    ticks: tuple[tuple[int, str], ...] = ()


def chart_data(
    answer: Answer, groups: Sequence[str], measures: Mapping[str, str], *, whole: bool = True
) -> ChartData:
    """Return what a chart shows of an answer.

    Parameters
    ----------
    answer
        Measures by one or two groups.
    groups
        The fields that rows were grouped by.
    measures
        Measures as they were written, by their fields.
    whole
        Whether the answer has all groups: then a bin of time without rows has the count zero, else nothing.

    Raises
    ------
    Unsupported
        ``no-chart``: there are no groups or more than two, no numbers, or too many of something for one picture.
    """
    fields = _fields(answer, groups)
    if not groups:
        if not fields:
            raise Unsupported("no-chart", "rows are no chart", hint="group them: --by month")
        raise Unsupported("no-chart", "one number is no chart", hint="group it: --by month")
    if len(groups) > 2:
        raise Unsupported(
            "no-chart",
            f"a chart shows one or two groupings, and this answer has {len(groups)}",
            hint="leave some out, or write the answer: -o FILE.csv",
        )
    if not fields:
        raise Unsupported(
            "no-chart", "a chart shows numbers, and this answer has none", hint="add: --measure count"
        )
    axis, panel = _axis_of(answer, groups)
    if panel is not None and len(fields) > 1:
        raise Unsupported("no-chart", "a chart of two groupings shows one measure", hint="give one --measure")
    if len(fields) > MOST_MEASURES:
        raise Unsupported(
            "no-chart", f"a chart shows at most {MOST_MEASURES} measures", hint="give fewer --measure"
        )
    scale = _Scale.of_values(answer.table[axis].to_pylist(), axis)
    names = _distinct(answer, panel) if panel is not None else [None]
    if len(names) > MOST_PANELS:
        raise Unsupported(
            "no-chart",
            f"a chart has at most {MOST_PANELS} parts, and '{panel}' has {len(names):,} values",
            hint="narrow the question: --what, or group by something coarser",
        )
    panels = tuple(
        _panel(answer, field, scale, (axis, panel, name), measures, whole=whole)
        for name in names
        for field in fields
    )
    if len(panels) == 1:
        panels = (Panel("", panels[0].measure, panels[0].series),)
    return ChartData(scale.form, axis, scale.positions, scale.labels, panels, scale.recurs)


def _fields(answer: Answer, groups: Sequence[str]) -> list[str]:
    """Return the measures, without those that are put beside another."""
    names = [
        field.name for field in answer.plain.schema if field.name not in groups and is_number(field.type)
    ]
    if not groups and "st_key" in answer.plain.schema.names:
        return []
    return [
        name for name in names if not any(name.endswith(end) and name[: -len(end)] in names for end in _ENDS)
    ]


def _axis_of(answer: Answer, groups: Sequence[str]) -> tuple[str, str | None]:
    """Return the group along the axis, and the one that each panel has a value of: time is along the axis."""
    if not len(answer):
        raise Unsupported("no-chart", "this answer has no groups to draw", hint="widen the question")
    if len(groups) == 1:
        return groups[0], None
    first, second = groups
    timed = [name for name in groups if _bin_of(name, answer.table[name].to_pylist()) is not None]
    if timed:
        bins = [name for name in timed if name not in _RECURRING] or timed
        axis = bins[0]
    else:
        axis = second if len(_distinct(answer, first)) <= len(_distinct(answer, second)) else first
    return axis, second if axis == first else first


def _distinct(answer: Answer, name: str) -> list[Any]:
    return list(dict.fromkeys(answer.table[name].to_pylist()))


def group_text(value: Any, group: str) -> str:
    """Return a value of a group as a person reads it."""
    if value is None or value == "":
        return _NONE
    if group == "weekday" and isinstance(value, int) and 1 <= value <= 7:
        return calendar.day_abbr[value - 1]
    if group == "hour_of_day" and isinstance(value, int):
        return f"{value:02d}:00"
    return f"{value:,g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values of a group lie along the axis."""

    form: str
    positions: NDArray[np.int64]
    labels: tuple[str, ...]
    place: Callable[[Any], int]
    recurs: bool = False

    @classmethod
    def of_values(cls, values: Sequence[Any], group: str) -> _Scale:
        """Return the scale of a group: of time, of what recurs, or of categories in the answer's order."""
        reader = _bin_of(group, values)
        if reader is not None and group in _RECURRING:
            numbers = _RECURRING[group]
            return cls(
                "bars", np.array(numbers), tuple(group_text(at, group) for at in numbers), int, recurs=True
            )
        if reader is not None:
            known = {reader(value): str(value) for value in values if value is not None}
            low, high = min(known), max(known)
            if high - low >= _MOST_POSITIONS:
                raise Unsupported(
                    "no-chart",
                    f"there are {high - low + 1:,} {group}s from first to last",
                    hint="group by a longer bin",
                )
            positions = np.arange(low, high + 1)
            write = _WRITERS.get(group)
            labels = tuple(known.get(int(at), "") if write is None else write(int(at)) for at in positions)
            return cls("lines", positions, labels, reader)
        distinct = list(dict.fromkeys(values))
        if len(distinct) > _MOST_BARS:
            raise Unsupported(
                "no-chart",
                f"{len(distinct):,} bars of '{group}' are too many for a picture (at most {_MOST_BARS})",
                hint="draw the greatest: --order -count --limit 20",
            )
        place = {value: at for at, value in enumerate(distinct)}
        return cls(
            "bars",
            np.arange(len(distinct)),
            tuple(group_text(value, group) for value in distinct),
            place.__getitem__,
        )


def _panel(
    answer: Answer,
    field: str,
    scale: _Scale,
    group: tuple[str, str | None, Any],
    measures: Mapping[str, str],
    *,
    whole: bool,
) -> Panel:
    axis, panel, name = group
    table = answer.table
    rows = np.arange(len(table))
    if panel is not None:
        rows = np.array([at for at, value in enumerate(table[panel].to_pylist()) if value == name], np.int64)
    keys = table[axis].to_pylist()
    measure = measures.get(field, field)
    beside = [(field, measure)] + [
        (f"{field}{end}", label) for end, label in _BESIDE.items() if f"{field}{end}" in table.schema.names
    ]
    series = []
    for column, label in beside:
        empty = 0.0 if whole and measure in _COUNTED and (scale.form == "lines" or scale.recurs) else np.nan
        values = np.full(len(scale.positions), empty)
        numbers = table[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
        for row in rows:
            if keys[row] is not None or scale.form == "bars":
                values[scale.place(keys[row]) - scale.positions[0]] = numbers[row]
        series.append(Series(label, values))
    title = group_text(name, panel) if panel is not None else measure
    return Panel(title, measure, tuple(series))


_RECURRING: Mapping[str, Sequence[int]] = {"weekday": range(1, 8), "hour_of_day": range(24)}


def _bin_of(group: str, values: Sequence[Any]) -> Callable[[Any], int] | None:
    """Return what gives the number of a bin by its label, if a group are bins of time."""
    if group in _RECURRING:
        fits = all(
            isinstance(value, int) and value in _RECURRING[group] for value in values if value is not None
        )
        return int if fits and any(value is not None for value in values) else None
    reader = _READERS.get(group)
    try:
        read = [reader(value) for value in values if value is not None] if reader else []
    except (ValueError, TypeError, AttributeError):
        return None  # a column of that name
    return reader if read else None


def _months(label: str) -> int:
    year, month = label.split("-")
    return int(year) * 12 + int(month) - 1


def _quarters(label: str) -> int:
    year, quarter = label.split("-Q")
    return int(year) * 4 + int(quarter) - 1


def _weeks(label: str) -> int:
    return (datetime.strptime(f"{label}-1", "%G-W%V-%u").date() - date(1969, 12, 29)).days // 7  # noqa: DTZ007


_READERS: Mapping[str, Callable[[Any], int]] = {
    "hour": lambda label: int(datetime.fromisoformat(label).timestamp()) // 3600,
    "day": lambda label: date.fromisoformat(label).toordinal(),
    "week": _weeks,
    "month": _months,
    "quarter": _quarters,
    "year": int,
}
_WRITERS: Mapping[str, Callable[[int], str]] = {
    "day": lambda at: date.fromordinal(at).isoformat(),
    "week": lambda at: (date(1969, 12, 29) + timedelta(weeks=at)).strftime("%G-W%V"),
    "month": lambda at: f"{at // 12:04d}-{at % 12 + 1:02d}",
    "quarter": lambda at: f"{at // 4:04d}-Q{at % 4 + 1}",
    "year": lambda at: f"{at:04d}",
}
