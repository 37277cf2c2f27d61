"""Figures of evaluations: rates by area and department with their counts, and how long cases took.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.city.casefacts import has_facts
from stcloud.errors import InvalidInput
from stcloud.paas.case.requested import import_of
from stcloud.paas.query import Question
from stcloud.saas.paper.figure import FigureTable, field_text
from stcloud.saas.paper.markup import element, escaped, style_of
from stcloud.saas.report.classes import number_text
from stcloud.saas.reproduction import shell_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.city.evaluating import CaseEvaluation
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope

__all__ = ["case_times_figure", "evaluation_by_area", "evaluation_by_department"]

_INDICATORS = ("on_time_closing_rate", "closing_rate", "handling_rate", "average_closing_hours", "filed_cases",
               "reported_cases")  # fmt: skip
_MOST_INDICATORS, _MOST_GROUPS = 3, 100
_AREAS = ("street", "community", "district")


def evaluation_by_area(scope: PaperScope) -> PaperFigure | str:
    """Return the rates of areas: streets, else communities, else districts."""
    for by in _AREAS:
        figure = _evaluated(scope, by)
        if not isinstance(figure, str):
            return figure
    return figure


def evaluation_by_department(scope: PaperScope) -> PaperFigure | str:
    """Return the rates of departments."""
    return _evaluated(scope, "department")


def case_times_figure(scope: PaperScope) -> PaperFigure | str:
    """Return how long the cases took that were reported in the period, by department."""
    name, period, words = _subject(scope), _period(scope), scope.words
    if name is None or period is None:
        return ""
    evaluation = _evaluate(scope, name, by="department", period=period)
    rows: list[tuple[Any, ...]] = [
        (*labels, times.closed, times.open, _hours(times.median_closed_us), _hours(times.median_us))
        for labels, times in evaluation.time_to_close().items()
    ]
    if not any(row[1] for row in rows):
        return words.text("nothing was closed")
    table = FigureTable(
        ("department", "closed", "open", "median_closed_hours", "median_hours"), tuple(rows), {}, 1
    )
    command = _command(scope, name, "department", period, (("--time-to-close", None),))
    title = words.text("Hours until closed, by {group}", group=words.text("department"))
    drawing = _bars(scope, [(row[0], row[3]) for row in rows], None)
    python = f"{_python(scope, name, 'department', period)}.time_to_close()"
    return scope.other_figure(
        "case-times", title, table, drawing, command, python, (), _stated(name, "department", period)
    )


def _evaluated(scope: PaperScope, by: str) -> PaperFigure | str:
    words, name, period = scope.words, _subject(scope), _period(scope)
    if name is None:
        return words.text(
            "{layer} has no evaluation: it is no layer of cases, and the city has not one log alone: --log LOG",
            layer=scope.question.layer,
        )  # fmt: skip
    if period is None:
        return words.text("an evaluation is of one month, quarter or year")
    evaluation = _evaluate(scope, name, by=by, period=period)
    rows = evaluation.table.to_pylist()[:_MOST_GROUPS]
    named = [indicator for indicator in _INDICATORS if any(row.get(indicator) is not None for row in rows)]
    chosen = tuple(named[:_MOST_INDICATORS])
    if not chosen or all(row[by] is None for row in rows):
        return words.text("no rates were made")
    fields = _fields(evaluation, by, chosen)
    table = FigureTable(fields, tuple(tuple(row[field] for field in fields) for row in rows), {}, 1)
    title = words.text("Rates of {name} by {group}, {period}", name=name, group=words.text(by), period=period)
    note = words.text(
        "The evaluation counts the cases of the whole of {name}, whatever else the question narrows.",
        name=name,
    )
    options = (("--indicator", ",".join(chosen)),)
    is_rate = f"{chosen[0]}_denominator" in fields
    drawing = _bars(scope, [(row[by], row[chosen[0]]) for row in rows], 100.0 if is_rate else None)
    heading = element("p", escaped(field_text(chosen[0], words) + (", %" if is_rate else "")), class_="panel")
    python = _python(scope, name, by, period, chosen)
    command = _command(scope, name, by, period, options)
    return scope.other_figure(
        f"evaluation-{by}",
        title,
        table,
        heading + drawing,
        command,
        python,
        (note,),
        _stated(name, by, period),
    )


def _stated(name: str, by: str, period: str) -> tuple[tuple[str, str], ...]:
    return (("evaluated", name), ("by", by), ("when", period))


def _fields(evaluation: CaseEvaluation, by: str, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the group, and each indicator with the counts that it is made of."""
    names = evaluation.table.column_names
    ends = ("", "_numerator", "_denominator", "_cases")
    return (by, *(f"{name}{end}" for name in chosen for end in ends if f"{name}{end}" in names))


