"""Overlaps between cells at any time, and what cells cover together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.check.boundary import edges_prove_no_overlap
from stcloud.paas.grid.check.inspected import Geometries, InspectedGrid, Mask, Positions, polygonal
from stcloud.paas.grid.check.report import Fault
from stcloud.paas.grid.check.rules import Rules
from stcloud.paas.grid.check.tolerance import mean_width, opened, shrunk

__all__ = ["covered", "enclosed_gaps", "gap_faults", "overlaps", "unmatched"]


def unmatched(grid: InspectedGrid, current: Mask) -> Mask:
    """Cells that may overlap another: those of the past, and current ones whose edges match no neighbour's."""
    suspect: Mask = ~current | grid.faulty
    trusted = np.flatnonzero(~suspect)
    if not edges_prove_no_overlap(grid.ground[trusted]):
        suspect[trusted] = ~shapely.is_empty(shapely.coverage_invalid_edges(grid.ground[trusted]))
    return suspect


def overlaps(grid: InspectedGrid, suspect: Mask, rules: Rules) -> Iterator[Fault]:
    """Give each place that two cells share at one time; two with the same code are another fault, not given here."""
    first, second = _pairs(grid, suspect)
    if not first.size:
        return
    used = np.union1d(first, second)
    inner = np.full(len(grid), None, object)
    inner[used] = shrunk(grid.ground[used], rules.tolerance_m)
    shapely.prepare(inner[used])
    hit = shapely.intersects(inner[first], inner[second])
    first, second = first[hit], second[hit]
    shared = polygonal(np.asarray(shapely.intersection(grid.ground[first], grid.ground[second])))
    places, pair = opened(shared, rules.tolerance_m)
    for a, b, where, width in zip(first[pair], second[pair], places, mean_width(places), strict=True):
        kind = "overlap" if width >= rules.sliver_m else "overlap-sliver"
        message = f"two cells share {where.area:.6g} m², {width:.3g} m wide in the mean"
        yield grid.fault(kind, (a, b), message, where)


def _pairs(grid: InspectedGrid, suspect: Mask) -> tuple[Positions, Positions]:
    """Return the pairs of cells whose boxes meet and whose periods overlap, one of them suspect; each pair once."""
    suspects = np.flatnonzero(suspect)
    if not suspects.size:
        return suspects, suspects
    local, other = shapely.STRtree(grid.ground).query(grid.ground[suspects])
    suspected = suspects[local]
    once = (suspected < other) | ((suspected > other) & ~suspect[other])
    other_code = (grid.codes[suspected] != grid.codes[other]) | (grid.codes[suspected] == "")
    together = np.maximum(grid.start_us[suspected], grid.start_us[other]) < np.minimum(
        grid.end_us[suspected], grid.end_us[other]
    )
    return suspected[once & together & other_code], other[once & together & other_code]


def covered(grid: InspectedGrid, group: NDArray[np.intp], groups: int, suspect: Mask) -> Geometries:
    """Return the union of the cells of each group.

    Parameters
    ----------
    group
        ``(n,)``, number of each cell's group; negative for none.
    groups
        How many groups there are.
    suspect
        Cells whose edges may not match; a group without any is dissolved by its edges, which is quick and exact.
    """
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    unions = np.empty(groups, object)
    for number in range(groups):
        members = order[ends[number] : ends[number + 1]]
        union = shapely.union_all if suspect[members].any() else shapely.coverage_union_all
        unions[number] = union(grid.ground[members])
    return polygonal(unions)


def enclosed_gaps(grid: InspectedGrid, unions: Geometries, near_to: Mask, rules: Rules) -> Iterator[Fault]:
    """Give holes in what all groups cover together; what is open to the outside is none."""
    whole = shapely.union_all(unions)
    filled = [shapely.Polygon(part.exterior) for part in shapely.get_parts(whole) if part.interiors]
    holes = shapely.difference(np.array(filled, object), whole)
    yield from gap_faults(grid, polygonal(np.asarray(holes, object)), near_to, rules)


def gap_faults(grid: InspectedGrid, gaps: Geometries, neighbours: Mask, rules: Rules) -> Iterator[Fault]:
    """Give the gaps wider than the tolerance, each with the cells around it."""
    places, _ = opened(gaps, rules.tolerance_m)
    if not len(places):
        return
    rows = np.flatnonzero(neighbours)
    near = shapely.STRtree(grid.ground[rows])
    for where, width in zip(places, mean_width(places), strict=True):
        kind = "gap" if width >= rules.sliver_m else "gap-sliver"
        cells = rows[near.query(where, predicate="dwithin", distance=3 * rules.tolerance_m)]
        yield grid.fault(
            kind, cells, f"no cell has {where.area:.6g} m², {width:.3g} m wide in the mean", where
        )
