"""The exact test: points of edge cells against the area asked for. Runs in process or in Spark's mapInArrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from shapely.geometry.base import BaseGeometry

from stcloud.space import contains

__all__ = ["Refinement", "edge_column"]


def edge_column(index: int) -> str:
    """Return the name of the column that says a row lies in an edge cell of the ``index``-th place."""
    return f"edge_{index}"


@dataclass(frozen=True, slots=True)
class Refinement:
    """Keeps rows whose point lies in every area, testing only rows of its edge cells.

    Parameters
    ----------
    areas
        Area by place's number, in the CRS of ``st_x``, ``st_y``.
    drops
        Columns that served the test only.
    """

    areas: Mapping[int, BaseGeometry | None]
    drops: tuple[str, ...]

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that pass, without the dropped columns."""
        keep = np.ones(rows.num_rows, np.bool_)
        x = rows.column("st_x").to_numpy(zero_copy_only=False)
        y = rows.column("st_y").to_numpy(zero_copy_only=False)
        for index, area in self.areas.items():
            edge = rows.column(edge_column(index)).to_numpy(zero_copy_only=False).astype(np.bool_)
            test = np.flatnonzero(edge & keep)
            keep[test] = contains(area, x[test], y[test])
        rows = rows.drop_columns(list(self.drops))
        return rows if keep.all() else rows.filter(pa.array(keep))
