"""Shapes on a tile: projected, simplified, clipped, and laid on the tile's whole units, so that they stay valid.

Tested by `tests/paas/tile/test_tileshapes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from stcloud.paas.tile.commands import Commands, ShapeKind, commands_of_paths, commands_of_points
from stcloud.space.tilegrid import EXTENT
from stcloud.space.tilepixels import TilePixels

__all__ = ["BUFFER", "TileShapes", "shapes_on_tile"]

Shapes: TypeAlias = NDArray[Any]
Rows: TypeAlias = NDArray[np.intp]

BUFFER = 64
"""How far beyond a tile lines and areas are drawn, units: a client cuts the tile's edge away with them."""
_TOLERANCE = 1.0
"""How far lines may be from where they were, units; at the zooms below which they are simplified."""
_SIMPLIFIED_BELOW = 16
_BENDING = 0.25
_OWN_KINDS = {
    ShapeKind.POINT: (GeometryType.POINT,),
    ShapeKind.LINE: (GeometryType.LINESTRING, GeometryType.LINEARRING),
    ShapeKind.POLYGON: (GeometryType.POLYGON,),
}


@dataclass(frozen=True, slots=True, eq=False)
class TileShapes:
    """What is seen of some shapes on a tile.

    Parameters
    ----------
    rows
        ``(n,)``: the number of the shape that each feature of the tile is of, ascending for each kind of geometry. A
        shape that is a collection of several kinds is several features.
    commands
        The features' geometry.
    invisible
        How many shapes meet the tile, and are not seen: smaller or thinner than a unit, a 4096th of the tile.
    """

    rows: Rows
    commands: Commands
    invisible: int


def shapes_on_tile(shapes: Shapes, pixels: TilePixels) -> TileShapes:
    """Lay shapes on a tile.

    Parameters
    ----------
    shapes
        ``(n,)`` geometries in the city's CRS; None and empty ones are nowhere.
    pixels
        How the city's coordinates lie on the tile.

    Notes
    -----
    Points belong to the one tile that holds them. Lines and areas reach `BUFFER` units beyond it. Areas are valid and
    wound as the specification says. Lines are within a unit of where they were, and below zoom 16 within two.
    """
    parts, row = _plain(shapes)
    kinds = shapely.get_type_id(parts)
    of_kinds = []
    met: list[Rows] = []
    for kind, own in _OWN_KINDS.items():
        at = np.flatnonzero(np.isin(kinds, [int(type_id) for type_id in own]))
        if not len(at):
            continue
        lying, rows, commands = _LAID[kind](parts[at], row[at], pixels)
        met.append(lying)
        if len(rows):
            of_kinds.append((rows, commands))
    rows = np.concatenate([rows for rows, _ in of_kinds]) if of_kinds else np.empty(0, np.intp)
    meeting = np.unique(np.concatenate(met)) if met else rows
    return TileShapes(
        rows, _together([commands for _, commands in of_kinds]), len(np.setdiff1d(meeting, rows))
    )


def _plain(shapes: Shapes) -> tuple[Shapes, Rows]:
    """Return the points, lines and polygons that shapes are made of, and whose each is."""
    parts, row = shapely.get_parts(shapely.force_2d(shapes), return_index=True)
    while len(parts) and shapely.get_type_id(parts).max() > int(GeometryType.POLYGON):
        parts, inner = shapely.get_parts(parts, return_index=True)
        row = row[inner]
    there = ~shapely.is_empty(parts)
    return parts[there], row[there]


def _together(parts: list[Commands]) -> Commands:
    if not parts:
        return commands_of_points(np.empty(0, np.int64), np.empty(0, np.int64))
    kinds = np.concatenate([part.kinds for part in parts])
    numbers, counts = zip(*(part.runs for part in parts), strict=True)
    return Commands(kinds, (np.concatenate(numbers), np.concatenate(counts)))


_Laid: TypeAlias = tuple[Rows, Rows, Commands]
"""Which shapes lie on the tile, which are seen, and their commands."""


def _points(parts: Shapes, row: Rows, pixels: TilePixels) -> _Laid:
    columns, lines = pixels.units(*shapely.get_coordinates(parts).T)
    at = np.flatnonzero(columns >= 0)
    rows, places = np.unique(row[at], return_counts=True)
    return rows, rows, commands_of_points(columns[at], lines[at], places.astype(np.int64))


def _lines(parts: Shapes, row: Rows, pixels: TilePixels) -> _Laid:
    clipped, row = _clipped(parts, row, pixels, GeometryType.LINESTRING)
    coordinates, path = shapely.get_coordinates(clipped, return_index=True)
    units, path = _distinct(np.rint(coordinates).astype(np.int64), path)
    places = np.bincount(path, minlength=len(clipped))
    kept = places >= 2
    units, places, own = units[kept[path]], places[kept], row[kept]
    rows, paths = np.unique(own, return_counts=True)
    x, y = units.T
    return np.unique(row), rows, commands_of_paths(ShapeKind.LINE, x, y, places, paths.astype(np.int64))


