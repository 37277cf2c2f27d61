"""Rows as features of GeoJSON, with the member ``time`` of JSON-FG.

Tested by `tests/saas/web/test_geojson.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import shapely

from stcloud.saas.web.collectionkind import CollectionKind
from stcloud.saas.web.referencesystem import ReferenceSystem
from stcloud.space import transformer

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["features_of"]

_NULL = msgspec.Raw(b"null")


def features_of(
    answer: Answer, names: Sequence[str], kind: CollectionKind, system: ReferenceSystem, profile: str = "", *,
    places: bool = True,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the rows of an answer as features.

    Parameters
    ----------
    answer
        Rows with their places.
    names
        Columns that become properties.
    kind
        Gives ids and times.
    system
        CRS of coordinates, whose order of axes they have.
    profile
        How versions are named.
    places
        Whether they have their places; else null stands for them.
    """
    table = answer.table
    properties = table.select([name for name in names if name in table.schema.names]).to_pylist()
    geometries = _geometries(answer, system) if places else [None] * len(table)
    return [
        {"type": "Feature", "id": key, "time": time, "geometry": geometry, "properties": values}
        for key, time, geometry, values in zip(
            kind.ids(table, profile), kind.times(table), geometries, properties, strict=True
        )
    ]


def _geometries(answer: Answer, system: ReferenceSystem) -> list[Any]:
    if answer.shape_column == "st_x":
        return _points(answer.table, answer.lattice.crs, system)
    shapes = system.shapes(answer.geometry(), answer.lattice.crs)
    texts = shapely.to_geojson(shapely.orient_polygons(shapes))
    return [_NULL if text is None else msgspec.Raw(text.encode()) for text in texts]


def _points(table: pa.Table, source: str, system: ReferenceSystem) -> list[Any]:
    """Return points as GeoJSON has them, null where a row has no place."""
    x, y = (table[name].to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
    there = ~np.isnan(np.asarray(x, np.float64))
    first, second = transformer(source, system.text).transform(x[there], y[there])
    if system.north_first:
        first, second = second, first
    pairs = np.round(np.column_stack([first, second]), system.places).tolist()
    points: list[Any] = [None] * len(x)
    for place, pair in zip(np.flatnonzero(there).tolist(), pairs, strict=True):
        points[place] = {"type": "Point", "coordinates": pair}
    return points
