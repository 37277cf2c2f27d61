"""The map: an answer drawn for a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke

from stcloud.errors import InvalidInput
from stcloud.saas.report.canvas import Canvas, lettering
from stcloud.saas.report.graticule import graticule
from stcloud.saas.report.scale import class_limits, length_label, round_down
from stcloud.saas.report.symbol import Symbols, symbols_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query import Answer
    from stcloud.saas.report.scale import Classes

__all__ = ["draw_map"]

# ColorBrewer's YlOrRd from its second step on, and one more: each darker than the last, for any eye and in print.
_RAMP = ("#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026", "#6b0020")
_INK, _GREY, _HAIR, _LAND = "#1f2328", "#59616b", "#c3c8ce", "#f3f4f5"
_POINT = "#bd0026"

_MARGIN, _LEGEND, _BELOW, _BESIDE = 40.0, 236.0, 76.0, 22.0
_SMALLEST, _LARGEST = (640, 480), 10_000
_LEAST_VIEW_M, _LEAST_CELLS, _PAD = 100.0, 5.0, 0.04
_LEAST_CELL_PX, _LEAST_INSET_PX = 2.2, 36.0


@dataclass(frozen=True, slots=True)
class _View:
    """A box on the canvas (pixels from the top left) and the extent in metres that it shows, of equal aspect."""

    left: float
    top: float
    width: float
    height: float
    extent: tuple[float, float, float, float]

    @property
    def px_per_m(self) -> float:
        return self.width / (self.extent[2] - self.extent[0])


def draw_map(
    answer: Answer,
    place: BaseGeometry | None,
    *,
    title: str,
    subtitle: str = "",
    path: Path | None = None,
    size_px: tuple[int, int] = (1400, 1000),
) -> Canvas:
    """Draw an answer as a map: cells shaded by their counts, or points.

    Beside the map stand the classes and how many cells each holds; below it a scale bar; above it the title and what
    was counted, what has no place, and the recorded instant.

    Parameters
    ----------
    answer
        Rows, or counts by cell; counts of the same cell (by month, say) are added up.
    place
        The area of the query in the city's CRS, outlined; None: the whole city.
    title
        The question; wrapped, at most 4 lines.
    subtitle
        What else is to be written; the line of totals and ``known_at`` comes of itself.
    path
        PNG file to write, or None.
    size_px
        Width and height in pixels, 640 x 480 to 10,000 x 10,000.

    Returns
    -------
    The figure, on an Agg canvas of its own: pyplot is not touched. ``missing`` are the characters that no font has.

    Raises
    ------
    Unsupported
        ``no-geometry``: counts without cells.
    InvalidInput
        ``unknown-picture``: the file is not named ``.png``; ``invalid-size``.
    StorageError
        ``picture-not-written``.

    Notes
    -----
    The map shows the cells drawn and the area of the query, whichever reaches farther. The cells of its classes sum
    to the cells drawn; its scale bar is an eighth to a third of its width.
    """
    _check(path, size_px)
    symbols = symbols_of(answer)
    place = place if place is not None and place.area else None  # places that only touch meet in a line
    canvas = Canvas(*size_px)
    view = _view(canvas, _write_head(canvas, title, (subtitle, _totals(symbols, answer))), symbols, place)
    classes = class_limits(symbols.counts) if symbols.cells and len(symbols) else None
    _draw_map(canvas, view, symbols, place, classes, answer.lattice.crs)
    if place is not None or len(symbols):
        _draw_scale(canvas, view)
    _draw_legend(canvas, view, symbols, place, classes)
    if path is not None:
        canvas.save(path)
    return canvas


def _write_head(canvas: Canvas, title: str, below: tuple[str, ...]) -> float:
    """Write the title and what stands below it; return where the next thing may start, px from above."""
    top = canvas.paragraph(_MARGIN - 8, _MARGIN, title, 15, bold=True, most=4, color=_INK) + 4
    for text in below:
        top = canvas.paragraph(top, _MARGIN, text, 9.5, most=3, color=_GREY)
    return top + 14


def _check(path: Path | None, size_px: tuple[int, int]) -> None:
    if path is not None and path.suffix.lower() != ".png":
        raise InvalidInput(
            "unknown-picture", f"a map is a PNG, not '{path.name}'", hint="name it with .png at the end"
        )
    if any(not least <= size <= _LARGEST for size, least in zip(size_px, _SMALLEST, strict=True)):
        raise InvalidInput(
            "invalid-size", f"{size_px[0]} x {size_px[1]} pixels", hint="640 x 480 to 10,000 x 10,000"
        )


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _totals(symbols: Symbols, answer: Answer) -> str:
    text = _plural(symbols.total - symbols.unplaced, "event")
    if symbols.cells and len(symbols):
        text += f" in {_plural(len(symbols), 'cell')} of {length_label(symbols.side_m)}"
    if symbols.unplaced:
        text = f"{text} and {symbols.unplaced:,} without a place, not shown"
    known = answer.facts.get("known_at")
    return f"{text}  ·  known at {known}" if known else text


def _view(canvas: Canvas, top: float, symbols: Symbols, place: BaseGeometry | None) -> _View:
    """Lay out the map below ``top`` and choose what it shows."""
    left = _MARGIN + _BESIDE
    width = canvas.width_px - left - _LEGEND - _MARGIN
    height = max(canvas.height_px - top - _BELOW - _MARGIN / 2, width / 4)
    shown = [symbols.boxes] if len(symbols) else []
    if place is not None:
        shown.append(np.array([place.bounds]))
    corners = np.concatenate(shown) if shown else np.zeros((1, 4))
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    least = max(_LEAST_VIEW_M, _LEAST_CELLS * symbols.side_m)
    half_m = np.maximum((high - low) * (0.5 + _PAD), least / 2)
    half = np.array([width, height]) * max(half_m[0] / width, half_m[1] / height)
    middle = (low + high) / 2
    xmin, ymin, xmax, ymax = (float(bound) for bound in (*(middle - half), *(middle + half)))
    return _View(left, top, width, height, (xmin, ymin, xmax, ymax))


def _draw_map(
    canvas: Canvas,
    view: _View,
    symbols: Symbols,
    place: BaseGeometry | None,
    classes: Classes | None,
    crs: str,
) -> None:
    axes = canvas.plot_box(view.left, view.top, view.width, view.height)
    axes.set(xlim=view.extent[::2], ylim=view.extent[1::2], facecolor="white")
    axes.spines[:].set(color=_HAIR, linewidth=0.8)
    if place is not None:
        outline = _outline(place)
        halo = [withStroke(linewidth=3.2, foreground="white")]
        axes.add_patch(PathPatch(outline, facecolor=_LAND, edgecolor="none", zorder=1))
        axes.add_patch(
            PathPatch(
                outline,
                facecolor="none",
                edgecolor=_INK,
                linewidth=1.4,
                zorder=4,
                gid="area",
                path_effects=halo,
            )
        )
    if classes is not None:
        axes.add_collection(_cells(symbols, classes, view.px_per_m), autolim=False)
    elif len(symbols):
        _draw_points(axes, symbols)
    else:
        axes.text(
            0.5, 0.5, "no events", transform=axes.transAxes, ha="center", va="center", color=_GREY, zorder=5,
            fontproperties=lettering(13), usetex=False, path_effects=[withStroke(linewidth=4, foreground="white")],
        )  # fmt: skip
    _draw_ticks(axes, view, crs, known=bool(len(symbols)) or place is not None)


def _outline(place: BaseGeometry) -> Outline:
    """Return all rings of an area as one path, its holes left open."""
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(place)))
    return Outline.make_compound_path(
        *(Outline(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def _cells(symbols: Symbols, classes: Classes, px_per_m: float) -> PolyCollection:
    """Return the cells, those of few events below those of many; the smallest enlarged until they can be seen."""
    order = np.argsort(symbols.counts, kind="stable")
    grow = max(0.0, _LEAST_CELL_PX / px_per_m - symbols.side_m) / 2
    xmin, ymin, xmax, ymax = (symbols.boxes[order] + [-grow, -grow, grow, grow]).T
    corners: Any = np.stack([xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax], axis=-1).reshape(-1, 4, 2)
    colours = to_rgba_array(_ramp(len(classes)))[classes.of(symbols.counts[order])]
    return PolyCollection(
        corners, facecolors=colours, zorder=2, gid="cells", **_border(symbols.side_m * px_per_m)
    )


def _border(side_px: float) -> dict[str, Any]:
    """Style of a cell's border: white lines between large cells, none between small ones."""
    if side_px >= 9:
        return {"edgecolors": "white", "linewidths": min(1.0, side_px / 24)}
    if side_px >= _LEAST_CELL_PX:
        return {"edgecolors": "none", "antialiaseds": False}  # antialiased, neighbours show seams
    return {"edgecolors": "none", "snap": False}  # snapped to pixels, some would vanish


