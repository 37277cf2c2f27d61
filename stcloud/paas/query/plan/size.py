"""How long and how large features are: measured of their shapes, where a query needs them.

Tested by `tests/paas/query/spec/test_plan_json.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

__all__ = ["SIZES", "Measuring"]

SIZES = ("length_m", "area_m2")
"""Columns of features that are measured: metres of lines and outlines, square metres; on the city's plane."""


@dataclass(frozen=True, slots=True)
class Measuring:
    """Adds those columns of `SIZES` that a query needs to rows that have ``st_geom``.

    Parameters
    ----------
    names
        Which.
    """

    names: tuple[str, ...]

    columns = ("st_geom",)

    @property
    def gives(self) -> frozenset[str]:
        """The columns that it adds."""
        return frozenset(self.names)

    @property
    def adds(self) -> tuple[pa.Field, ...]:
        """The columns that it adds."""
        return tuple(pa.field(name, pa.float64()) for name in self.names)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their sizes; null where there is no shape."""
        shapes = shapely.from_wkb(rows.column("st_geom").to_numpy(zero_copy_only=False))
        measure = {"length_m": shapely.length, "area_m2": shapely.area}
        columns = [pa.array(_known(measure[name](shapes))) for name in self.names]
        return pa.RecordBatch.from_arrays(
            [*rows.columns, *columns], schema=pa.schema([*rows.schema, *self.adds])
        )


def _known(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
