"""Conflicts by group: by what they are, and by the areas that they lie in.

Law: **groups conserve**: the areas by group, with that of what lies in none, sum to the area of the conflicts.

Tested by `tests/paas/conflict/test_conflictgroups.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS
from stcloud.index.sharedarea import Areas, shared_areas
from stcloud.paas.conflict.exclusion import NOISE_M2

__all__ = ["GROUPS", "GroupAreas", "grouped_conflicts"]

GROUPS = {
    "department": ("first_department", "second_department"),
    "layer": ("first_layer", "second_layer"),
    "use": ("first_use", "second_use"),
    "rule": ("rule",),
    "kind": ("kind",),
    "outcome": ("outcome",),
}
"""Columns that conflicts are grouped by, by the name of the group."""

_ROUNDING = 1e-9

Ints: TypeAlias = NDArray[np.int64]
Objects: TypeAlias = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class GroupAreas:
    """Areas that conflicts are grouped by.

    Parameters
    ----------
    column
        Name of the group's column.
    names
        ``(n,)`` text.
    shapes
        ``(n,)`` areas in the city's CRS.
    from_us, to_us
        ``(n,)`` int64: when each is valid, half-open, UTC microseconds.
    """

    column: str
    names: Objects
    shapes: Objects
    from_us: Ints
    to_us: Ints

    def shapes_of(self, wanted: list[str | None], at_us: int) -> list[bytes | None]:
        """Return the area of each name as WKB: as it was at an instant or, where it was not then, ever was."""
        there = (self.from_us <= at_us) & (at_us < self.to_us)
        return [self._united(name, there) if name is not None else None for name in wanted]

    def _united(self, name: str, there: NDArray[np.bool_]) -> bytes:
        own = np.asarray(self.names == name, np.bool_)
        chosen = own & there if (own & there).any() else own
        return bytes(shapely.to_wkb(shapely.union_all(self.shapes[chosen])))


def grouped_conflicts(
    rows: pa.Table, groups: tuple[str, ...], areas: GroupAreas | None, window: tuple[int, int]
) -> pa.Table:
    """Return how many conflicts each group has, and how much area.

    Parameters
    ----------
    rows
        Conflicts.
    groups
        Columns of them.
    areas
        Areas to group by besides, as they were at the first instant of each conflict in the window; None: none.
    window
        What the conflicts are of: half-open, UTC microseconds.

    Returns
    -------
    The groups, ``conflicts`` (a conflict in several areas counts in each) and ``area_m2``; with areas, their shapes.
    """
    names = list(groups)
    table = rows.select([*names, "area_m2"]).append_column("st_row", pa.array(np.arange(len(rows))))
    if areas is not None:
        names.append(areas.column)
        table = _spread(rows, table, areas, np.maximum(micros(rows["from"], ALWAYS), window[0]))
    sums = table.group_by(names).aggregate([("st_row", "count_distinct"), ("area_m2", "sum")])
    sums = sums.select([*names, "st_row_count_distinct", "area_m2_sum"])
    sums = sums.rename_columns([*names, "conflicts", "area_m2"]).sort_by(
        [(name, "ascending") for name in names]
    )
    if areas is None:
        return sums
    shapes = areas.shapes_of(sums[areas.column].to_pylist(), window[0])
    return sums.append_column("st_geom", pa.array(shapes, pa.binary()))


def _spread(rows: pa.Table, table: pa.Table, areas: GroupAreas, at_us: Ints) -> pa.Table:
    """Return a row for each conflict and area that it lies in, with the part of its area that does."""
    with_area = rows["area_m2"].is_valid().to_numpy()
    row, area, part = _parts(rows, with_area, areas, at_us)
    whole = rows["area_m2"].fill_null(0.0).to_numpy()
    rest = whole - np.bincount(row, weights=np.nan_to_num(part), minlength=len(rows))
    nowhere = np.bincount(row, minlength=len(rows)) == 0
    outside = np.flatnonzero(nowhere | (with_area & (rest > np.maximum(NOISE_M2, _ROUNDING * whole))))
    taken = np.concatenate([row, outside])
    values = np.concatenate([part, np.where(with_area[outside], rest[outside], np.nan)])
    names = pa.array([*areas.names[area].tolist(), *[None] * len(outside)], pa.string())
    spread = table.take(pa.array(taken)).drop_columns(["area_m2"])
    spread = spread.append_column("area_m2", pa.array(values, pa.float64(), mask=np.isnan(values)))
    return spread.append_column(areas.column, names)


def _parts(
    rows: pa.Table, with_area: NDArray[np.bool_], areas: GroupAreas, at_us: Ints
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return which conflicts lie in which areas, and with how much area; NaN: none, and its middle lies there."""
    shapes = np.asarray(shapely.make_valid(shapely.from_wkb(rows["st_geom"].to_numpy())), object)
    places = np.where(with_area, shapes, shapely.centroid(shapes)).astype(object)
    row, area = shapely.STRtree(areas.shapes).query(places, predicate="intersects")
    there = (areas.from_us[area] <= at_us[row]) & (at_us[row] < areas.to_us[area])
    order = np.lexsort((area[there], row[there]))
    row, area = row[there][order], area[there][order]
    part = np.full(len(row), np.nan)
    wide = np.flatnonzero(with_area[row])
    shared = shared_areas(Areas.of(places), Areas.of(areas.shapes), row[wide], area[wide])
    part[wide] = shared.area_m2
    first = np.ones(len(row), np.bool_)
    first[1:] = row[1:] != row[:-1]  # a middle on a border lies in one area
    kept = np.where(with_area[row], part >= NOISE_M2, first)
    return row[kept], area[kept], part[kept]
