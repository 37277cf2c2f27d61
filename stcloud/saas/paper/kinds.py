"""Figures of kinds and durations: what is reported most, and how long it takes until it is closed.

Which columns say so is what was chosen, or what the layer's definition names; nothing is guessed.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput
from stcloud.paas.case.requested import import_of
from stcloud.saas.paper.plot import chart_markup
from stcloud.saas.report.caption import measures_of
from stcloud.saas.report.chartdata import chart_data

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Question
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope

__all__ = ["closing_figure", "kinds_figure"]

_TOP = 15


def kinds_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the classes that are reported most."""
    column, words = _class_column(scope), scope.words
    if column is None:
        return words.text(
            "no column of classes was named, and the definition of {layer} names none: --classes COLUMN",
            layer=scope.question.layer,
        )  # fmt: skip
    question = scope.asks(by=(_quoted(column),), order=("-count",), limit=_TOP)
    answer = scope.answer(question)
    if not len(answer):
        return words.text("nothing was found")
    return scope.figure(
        "kinds", words.text("What is reported most"), question, answer, _bars(scope, question, answer)
    )


def closing_figure(scope: PaperScope) -> PaperFigure | str:
    """Return how long it takes until what was reported is closed, by class where there is one."""
    words, column = scope.words, _closed_column(scope)
    opened = _opened_column(scope)
    if column is None or opened is None:
        return words.text(
            "no column of ends was named, and the definition of {layer} names none: --closed COLUMN",
            layer=scope.question.layer,
        )  # fmt: skip
    lasted = f"days({_quoted(column)} - {_quoted(opened)})"
    kind = _class_column(scope)
    measures = (
        f"median_days = median({lasted})",
        f'"90 of 100 within days" = p90({lasted})',
        f"closed = count({lasted})",
    )
    order = ("-closed",) if kind is not None else ()
    by = () if kind is None else (_quoted(kind),)
    question = scope.asks(measure=measures, by=by, order=order, limit=_TOP if by else None)
    answer = scope.answer(question)
    if not any(row["closed"] for row in answer):
        return words.text("nothing was closed")
    title = (
        words.text("Days until closed, by {group}", group=kind) if kind else words.text("Days until closed")
    )
    shown = question.model_copy(update={"measure": measures[:1]})
    return scope.figure("closing", title, question, answer, _bars(scope, shown, answer))


def _bars(scope: PaperScope, question: Question, answer: Answer) -> str:
    """Return bars of the first measure."""
    groups = tuple(answer.plain.schema.names[: len(question.by)])
    if not groups:
        from stcloud.saas.paper.course import tiles_markup  # noqa: PLC0415  (it draws places, too)

        return tiles_markup(answer, scope)
    first = answer.labelled()
    names = [*groups, answer.plain.schema.names[len(groups)]]
    from dataclasses import replace  # noqa: PLC0415

    alone = replace(first, table=first.table.select(names))
    return chart_markup(chart_data(alone, groups, measures_of(alone, question), whole=False), scope.words)


def _class_column(scope: PaperScope) -> str | None:
    """Return the column of classes: the chosen one, that of the bundled definition, or the only one with codes."""
    layer = scope.query.subject.layer
    names = [attribute.name for attribute in layer.attributes]
    if scope.choices.classes is not None:
        return scope.choices.classes if scope.choices.classes in names else None
    imported = _imported(layer)
    if imported is not None and imported.class_ in names:
        return str(imported.class_)
    coded = [
        name
        for name, column in layer.definition.columns.items()
        if column.codes is not None and name in names
    ]
    return coded[0] if len(coded) == 1 else None


def _closed_column(scope: PaperScope) -> str | None:
    layer = scope.query.subject.layer
    names = [attribute.name for attribute in layer.attributes]
    if scope.choices.closed is not None:
        return scope.choices.closed if scope.choices.closed in names else None
    imported, time = _imported(layer), layer.definition.row_time
    if imported is not None and imported.closed in names:
        return str(imported.closed)
    return time.end if time is not None and time.end in names else None


def _opened_column(scope: PaperScope) -> str | None:
    layer = scope.query.subject.layer
    time = layer.definition.row_time
    if time is None or time.column is None:
        return None
    column = layer.definition.column(time.column).rename or time.column
    return column if column in [attribute.name for attribute in layer.attributes] else None


def _imported(layer: Any) -> Any:
    try:
        return import_of(layer.definition.source)
    except InvalidInput:
        return None


def _quoted(name: str) -> str:
    """Return the name of a column as questions write it."""
    return name if name.isidentifier() else f'"{name}"'
