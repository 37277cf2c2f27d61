"""WKB and WKT: geometry of GeoJSON as WKB, kinds of many at once, curves as lines, nothing nested without bound.

Tested by ``tests/iaas/source/test_vector.py``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.iaas.source.gdal import linear_wkb

__all__ = ["geojson_to_wkb", "read_wkb", "read_wkt", "straight", "without_deep"]

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
        return head + struct.pack(f"<{width}d", *(coordinates[:width] or [np.nan] * width))
    if kind == 2:
        return head + _path(coordinates, width)
    if kind == 3:
        return (
            head + struct.pack("<I", len(coordinates)) + b"".join(_path(ring, width) for ring in coordinates)
        )
    part = _PARTS[kind]
    return (
        head
        + struct.pack("<I", len(coordinates))
        + b"".join(_shape(part, part_coordinates, width) for part_coordinates in coordinates)
    )


def _head(kind: int, high: bool) -> bytes:  # noqa: FBT001
    return struct.pack("<BI", 1, kind + _Z * high)


def _path(vertices: Any, width: int) -> bytes:
    return struct.pack("<I", len(vertices)) + (_vertices(vertices, width) if vertices else b"")


def _vertices(vertices: Sequence[Any], width: int) -> bytes:
    try:
        table = np.array(vertices, np.float64)
    except ValueError:  # some have heights, some have none
        table = np.array([(*vertex, np.nan)[:width] for vertex in vertices], np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError("not a vertex")
    if table.shape[1] < width:
        table = np.column_stack((table, np.full(len(table), np.nan)))
    return np.ascontiguousarray(table[:, :width], "<f8").tobytes()


_NESTED = 200
"""How deep geometries may lie in one another: the parser calls itself, and its stack ends."""
_PART_BYTES = 9
"""A geometry of parts takes so many bytes at least: byte order, type, how many parts."""
_WITH_PARTS = (4, 5, 6, 7, 9, 10, 11, 12, 15, 16)
_PATHS, _AREAS = (2, 8, 13), (3, 17)
_Z_FLAG, _M_FLAG, _SRID_FLAG = 0x80000000, 0x40000000, 0x20000000
_DEEP_WORDS = re.compile("(?i)collection|curve|surface")


def read_wkb(raw: Any, on_invalid: Literal["ignore", "fix"] = "ignore") -> Any:
    """Read an array of WKB, as bytes or hexadecimal; None where it cannot be read or is nested too deep."""
    with np.errstate(all="ignore"):
        return shapely.from_wkb(without_deep(raw), on_invalid=on_invalid)


def read_wkt(texts: Any) -> Any:
    """Read an array of WKT; None where it cannot be read or is nested too deep."""
    plain = np.asarray(texts, np.object_)
    long = [at for at, text in enumerate(plain) if text is not None and len(text) > _NESTED * _PART_BYTES]
    deep = [at for at in long if len(_DEEP_WORDS.findall(plain[at])) > _NESTED]
    if deep:
        plain = plain.copy()
        plain[deep] = "nested too deep"
    with np.errstate(all="ignore"):  # what is no WKT, or of numbers beyond floats, is no matter to warn of
        return shapely.from_wkt(plain, on_invalid="ignore")


def without_deep(raw: Any) -> NDArray[np.object_]:
    """Return an array of WKB, with no bytes in place of what is nested too deep."""
    plain = np.asarray(raw, np.object_)
    long = [at for at, wkb in enumerate(plain) if wkb is not None and len(wkb) > _NESTED * _PART_BYTES]
    deep = [at for at in long if _is_deep(plain[at])]
    if deep:
        plain = plain.copy()
        plain[deep] = b""
    return plain


def _is_deep(wkb: bytes | str) -> bool:
    try:
        return _depth(bytes.fromhex(wkb) if isinstance(wkb, str) else wkb) > _NESTED
    except (struct.error, IndexError, ValueError):
        return False  # cut off, or none: the parser says so


def _depth(wkb: bytes) -> int:
    """Return how deep parts lie in one another, as far as `_NESTED`."""
    at, left = 0, [1]
    while left and len(left) <= _NESTED + 1:
        at, parts = _step(wkb, at)
        if parts:
            left.append(parts)
            continue
        while left:  # a geometry ends, and perhaps what it is the last part of
            left[-1] -= 1
            if left[-1]:
                break
            left.pop()
    return len(left) - 1


def _step(wkb: bytes, at: int) -> tuple[int, int]:
    """Return where a geometry's head or whole ends, and how many parts follow."""
    order = "<" if wkb[at] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    at += _HEAD_BYTES + (4 if code & _SRID_FLAG else 0)
    thousand, kind = divmod(code & 0x0FFFFFFF, 1000)
    vertex = 8 * (2 + bool(code & _Z_FLAG or thousand in (1, 3)) + bool(code & _M_FLAG or thousand in (2, 3)))
    if kind == 1:
        return at + vertex, 0
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    at += 4
    if kind in _WITH_PARTS:
        return at, int(count)
    if kind in _PATHS:
        return at + count * vertex, 0
    if kind not in _AREAS:
        raise ValueError("no kind of geometry")
    for _ in range(count):
        (vertices,) = struct.unpack_from(f"{order}I", wkb, at)
        at += 4 + vertices * vertex
    return at, 0


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
    """Return the geometry type code of each WKB, without its flags for Z, M and SRID; 0 of what is too short."""
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
