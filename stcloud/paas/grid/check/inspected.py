"""The grid under inspection: cells with codes and periods.

Tested by `tests/paas/grid/check/test_inspection.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.grid.check.report import Fault

__all__ = ["Geometries", "InspectedGrid", "Mask", "Positions", "polygonal"]

Geometries: TypeAlias = NDArray[np.object_]
Mask: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.intp]
Instants: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class InspectedGrid:
    """Cells, one or more versions of each.

    Parameters
    ----------
    cells
        ``(n,)`` geometries as given.
    ground
        ``(n,)`` valid polygons of the same ground; empty where a cell has none.
    faulty
        ``(n,)``, whether a cell is no valid polygon of one part.
    codes
        ``(n,)`` text; empty where there is none.
    start_us, end_us
        ``(n,)`` int64, half-open periods in UTC microseconds.
    is_dated
        Whether any period was given.
    """

    cells: Geometries
    ground: Geometries
    faulty: Mask
    codes: NDArray[np.object_]
    start_us: Instants
    end_us: Instants
    is_dated: bool

    @classmethod
    def of(
        cls,
        cells: Any,
        codes: Sequence[str | None] | NDArray[Any],
        start: ArrayLike | None,
        end: ArrayLike | None,
    ) -> InspectedGrid:
        """Take what a caller has; refuse columns that do not fit together."""
        shapes = np.asarray(cells, object)
        texts = np.array(["" if _is_null(code) else code for code in codes], object)
        if not all(isinstance(text, str) for text in texts):
            raise InvalidInput("codes-not-text", "some codes are numbers", hint="keep codes as text")
        starts = np.full(len(shapes), ALWAYS) if start is None else np.asarray(start, np.int64)
        ends = np.full(len(shapes), FOREVER) if end is None else np.asarray(end, np.int64)
        lengths = {len(column) for column in (shapes, texts, starts, ends)}
        if len(lengths) > 1:
            raise InvalidInput("uneven-columns", f"cells, codes and dates have lengths {sorted(lengths)}")
        is_polygon = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
        valid = is_polygon & shapely.is_valid(shapes)
        ground = np.where(valid, shapes, shapely.Polygon())
        broken = is_polygon & ~valid
        ground[broken] = polygonal(shapely.make_valid(shapes[broken]))
        single = valid & (shapely.get_num_geometries(shapes) == 1)
        return cls(shapes, ground, ~single, texts, starts, ends, start is not None or end is not None)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def current(self) -> Mask:
        """Cells of the newest state: after the last change, or after the last beginning when all have ended."""
        starts, ends = self.start_us, self.end_us
        past = ends[ends < FOREVER]
        last = max(starts.max(initial=ALWAYS), past.max(initial=ALWAYS))
        for instant in (last, starts.max(initial=ALWAYS)):
            alive: Mask = (starts <= instant) & (instant < ends)
            if alive.any():
                break
        return alive

    def fault(
        self,
        kind: str,
        rows: Sequence[int] | Positions,
        message: str,
        where: Any = None,
        *,
        sized: bool = True,
    ) -> Fault:
        """Make a fault of some cells, ordered by their codes; a place has an area unless it only shows the cells."""
        ordered = sorted((str(self.codes[row]), int(row)) for row in rows)
        area = float(where.area) if where is not None and sized else None
        return Fault(
            kind, tuple(code for code, _ in ordered), tuple(row for _, row in ordered), message, area, where
        )


def _is_null(code: Any) -> bool:
    return code is None or (isinstance(code, float) and math.isnan(code))


def polygonal(shapes: Geometries) -> Geometries:
    """Return the polygons of each geometry, without its lines and points; empty where there are none."""
    kinds = shapely.get_type_id(shapes)
    kept = np.where(np.isin(kinds, (3, 6)), shapes, shapely.Polygon())
    for mixed in np.flatnonzero(kinds == 7):
        parts = shapely.get_parts(shapes[mixed])
        kept[mixed] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
    return kept
