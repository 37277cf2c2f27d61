"""Streets and communities of an invented town, on the edges and inside the superblocks of its layout.

Tested by `tests/testing/test_town.py`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.testing.layout import STEP, Chance, Floats, Layout

__all__ = ["Edges", "Geometries", "communities", "lanes"]

Geometries: TypeAlias = NDArray[np.object_]

_ARTERIAL, _DUAL = 3, 6  # every so many lines of the lattice
_HALF_MEDIAN_M = 7.0


class Edges:
    """Edges of superblocks: axis 0 runs east from a node, axis 1 north; some carry a street, some a bent boundary.

    Parameters
    ----------
    layout
        The superblocks.
    chance
        Where the streets and the bends are drawn from.
    """

    def __init__(self, layout: Layout, chance: Chance) -> None:
        self.layout = layout
        shape = (2, layout.across + 1, layout.across + 1)  # axis, line, place along the line
        line, along = np.arange(shape[1])[None, :, None], np.arange(shape[2])[None, None, :]
        real = (along < layout.across) & np.ones(shape, np.bool_)
        inner = real & (line > 0) & (line < layout.across)
        self.dual = inner & (line % _DUAL == _ARTERIAL)
        self.arterial = inner & (line % _ARTERIAL == 0)
        self.street = inner & (self.arterial | (chance.random(shape) < 0.68))
        self.bent = inner & ~self.dual & (~self.street | (chance.random(shape) < 0.12))
        self.height = np.where(self.street, chance.uniform(3, 12, shape), chance.uniform(4, 16, shape))
        self.turns = np.where(self.street, 0.0, chance.uniform(1, 3, shape))
        self.phase = np.where(self.street, np.pi / 2, chance.uniform(0, 2 * np.pi, shape))

    def fractions(self, axis: int, line: int, along: int) -> Floats:
        """Where an edge has vertices: every 25 m, and where lanes of either side end."""
        last = self.layout.across - 1
        sides = [
            self.layout.cuts[(along, side)[:: 1 - 2 * axis]][axis]
            for side in (max(line - 1, 0), min(line, last))
        ]
        return np.unique(np.concatenate((STEP, *sides)))

    def curve(self, axis: int, line: int, along: int, at: Floats, aside: Floats | float = 0.0) -> Floats:
        """Return the points at fractions of an edge, so many metres aside of it."""
        layout = self.layout
        start = layout.nodes[(along, line)[:: 1 - 2 * axis]]
        end = layout.nodes[(along + 1, line)[:: 1 - 2 * axis]]
        flat = start * (1 - at[:, None]) + end * at[:, None]
        flat[:, 1 - axis] += aside
        return layout.bend(flat)

    def boundary(self, axis: int, line: int, along: int) -> Floats:
        """Return the points of the boundary on an edge: the street's own vertices, or a line bent away from them."""
        edge = (axis, line, along)
        if not self.bent[edge]:
            return self.curve(*edge, self.fractions(*edge))
        wave = np.sin(2 * np.pi * self.turns[edge] * STEP + self.phase[edge]) * np.sin(np.pi * STEP)
        return self.curve(*edge, STEP, np.where((STEP == 0) | (STEP == 1), 0, self.height[edge] * wave))

    def streets(self) -> tuple[Geometries, list[str]]:
        """Streets on the edges, and the kind of each; some are two carriageways."""
        lines, kinds = [], []
        for axis, line, along in np.argwhere(self.street).tolist():
            at = self.fractions(axis, line, along)
            dual = self.dual[axis, line, along]
            for aside in (-_HALF_MEDIAN_M, _HALF_MEDIAN_M) if dual else (0.0,):
                lines.append(_line(self.curve(axis, line, along, at, aside)))
                kinds.append("arterial" if self.arterial[axis, line, along] else "collector")
        return np.array(lines, object), kinds


def communities(edges: Edges, chance: Chance) -> tuple[Geometries, NDArray[np.str_]]:
    """Draw communities of one superblock or of two; polygons that tile the square, and their 12-digit codes."""
    across = edges.layout.across
    rings = np.empty((across, across), object)
    for column, row in np.ndindex(across, across):
        south, north = edges.boundary(0, row, column), edges.boundary(0, row + 1, column)
        west, east = edges.boundary(1, column, row), edges.boundary(1, column + 1, row)
        ring = np.concatenate((south[:-1], east[:-1], north[:0:-1], west[:0:-1]))
        rings[column, row] = shapely.Polygon(_apart(ring))
    ward = _wards(across)
    partner = _pairs(across, ward, chance)
    polygons, codes, counts = [], [], dict[str, int]()
    for row, column in np.ndindex(across, across):  # from the north, west to east
        place = (column, across - 1 - row)
        if partner.get(place) == "taken":
            continue
        whole = (
            rings[place]
            if place not in partner
            else shapely.coverage_union(rings[place], rings[partner[place]])
        )
        counts[ward[place]] = counts.get(ward[place], 0) + 1
        polygons.append(shapely.normalize(whole))
        codes.append(f"{ward[place]}{counts[ward[place]]:03d}")
    return np.array(polygons, object), np.array(codes)


