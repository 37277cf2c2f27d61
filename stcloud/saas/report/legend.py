"""The legend of a map, its scale bar and its arrow to the north.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from stcloud.errors import Unsupported
from stcloud.saas.report.canvas import lettering, wrap
from stcloud.saas.report.categorylegend import draw_categories
from stcloud.saas.report.palette import (
    ABSENT,
    GREY,
    HAIR,
    INK,
    LAND,
    NO_VALUE,
    POINT,
    ZERO,
    diverging,
    sequential,
)
from stcloud.saas.report.scale import length_label, round_down
from stcloud.space import LONLAT, project

if TYPE_CHECKING:
    from stcloud.saas.report.canvas import Canvas
    from stcloud.saas.report.classes import Classes
    from stcloud.saas.report.symbol import Symbols
    from stcloud.saas.report.underlay import Underlay
    from stcloud.saas.report.view import View

__all__ = ["convergence_of", "draw_legend", "draw_north", "draw_scale", "face_of"]

_FACES = {"zero": ZERO, "no value": NO_VALUE, "absent": ABSENT, "feature": "#dde7f0"}
_STEP, _MOST_LINES, _MOST_OF_LAYER = 26.0, 4, 3


def face_of(of: int | str, classes: Classes | None = None) -> str:
    """Return the colour of a class, below zero negative, or of ``zero``, ``no value``, ``absent``, ``feature``."""
    if isinstance(of, str) or classes is None:
        return _FACES[str(of)]
    ramp = diverging(len(classes), below=of < 0) if classes.diverging else sequential(len(classes))
    return ramp[abs(of) - 1]


def draw_scale(canvas: Canvas, view: View) -> None:
    """Draw a bar of a round length below the map, an eighth to a third of its width."""
    metres = round_down((view.extent[2] - view.extent[0]) / 3)
    width, top = metres * view.px_per_m, view.top + view.height + 46
    canvas.block(view.left, top, width, 5, facecolor=INK, edgecolor="none", gid="scale-bar")
    canvas.write(view.left + width + 10, top + 2, length_label(metres), 8.5, color=INK, va="center_baseline")


def draw_north(canvas: Canvas, view: View, crs: str) -> None:
    """Draw an arrow to the north below the map, turned as the meridian in its middle is."""
    x, y = view.left + view.width - 14, view.top + view.height + 46
    turn = convergence_of(view, crs)
    if turn is None:
        return
    tip, side = np.array([0.0, -17.0]), np.array([6.5, 0.0])
    corners = np.array([tip, side * [1, 1] + [0, 5], [0, 1], -side + [0, 5]])
    cos, sin = math.cos(turn), math.sin(turn)
    corners = corners @ np.array([[cos, sin], [-sin, cos]]) + [x, y]
    corners = np.stack([corners[:, 0] / canvas.width_px, 1 - corners[:, 1] / canvas.height_px], axis=-1)
    canvas.add_artist(Polygon(corners, closed=True, facecolor=INK, edgecolor="none", transform=canvas.transFigure,
                              gid="north"))  # fmt: skip
    canvas.write(x - 22, y - 4, "N", 8.5, bold=True, color=INK, va="center_baseline", ha="center")


def convergence_of(view: View, crs: str) -> float | None:
    """Return by how much north is turned clockwise from up, radians; None where it is not known."""
    xmin, ymin, xmax, ymax = view.extent
    middle = ((xmin + xmax) / 2, (ymin + ymax) / 2)
    try:
        lon, lat = project(*middle, crs, LONLAT)
        there = project(float(lon), float(lat) + 0.001, LONLAT, crs)
    except Unsupported:
        return None
    step = (float(there[0]) - middle[0], float(there[1]) - middle[1])
    return math.atan2(*step) if all(map(math.isfinite, step)) else None


def draw_legend(
    canvas: Canvas,
    view: View,
    symbols: Symbols,
    classes: Classes | None,
    *,
    place: bool,
    layers: Sequence[Underlay],
    absent: int,
    heading: str = "",
    every_class: bool = False,
) -> None:
    """Draw what colours and lines mean, and how many areas have each.

    Parameters
    ----------
    canvas, view, symbols, classes
        Where and of what.
    place
        Whether the area of the query is outlined.
    layers
        What is drawn underneath.
    absent
        How many areas the answer does not have.
    heading, every_class
        Above the classes, empty: the measure, and what it is of; whether classes are named that nothing here has.
    """
    left, right, y = view.left + view.width + 30, canvas.width_px - 40.0, view.top
    if symbols.categories:
        y = _write_heading(canvas, left, right, y, heading, f"{symbols.noun}s" if symbols.tiled else "")
        y = draw_categories(canvas, left, right, y, symbols)
    elif symbols.values is not None and (len(symbols) or absent):
        y = _write_heading(
            canvas, left, right, y, heading or f"{symbols.measure} per {symbols.noun}", f"{symbols.noun}s"
        )
        for colour, label, size, gid in _entries(symbols, classes, absent, every_class=every_class):
            edge = HAIR if gid == "other" else "none"
            canvas.block(left, y, 30, 20, facecolor=colour, edgecolor=edge, linewidth=0.8)
            canvas.write(left + 42, y + 10, label, 8.5, color=INK, va="center_baseline", gid=gid)
            canvas.write(
                right, y + 10, f"{size:,}", 8.5, color=GREY, va="center_baseline", ha="right", gid="size"
            )
            y += _STEP
        y += 10
    elif len(symbols):
        y = _draw_kind(canvas, left, y, symbols)
    if place:
        canvas.block(left + 1, y + 1, 28, 18, facecolor=LAND, edgecolor=INK, linewidth=1.3)
        canvas.write(left + 42, y + 10, "area of the query", 8.5, color=INK, va="center_baseline")
        y += _STEP
    for layer in layers:
        _draw_line(canvas, left, y + 10, layer)
        lines = wrap(layer.label, right - left - 42, lambda part: canvas.measure(part, lettering(8.5, part)))
        if len(lines) > _MOST_OF_LAYER:
            lines = [*lines[: _MOST_OF_LAYER - 1], lines[-1]]  # it ends with the day
        for line in lines:
            canvas.write(left + 42, y + 10, line, 8.5, color=INK, va="center_baseline", gid="under")
            y += 16
        y += _STEP - 16


def _write_heading(canvas: Canvas, left: float, right: float, y: float, text: str, sizes: str) -> float:
    width = right - left - 56
    font = lettering(8.5, text, bold=True)
    lines = [
        piece
        for line in wrap(text, width, lambda part: canvas.measure(part, font))
        for piece in _pieces(line, int(width / canvas.measure(line, font) * len(line)))
    ]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
    for line in lines:
        canvas.write(left, y, line, 8.5, bold=True, color=INK, gid="heading")
        y += 19
    canvas.write(right, y - 19, sizes, 8.5, bold=True, color=INK, ha="right")
    return y + 13


def _pieces(line: str, most: int) -> list[str]:
    """Return a line in pieces of at most so many letters: a long name is cut after a bracket, or where it must be."""
    pieces = []
    while len(line) > most:
        at = max(line.rfind(sign, 0, most) for sign in "(_") + 1
        at = at if at > most // 3 else most
        pieces.append(line[:at])
        line = line[at:]
    return [*pieces, line]


def _entries(
    symbols: Symbols, classes: Classes | None, absent: int, *, every_class: bool
) -> Iterator[tuple[str, str, int, str]]:
    """Give colour, label, number of areas and name of each entry, the greatest class last."""
    values = np.array([]) if symbols.values is None else symbols.values
    zeros, nothing = int((values == 0).sum()), int(np.isnan(values).sum())
    if classes is not None and classes.diverging:
        yield from _side(classes, values, below=True, every_class=every_class)
    if zeros:
        yield face_of("zero"), "0", zeros, "other"
    if classes is not None:
        yield from _side(classes, values, below=False, every_class=every_class)
    if nothing:
        yield face_of("no value"), "no value", nothing, "other"
    if absent:
        yield face_of("absent"), "not in the answer", absent, "other"


def _side(
    classes: Classes, values: np.ndarray[tuple[int], np.dtype[np.float64]], *, below: bool, every_class: bool
) -> Iterator[tuple[str, str, int, str]]:
    sizes = classes.sizes(values)
    numbers = [-at - 1 if below else at + 1 for at in range(len(classes))]
    used = [abs(of) for of in numbers if every_class or sizes.get(of)]
    last = max(used, default=0)
    shown = [of for of in numbers if abs(of) <= last]
    for of in reversed(shown) if below else shown:
        label = classes.labels()[abs(of) - 1]
        label = _mirrored(label) if below else label
        yield face_of(of, classes), label, sizes.get(of, 0), "class"


def _mirrored(label: str) -> str:
    if label.startswith("up to "):
        return f"down to −{label.removeprefix('up to ')}"
    return " to ".join(f"−{part}" for part in reversed(label.split(" to ")))


def _draw_kind(canvas: Canvas, left: float, y: float, symbols: Symbols) -> float:
    if symbols.noun == "event":
        canvas.write(left + 15, y + 10, "●", 8.5, color=POINT, va="center_baseline", ha="center")
    else:
        canvas.block(left, y, 30, 20, facecolor=face_of("feature"), edgecolor=GREY, linewidth=0.8)
    canvas.write(left + 42, y + 10, symbols.noun, 8.5, color=INK, va="center_baseline")
    return y + _STEP


def _draw_line(canvas: Canvas, left: float, y: float, layer: Underlay) -> None:
    if layer.image is not None:
        canvas.block(left, y - 9, 30, 18, facecolor=layer.colour, edgecolor=HAIR, linewidth=0.8)
        return
    xs, height = [left / canvas.width_px, (left + 30) / canvas.width_px], 1 - y / canvas.height_px
    canvas.add_artist(
        Line2D(
            xs,
            [height, height],
            color=layer.colour,
            linewidth=layer.width_pt + 0.3,
            transform=canvas.transFigure,
        )
    )
