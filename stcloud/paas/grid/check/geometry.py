"""Cells by themselves: polygons of one part, of a suitable area."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from stcloud.paas.grid.check.inspected import InspectedGrid, Mask
from stcloud.paas.grid.check.report import Fault
from stcloud.paas.grid.check.rules import Rules

__all__ = ["misshapen", "unsuitable"]


def misshapen(grid: InspectedGrid) -> Iterator[Fault]:
    """Give cells that are no valid polygon of one part, with the reason."""
    for row in np.flatnonzero(grid.faulty).tolist():
        cell = grid.cells[row]
        if cell is None or cell.is_empty or cell.geom_type not in {"Polygon", "MultiPolygon"}:
            content = "nothing" if cell is None or cell.is_empty else f"a {cell.geom_type}"
            yield grid.fault("no-polygon", (row,), f"the cell has {content} for a polygon")
            continue
        reason = shapely.is_valid_reason(cell)
        if reason != "Valid Geometry":
            yield grid.fault("invalid-polygon", (row,), reason, grid.ground[row], sized=False)
        elif len(parts := shapely.get_parts(cell)) > 1:
            yield grid.fault("multi-part", (row,), f"the cell has {len(parts)} parts", cell, sized=False)


def unsuitable(grid: InspectedGrid, current: Mask, rules: Rules) -> Iterator[Fault]:
    """Give current cells whose area is far from the target."""
    areas = shapely.area(grid.ground)
    there = current & ~shapely.is_empty(grid.ground)
    for kind, bound, rows in (
        ("small-cell", f"less than {rules.least_m2:,g}", np.flatnonzero(there & (areas < rules.least_m2))),
        ("large-cell", f"more than {rules.most_m2:,g}", np.flatnonzero(there & (areas > rules.most_m2))),
    ):
        for row in rows.tolist():
            yield grid.fault(kind, (row,), f"the cell has {areas[row]:,.0f} m², {bound}", grid.ground[row])
