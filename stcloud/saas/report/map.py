"""The map: an answer drawn for a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.patches import PathPatch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from stcloud.saas.report.artist import (
    draw_areas,
    draw_glyphs,
    draw_lines,
    draw_points,
    outline_of,
    simplified,
)
from stcloud.saas.report.canvas import Canvas, check_picture, fixed_look, lettering
from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.graticule import graticule
from stcloud.saas.report.legend import draw_legend, draw_north, draw_scale, face_of
from stcloud.saas.report.palette import GREY, HAIR, INK, LAND, POINT
from stcloud.saas.report.scale import length_label
from stcloud.saas.report.symbol import Symbols, symbols_of
from stcloud.saas.report.underlay import Underlay
from stcloud.saas.report.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

    from stcloud.paas.query import Answer
    from stcloud.saas.report.classes import Classes

__all__ = ["MapText", "draw_map"]

_MARGIN, _LEGEND, _BELOW, _BESIDE = 40.0, 236.0, 76.0, 22.0
_LEAST_VIEW_M, _LEAST_CELLS, _PAD = 100.0, 5.0, 0.04
_LEAST_INSET_PX = 36.0
_EDGE_PT, _EDGES_A_SIDE = 1.3, 20.0


@dataclass(frozen=True, slots=True)
class MapText:
    """What is written about a map.

    Parameters
    ----------
    title, subtitle
        The question; wrapped, at most 4 lines. What else is to be written.
    left_out
        What the answer does not show, in words.
    known
        As of when it was known, in words; the totals come of themselves.
    heading
        Of the legend; empty: the measure and what it is of.
    """

    title: str
    subtitle: str = ""
    left_out: tuple[str, ...] = ()
    known: str = ""
    heading: str = ""


def draw_map(
    symbols: Symbols | Answer,
    place: BaseGeometry | None,
    text: MapText,
    *,
    crs: str = "",
    under: Callable[[View], Sequence[Underlay]] | None = None,
    absent: Sequence[BaseGeometry] = (),
    path: Path | None = None,
    size_px: tuple[int, int] = (1400, 1000),
    classes: Classes | None = None,
) -> Canvas:
    """Draw symbols as a map: areas shaded by a measure, features, or points.

    Beside the map are the classes and how many areas each has; below it a scale bar and an arrow to the north; above
    it the title, what was counted, what has no place and what was left out.

    Parameters
    ----------
    symbols
        What is drawn, or an answer: of groups its first measure.
    place
        The area of the query in the city's CRS, outlined; None: the whole city.
    text, crs
        What is written; CRS of the symbols, of an answer its own.
    under
        Returns the layers to draw underneath, given what the map shows.
    absent
        Areas that the answer has no row of; drawn in a look of their own.
    path, size_px
        PNG, SVG or PDF file to write, or None; width and height in pixels, 640 x 480 to 10,000 x 10,000.
    classes
        Classes that several maps share; None: those of the values.

    Returns
    -------
    The figure, on an Agg canvas of its own: pyplot is not touched. ``missing`` are the characters that no font has.

    Raises
    ------
    Unsupported, InvalidInput
        As `symbols_of`; ``unknown-picture``, ``invalid-size``.
    StorageError
        ``picture-not-written``.

    Notes
    -----
    The map shows the symbols, the absent areas and the area of the query, whichever reaches farthest. The areas of
    its classes sum to the areas drawn; its scale bar is an eighth to a third of its width.
    """
    check_picture(path, size_px)
    if not isinstance(symbols, Symbols):
        crs, symbols = symbols.lattice.crs, symbols_of(symbols)
    place = place if place is not None and place.area else None  # places that only touch meet in a line
    with fixed_look():
        lacking = np.array([*absent], object)
        canvas = _drawn(Canvas(*size_px), symbols, place, text, crs, under, lacking, classes)
        if path is not None:
            canvas.save(path)
    return canvas


def _drawn(
    canvas: Canvas,
    symbols: Symbols,
    place: BaseGeometry | None,
    text: MapText,
    crs: str,
    under: Callable[[View], Sequence[Underlay]] | None,
    absent: NDArray[np.object_],
    classes: Classes | None,
) -> Canvas:
    shared, classes = classes is not None, classes or _classes(symbols)
    known = symbols.bounds is not None or place is not None or len(absent) > 0
    view = _view(canvas, _write_head(canvas, text, symbols), symbols, place, absent)
    layers = list(under(view)) if under is not None and known else []
    axes = _draw_frame(canvas, view, crs, known=known)
    _draw_under(axes, view, place, layers, covered=symbols.noun != "event")
    scale, faces = view.px_per_m, [face_of("absent")] * len(absent)
    draw_areas(
        axes,
        simplified(absent, scale),
        faces,
        scale,
        gid="absent",
        zorder=1.5,
        edgecolors=HAIR,
        linewidths=0.6,
    )
    _draw_symbols(axes, view, symbols, classes)
    if known:
        draw_scale(canvas, view)
        draw_north(canvas, view, crs)
    draw_legend(
        canvas,
        view,
        symbols,
        classes,
        place=place is not None,
        layers=layers,
        absent=len(absent),
        heading=text.heading,
        every_class=shared,
    )
    return canvas


def _classes(symbols: Symbols) -> Classes | None:
    if symbols.values is None or symbols.categories:
        return None
    return class_limits(symbols.values, whole=symbols.whole, diverging=True if symbols.changes else None)


def _write_head(canvas: Canvas, text: MapText, symbols: Symbols) -> float:
    """Write the title and what is below it; return where the next thing may start, px from above."""
    top = canvas.paragraph(_MARGIN - 8, _MARGIN, text.title, 15, bold=True, most=4, color=INK) + 4
    totals = f"{totals_of(symbols)}  ·  known at {text.known}" if text.known else totals_of(symbols)
    for line, colour in [(text.subtitle, GREY), (totals, GREY), ("; ".join(text.left_out), POINT)]:
        top = canvas.paragraph(top, _MARGIN, line, 9.5, most=3, color=colour)
    return top + 14


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def totals_of(symbols: Symbols) -> str:
    """Return how much a map shows, and how much of it has no place."""
    areas = _plural(len(symbols), symbols.noun)
    if symbols.side_m:
        areas += f" of {length_label(symbols.side_m)}"
    if symbols.values is None or not symbols.counts:
        text = areas
        noun = symbols.noun if symbols.values is None or symbols.tiled else "group"
        rest = f"{symbols.unplaced:,}" if symbols.values is None else _plural(symbols.unplaced, noun)
    else:
        shown = _plural(symbols.total - symbols.unplaced, symbols.counted)
        text = f"{shown} in {areas}" if len(symbols) else shown
        rest = f"{symbols.unplaced:,}"
    return f"{text} and {rest} without a place, not shown" if symbols.unplaced else text


def _view(
    canvas: Canvas, top: float, symbols: Symbols, place: BaseGeometry | None, lacking: NDArray[np.object_]
) -> View:
    """Lay out the map below ``top`` and choose what it shows."""
    left = _MARGIN + _BESIDE
    width = canvas.width_px - left - _LEGEND - _MARGIN
    height = max(canvas.height_px - top - _BELOW - _MARGIN / 2, width / 4)
    shown = [bounds for bounds in (symbols.bounds, place.bounds if place is not None else None) if bounds]
    if len(lacking):
        shown.append(tuple(shapely.total_bounds(lacking).tolist()))
    corners = np.array(shown or [(0.0,) * 4])
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    least = max(_LEAST_VIEW_M, _LEAST_CELLS * symbols.side_m)
    half_m = np.maximum((high - low) * (0.5 + _PAD), least / 2)
    half = np.array([width, height]) * max(half_m[0] / width, half_m[1] / height)
    middle = (low + high) / 2
    xmin, ymin, xmax, ymax = (float(bound) for bound in (*(middle - half), *(middle + half)))
    return View(left, top, width, height, (xmin, ymin, xmax, ymax))


def _draw_frame(canvas: Canvas, view: View, crs: str, *, known: bool) -> Axes:
    axes = canvas.plot_box(view.left, view.top, view.width, view.height)
    axes.set(xlim=view.extent[::2], ylim=view.extent[1::2], facecolor="white")
    axes.spines[:].set(color=HAIR, linewidth=0.8)
    _draw_ticks(axes, view, crs, known=known)
    return axes


def _draw_under(
    axes: Axes, view: View, place: BaseGeometry | None, layers: Sequence[Underlay], *, covered: bool
) -> None:
    """Draw the area of the query and the layers, which are seen faintly through areas that cover them."""
    if place is not None:
        outline = outline_of(place)
        halo = [withStroke(linewidth=3.2, foreground="white")]
        axes.add_patch(PathPatch(outline, facecolor=LAND, edgecolor="none", zorder=1))
        axes.add_patch(
            PathPatch(
                outline,
                facecolor="none",
                edgecolor=INK,
                linewidth=1.4,
                zorder=4,
                gid="area",
                path_effects=halo,
            )
        )
    for layer in layers:
        if layer.image is not None:
            west, south, east, north = view.extent
            axes.imshow(
                layer.image, extent=(west, east, south, north), origin="upper", aspect="auto", zorder=1.2,
                gid=f"under-{layer.name}", interpolation="nearest",
            )  # fmt: skip
        shapes = simplified(layer.shapes, view.px_per_m)
        draw_lines(
            axes, shapes, gid=f"under-{layer.name}", zorder=1.7, linewidths=layer.width_pt, color=layer.colour
        )
        draw_points(axes, shapes, layer.colour, gid=f"under-{layer.name}", zorder=1.7)
        if covered:
            draw_lines(
                axes, shapes, gid=f"over-{layer.name}", zorder=2.6, linewidths=0.7 * layer.width_pt, alpha=0.25,
                color=INK,
            )  # fmt: skip


def _draw_symbols(axes: Axes, view: View, symbols: Symbols, classes: Classes | None) -> None:
    if not len(symbols):
        axes.text(
            0.5, 0.5, f"no {'event' if symbols.counts else symbols.noun}s", transform=axes.transAxes, ha="center",
            va="center", color=GREY, zorder=5, fontproperties=lettering(13), usetex=False,
            path_effects=[withStroke(linewidth=4, foreground="white")],
        )  # fmt: skip
        return
    if symbols.categories:
        (_draw_tiles if symbols.tiled else _draw_categories)(axes, view, symbols)
        return
    if symbols.values is not None:
        order = np.argsort(np.abs(symbols.values), kind="stable")
        shapes, values = symbols.shapes[order], symbols.values[order]
        colours = [
            _colour(value, of, classes) for value, of in zip(values, _of(classes, values), strict=True)
        ]
        shapes = simplified(shapes, view.px_per_m)
        draw_areas(axes, shapes, colours, view.px_per_m, gid="cells", zorder=2)
        plain = (values == 0) | np.isnan(values)  # white on white they would not be seen
        draw_lines(axes, shapes[plain], gid="plain", zorder=2.1, linewidths=0.6, color=HAIR)
        return
    shapes = simplified(symbols.shapes, view.px_per_m)
    draw_areas(axes, shapes, [face_of("feature")] * len(shapes), view.px_per_m, gid="features", zorder=2)
    draw_lines(axes, shapes, gid="features", zorder=2.2, linewidths=0.8, color=GREY)
    draw_points(axes, shapes, POINT, gid="points", zorder=3)


def _draw_categories(axes: Axes, view: View, symbols: Symbols) -> None:
    """Draw the areas of all categories, then all outlines, so that what lies above hides nothing below."""
    shapes = simplified(symbols.shapes, view.px_per_m)
    parts = [
        (category, shapes[symbols.values == number]) for number, category in enumerate(symbols.categories)
    ]
    for category, of in parts:
        faces = [category.face] * len(of)
        draw_areas(axes, of, faces, view.px_per_m, gid="areas", zorder=2, edgecolors="none", linewidths=0)
    side_px = float(np.sqrt(np.median(shapely.area(shapes)))) * view.px_per_m
    thin = min(_EDGE_PT, max(side_px / _EDGES_A_SIDE, _EDGE_PT / 4)) if side_px else _EDGE_PT
    for number, (category, of) in enumerate(parts):
        # Where edges coincide, those below are seen at both sides.
        width = thin * (1 + 0.7 * (len(parts) - 1 - number))
        draw_lines(axes, of, gid=category.label, zorder=2.2, linewidths=width, color=category.line)
        draw_points(axes, of, category.line, gid=category.label, zorder=3)


def _draw_tiles(axes: Axes, view: View, symbols: Symbols) -> None:
    """Draw areas that lie side by side, each in the face of its category, with the glyph of it."""
    shapes, scale = simplified(symbols.shapes, view.px_per_m), view.px_per_m
    at = np.asarray(symbols.values, np.intp)
    draw_areas(axes, shapes, [symbols.categories[of].face for of in at], scale, gid="cells", zorder=2)
    for number, category in enumerate(symbols.categories):
        draw_glyphs(axes, shapes[at == number], category, scale, zorder=3)


def _of(classes: Classes | None, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.zeros(len(values), np.intp) if classes is None else classes.of(values)


def _colour(value: float, of: int, classes: Classes | None) -> str:
    if np.isnan(value):
        return face_of("no value")
    return face_of("zero") if not of or classes is None else face_of(int(of), classes)


def _draw_ticks(axes: Axes, view: View, crs: str, *, known: bool) -> None:
    most = (max(1, int(view.width / 180)), max(1, int(view.height / 160)))
    meridians, parallels = graticule(view.extent, crs, most) if known else ([], [])
    inset = _LEAST_INSET_PX / view.px_per_m  # a label does not reach beyond its edge
    xmin, ymin, xmax, ymax = view.extent
    meridians = [tick for tick in meridians if xmin + inset <= tick[0] <= xmax - inset]
    parallels = [tick for tick in parallels if ymin + inset <= tick[0] <= ymax - inset]
    style: dict[str, Any] = {"fontproperties": lettering(7.5), "color": GREY, "usetex": False}
    axes.set_xticks([x for x, _ in meridians], [label for _, label in meridians], **style)
    axes.set_yticks(
        [y for y, _ in parallels], [label for _, label in parallels], rotation=90, va="center", **style
    )
    axes.tick_params(which="both", direction="out", length=3, width=0.8, color=HAIR, pad=3)
