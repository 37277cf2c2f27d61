"""How good a division is: one report, the same measures whoever divided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.ground import SMALL_M2

__all__ = ["Misfit", "Quality", "measured"]

_PIECE_M = 10.0
_ERODED_M = 0.1
_NEAR_M, _BESIDE_M = 0.5, 15.0

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A cell that is smaller or larger than it should be, and why.

    ``reason`` is ``small-community``, ``codes`` (merged, for want of codes), ``edges-kept`` (a merger would lose more
    street, shore or shape than it is worth) or ``no-good-cut`` (nothing parts it into cells of fair size and shape).
    """

    code: str
    area_m2: float
    reason: str


@dataclass(frozen=True, slots=True)
class Quality:
    """What a division reached. Shares are of 1.

    Parameters
    ----------
    count, mean_m2
        Number of cells, their mean area.
    areas_m2
        Areas at the quantiles 0, 0.05, 0.25, 0.5, 0.75, 0.95 and 1.
    fitting, misfits
        Share of cells from half to double the target area; the others, with a reason each.
    compactness, compactness_low, loose
        Polsby-Popper: median, lower quartile, share of cells below 0.3.
    streets_near, streets_beside
        Share of the street length inside communities that lies within 0.5 m, within 15 m, of a cell's edge. Streets
        within 0.5 m of a community's boundary do not count, nor do carriageways that were collapsed into another.
    every_street_near
        As ``streets_near``, but of every street given, those collapsed and those on boundaries too.
    buildings_cut
        Share of buildings under 3,000 m² with more than a decimetre on both sides of an edge, though no line of the
        input crosses them; NaN without buildings.
    load_variation
        Coefficient of variation of the components in a cell; NaN without components.
    crossing, uncovered
        Share of the area that lies across a community; that no cell covers, or two.
    """

    count: int
    mean_m2: float
    areas_m2: tuple[float, ...]
    fitting: float
    misfits: tuple[Misfit, ...]
    compactness: float
    compactness_low: float
    loose: float
    streets_near: float
    streets_beside: float
    every_street_near: float
    buildings_cut: float
    load_variation: float
    crossing: float
    uncovered: float


def measured(
    cells: Geometries, own: NDArray[np.intp], communities: Geometries, *, target_m2: float, streets: Geometries,
    single: Geometries, lines: Geometries, buildings: Geometries, components: Geometries,
    misfits: tuple[Misfit, ...] = (),
) -> Quality:  # fmt: skip
    """Measure cells.

    Parameters
    ----------
    cells, own
        ``(n,)`` polygons; ``(n,)`` the number of the community each belongs to.
    communities
        ``(m,)`` polygons.
    target_m2
        Target area.
    streets, single
        Lines as given, and with parallel carriageways collapsed.
    lines
        All lines of the input: streets, shores, boundaries of communities.
    buildings, components
        Polygons; geometries of any kind, each counted where its centroid lies.
    misfits
        Cells of other sizes, explained.
    """
    area, outline = shapely.area(cells), shapely.length(cells)
    shape = 4 * np.pi * area / outline**2
    edges = _sides(cells)
    near, beside, _ = _followed(edges, single, communities)
    crossing, uncovered = _cover(cells, own, communities)
    quantiles = np.quantile(area, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))
    return Quality(
        count=len(cells), mean_m2=float(area.mean()), areas_m2=tuple(float(area_m2) for area_m2 in quantiles),
        fitting=float(((area >= target_m2 / 2) & (area <= target_m2 * 2)).mean()), misfits=misfits,
        compactness=float(np.median(shape)), compactness_low=float(np.quantile(shape, 0.25)),
        loose=float((shape < 0.3).mean()), streets_near=near, streets_beside=beside,
        every_street_near=_followed(edges, streets, communities)[2],
        buildings_cut=_cut(edges, buildings, lines), load_variation=_variation(cells, components),
        crossing=crossing, uncovered=uncovered,
    )  # fmt: skip


def _followed(
    edges: shapely.STRtree, streets: Geometries, communities: Geometries
) -> tuple[float, float, float]:
    """Return shares of the length within 0.5 m and 15 m, without streets on boundaries; within 0.5 m, with them."""
    start, end = _steps(shapely.segmentize(streets, _PIECE_M))
    middle, length = shapely.points((start + end) / 2), np.hypot(*(end - start).T)
    inside = shapely.STRtree(middle).query(communities, predicate="intersects")[1]
    length = length * np.isin(np.arange(len(middle)), inside)
    inner = length * (_away(_sides(communities), middle, _NEAR_M) > _NEAR_M)
    away = _away(edges, middle, _BESIDE_M)
    return _share(inner, away <= _NEAR_M), _share(inner, away <= _BESIDE_M), _share(length, away <= _NEAR_M)


def _steps(lines: Geometries) -> tuple[Floats, Floats]:
    """Return starts and ends of the segments of lines."""
    at, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    return at[:-1][same], at[1:][same]


def _sides(polygons: Geometries) -> shapely.STRtree:
    """Return an index of the sides of polygons, each once or twice: short lines are quick to measure from."""
    steps = _steps(shapely.get_rings(polygons))
    return shapely.STRtree(shapely.linestrings(np.stack(steps, axis=1)))


def _away(tree: shapely.STRtree, points: Geometries, within_m: float) -> Floats:
    """Return the distance of each point to what is nearest; infinity if nothing is as near as that."""
    rows, distance = tree.query_nearest(
        points, max_distance=within_m, return_distance=True, all_matches=False
    )
    away = np.full(len(points), np.inf)
    away[rows[0]] = distance
    return away


def _share(length: Floats, flags: Flags) -> float:
    return float((length * flags).sum() / length.sum()) if length.sum() > 0 else float("nan")


def _cut(edges: shapely.STRtree, buildings: Geometries, lines: Geometries) -> float:
    small = buildings[shapely.area(buildings) < SMALL_M2]
    if not len(small):
        return float("nan")
    inner = shapely.buffer(small, -_ERODED_M, join_style="mitre")
    parted, crossed = (
        np.isin(np.arange(len(small)), tree.query(inner, predicate="intersects")[0])
        for tree in (edges, shapely.STRtree(lines))
    )
    return float((parted & ~crossed).mean())


def _variation(cells: Geometries, components: Geometries) -> float:
    if not len(components):
        return float("nan")
    row = shapely.STRtree(cells).query(shapely.centroid(components), predicate="intersects")[1]
    load = np.bincount(row, minlength=len(cells))
    return float(load.std() / load.mean()) if load.any() else float("nan")


def _cover(cells: Geometries, own: NDArray[np.intp], communities: Geometries) -> tuple[float, float]:
    """Return the share of the area across communities; and the share of gaps and overlaps."""
    whole = float(shapely.area(communities).sum())
    inside = shapely.area(shapely.intersection(cells, communities[own]))
    across = float((shapely.area(cells) - inside).sum()) / whole
    tiled = np.bincount(own, inside, minlength=len(communities))
    first, second = shapely.STRtree(cells).query(cells, predicate="overlaps")
    twice = first < second
    overlap = float(shapely.area(shapely.intersection(cells[first[twice]], cells[second[twice]])).sum())
    gap = float(np.maximum(shapely.area(communities) - tiled, 0).sum()) + overlap
    return max(across, 0.0), (gap + overlap) / whole