def _subject(scope: PaperScope) -> str | None:
    """Return the log or layer that is evaluated: the chosen one, the layer itself, or the city's only log."""
    if scope.choices.log is not None:
        return scope.choices.log
    layer = scope.city.layer(scope.question.layer)
    if has_facts(layer):
        return layer.name
    logs = scope.city.case_logs()
    if len(logs) == 1:
        return logs[0]
    try:
        import_of(layer.definition.source)
    except InvalidInput:
        return None
    return layer.name


def _period(scope: PaperScope) -> str | None:
    """Return the period of the question as evaluations take it; None: it is none of theirs."""
    when = scope.question.when
    if len(when) != 1 or any(
        getattr(scope.question, name) for name in ("weekdays", "hours", "months", "seasons", "days")
    ):
        return None
    from stcloud.paas.case.evaluation import EvaluationPlan  # noqa: PLC0415  (few reports evaluate)

    try:
        EvaluationPlan.of(0, scope.city.configuration.zone, known_us=0, period=when[0])
    except InvalidInput:
        return None
    return when[0]


def _evaluate(scope: PaperScope, name: str, **options: Any) -> CaseEvaluation:
    """Evaluate a log or a layer."""
    given = {**options, "known_at": scope.known}
    city = scope.city
    if name in city.case_logs():
        return city.cases(name).evaluate(**given)
    return city.evaluate(name, **given)


def _command(
    scope: PaperScope, name: str, by: str, period: str, options: Sequence[tuple[str, str | None]]
) -> str:
    question = Question(layer=name, known_at=scope.known)
    given = (("--by", by), ("--period", period), *options, ("--format", "csv"))
    return shell_text(question, scope.place, command="case evaluate", options=given)


def _python(scope: PaperScope, name: str, by: str, period: str, indicators: Sequence[str] = ()) -> str:
    chosen = f", indicators={list(indicators)!r}" if indicators else ""
    start = f"cases({name!r}).evaluate(" if name in scope.city.case_logs() else f"evaluate({name!r}, "
    return f"city.{start}by={by!r}, period={period!r}, known_at={scope.known!r}{chosen})"


def _hours(lasted_us: int | None) -> float | None:
    return None if lasted_us is None else round(lasted_us / 3.6e9, 2)


def _bars(scope: PaperScope, values: Sequence[tuple[str | None, float | None]], most: float | None) -> str:
    """Return a bar for each group that has a value."""
    known = [(label, value) for label, value in values if value is not None]
    scale = most or max((value for _, value in known), default=1.0) or 1.0
    rows = []
    for label, value in known:
        rect = element("rect", width=style_of(min(value / scale, 1.0)), height=14, class_="accent")
        text = f"({scope.words.text('none')})" if label is None else label
        rows.append(element("li", [
            element("span", escaped(text)), element("svg", rect, height=14, aria_hidden="true"),
            element("b", escaped(number_text(value, 2 if value != int(value) else 0))),
        ]))  # fmt: skip
    return element("ol", rows, class_="bars")
