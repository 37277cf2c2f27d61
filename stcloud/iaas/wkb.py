"""WKB: what GeoJSON says as WKB, kinds of many at once, curves as lines."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.iaas.gdal import linear_wkb

__all__ = ["geojson_to_wkb", "straight"]

_CURVES = (8, 9, 10, 11, 12, 13, 14)  # kinds of WKB, see ISO 13249-3
_HEAD_BYTES = 5
"""Byte order and type begin every WKB."""
_COLLECTION = 7
_KINDS = {
    "Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6,
    "GeometryCollection": _COLLECTION,
}  # fmt: skip
_PARTS = {4: 1, 5: 2, 6: 3}
_Z = 1000
_DEEPEST = 32


def geojson_to_wkb(geometry: Any) -> bytes | None:
    """Return a GeoJSON geometry as WKB, heights kept; None for null.

    Raises
    ------
    ValueError
        It is none.

    Examples
    --------
    >>> geojson_to_wkb({"type": "Point", "coordinates": [1, 2]}).hex()[:10]
    '0101000000'
    """
    if geometry is None:
        return None
    try:
        return _write(geometry, 0)
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError, struct.error) as error:
        raise ValueError("not a GeoJSON geometry") from error


def _write(geometry: Any, depth: int) -> bytes:
    kind = _KINDS[geometry["type"]]
    if kind == _COLLECTION:
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        parts = [_write(part, depth + 1) for part in geometry["geometries"]]
        high = bool(parts) and all(_is_high(part) for part in parts)
        return _head(kind, high) + struct.pack("<I", len(parts)) + b"".join(parts)
    coordinates = geometry["coordinates"]
    return _shape(kind, coordinates, _width(kind, coordinates))


def _is_high(wkb: bytes) -> bool:
    return int(struct.unpack_from("<I", wkb, 1)[0]) >= _Z


def _width(kind: int, coordinates: Any) -> int:
    """Return 3 where the first vertex has a height, else 2."""
    while isinstance(coordinates, list) and coordinates and isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return 3 if len(coordinates) >= 3 and (kind == 1 or not isinstance(coordinates[0], list)) else 2


def _shape(kind: int, coordinates: Any, width: int) -> bytes:
    head = _head(kind, width == 3)
    if kind == 1:
        return head + _vertices([coordinates] if coordinates else [[np.nan] * width], width)
    if kind == 2:
        return head + _path(coordinates, width)
    if kind == 3:
        return (
            head + struct.pack("<I", len(coordinates)) + b"".join(_path(ring, width) for ring in coordinates)
        )
    part = _PARTS[kind]
    return (
        head + struct.pack("<I", len(coordinates)) + b"".join(_shape(part, one, width) for one in coordinates)
    )


def _head(kind: int, high: bool) -> bytes:  # noqa: FBT001
    return struct.pack("<BI", 1, kind + _Z * high)


def _path(vertices: Any, width: int) -> bytes:
    return struct.pack("<I", len(vertices)) + (_vertices(vertices, width) if vertices else b"")


def _vertices(vertices: Sequence[Any], width: int) -> bytes:
    try:
        table = np.array(vertices, np.float64)
    except ValueError:  # some have heights, some have none
        table = np.array([(*one, np.nan)[:width] for one in vertices], np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError("not a vertex")
    if table.shape[1] < width:
        table = np.column_stack((table, np.full(len(table), np.nan)))
    return np.ascontiguousarray(table[:, :width], "<f8").tobytes()


def straight(wkb: pa.Array) -> pa.Array:
    """Return WKB with curves as lines."""
    if not _has_curves(wkb):
        return wkb
    raw = wkb.to_pylist()
    kinds = np.zeros(len(raw), np.uint32)
    kinds[wkb.is_valid().to_numpy(zero_copy_only=False)] = _kinds(wkb.drop_null())
    for at in np.flatnonzero(np.isin(kinds, (*_CURVES, _COLLECTION))):
        raw[at] = linear_wkb(raw[at]) or raw[at]
    return pa.array(raw, pa.binary())


def _has_curves(wkb: pa.Array) -> bool:
    """Return whether some WKB is a curve, or a collection with one."""
    raw = wkb.drop_null()
    kinds = _kinds(raw)
    if np.isin(kinds, _CURVES).any():
        return True
    collections = raw.filter(pa.array(kinds == _COLLECTION)).to_numpy(zero_copy_only=False)
    try:
        shapely.from_wkb(collections, on_invalid="ignore")
    except NotImplementedError:
        return True
    return False


def _kinds(wkb: pa.Array) -> NDArray[np.uint32]:
    """Return the geometry type code of each WKB, without what says Z, M or SRID; 0 of what is too short."""
    starts = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    data = np.frombuffer(wkb.buffers()[2] or b"", np.uint8)
    whole = np.diff(starts) >= _HEAD_BYTES
    first = starts[:-1][whole]
    head = data[first[:, None] + np.arange(_HEAD_BYTES)].astype(np.uint32)
    little, big = (
        sum(head[:, at] << np.uint32(8 * place) for place, at in enumerate(order))
        for order in ((1, 2, 3, 4), (4, 3, 2, 1))
    )
    codes = np.zeros(len(wkb), np.uint32)
    codes[whole] = np.where(head[:, 0] == 1, little, big)
    return np.asarray((codes & 0x0FFFFFFF) % 1000, np.uint32)
