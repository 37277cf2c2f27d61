"""Geometry columns of Parquet files: which are declared, and what they hold as WKB.

GeoParquet declares in the file's metadata which column is the geometry, how it is encoded and in which CRS; a column
of an Arrow geometry type declares the same of itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source.wkb import read_wkb, read_wkt
from stcloud.space import read_crs

__all__ = ["GeometryColumn", "geometry_columns", "to_wkb", "to_wkt"]

_LONLAT = "OGC:CRS84"
_KINDS = {
    "point": (shapely.GeometryType.POINT, 0),
    "linestring": (shapely.GeometryType.LINESTRING, 1),
    "polygon": (shapely.GeometryType.POLYGON, 2),
    "multipoint": (shapely.GeometryType.MULTIPOINT, 1),
    "multilinestring": (shapely.GeometryType.MULTILINESTRING, 2),
    "multipolygon": (shapely.GeometryType.MULTIPOLYGON, 3),
}
"""Kind of geometry, and how many lists lie around its vertices."""
_EXTENSION = b"ARROW:extension:"


@dataclass(frozen=True, slots=True)
class GeometryColumn:
    """How a column of geometry is declared: ``wkb``, ``wkt`` or a native encoding; the CRS, None if unknown."""

    encoding: str
    crs: str | None
    primary: bool


def geometry_columns(schema: pa.Schema) -> Mapping[str, GeometryColumn]:
    """Return the columns of geometry that a file declares.

    No CRS in GeoParquet is lon/lat, a null one is unknown. What cannot be read of the metadata is not believed.
    """
    try:
        document = json.loads((schema.metadata or {})[b"geo"])
        primary, columns = document["primary_column"], document["columns"]
        columns = {
            name: _declared(column["encoding"], column.get("crs", _LONLAT), primary=name == primary)
            for name, column in columns.items()
            if name in schema.names
        }
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        columns = {}
    known = {name: column for name, column in columns.items() if column is not None}
    return known if any(column.primary for column in known.values()) else _extensions(schema)


def _declared(encoding: str, crs: Any, *, primary: bool) -> GeometryColumn | None:
    plain = encoding.lower().removeprefix("geoarrow.")
    if plain not in ("wkb", "wkt", *_KINDS):
        return None
    return GeometryColumn(plain, None if crs is None else _crs_text(crs), primary)


def _extensions(schema: pa.Schema) -> Mapping[str, GeometryColumn]:
    """Return columns of Arrow's geometry types; primary is the only one, or that called ``geometry``."""
    named = {field.name: _extension(field) for field in schema}
    shapes = {name: texts for name, texts in named.items() if texts[0].startswith("geoarrow.")}
    columns = {}
    for name, (kind, text) in shapes.items():
        try:
            crs = json.loads(text or "{}").get("crs")
        except (ValueError, AttributeError, RecursionError):
            crs = None
        column = _declared(kind, crs, primary=len(shapes) == 1 or name == "geometry")
        if column is not None:
            columns[name] = column
    return columns


def _extension(field: pa.Field) -> tuple[str, str]:
    if isinstance(field.type, pa.BaseExtensionType):
        serialize = getattr(field.type, "__arrow_ext_serialize__", bytes)  # Arrow's own types have none
        return str(field.type.extension_name), serialize().decode("utf-8", "replace")
    metadata = field.metadata or {}
    name, text = (metadata.get(_EXTENSION + part, b"") for part in (b"name", b"metadata"))
    return name.decode("utf-8", "replace"), text.decode("utf-8", "replace")


def _crs_text(crs: str | dict[str, object]) -> str | None:
    """Return a CRS as a code if it has one, else as WKT; None if nobody can read it."""
    text = crs if isinstance(crs, str) else json.dumps(crs)
    try:
        read = read_crs(text)
    except InvalidInput:
        return None
    code = read.to_authority(min_confidence=100)
    return ":".join(code) if code else str(read.to_wkt())


def to_wkb(values: pa.Array, encoding: str) -> pa.Array:
    """Return a column of geometry as WKB.

    >>> points = pa.array([{"x": 1.0, "y": 2.0}, None])
    >>> shapely.from_wkb(to_wkb(points, "point").to_pylist()).tolist()
    [<POINT (1 2)>, None]
    """
    if isinstance(values.type, pa.BaseExtensionType):
        values = values.storage
    if encoding == "wkb":
        return values.cast(pa.binary())
    if encoding == "wkt":
        shapes = read_wkt(values.cast(pa.string()).to_numpy(zero_copy_only=False))
    else:
        kind, depth = _KINDS[encoding]
        shapes = _shapes(values, kind, depth)
    written = np.where(
        values.is_valid().to_numpy(zero_copy_only=False), shapely.to_wkb(shapes, flavor="iso"), None
    )
    return pa.array(written, pa.binary())


def _shapes(values: pa.Array, kind: shapely.GeometryType, depth: int) -> np.ndarray:
    offsets = []
    for _ in range(depth):
        bounds = values.offsets.to_numpy()
        offsets.append((bounds - bounds[0]).astype(np.int64))
        values = values.values.slice(int(bounds[0]), int(bounds[-1] - bounds[0]))
    shapes: np.ndarray = shapely.from_ragged_array(kind, _vertices(values), tuple(reversed(offsets)) or None)
    return shapes


def _vertices(values: pa.Array) -> np.ndarray:
    """Return vertices, ``(n, 2)`` or, with heights, ``(n, 3)``."""
    if pa.types.is_fixed_size_list(values.type):
        width = values.type.list_size
        plain = values.values.slice(values.offset * width, len(values) * width)
        table = plain.to_numpy(zero_copy_only=False).reshape(-1, width)
        return np.ascontiguousarray(table[:, : min(width, 3)])
    names = [values.type.field(at).name for at in range(values.type.num_fields)]
    parts = [values.field(names.index(name)) for name in ("x", "y", "z") if name in names]
    return np.column_stack([part.to_numpy(zero_copy_only=False) for part in parts])


def to_wkt(values: pa.Array, encoding: str) -> pa.Array:
    """Return a column of geometry as WKT."""
    shapes = read_wkb(to_wkb(values, encoding).to_numpy(zero_copy_only=False))
    return pa.array(shapely.to_wkt(shapes, rounding_precision=-1), pa.string())
