"""Place: areas and lattice cells, united. A point on an area's edge is inside; cells alone are half-open.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.space import CellIds, Cover, Lattice, cover
from stcloud.space.block import ranges

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place(Condition):
    """Somewhere in a city: any of some areas or cells.

    Parameters
    ----------
    shape
        The areas' union in the city's CRS, or None.
    cells
        Lattice cells of any level, and blocks.
    text
        As it was written, for people.
    """

    shape: BaseGeometry | None
    cells: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        return f"where {self.text}"

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on rows of a layer's kind: points lie in it, shapes touch it."""
        return (resolving.rows.placed(self, resolving.lattice),)

    def region(self, lattice: Lattice) -> Region:
        """Return what points are tested against."""
        cells = cover(self.shape, lattice) if self.shape is not None else Cover(_ids(()), _ids(()))
        return Region.of(self.shape, cells, tuple(cells for cell in self.cells for cells in ranges(cell)))

    def boxes(self, lattice: Lattice) -> list[tuple[float, float, float, float]]:
        """Return ``(xmin, ymin, xmax, ymax)`` of the area and of each cell, closed, metres."""
        boxes = [self.shape.bounds] if self.shape is not None else []
        bounds = np.stack(lattice.bounds(_ids(self.cells)), axis=-1).tolist() if self.cells else []
        return [*boxes, *(tuple(box) for box in bounds)]

    def extent(self, lattice: Lattice) -> Extent:
        """Return the boxes and cells that hold it."""
        return Extent.of(self.region(lattice), self.boxes(lattice))

    def area(self, lattice: Lattice) -> BaseGeometry:
        """Return the whole place as one geometry, in the city's CRS."""
        parts = [self.shape] if self.shape is not None else []
        parts += list(shapely.box(*lattice.bounds(_ids(self.cells)))) if self.cells else []
        return shapely.union_all(parts)


def _ids(cells: Iterable[int]) -> CellIds:
    return np.array(list(cells), np.int64)
