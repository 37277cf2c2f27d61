"""Drawings of maps: areas by the class of their value, as few paths of whole numbers, as markup.

A map has a budget of bytes: shapes are simplified until they fit in it, by less than a pixel to begin with.

Tested by `tests/saas/paper/test_drawings.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stcloud.saas.paper.markup import element, escaped, number
from stcloud.saas.report.legend import convergence_of
from stcloud.saas.report.scale import length_label, round_down
from stcloud.saas.report.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from stcloud.saas.report.underlay import Underlay

__all__ = ["AreaMap"]

_WIDTH, _LEAST, _MOST, _PAD, _FOOT = 640.0, 220.0, 520.0, 0.04, 26.0
_BUDGET, _UNDER_BUDGET, _FINE = 70_000, 20_000, 4
"""Bytes of all areas, and of the lines underneath; steps of a pixel."""
_NUMBERED = 10
_LEAST_VIEW_M = 100.0
_POLYGON = 3


@dataclass(frozen=True, slots=True, eq=False)
class AreaMap:
    """A map of areas.

    Parameters
    ----------
    shapes
        ``(n,)`` areas in the city's CRS.
    names
        The CSS class of each.
    crs
        CRS of the city.
    place
        Area of the question, outlined; None: the whole city.
    ranks
        ``(n,)`` rank of each, 1 the greatest; 0: none. The first ten are numbered.
    bounds
        What is shown at least, ``(xmin, ymin, xmax, ymax)``; None: the areas and the place.
    """

    shapes: NDArray[np.object_]
    names: Sequence[str]
    crs: str
    place: BaseGeometry | None = None
    ranks: Sequence[int] = ()
    bounds: tuple[float, float, float, float] | None = None

    def view(self) -> View:
        """Return what the map shows, and its size."""
        parts = [*self.shapes, *([self.place] if self.place is not None else [])]
        parts += [shapely.box(*self.bounds)] if self.bounds is not None else []
        xmin, ymin, xmax, ymax = shapely.total_bounds(parts) if parts else (0.0,) * 4
        width_m = max(xmax - xmin, _LEAST_VIEW_M) * (1 + 2 * _PAD)
        height_m = max(ymax - ymin, _LEAST_VIEW_M) * (1 + 2 * _PAD)
        height = float(np.clip(_WIDTH * height_m / width_m, _LEAST, _MOST))
        metres = max(width_m / _WIDTH, height_m / height)
        middle = (xmin + xmax) / 2, (ymin + ymax) / 2
        half = _WIDTH * metres / 2, height * metres / 2
        extent = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
        return View(0.0, 0.0, _WIDTH, height, tuple(map(float, extent)))  # type: ignore[arg-type]

    def markup(self, title: str, under: Callable[[View], Sequence[Underlay]] | None = None) -> str:
        """Return the map as SVG.

        Parameters
        ----------
        title
            What it shows, for those who do not see it.
        under
            Returns the layers to draw underneath, given what the map shows.
        """
        view = self.view()
        drawn = [self._outline(view, "place")] if self.place is not None else []
        drawn += self._areas(view)
        drawn += [_lines(layer.shapes, view) for layer in (under(view) if under is not None else ())
                  if layer.image is None]  # fmt: skip
        drawn += [self._outline(view, "outline")] if self.place is not None else []
        paths = element("g", drawn, transform=f"scale({number(1 / _FINE, 3)})")
        box = f"0 0 {number(view.width)} {number(view.height + _FOOT)}"
        parts = [paths, *self._numbers(view), _scale(view), _north(view, self.crs)]
        return element("svg", parts, viewBox=box, role="img", aria_label=title, class_="map")

    def _outline(self, view: View, css: str) -> str:
        return element("path", d=_outlines(np.array([self.place], object), view, 1.0), class_=css)

    def _areas(self, view: View) -> list[str]:
        """Return a path for each class, in order of their names, so that the bytes do not depend on that of rows."""
        names = np.array(self.names, object)
        classes = sorted(set(self.names))
        drawn: list[tuple[str, str]] = []
        for pixels in (0.4, 1.0, 2.0, 4.0, 8.0):
            drawn = [(name, _outlines(self.shapes[names == name], view, pixels)) for name in classes]
            if sum(len(path) for _, path in drawn) <= _BUDGET:
                break
        return [element("path", d=path, class_=f"{name} area") for name, path in drawn]

    def _numbers(self, view: View) -> list[str]:
        ranked = sorted((rank, at) for at, rank in enumerate(self.ranks) if 0 < rank <= _NUMBERED)
        points = shapely.get_coordinates(shapely.point_on_surface(self.shapes[[at for _, at in ranked]]))
        return [
            element("text", str(rank), x=float(x), y=float(y) + 4, class_="rank")
            for (rank, _), (x, y) in zip(ranked, _pixels(points, view) if len(points) else (), strict=True)
        ]  # fmt: skip


def _pixels(points: NDArray[np.float64], view: View) -> NDArray[np.float64]:
    """Return points of the city as pixels of the map."""
    west, _, _, north = view.extent
    scale = view.px_per_m
    pixels: NDArray[np.float64] = np.column_stack(
        [(points[:, 0] - west) * scale, (north - points[:, 1]) * scale]
    )
    return pixels


def _outlines(shapes: NDArray[Any], view: View, pixels: float) -> str:
    """Return the rings of areas as one path, in whole quarters of a pixel, relative to each other."""
    parts = shapely.get_parts(shapes)
    parts = parts[shapely.get_type_id(parts) == _POLYGON]
    many = shapely.get_num_coordinates(parts) > 6
    parts = parts.copy()
    parts[many] = shapely.simplify(parts[many], pixels / view.px_per_m, preserve_topology=True)
    rings, owner = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    del owner
    return "".join(_path(ring, view, closed=True) for ring in rings)


def _lines(shapes: NDArray[Any], view: View) -> str:
    """Return lines and outlines underneath as one path; none where it would be too long."""
    parts = shapely.get_parts(shapes)
    kinds = shapely.get_type_id(parts)
    lines = np.concatenate([parts[(kinds == 1) | (kinds == 2)], shapely.get_rings(parts[kinds == _POLYGON])])
    path = ""
    for pixels in (1.0, 3.0, 8.0):
        path = "".join(
            _path(line, view, closed=False) for line in shapely.simplify(lines, pixels / view.px_per_m)
        )
        if len(path) <= _UNDER_BUDGET:
            return element("path", d=path, class_="under") if path else ""
    return ""


def _path(line: BaseGeometry, view: View, *, closed: bool) -> str:
    points = np.round(_pixels(shapely.get_coordinates(line), view) * _FINE).astype(np.int64)
    steps = np.diff(points, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if not len(steps):
        return ""
    steps = steps[:-1] if closed else steps
    moves = "".join(f"{x}{y if y < 0 else f' {y}'}" if at == 0 or x < 0 else f" {x}{y if y < 0 else f' {y}'}"
                    for at, (x, y) in enumerate(steps.tolist()))  # fmt: skip
    start = points[0].tolist()
    return f"M{start[0]} {start[1]}l{moves}{'z' if closed else ''}"


def _scale(view: View) -> str:
    metres = round_down((view.extent[2] - view.extent[0]) / 3)
    top = view.height + 10
    bar = element("path", d=f"M8 {number(top)}h{number(metres * view.px_per_m)}", class_="scale")
    return bar + element("text", escaped(length_label(metres)), x=16 + metres * view.px_per_m, y=top + 4)


def _north(view: View, crs: str) -> str:
    turn = convergence_of(view, crs)
    if turn is None:
        return ""
    x, y = view.width - 14, view.height + 12
    arrow = element("path", d="M0-9l5 14-5-3-5 3z", class_="north",
                    transform=f"translate({number(x)} {number(y)}) rotate({number(math.degrees(turn))})")  # fmt: skip
    return arrow + element("text", "N", x=x - 18, y=y + 4)
