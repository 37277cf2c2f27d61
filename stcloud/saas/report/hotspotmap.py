"""The map of hot spots: each cell in the colour of its class, and in a legend what the classes mean.

Tested by `tests/saas/report/test_hotspotmap.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stcloud.errors import InvalidInput
from stcloud.paas.cube.hotspot import CLASSES
from stcloud.saas.report.canvas import Canvas
from stcloud.saas.report.caption import instant_text, places_of, title_of
from stcloud.saas.report.categorylegend import height_of_categories
from stcloud.saas.report.glyph import advice
from stcloud.saas.report.map import MapText, draw_map
from stcloud.saas.report.palette import COLD, GREY, HOT, INK, OTHERS
from stcloud.saas.report.picture import MapOptions, area_of
from stcloud.saas.report.symbol import Category, Symbols
from stcloud.saas.report.underlay import underlays

if TYPE_CHECKING:
    from stcloud.paas.cube.hotspot_result import HotSpots
    from stcloud.paas.query import Query

__all__ = ["map_hotspots", "symbols_of_hotspots"]

_USUAL = MapOptions()
_SIZE_PX, _LEGEND_PX, _ABOVE_AND_BELOW_PX = (1400, 1000), 206.0, 320.0

_GLYPHS = {
    "new": "*", "consecutive": "s", "intensifying": "^", "persistent": "_", "diminishing": "v", "sporadic": ".",
    "oscillating": "d", "historical": "open o",
}  # fmt: skip
_NOTES = {
    "new": "{side} in the last step, and in no other",
    "consecutive": "{side} in the last steps without a break, never before",
    "intensifying": "{side} in 9 of 10 steps and the last, more and more",
    "persistent": "{side} in 9 of 10 steps and the last, without a trend",
    "diminishing": "{side} in 9 of 10 steps and the last, less and less",
    "sporadic": "{side} in the last step and in some before, never {other}",
    "oscillating": "{side} in the last step, {other} in some before",
    "historical": "{side} in 9 of 10 steps, but not in the last",
}
_DARK = ("intensifying", "persistent", "diminishing", "oscillating")
_OTHERS = (
    Category("none", OTHERS["none"], GREY, "others", "no rule fits"),
    Category("unknown", OTHERS["unknown"], INK, "others", "the last step is not known here", "x"),
    Category("not analysed", OTHERS["not analysed"], GREY, "others", "nothing ever happened here"),
)


def map_hotspots(
    query: Query,
    hotspots: HotSpots,
    path: Path,
    tell: Callable[[str], None],
    *,
    options: MapOptions = _USUAL,
) -> Path:
    """Draw hot and cold spots as a map.

    Parameters
    ----------
    query
        What the cube was made of: it gives the title, the outline, and the layers underneath.
    hotspots
        Of that cube, whose cells have shapes.
    path
        PNG, SVG or PDF file to write.
    tell
        Called with the fonts to install, where characters have none, and with what is not drawn underneath.
    options
        Title, and layers underneath; these are drawn as they were at the end of the last step.

    Returns
    -------
    The file.

    Raises
    ------
    InvalidInput
        ``no-shapes``, ``unknown-picture``
    NotFound
        ``unknown-layer`` underneath.
    StorageError
        ``picture-not-written``
    """
    subject, configuration, cube = query.subject, query.subject.configuration, hotspots.cube
    symbols = symbols_of_hotspots(hotspots)
    places = "".join(f"  ·  in {place}" for place in places_of(query))
    steps = f"{len(cube.labels):,} steps, {cube.labels[0]} to {cube.labels[-1]}"
    near = f"  ·  neighbours: {hotspots.neighbourhood}" if hotspots.neighbourhood else ""
    known = cube.facts.get("known_at")
    text = MapText(
        options.title or f"Hot spots of {title_of(query)}",
        f"{configuration.name}, layer {subject.layer.name}{places}  ·  {hotspots.measure}, {steps}{near}",
        hotspots.notes,
        f"{instant_text(known)}, {configuration.zone.name}" if known else "",
        "class",
    )
    under = underlays(subject, options.under, int(cube.edges_us[-1]) - 1, tell)
    size_px = (_SIZE_PX[0], max(_SIZE_PX[1], int(_height_px(symbols))))
    canvas = draw_map(
        symbols, area_of(query), text, crs=configuration.crs, under=under, path=path, size_px=size_px
    )
    if canvas.missing:
        tell(advice(canvas.missing))
    return path


def symbols_of_hotspots(hotspots: HotSpots) -> Symbols:
    """Return the cells by their class, those of hot spots first; `InvalidInput` ``no-shapes``.

    Only classes that some cell has are among the categories.
    """
    cells = hotspots.cube.cells
    if cells.shapes is None:
        raise InvalidInput("no-shapes", "the cells have no shapes", hint="use to_pandas")
    shapes = np.asarray(cells.shapes(), object)
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    names = np.array([*CLASSES, "not analysed"])  # the class -1 is the last
    of = hotspots.classes[placed] % len(names)
    categories = _categories()
    present = [name for name in categories if (names[of] == name).any()]
    order = {name: number for number, name in enumerate(present)}
    values = np.array([order[name] for name in names[of].tolist()], np.float64)
    is_square = cells.noun.startswith("cell_")
    return Symbols(
        shapes[placed], values, "cell" if is_square or cells.noun == "unit" else "area",
        unplaced=int((~placed).sum()), side_m=float(np.sqrt(cells.area_m2[0])) if is_square and len(cells) else 0.0,
        categories=tuple(categories[name] for name in present), tiled=True,
    )  # fmt: skip


def _categories() -> dict[str, Category]:
    """Return how each class is drawn and explained, by its name."""
    sides = (("hot", "cold", HOT, "more than usual"), ("cold", "hot", COLD, "less than usual"))
    classes = {
        f"{kind} {side}": Category(
            kind, faces[kind], "white" if kind in _DARK else INK, f"{side}: {usual}",
            note.format(side=side, other=other), _GLYPHS[kind],
        )
        for side, other, faces, usual in sides
        for kind, note in _NOTES.items()
    }  # fmt: skip
    return classes | {category.label: category for category in _OTHERS}


def _height_px(symbols: Symbols) -> float:
    """Return how high a picture is in which the legend has room."""
    return height_of_categories(Canvas(*_SIZE_PX), _LEGEND_PX, symbols) + _ABOVE_AND_BELOW_PX
