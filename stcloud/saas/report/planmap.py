"""Maps of plans: conflicts by what was decided about them, and the pieces of a blueprint by their state.

Tested by `tests/saas/cli/test_conflicts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stcloud.saas.report.caption import instant_text
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.symbol import Category, Symbols

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer
    from stcloud.saas.report.picture import MapOptions

__all__ = ["map_blueprint", "map_conflicts"]

_OUTCOMES: Mapping[str | None, tuple[str, str, str]] = {
    None: ("open", "#d7301f90", "#a50f15"), "replan": ("to be planned anew", "#fdae6190", "#b35806"),
    "first": ("the first side prevails", "#4575b490", "#313695"),
    "second": ("the second side prevails", "#74add190", "#313695"), "both": ("both stay", "#99999990", "#555555"),
}  # fmt: skip
_STATES: Mapping[str | None, tuple[str, str, str]] = {
    "settled": ("settled", "#d9ead390", "#6aa84f"), "open": _OUTCOMES[None], "replan": _OUTCOMES["replan"],
    "cut": ("cut", "#99999990", "#555555"),
}  # fmt: skip


def map_conflicts(
    city: City, answer: Answer, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    """Draw conflicts, coloured by what was decided about them.

    Parameters
    ----------
    city
        The city.
    answer
        Of `City.conflicts`.
    path, tell
        PNG, SVG or PDF file to write; called with advice about fonts.
    options
        The title.

    Returns
    -------
    The file; raises as `draw_map`.
    """
    title = options.title or f"Conflicts between {answer.facts['layer']}"
    return _drawn(city, answer, "conflict", "outcome", _OUTCOMES, title, path, tell)


def map_blueprint(
    city: City, answer: Answer, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    """Draw the pieces of a blueprint, coloured by their state; parameters are those of `map_conflicts`."""
    title = options.title or f"Blueprint of {answer.facts['layer']}"
    return _drawn(city, answer, "piece", "state", _STATES, title, path, tell)


def _drawn(
    city: City,
    answer: Answer,
    noun: str,
    column: str,
    looks: Mapping[str | None, tuple[str, str, str]],
    title: str,
    path: Path,
    tell: Callable[[str], None],
) -> Path:
    values: list[Any] = answer.table[column].to_pylist()
    present = [value for value in looks if value in values]
    shapes = answer.geometry()
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    numbers = np.array([present.index(value) for value in values], np.float64)
    categories = tuple(Category(*looks[value]) for value in present)
    symbols = Symbols(
        shapes[placed], numbers[placed], noun, unplaced=int((~placed).sum()), categories=categories
    )
    zone = city.configuration.zone
    times = [instant_text(answer.facts[name]) for name in ("at",) if name in answer.facts]
    times += [answer.facts[name] for name in ("during",) if name in answer.facts]
    text = MapText(
        title,
        subtitle=", ".join([city.name, *times, f"rules {answer.facts['rules']}"]),
        known=f"{instant_text(answer.facts['known_at'])}, {zone.name}",
        heading=column,
    )
    canvas = draw_map(symbols, None, text, crs=city.configuration.crs, path=path)
    if canvas.missing:
        tell(advice(canvas.missing))
    return path
