"""Artists: areas, lines and points of a map as Matplotlib draws them.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from stcloud.saas.report.canvas import DPI

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from shapely.geometry.base import BaseGeometry

    from stcloud.saas.report.symbol import Category

__all__ = [
    "draw_areas",
    "draw_glyphs",
    "draw_lines",
    "draw_points",
    "glyph_style",
    "outline_of",
    "simplified",
]

Shapes: TypeAlias = NDArray[np.object_]

_MANY = 20_000
"""From so many parts on, SVG and PDF hold a picture of them instead of each."""
_LEAST_GLYPH_PX, _MOST_GLYPH_PX, _GLYPH_SHARE, _SQUARE_SHARE = 7.0, 16.0, 0.45, 0.7
_LEAST_PX, _BORDER_PX = 2.2, 9.0


def outline_of(area: BaseGeometry) -> Outline:
    """Return all rings of an area as one path, its holes left open."""
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(area)))
    return Outline.make_compound_path(
        *(Outline(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def simplified(shapes: Shapes, px_per_m: float) -> Shapes:
    """Return shapes without what is smaller than a third of a pixel; small ones stay as they are."""
    many = shapely.get_num_coordinates(shapes) > 8
    coarse = shapely.simplify(shapes[many], 0.3 / px_per_m, preserve_topology=True)
    result = shapes.copy()
    result[many] = coarse
    return result


def draw_areas(
    axes: Axes,
    shapes: Shapes,
    colours: Sequence[str],
    px_per_m: float,
    *,
    gid: str,
    zorder: float,
    **style: Any,
) -> None:
    """Draw polygons, each in its colour, those named last above; the smallest are enlarged until they can be seen.

    Parameters
    ----------
    axes, shapes
        Where, and ``(n,)`` polygons or several in one, metres.
    colours
        One for each.
    px_per_m
        Pixels of a metre.
    gid, zorder, style
        Name, place in the order, and further style of what is drawn.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    areas = shapely.get_type_id(parts) == _POLYGON
    parts, owner = parts[areas], owner[areas]
    if not len(parts):
        return
    faces = to_rgba_array(list(colours))[owner]
    style = {**_border(parts, px_per_m), **style}
    holes = shapely.get_num_interior_rings(parts) > 0
    if not holes.all():
        plain = _polygons(parts[~holes], px_per_m)
        drawn: Collection = PolyCollection(plain, facecolors=faces[~holes], zorder=zorder, gid=gid, **style)
        axes.add_collection(_light(drawn, len(parts)), autolim=False)
    if holes.any():
        paths = [*map(outline_of, parts[holes])]
        drawn = PathCollection(paths, facecolors=faces[holes], zorder=zorder, gid=gid, **style)
        axes.add_collection(_light(drawn, len(parts)), autolim=False)


_POLYGON = 3


def _polygons(parts: Shapes, px_per_m: float) -> list[NDArray[np.float64]]:
    """Return the corners of polygons without holes; what would be smaller than two pixels as its enlarged box."""
    xmin, ymin, xmax, ymax = shapely.bounds(parts).T
    least = _LEAST_PX / px_per_m
    small = (xmax - xmin < least) & (ymax - ymin < least)
    if small.any():
        x, y = (xmin + xmax)[small] / 2, (ymin + ymax)[small] / 2
        parts = parts.copy()
        parts[small] = shapely.box(x - least / 2, y - least / 2, x + least / 2, y + least / 2)
    counts = shapely.get_num_coordinates(parts)
    return np.split(shapely.get_coordinates(parts), np.cumsum(counts)[:-1])


def _border(parts: Shapes, px_per_m: float) -> dict[str, Any]:
    """Return the style of borders: white lines between large areas, none between small ones."""
    side_px = float(np.sqrt(np.median(shapely.area(parts)))) * px_per_m
    if side_px >= _BORDER_PX:
        return {"edgecolors": "white", "linewidths": min(1.0, side_px / 24)}
    if side_px >= _LEAST_PX:
        return {"edgecolors": "none", "antialiaseds": False}  # antialiased, neighbours show gaps
    return {"edgecolors": "none", "snap": False}  # snapped to pixels, some would vanish


def draw_lines(axes: Axes, shapes: Shapes, *, gid: str, zorder: float, **style: Any) -> None:
    """Draw lines, and the outlines of polygons."""
    parts = shapely.get_parts(shapes)
    kinds = shapely.get_type_id(parts)
    rings = shapely.get_rings(parts[kinds == _POLYGON])
    lines = np.concatenate([parts[(kinds == 1) | (kinds == 2)], rings])
    if len(lines):
        counts = shapely.get_num_coordinates(lines)
        ends = np.split(shapely.get_coordinates(lines), np.cumsum(counts)[:-1])
        axes.add_collection(
            _light(LineCollection(ends, zorder=zorder, gid=gid, **style), len(lines)), autolim=False
        )


def draw_points(axes: Axes, shapes: Shapes, colour: str, *, gid: str, zorder: float) -> None:
    """Draw the points among shapes, smaller and fainter where they are many."""
    parts = shapely.get_parts(shapes)
    points = shapely.get_coordinates(parts[shapely.get_type_id(parts) == 0])
    if not len(points):
        return
    size = float(np.clip(22 / len(points) ** 0.25, 1.2, 6.0))
    large = size > 3
    axes.plot(
        points[:, 0], points[:, 1], marker="o", markersize=size, markerfacecolor=colour, linestyle="none",
        markeredgecolor="white", markeredgewidth=0.4 if large else 0.0, alpha=0.85 if large else 0.5, zorder=zorder,
        gid=gid, rasterized=len(points) > _MANY,
    )  # fmt: skip


def draw_glyphs(axes: Axes, shapes: Shapes, category: Category, px_per_m: float, *, zorder: float) -> None:
    """Draw a category's glyph within each area, unless it has none or areas are too small for it to be read."""
    if not category.glyph or not len(shapes):
        return
    side_px = float(np.sqrt(np.median(shapely.area(shapes)))) * px_per_m
    if side_px < _LEAST_GLYPH_PX:
        return
    points = shapely.get_coordinates(shapely.point_on_surface(shapes))
    size_pt = min(_GLYPH_SHARE * side_px, _MOST_GLYPH_PX) * 72 / DPI
    axes.plot(
        points[:, 0], points[:, 1], linestyle="none", zorder=zorder, gid="glyphs", rasterized=len(points) > _MANY,
        **glyph_style(category, size_pt),
    )  # fmt: skip


def glyph_style(category: Category, size_pt: float) -> dict[str, Any]:
    """Return how a category's glyph looks, on a map as in the legend: ``open o`` is not filled."""
    name, is_open = category.glyph.removeprefix("open "), category.glyph.startswith("open ")
    size_pt *= _SQUARE_SHARE if name == "s" else 1
    return {
        "marker": name, "markersize": size_pt, "markeredgecolor": category.line,
        "markerfacecolor": "none" if is_open else category.line, "markeredgewidth": max(0.14 * size_pt, 0.5),
    }  # fmt: skip


def _light(collection: Collection, parts: int) -> Collection:
    collection.set_rasterized(parts > _MANY)
    return collection
