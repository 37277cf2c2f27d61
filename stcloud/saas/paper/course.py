"""Figures of a question as a whole: how many, what it asks for itself, its course over time, days and hours.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from stcloud.saas.paper.figure import field_text, shown_value
from stcloud.saas.paper.markup import element, escaped
from stcloud.saas.paper.placemap import TOO_MANY, map_markup
from stcloud.saas.paper.plot import calendar_map, chart_markup, hour_map
from stcloud.saas.report.caption import compared_with, measures_of
from stcloud.saas.report.chartdata import chart_data

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Question
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope
    from stcloud.saas.report.chartdata import ChartData

__all__ = [
    "course_a_year_earlier", "course_figure", "days_figure", "hours_figure", "itself_figure", "number_figure",
    "tiles_markup",
]  # fmt: skip

_SHORT_DAYS, _LONG_DAYS = 14, 750
_SHOWN_ROWS = 200
NO_COURSE = "features have no course over time"
NOTHING = "nothing was found"


def number_figure(scope: PaperScope) -> PaperFigure:
    """Return the number of rows, beside that of the period before where there is one."""
    words, compared = scope.words, _is_event(scope) and scope.span_us is not None
    question = scope.asks(count=not compared, compare="previous" if compared else None)
    answer = scope.answer(question)
    title = words.text("Number in the period and in the one before" if compared else "Number in the period")
    return scope.figure("number", title, question, answer, tiles_markup(answer, scope))


def tiles_markup(answer: Answer, scope: PaperScope) -> str:
    """Return the values of an answer of one row as large numbers."""
    row = next(iter(answer), {})
    tiles = [
        element("div", [element("dt", escaped(field_text(name, scope.words))),
                        element("dd", escaped(shown_value(value, name, scope.words)))])
        for name, value in row.items()
    ]  # fmt: skip
    return element("dl", tiles, class_="tiles")


def itself_figure(scope: PaperScope) -> PaperFigure | str:
    """Return what the question itself asks for: a map, a chart or numbers."""
    question, words = scope.question, scope.words
    if not question.summed:
        return ""  # it asks for rows, whose groups are the other sections
    answer = scope.answer(question)
    if not len(answer):
        return words.text(NOTHING)
    title = (
        words.text("By {group}", group=", ".join(question.by))
        if question.by
        else words.text("The question itself")
    )
    drawing, notes = _drawn(scope, question, answer)
    shown = _SHOWN_ROWS if len(answer) > _SHOWN_ROWS else None
    return scope.figure("itself", title, question, answer, drawing, shown=shown, notes=notes)


def _drawn(scope: PaperScope, question: Question, answer: Answer) -> tuple[str, list[str]]:
    if not question.by:
        return tiles_markup(answer, scope), []
    groups = tuple(answer.plain.schema.names[: len(question.by)])
    measures = measures_of(answer, question)
    if answer.shape_column is not None and len(groups) == 1:
        if len(answer) > TOO_MANY:
            values = {"number": f"{len(answer):,}", "shown": _SHOWN_ROWS}
            return "", [
                scope.words.text(
                    "{number} groups are too many for a map; the first {shown} are shown", **values
                )
            ]
        return map_markup(scope, answer, groups, measures, scope.words.text("The question itself")), []
    whole = answer.next is None and question.having is None and question.after is None
    data = chart_data(answer.labelled(), groups, measures, whole=whole)
    return chart_markup(data, scope.words, _other(scope, question)), []


def _other(scope: PaperScope, question: Question) -> str:
    return scope.words.text(compared_with(question)) if question.compare else ""


def course_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the course over time, beside that of the period before."""
    if not _is_event(scope):
        return scope.words.text(NO_COURSE)
    compared = scope.span_us is not None
    figure = _course(scope, "course", "previous" if compared else None)
    if figure is None:
        return scope.words.text(NOTHING)
    return figure


def course_a_year_earlier(scope: PaperScope) -> PaperFigure | str:
    """Return the course over time beside that of a year earlier."""
    words = scope.words
    if not _is_event(scope):
        return ""
    if scope.span_us is None:
        return words.text("the period has no two ends, so nothing is before it")
    before = scope.answer(scope.asks(compare="year")).table
    if not before["count_before"].to_pylist()[0]:
        return words.text("a year earlier layer {layer} had nothing", layer=scope.question.layer)
    return _course(scope, "year", "year") or words.text(NOTHING)


def _course(scope: PaperScope, name: str, compare: str | None) -> PaperFigure | None:
    question, words = scope.asks(by=(scope.bin,), compare=compare), scope.words
    answer = scope.answer(question)
    if not len(answer):
        return None
    data = _within(scope, chart_data(answer.labelled(), (scope.bin,), measures_of(answer, question)))
    title = {"previous": "By {bin}, and in the period before", "year": "By {bin}, and a year earlier"}
    text = words.text(title.get(compare or "", "By {bin}"), bin=words.text(scope.bin))
    return scope.figure(name, text, question, answer, chart_markup(data, words, _other(scope, question)))


def _within(scope: PaperScope, data: ChartData) -> ChartData:
    """Return a chart without values after the end of the question's time, where only what is beside it goes on."""
    if (ends := scope.days) is None or scope.bin not in _LABELS:
        return data
    last = _LABELS[scope.bin](ends[1])
    beyond = np.array([bool(label) and label > last for label in data.labels])
    panels = tuple(
        replace(panel, series=(
            replace(panel.series[0], values=np.where(beyond, np.nan, panel.series[0].values)), *panel.series[1:]
        ))
        for panel in data.panels
    )  # fmt: skip
    return replace(data, panels=panels)


_LABELS: Mapping[str, Callable[[date], str]] = {
    "day": date.isoformat, "month": lambda day: f"{day:%Y-%m}",
    "week": lambda day: f"{day.isocalendar().year}-W{day.isocalendar().week:02d}",
}  # fmt: skip
"""How bins of time are labelled that a day lies in."""


def hours_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the heat map of weekdays and hours."""
    if not _is_event(scope):
        return scope.words.text(NO_COURSE)
    question = scope.asks(by=("weekday", "hour-of-day"))
    answer = scope.answer(question)
    counts = {(row["weekday"], row["hour_of_day"]): row["count"] for row in answer}
    if not counts:
        return scope.words.text(NOTHING)
    if len({hour for _, hour in counts}) == 1 and len(counts) > 1:
        return scope.words.text("its times have no hours")
    title = scope.words.text("By day of the week and hour")
    return scope.figure("hours", title, question, answer, hour_map(counts, scope.words))


def days_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the heat map of days in weeks."""
    words = scope.words
    if not _is_event(scope):
        return ""
    if (ends := scope.days) is None:
        return words.text("the period has no two ends")
    length = (ends[1] - ends[0]).days + 1
    if not _SHORT_DAYS <= length <= _LONG_DAYS:
        return words.text(
            "the period is shorter than two weeks"
            if length < _SHORT_DAYS
            else "the period is longer than two years"
        )
    question = scope.asks(by=("day",))
    answer = scope.answer(question)
    counts = {date.fromisoformat(str(row["day"])): row["count"] for row in answer}
    title = words.text("By day, in weeks")
    return (
        scope.figure("days", title, question, answer, calendar_map(counts, *ends, words))
        if counts
        else words.text(NOTHING)
    )


def _is_event(scope: PaperScope) -> bool:
    return not scope.query.subject.layer.layer_kind.versioned
