"""Geometries that a question is given from memory: of frames, tables, GeoJSON features and shapely, with a CRS.

Tested by `tests/paas/query/test_memory.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.load.geometry import read_shapes
from stcloud.errors import InvalidInput
from stcloud.iaas.source.geoarrow import geometry_columns, to_wkb, to_wkt
from stcloud.iaas.source.memory.features import feature_items, has_features
from stcloud.iaas.source.memory.rows import has_rows, rows_of
from stcloud.space import LONLAT

__all__ = ["MemoryGeometries", "is_in_memory", "memory_geometries"]


@dataclass(frozen=True, slots=True, eq=False)
class MemoryGeometries:
    """Geometries and the other columns of their rows.

    Parameters
    ----------
    name
        What they are, for people: ``GeoDataFrame of 59 rows``.
    wkb, crs
        ``(n,)`` binary, and its CRS.
    columns
        The other columns, ``n`` rows.
    """

    name: str
    wkb: pa.Array
    crs: str
    columns: pa.Table

    def shapes(self) -> NDArray[np.object_]:
        """Return the geometries in their own CRS; None where a row has none."""
        return np.asarray(shapely.from_wkb(self.wkb.to_numpy(zero_copy_only=False)), object)

    def projected(self, crs: str) -> NDArray[np.object_]:
        """Return the geometries in a metric CRS, as a load reads them: without heights, valid or repaired.

        Raises
        ------
        InvalidInput
            ``unusable-geometry``: one of them is not what a layer could keep, with its row and why.
        """
        read = read_shapes(self.wkb, crs=self.crs, city_crs=crs)
        bad = np.flatnonzero(read.outcome.is_valid().to_numpy(zero_copy_only=False))
        if len(bad):
            first = f"row {bad[0] + 1:,}: {read.outcome[int(bad[0])].as_py()}"
            raise InvalidInput(
                "unusable-geometry", f"{len(bad):,} geometries of the {self.name} cannot be used ({first})",
                hint="leave these rows out, or check the CRS that is declared",
            )  # fmt: skip
        return np.asarray(shapely.from_wkb(read.wkb.to_numpy(zero_copy_only=False)), object)


def is_in_memory(given: object) -> bool:
    """Return whether an object is one that `memory_geometries` reads."""
    return isinstance(given, shapely.Geometry) or has_rows(given) or has_features(given)


def memory_geometries(given: Any, crs: str | None = None) -> MemoryGeometries:
    """Return the geometries of an object in memory.

    Parameters
    ----------
    given
        A GeoDataFrame or GeoSeries, a table with a column of an Arrow geometry type or the metadata of GeoParquet,
        GeoJSON features, or a shapely geometry.
    crs
        CRS of an object that has none.

    Raises
    ------
    InvalidInput
        ``crs-needed``: neither the object nor the caller states it; ``no-geometry``; ``not-features``; and as the
        rows of frames raise.

    Examples
    --------
    >>> read = memory_geometries(shapely.box(0, 0, 1, 1), "EPSG:4548")
    >>> read.name, read.crs, read.columns.num_rows
    ('Polygon', 'EPSG:4548', 1)
    """
    kind = type(given).__name__
    if isinstance(given, shapely.Geometry):
        wkb = pa.array([shapely.to_wkb(given, flavor="iso")], pa.binary())
        return MemoryGeometries(kind, wkb, _known(None, crs, kind), _none(1))
    if has_rows(given):
        return _of_rows(given, crs, kind)
    return _of_features(given, kind)


def _of_rows(given: Any, crs: str | None, kind: str) -> MemoryGeometries:
    rows = rows_of(given)
    shapes = geometry_columns(rows.schema)
    primary = next((name for name, shape in shapes.items() if shape.primary), None)
    if primary is None:
        raise InvalidInput(
            "no-geometry", f"the {kind} has no column of geometry (columns: {', '.join(rows.schema.names[:40])})",
            hint="give a GeoDataFrame, or a table with a column of an Arrow geometry type",
        )  # fmt: skip
    known = _known(shapes[primary].crs, crs, kind)
    table = pa.Table.from_batches(rows.batches, rows.schema).combine_chunks()
    columns = {}
    for name, column in zip(table.schema.names, table.columns, strict=True):
        values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if name == primary:
            wkb = to_wkb(values, shapes[name].encoding)
        else:
            columns[name] = to_wkt(values, shapes[name].encoding) if name in shapes else values
    count = len(table)
    others = pa.table(columns) if columns else _none(count)
    return MemoryGeometries(f"{kind} of {count:,} row{'s' * (count != 1)}", wkb, known, others)


def _of_features(given: Any, kind: str) -> MemoryGeometries:
    """Return GeoJSON features, which are in longitude and latitude unless a ``crs`` member names another CRS."""
    items, named = feature_items(given)
    features = list(items)
    if not all(isinstance(feature, dict) and feature.get("type") == "Feature" for feature in features):
        raise InvalidInput("not-features", f"the {kind} holds something else than GeoJSON features")
    try:
        shapes = [shapely.geometry.shape(_geometry(feature)) for feature in features]
        columns = _properties([feature.get("properties") or {} for feature in features])
        crs = LONLAT if named is None else str(named["properties"]["name"])
    except (
        shapely.errors.ShapelyError,
        pa.ArrowException,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise InvalidInput(
            "unreadable-source", f"the features cannot be read: {str(error).splitlines()[0]}",
            hint="give GeoJSON features, each property with values of one type",
        ) from error  # fmt: skip
    name = f"{kind} of {len(features):,} feature{'s' * (len(features) != 1)}"
    return MemoryGeometries(name, pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary()), crs, columns)


def _geometry(feature: dict[str, Any]) -> Any:
    geometry = feature.get("geometry")
    return {"type": "GeometryCollection", "geometries": []} if geometry is None else geometry


def _properties(rows: Iterable[dict[str, Any]]) -> pa.Table:
    held = list(rows)
    names = dict.fromkeys(name for row in held for name in row)
    columns = {name: pa.array([row.get(name) for row in held]) for name in names}
    return pa.table(columns) if columns else _none(len(held))


def _none(count: int) -> pa.Table:
    """Return rows without columns."""
    return pa.table({"": pa.nulls(count)}).select([])


def _known(own: str | None, stated: str | None, kind: str) -> str:
    if own is None and stated is None:
        raise InvalidInput(
            "crs-needed", f"the {kind} has no CRS", hint="state it: crs='EPSG:…', or set_crs the frame first"
        )
    return own or str(stated)
