"""Symbols: what an answer puts on a map, cells with counts or single points.

Tested by `tests/saas/report/test_map.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import Unsupported

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["Symbols", "symbols_of"]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Symbols:
    """Cells or points in a city's CRS.

    Parameters
    ----------
    boxes
        ``(n, 4)`` float64, ``xmin, ymin, xmax, ymax`` in metres; a point is a box without extent.
    counts
        ``(n,)`` int64, events in each.
    unplaced
        How many events have no place.
    cells
        Whether they are cells, not points.
    """

    boxes: Floats
    counts: NDArray[np.int64]
    unplaced: int
    cells: bool

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def total(self) -> int:
        """All events, with and without a place."""
        return int(self.counts.sum()) + self.unplaced

    @property
    def side_m(self) -> float:
        """Side of the cells in metres, 0 for points."""
        return float(self.boxes[0, 2] - self.boxes[0, 0]) if len(self) else 0.0


def symbols_of(answer: Answer) -> Symbols:
    """Return what an answer puts on a map.

    Parameters
    ----------
    answer
        Rows, or counts by cell; counts of the same cell (by month, say) are added up.

    Raises
    ------
    Unsupported
        ``no-geometry``: counts without cells; ``no-map``: features, or measures without a count.

    Notes
    -----
    ``symbols.total`` is the sum of all counts, or the number of rows. O(n log n).
    """
    column = answer.shape_column
    if column is None:
        raise Unsupported(
            "no-geometry",
            "these counts have no place to be drawn at",
            hint="count by cell:100m or cell:1km too",
        )
    if column == "st_geom":
        raise Unsupported(
            "no-map",
            "features are not drawn on this map",
            hint="count them by cell:100m, or write them: -o FILE.gpkg",
        )
    if column != "st_x" and "count" not in answer.table.schema.names:
        raise Unsupported(
            "no-map", "a map of cells shades counts, and none were asked for", hint="add: --measure count"
        )
    return _points(answer) if column == "st_x" else _cells(answer, column)


def _points(answer: Answer) -> Symbols:
    x, y = (answer.table[name].to_numpy().astype(np.float64) for name in ("st_x", "st_y"))
    placed = ~(np.isnan(x) | np.isnan(y))
    boxes = np.stack([x, y, x, y], axis=-1)[placed]
    return Symbols(boxes, np.ones(len(boxes), np.int64), int((~placed).sum()), cells=False)


def _cells(answer: Answer, column: str) -> Symbols:
    cells = answer.table[column].to_pandas().fillna(0).to_numpy(np.int64)
    counts = answer.table["count"].to_numpy().astype(np.int64)
    placed = cells > 0
    ids, owner = np.unique(cells[placed], return_inverse=True)
    sums = np.zeros(len(ids), np.int64)
    np.add.at(sums, owner, counts[placed])
    boxes = np.stack(answer.lattice.bounds(ids), axis=-1)
    return Symbols(boxes, sums, int(counts[~placed].sum()), cells=True)
