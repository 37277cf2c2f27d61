"""Answers: Arrow inside; pandas, GeoPandas and plain records at the edges.

Tested by `tests/paas/query/run/test_measuring.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.errors import Unsupported
from stcloud.paas.query.answer.pin import Pin
from stcloud.space import Lattice, Level

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = ["Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: a table, and how the question was understood.

    Attributes
    ----------
    table
        Rows or counts. Instants carry the city's zone.
    lattice
        Lattice of the city; its CRS is that of ``st_x`` and ``st_y``, its cells are the shapes of counts by
        cell.
    facts
        How the question was understood, with the recorded instant (``known_at``) that was used.
    next
        Cursor of the next page; None if there is none.
    pin
        Recorded instant of each layer that was read. The same question with ``known_at(answer.pin)`` always has
        the same answer. None: the answer covers all recorded time.
    """

    table: pa.Table
    lattice: Lattice
    facts: Mapping[str, str] = field(default_factory=dict)
    next: str | None = None
    pin: Pin | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the Arrow table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame; integers with nulls stay integers."""
        frame: pd.DataFrame = self.table.to_pandas(types_mapper=_nullable)
        return frame

    def to_records(self) -> list[dict[str, Any]]:
        """Return a list of dicts, one for each row."""
        records: list[dict[str, Any]] = self.table.to_pylist()
        return records

    @property
    def plain(self) -> pa.Table:
        """The table without geometry."""
        return self.table.drop_columns(["st_geom"]) if "st_geom" in self.table.schema.names else self.table

    @property
    def shape_column(self) -> str | None:
        """Column with the place: ``st_x`` of events, ``st_geom`` of features, ``cell_…`` of counts, or None."""
        names = self.table.schema.names
        own = next((name for name in ("st_x", "st_geom") if name in names), None)
        if own is not None:
            return own
        cells = {f"cell_{level.label}" for level in Level}
        return next((name for name in names if name in cells), None)

    def geometry(self) -> NDArray[Any]:
        """Return points or cells, ``(n,)``, in the city's CRS; None where a row has no place.

        Raises
        ------
        Unsupported
            ``no-geometry``: the answer has no column with a place.
        """
        column = self.shape_column
        if column is None:
            raise Unsupported(
                "no-geometry",
                "this answer has no place in it",
                hint="counts have one by cell:100m or cell:1km",
            )
        if column == "st_x":
            x, y = (self.table[name].to_numpy() for name in ("st_x", "st_y"))
            points: NDArray[Any] = np.asarray(shapely.points(x, y), object)
            points[np.isnan(x)] = None
            return points
        if column == "st_geom":
            shapes_of: NDArray[Any] = shapely.from_wkb(self.table[column].to_numpy())
            return shapes_of
        cells = self.table[column].to_pandas().fillna(0).to_numpy(np.int64)
        shapes: NDArray[Any] = np.full(len(cells), None, object)
        shapes[cells > 0] = shapely.box(*self.lattice.bounds(cells[cells > 0]))
        return shapes

    def to_geopandas(self, crs: str | None = None) -> geopandas.GeoDataFrame:
        """Return a GeoDataFrame in the city's CRS, or in ``crs``."""
        import geopandas  # noqa: PLC0415  (slow to import)

        plain = Answer(self.plain, self.lattice, self.facts).to_pandas()
        frame = geopandas.GeoDataFrame(plain, geometry=self.geometry(), crs=self.lattice.crs)
        return frame if crs is None else frame.to_crs(crs)


def _nullable(kind: pa.DataType) -> Any:
    import pandas as pd  # noqa: PLC0415  (slow to import)

    return pd.Int64Dtype() if pa.types.is_integer(kind) else None
