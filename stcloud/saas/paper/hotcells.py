"""Figures of hot spots: cells that are unusual among their neighbours, by their class.

Tested by `tests/saas/paper/test_exhibits.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from stcloud.paas.cube.hotspot import CLASSES
from stcloud.saas.paper.areamap import AreaMap
from stcloud.saas.paper.colours import emerging_name
from stcloud.saas.paper.figure import FigureTable
from stcloud.saas.paper.markup import element, swatch
from stcloud.saas.paper.placemap import cell_of, under_of
from stcloud.saas.report.picture import area_of
from stcloud.saas.reproduction import narrowed_text, shell_text

if TYPE_CHECKING:
    from stcloud.paas.cube.hotspot_result import HotSpots
    from stcloud.saas.paper.figure import PaperFigure
    from stcloud.saas.paper.scope import PaperScope

__all__ = ["hotspots_figure"]

_LEAST_STEPS, _MOST_ROWS = 7, 40
_STEPS = {"1h": 1 / 24, "1D": 1.0, "1W": 7.0, "1M": 30.5}
_MOST_STEPS = 60
_DAY_US = 86_400_000_000
_FIELDS = ("class", "hot_steps", "cold_steps")


def hotspots_figure(scope: PaperScope) -> PaperFigure | str:
    """Return the hot and cold cells of the question's time, in steps of hours, days, weeks or months."""
    words = scope.words
    if scope.query.subject.layer.layer_kind.versioned:
        return words.text("features have no course over time")
    every = _every(scope)
    if every is None:
        return words.text(
            "the period is too short for hot spots, which need {steps} steps", steps=_LEAST_STEPS
        )
    cell = cell_of(scope)
    if cell is None:
        return words.text("nothing has a place")
    cell = cell.removeprefix("cell:")
    result = scope.query.cube(cell, every).hotspots()
    table = _table(result)
    if not table.rows:
        return words.text("no cell is hot or cold")
    options = (("--cell", cell), ("--every", every), ("--format", "csv"))
    command = shell_text(scope.rows, scope.place, command="hotspots", options=options)
    python = f'{narrowed_text(scope.rows)}.cube("{cell}", "{every}").hotspots()'
    title = words.text("Hot and cold cells")
    notes = tuple(result.notes)
    return scope.other_figure("hotspots", title, table, _map(scope, result, title), command, python, notes)


def _every(scope: PaperScope) -> str | None:
    """Return the shortest step of which the time has not too many; None: even of that there are too few."""
    span = scope.span_us
    if span is None:
        return "1M"
    days = (span[1] - span[0]) / _DAY_US
    steps = {name: days / length for name, length in _STEPS.items()}
    fitting = next((name for name, number in steps.items() if number <= _MOST_STEPS), "1M")
    return fitting if steps[fitting] >= _LEAST_STEPS else None


def _table(result: HotSpots) -> FigureTable:
    """Return the cells that are hot or cold, those with the most such steps first."""
    table = result.to_arrow()
    noun = result.cube.cells.noun
    rows = [
        row
        for row in table.select([noun, *_FIELDS]).to_pylist()
        if str(row["class"]).endswith((" hot", " cold"))
    ]
    rows.sort(key=lambda row: (-row["hot_steps"], -row["cold_steps"], str(row[noun])))
    shown = tuple(tuple(row.values()) for row in rows[:_MOST_ROWS])
    return FigureTable((noun, *_FIELDS), shown, {}, 1, whole=False)


def _map(scope: PaperScope, result: HotSpots, title: str) -> str:
    cells = result.cube.cells
    if cells.shapes is None:
        return ""
    shapes = np.asarray(cells.shapes(), object)
    names = np.array([*CLASSES, "not analysed"])[result.classes % (len(CLASSES) + 1)]
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    unusual = np.array([str(name).endswith((" hot", " cold")) for name in names.tolist()], bool)
    bounds = tuple(shapely.total_bounds(shapes[placed]).tolist())
    chosen = placed & unusual
    query = scope.query
    drawn = AreaMap(
        shapes[chosen], [emerging_name(name) for name in names[chosen].tolist()], query.subject.configuration.crs,
        area_of(query), bounds=bounds,
    )  # fmt: skip
    entries = [
        swatch(emerging_name(name), name, f"{int((names == name).sum()):,}")
        for name in CLASSES if (names[chosen] == name).any()
    ]  # fmt: skip
    return element("div", drawn.markup(title, under_of(scope)), class_="light") + element(
        "ul", entries, class_="legend"
    )