def _ramp(number: int) -> list[str]:
    """Return colours from light to dark, spread over the ramp."""
    return [_RAMP[round(at)] for at in np.linspace(0, len(_RAMP) - 1, number)] if number > 1 else [_RAMP[2]]


def _draw_points(axes: Axes, symbols: Symbols) -> None:
    size = float(np.clip(22 / max(1, len(symbols)) ** 0.25, 1.2, 6.0))
    large = size > 3
    style: dict[str, Any] = {
        "marker": "o",
        "markersize": size,
        "markerfacecolor": _POINT,
        "linestyle": "none",
    }
    style |= {
        "markeredgecolor": "white",
        "markeredgewidth": 0.4 if large else 0.0,
        "alpha": 0.85 if large else 0.5,
    }
    axes.plot(symbols.boxes[:, 0], symbols.boxes[:, 1], **style, zorder=3, gid="points")


def _draw_ticks(axes: Axes, view: _View, crs: str, *, known: bool) -> None:
    most = (max(1, int(view.width / 180)), max(1, int(view.height / 160)))
    meridians, parallels = graticule(view.extent, crs, most) if known else ([], [])
    inset = _LEAST_INSET_PX / view.px_per_m  # a label does not reach beyond its edge
    xmin, ymin, xmax, ymax = view.extent
    meridians = [tick for tick in meridians if xmin + inset <= tick[0] <= xmax - inset]
    parallels = [tick for tick in parallels if ymin + inset <= tick[0] <= ymax - inset]
    style: dict[str, Any] = {"fontproperties": lettering(7.5), "color": _GREY, "usetex": False}
    axes.set_xticks([x for x, _ in meridians], [label for _, label in meridians], **style)
    axes.set_yticks(
        [y for y, _ in parallels], [label for _, label in parallels], rotation=90, va="center", **style
    )
    axes.tick_params(which="both", direction="out", length=3, width=0.8, color=_HAIR, pad=3)


