"""Maps and lists of places: answers by area or cell on a map, with the greatest numbered and listed.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stcloud.city.placelayers import LayerRoles
from stcloud.errors import NotFound
from stcloud.paas.query.run.rate import rated_us
from stcloud.saas.paper.areamap import AreaMap
from stcloud.saas.paper.colours import class_name
from stcloud.saas.paper.markup import element, escaped, swatch
from stcloud.saas.paper.plot import legend_of
from stcloud.saas.report.classes import class_limits, number_text
from stcloud.saas.report.picture import area_of
from stcloud.saas.report.symbol import symbols_of
from stcloud.saas.report.underlay import USUAL, underlays
from stcloud.time import instant_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from stcloud.daas.entry import Layer
    from stcloud.paas.query import Answer
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope
    from stcloud.saas.report.classes import Classes
    from stcloud.saas.report.symbol import Symbols
    from stcloud.saas.report.underlay import Underlay
    from stcloud.saas.report.view import View

__all__ = ["TOO_MANY", "areas_figure", "cell_of", "cells_figure", "map_markup", "under_of"]

TOO_MANY = 1_000
"""Groups from which on a map and a whole table would be too large for a page."""
_TOP, _SHOWN = 10, 20
_CELLS = ("100m", "250m", "500m", "1km", "10km", "100km")
_NAME = "name"


def areas_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the areas with what they have, the greatest first."""
    group = _area_group(scope)
    if group is None:
        return scope.words.text(
            "no layer of areas was named, and the city has not one of communities alone: --areas LAYER"
        )
    layer = group.removeprefix("in:").partition(".")[0]
    return _places(scope, "areas", scope.words.text("By area of {layer}", layer=layer), group)


def _was_there(layer: Layer, known_us: int) -> bool:
    return any(load.recorded_at_us <= layer.axis_us(known_us) for load in layer.loads)


def _area_group(scope: PaperScope) -> str | None:
    """Return the group of the areas that were chosen, or of the city's only layer of communities."""
    chosen = scope.choices.areas
    if chosen is None:
        known_us = instant_us(scope.known, scope.city.configuration.zone)
        names = [name for name in LayerRoles.of(scope.city).layers["communities"]
                 if _was_there(scope.city.layer(name), known_us)]  # fmt: skip
        if len(names) != 1:
            return None
        chosen = names[0]
    name, dot, _ = chosen.partition(".")
    columns = {attribute.name for attribute in scope.city.layer(name).attributes}
    return f"in:{chosen}.{_NAME}" if not dot and _NAME in columns else f"in:{chosen}"


def cells_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the cells with what they have: of the unit grid, or of a size of which there are not too many."""
    cell = cell_of(scope)
    if cell is None:
        return scope.words.text("nothing has a place")
    return _places(scope, "cells", scope.words.text("By cell"), cell)


def cell_of(scope: PaperScope) -> str | None:
    """Return the cells that a page has room for; None: nothing has a place."""
    if scope.query.subject.index is not None and _has_any(scope.answer(scope.asks(by=("unit",), limit=1))):
        return "unit"
    for size in _CELLS:
        answer = scope.answer(scope.asks(by=(f"cell:{size}",), order=("-count",), limit=TOO_MANY + 1))
        if not _has_any(answer):
            return None
        if len(answer) <= TOO_MANY:
            return f"cell:{size}"
    return f"cell:{_CELLS[-1]}"


def _has_any(answer: Answer) -> bool:
    """Return whether some group of an answer has a place."""
    return bool(answer.table.num_rows - answer.table[0].null_count)


def _places(scope: PaperScope, name: str, title: str, group: str) -> PaperFigure | str:
    question = scope.asks(by=(group,), order=("-count",))
    answer = scope.answer(question)
    field = answer.plain.schema.names[0]
    if not _has_any(answer):
        return scope.words.text("nothing has a place")
    if len(answer) > TOO_MANY:
        total, question = len(answer), question.model_copy(update={"limit": _SHOWN})
        answer = scope.answer(question)
        note = scope.words.text(
            "{number} groups are too many for a map; the first {shown} are shown", number=f"{total:,}", shown=_SHOWN
        )  # fmt: skip
        return scope.figure(name, title, question, answer, _listed(answer), notes=(note,))
    return scope.figure(
        name, title, question, answer, map_markup(scope, answer, (field,), {}, title) + _listed(answer)
    )


def _listed(answer: Answer) -> str:
    """Return the first groups with a name as a numbered list."""
    field, measure = answer.plain.schema.names[:2]
    named = [row for row in answer.labelled() if row[field] is not None][:_TOP]
    entries = [
        element("li", [element("span", escaped(str(row[field]))), element("b", escaped(number_text(row[measure])))])
        for row in named
    ]  # fmt: skip
    return element("ol", entries, class_="top")


def map_markup(
    scope: PaperScope, answer: Answer, groups: Sequence[str], measures: Mapping[str, str], title: str
) -> str:
    """Return the map of an answer with its legend; raises as `symbols_of`."""
    symbols = symbols_of(answer, None, groups, measures)
    values = np.zeros(0) if symbols.values is None else symbols.values
    classes = class_limits(values, whole=symbols.whole, diverging=True if symbols.changes else None)
    numbers = np.zeros(len(values), np.intp) if classes is None else classes.of(values)
    names = [
        "no-value" if np.isnan(value) else class_name(
            int(number), len(classes) if classes is not None else 1,
            diverging_scale=classes is not None and classes.diverging,
        )
        for value, number in zip(values.tolist(), numbers.tolist(), strict=True)
    ]  # fmt: skip
    query = scope.query
    drawn = AreaMap(symbols.shapes, names, query.subject.configuration.crs, area_of(query), _ranks(symbols))
    own = [name.removeprefix("in_").partition(".")[0] for name in groups]
    return drawn.markup(title, under_of(scope, own)) + _legend(scope, symbols, values, classes)


def _ranks(symbols: Symbols) -> list[int]:
    """Return the rank of each symbol, the greatest 1; those of one value in the order of the answer."""
    if symbols.values is None or symbols.changes:
        return []
    order = np.lexsort((np.arange(len(symbols)), -np.nan_to_num(symbols.values)))
    ranks = np.empty(len(symbols), np.intp)
    ranks[order] = np.arange(1, len(symbols) + 1)
    result: list[int] = ranks.tolist()
    return result


def _legend(
    scope: PaperScope,
    symbols: Symbols,
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    classes: Classes | None,
) -> str:
    words, more = scope.words, []
    if np.isnan(values).any():
        more.append(swatch("no-value", words.text("no value"), f"{int(np.isnan(values).sum()):,}"))
    if symbols.unplaced:
        text = words.text("{number} have no place", number=f"{symbols.unplaced:,}")
        more.append(element("li", escaped(text)))
    return legend_of(values.tolist(), classes, more)


def under_of(scope: PaperScope, without: Sequence[str] = ()) -> Callable[[View], list[Underlay]]:
    """Return what reads the layers beneath a map, as known at the pin: the usual ones, if the city has them."""
    query = scope.query
    known_us = instant_us(scope.known, scope.city.configuration.zone)
    names = [
        name for name in USUAL if name not in (*without, scope.question.layer) and _is_versioned(scope, name)
    ]
    at_us = min(rated_us(query.inquiry()), known_us)
    return underlays(query.subject, names, at_us, lambda _: None, known_us)


def _is_versioned(scope: PaperScope, name: str) -> bool:
    try:
        return scope.city.layer(name).layer_kind.versioned
    except NotFound:
        return False
