"""Spatial operators over batches: shapely's, of points as columns or of WKB.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.paas.query.filter.node import Constant, Node, Shape

__all__ = ["Rowwise", "related"]

_FUNCTIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "s_contains": shapely.contains, "s_crosses": shapely.crosses, "s_disjoint": shapely.disjoint,
    "s_equals": shapely.equals, "s_intersects": shapely.intersects, "s_overlaps": shapely.overlaps,
    "s_touches": shapely.touches, "s_within": shapely.within,
}  # fmt: skip
_TURNED = {"s_contains": "s_within", "s_within": "s_contains"}
_CORNERS = 32
"""Of a quarter of a circle."""
_OF_POINTS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "s_intersects": shapely.intersects_xy, "s_contains": shapely.contains_xy,
    "s_disjoint": lambda shape, x, y: ~shapely.intersects_xy(shape, x, y),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rowwise:
    """A geometry for all rows, points of rows, or shapes of rows (None where there is none)."""

    common: BaseGeometry | None = None
    points: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    shapes: NDArray[Any] | None = None

    @classmethod
    def of(cls, node: Node, rows: pa.RecordBatch) -> Self:
        """Return what a node of geometry is in a batch."""
        if isinstance(node, Constant):
            return cls(common=node.value)
        if not isinstance(node, Shape):
            raise TypeError(f"{node} is no geometry")
        columns = [rows.column(name) for name in node.stored]
        if len(columns) == 2:
            x, y = (column.cast(pa.float64()).to_numpy(zero_copy_only=False) for column in columns)
            return cls(points=(x, y))
        return cls(shapes=np.asarray(shapely.from_wkb(columns[0].to_numpy(zero_copy_only=False)), object))

    def buffered(self, metres: float) -> Self:
        """Return what lies within so many metres; a circle has 128 corners: 0.03 % of them are cut off."""
        if self.common is not None:
            return type(self)(common=shapely.buffer(self.common, metres, quad_segs=_CORNERS))
        return type(self)(shapes=np.asarray(shapely.buffer(self.each(), metres, quad_segs=_CORNERS), object))

    def each(self) -> Any:
        """Return a geometry for each row, or one."""
        if self.points is None:
            return self.common if self.shapes is None else self.shapes
        x, y = self.points
        made = np.asarray(shapely.points(x, y), object)
        made[np.isnan(x) | np.isnan(y)] = None
        return made

    def missing(self) -> NDArray[np.bool_]:
        """Tell where there is none."""
        if self.points is not None:
            return np.isnan(self.points[0]) | np.isnan(self.points[1])
        return np.atleast_1d(shapely.is_missing(self.each()))


def related(operator: str, left: Rowwise, right: Rowwise) -> pa.Array | pa.Scalar:
    """Tell whether a spatial relation holds; unknown where a row has no geometry.

    Notes
    -----
    What is the same for all rows is prepared once, and only rows whose bounds meet its own are looked at.
    """
    if left.common is not None and right.common is not None:
        return pa.scalar(bool(_FUNCTIONS[operator](left.common, right.common)))
    if right.common is not None:
        return _to_one(_TURNED.get(operator, operator), right.common, left)
    if left.common is not None:
        return _to_one(operator, left.common, right)
    holds = np.asarray(_FUNCTIONS[operator](left.each(), right.each()))
    return pa.array(holds, mask=left.missing() | right.missing())


def _to_one(operator: str, common: BaseGeometry, rows: Rowwise) -> pa.Array:
    """Tell how one geometry lies to each row's."""
    missing = rows.missing()
    holds = np.full(len(missing), operator == "s_disjoint")
    at = np.flatnonzero(_near(common, rows) & ~missing)
    if at.size:
        shapely.prepare(common)
        holds[at] = _exactly(operator, common, rows, at)
    return pa.array(holds, mask=missing)


def _exactly(operator: str, common: BaseGeometry, rows: Rowwise, at: NDArray[np.intp]) -> Any:
    if rows.points is None:
        assert rows.shapes is not None  # noqa: S101
        return _FUNCTIONS[operator](common, rows.shapes[at])
    x, y = (along[at] for along in rows.points)
    if operator in _OF_POINTS:
        return _OF_POINTS[operator](common, x, y)
    return _FUNCTIONS[operator](common, shapely.points(x, y))


def _near(common: BaseGeometry, rows: Rowwise) -> NDArray[np.bool_]:
    west, south, east, north = common.bounds
    with np.errstate(invalid="ignore"):
        if rows.points is not None:
            x, y = rows.points
            return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))
        xmin, ymin, xmax, ymax = shapely.bounds(rows.shapes).T
        return np.asarray((xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south))