def _draw_scale(canvas: Canvas, view: _View) -> None:
    metres = round_down((view.extent[2] - view.extent[0]) / 3)
    width, top = metres * view.px_per_m, view.top + view.height + 46
    canvas.block(view.left, top, width, 5, facecolor=_INK, edgecolor="none", gid="scale-bar")
    canvas.write(view.left + width + 10, top + 2, length_label(metres), 8.5, color=_INK, va="center_baseline")


def _draw_legend(
    canvas: Canvas, view: _View, symbols: Symbols, place: BaseGeometry | None, classes: Classes | None
) -> None:
    left, right, y = view.left + view.width + 30, canvas.width_px - _MARGIN, view.top
    if classes is not None:
        canvas.write(left, y, "events per cell", 8.5, bold=True, color=_INK)
        canvas.write(right, y, "cells", 8.5, bold=True, color=_INK, ha="right")
        y += 32
        sizes = classes.sizes(symbols.counts)
        for label, size, colour in zip(classes.labels(), sizes, _ramp(len(classes)), strict=True):
            canvas.block(left, y, 30, 20, facecolor=colour, edgecolor="none")
            canvas.write(left + 42, y + 10, label, 8.5, color=_INK, va="center_baseline", gid="class")
            canvas.write(
                right, y + 10, f"{size:,}", 8.5, color=_GREY, va="center_baseline", ha="right", gid="size"
            )
            y += 26
        y += 10
    elif len(symbols):
        canvas.write(left + 15, y + 10, "●", 8.5, color=_POINT, va="center_baseline", ha="center")
        canvas.write(left + 42, y + 10, "event", 8.5, color=_INK, va="center_baseline")
        y += 26
    if place is not None:
        canvas.block(left + 1, y + 1, 28, 18, facecolor=_LAND, edgecolor=_INK, linewidth=1.3)
        canvas.write(left + 42, y + 10, "area asked for", 8.5, color=_INK, va="center_baseline")