def _wards(across: int) -> NDArray[np.str_]:
    """Nine digits of each superblock: districts of some 11 a side, each of two by two streets."""
    parts = max(1, round(across / 11))
    district, street = (np.arange(across) * many // across for many in (parts, 2 * parts))
    named = np.empty((across, across), "U9")
    seen = dict[int, dict[tuple[int, int], int]]()
    for row, column in np.ndindex(across, across):
        i, j = column, across - 1 - row
        first = 1 + int(district[i]) + int(district.max() + 1) * int(district.max() - district[j])
        second = seen.setdefault(first, {})
        which = second.setdefault((int(street[i]), int(street[j])), len(second) + 1)
        named[i, j] = f"9901{first:02d}{which:03d}"
    return named


def _pairs(across: int, ward: NDArray[np.str_], chance: Chance) -> dict[tuple[int, int], Any]:
    """Draw which superblocks are one community: at most one pair in four; the northern or western one leads."""
    partner = dict[tuple[int, int], Any]()
    for i, j in np.ndindex(across // 2, across // 2):
        if chance.random() >= 0.55:
            continue
        shift, wide = chance.integers(0, 2), chance.random() < 0.5
        if wide:
            first, second = (2 * i, 2 * j + int(shift)), (2 * i + 1, 2 * j + int(shift))
        else:
            first, second = (2 * i + int(shift), 2 * j + 1), (2 * i + int(shift), 2 * j)
        if ward[first] == ward[second]:
            partner[first], partner[second] = second, "taken"
    return partner


def lanes(layout: Layout, chance: Chance) -> Geometries:
    """Draw the lanes inside superblocks: most from edge to edge, some with dead or inexact ends, and spurs."""
    across = layout.across
    i, j, axis, number = np.nonzero(layout.cuts < 1)
    across_at = layout.cuts[i, j, axis, number]
    crossing = layout.cuts[i, j, 1 - axis]
    at = np.sort(np.concatenate((np.broadcast_to(STEP, (len(i), len(STEP))), crossing), axis=1), axis=1)
    at = _ends(at, layout.side_m / across, chance)
    middle = np.broadcast_to(across_at[:, None], at.shape)
    north = (axis == 0)[:, None]
    points = layout.place(i[:, None], j[:, None], np.where(north, middle, at), np.where(north, at, middle))
    kept = chance.random(len(i)) < 0.93
    drawn = [_line(path) for path in points[kept]]
    return np.array(drawn + _spurs(layout, chance), object)


def _ends(at: Floats, side_m: float, chance: Chance) -> Floats:
    """Cut or stretch some lanes: dead ends far from the next street, near misses within 3 m of it."""
    count, flip = len(at), chance.random(len(at)) < 0.5
    end = np.where(chance.random(count) < 0.10, chance.uniform(0.3, 0.8, count), 1.0)
    near = chance.random(count) < 0.05
    end = np.where(near, 1 + chance.uniform(-3, 3, count) / side_m, end)[:, None]
    turned = np.where(flip[:, None], 1 - at[:, ::-1], at)
    turned = np.where((turned >= 1) & (end > 1), end, np.minimum(turned, end))
    fractions: Floats = np.where(flip[:, None], 1 - turned[:, ::-1], turned)
    return fractions


def _spurs(layout: Layout, chance: Chance) -> list[shapely.LineString]:
    """Draw short dead ends that leave the first northward lane of some superblocks."""
    has = (layout.cuts[:, :, 0, 0] < 1) & (chance.random((layout.across, layout.across)) < 0.7)
    i, j = np.nonzero(has)
    start, t = layout.cuts[i, j, 0, 0], chance.uniform(0.15, 0.85, len(i))
    reach = chance.uniform(0.07, 0.16, len(i)) * np.where(chance.random(len(i)) < 0.5, -1, 1)
    s = start[:, None] + reach[:, None] * np.array([0, 0.5, 1])
    return [_line(path) for path in layout.place(i[:, None], j[:, None], s, t[:, None])]


def _line(points: Floats) -> shapely.LineString:
    return shapely.LineString(_apart(points))


def _apart(points: Floats) -> Floats:
    """Leave out points that repeat the one before."""
    return points[np.concatenate(([True], (points[1:] != points[:-1]).any(axis=1)))]