def _polygons(parts: Shapes, row: Rows, pixels: TilePixels) -> _Laid:
    clipped, row = _clipped(parts, row, pixels, GeometryType.POLYGON)
    laid, inner = _plain(_on_units(clipped))
    laid, own = _apart(laid, row[inner])
    laid = shapely.orient_polygons(laid)
    rings, polygon = shapely.get_rings(laid, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    units, ring = _distinct(np.rint(coordinates).astype(np.int64), ring)
    last = np.ones(len(units), np.bool_)
    last[:-1] = ring[1:] != ring[:-1]
    places = np.bincount(ring[~last], minlength=len(rings))
    rows, paths = np.unique(own[polygon], return_counts=True)
    x, y = units[~last].T
    return np.unique(row), rows, commands_of_paths(ShapeKind.POLYGON, x, y, places, paths.astype(np.int64))


def _apart(polygons: Shapes, own: Rows) -> tuple[Shapes, Rows]:
    """Return the polygons of each shape, united where they came together on whole units."""
    rows, number, counts = np.unique(own, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    touching = [at for at in several if not shapely.is_valid(shapely.multipolygons(polygons[number == at]))]
    if not touching:
        return polygons, own
    kept = ~np.isin(number, touching)
    united = np.array([shapely.union_all(polygons[number == at], grid_size=1) for at in touching], object)
    parts, inner = _plain(united)
    whole, of_row = (
        np.concatenate([polygons[kept], parts]),
        np.concatenate([own[kept], rows[touching][inner]]),
    )
    order = np.argsort(of_row, kind="stable")
    return whole[order], of_row[order]


_LAID: dict[ShapeKind, Callable[[Shapes, Rows, TilePixels], _Laid]] = {
    ShapeKind.POINT: _points, ShapeKind.LINE: _lines, ShapeKind.POLYGON: _polygons,
}  # fmt: skip


def _distinct(units: NDArray[np.int64], path: Rows) -> tuple[NDArray[np.int64], Rows]:
    """Return places, those left out that are where the one before them in their path is."""
    fresh = np.ones(len(units), np.bool_)
    fresh[1:] = (path[1:] != path[:-1]) | (units[1:] != units[:-1]).any(axis=1)
    return units[fresh], path[fresh]


def _clipped(parts: Shapes, row: Rows, pixels: TilePixels, kind: GeometryType) -> tuple[Shapes, Rows]:
    """Return what of lines or polygons lies on the tile and its buffer, in units of the tile."""
    near, row = _cut(parts, row, pixels.buffered(2 * BUFFER), kind)
    longest_m = _straight_m(pixels)
    near = near if longest_m is None else shapely.segmentize(near, longest_m)
    near = shapely.transform(near, lambda places: np.stack(pixels.project(*places.T), axis=1))
    seen = np.isfinite(shapely.bounds(near)).all(axis=1)
    near, row = near[seen], row[seen]
    if pixels.tile.z < _SIMPLIFIED_BELOW:
        near = shapely.simplify(near, _TOLERANCE)
    return _cut(near, row, (-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER), kind)


def _cut(
    shapes: Shapes, row: Rows, box: tuple[float, float, float, float] | None, kind: GeometryType
) -> tuple[Shapes, Rows]:
    """Return what lies in a box; only what is not wholly in it or outside is cut."""
    if box is None:
        return shapes, row
    west, south, east, north = box
    xmin, ymin, xmax, ymax = shapely.bounds(shapes).T
    meeting = (xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south)
    inside = (xmin >= west) & (xmax <= east) & (ymin >= south) & (ymax <= north)
    cut = np.flatnonzero(meeting & ~inside)
    shapes = shapes.copy()
    shapes[cut] = _within(shapes[cut], shapely.box(*box))
    pieces, inner = _plain(shapes[meeting])
    kept = shapely.get_type_id(pieces) == int(kind)
    return pieces[kept], row[meeting][inner][kept]


def _within(shapes: Shapes, box: shapely.Polygon) -> Shapes:
    """Return what of shapes lies in a box; by a quick cut where that leaves valid shapes."""
    quick: Shapes = shapely.clip_by_rect(shapes, *box.bounds)
    wrong = np.flatnonzero(~shapely.is_valid(quick))
    quick[wrong] = shapely.intersection(shapely.make_valid(shapes[wrong]), box)
    return quick


def _on_units(polygons: Shapes) -> Shapes:
    """Return polygons on whole units, valid and without what is thinner than a unit."""
    rounded: Shapes = shapely.transform(polygons, np.rint)
    wrong = np.flatnonzero(~shapely.is_valid(rounded))
    rounded[wrong] = shapely.set_precision(shapely.make_valid(polygons[wrong]), 1)
    return rounded


def _straight_m(pixels: TilePixels) -> float | None:
    """Return the length up to which a line of the city's CRS is straight enough on the tile; None: any is."""
    box = pixels.buffered(2 * BUFFER)
    if box is None or box[0] > box[2]:
        return None
    west, south, east, north = box
    share = np.linspace(0, 1, 9)
    length = math.hypot(east - west, north - south)
    most = 1.0
    for start, end in (((west, south), (east, north)), ((west, north), (east, south))):
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        across, down = pixels.project(x, y)
        off = np.hypot(
            across - (across[0] + share * (across[-1] - across[0])),
            down - (down[0] + share * (down[-1] - down[0])),
        )
        most = max(most, math.ceil(math.sqrt(np.nanmax(off) / _BENDING)))
    return None if most <= 1 else length / most
