"""Geometry in text columns: which of a file's columns hold it, as WKT, as hexadecimal WKB or as pairs of degrees.

Tested by `tests/daas/load/test_geometry_text.py`.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.load.column import Values, plain, trimmed
from stcloud.iaas.source.wkb import read_wkb, read_wkt

__all__ = [
    "Encoding", "PairOrder", "geometry_columns", "geometry_encoding", "pair_columns", "pair_order",
    "read_geometry_texts",
]  # fmt: skip

Encoding = Literal["wkt", "wkb"]
PairOrder = Literal["lat-lon", "lon-lat"]
_NUMBER = r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_PAIR = re.compile(rf"\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)\s*\Z|\A\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\Z")
"""``(40.7, -73.9)``, perhaps after lines of an address, as Socrata writes it, or ``40.7, -73.9`` alone."""
_ENOUGH = 50
_HEX = re.compile(r"0[01][0-9A-Fa-f]{8,}\Z")
_WKT = re.compile(
    r"(?i)(multi)?(point|linestring|polygon)\b|geometrycollection\b|(multi)?(curve|surface)\b|circularstring\b"
)


def geometry_encoding(values: pa.Array) -> Encoding | None:
    """Return how a column's first values encode geometry; None where they do not.

    >>> geometry_encoding(pa.array(["POINT (1 2)", None])), geometry_encoding(pa.array(["Point Road 2"]))
    ('wkt', None)
    """
    if pa.types.is_binary(values.type):
        return "wkb"
    texts = trimmed(plain(values)).drop_null()[:_ENOUGH].to_pylist()
    texts = [text for text in texts if text]
    if not texts:
        return None
    if all(map(_HEX.match, texts)):
        return "wkb" if _all_read(read_wkb(texts)) else None
    if all(map(_WKT.match, texts)):
        return "wkt" if _all_read(read_wkt(texts)) else None
    return None


def _all_read(shapes: object) -> bool:
    return not bool(shapely.is_missing(shapes).any())


def read_geometry_texts(texts: Values, encoding: str) -> NDArray[np.object_]:
    """Read geometry written as text in an encoding, or else in the other one: no text is both.

    None where neither reads it, and of null. A layer defined by a file of WKB takes its own export to CSV so. Pairs
    of latitude and longitude, in the order that the encoding names, are points.
    """
    if encoding in ("lat-lon", "lon-lat"):
        return _pairs_as_points(texts, latitude_first=encoding == "lat-lon")
    first, second = (read_wkb, read_wkt) if encoding == "wkb" else (read_wkt, read_wkb)
    shapes = np.asarray(first(texts), np.object_)
    at = np.flatnonzero(shapely.is_missing(shapes))
    at = at[[texts[place] is not None for place in at.tolist()]]
    if len(at):
        shapes[at] = second(texts[at])
    return shapes


def geometry_columns(rows: pa.RecordBatch) -> dict[str, Encoding]:
    """Return the text columns whose first values are geometry, and how they encode it."""
    encodings = {}
    for name, values in zip(rows.schema.names, rows.columns, strict=True):
        encoding = None if pa.types.is_binary(values.type) else geometry_encoding(values)
        if encoding is not None:
            encodings[name] = encoding
    return encodings


def _pairs_as_points(texts: Values, *, latitude_first: bool) -> NDArray[np.object_]:
    points = np.full(len(texts), None, object)
    pairs = {at: pair for at, text in enumerate(texts) if (pair := _pair(text)) is not None}
    if pairs:
        first, second = np.array(list(pairs.values()), float).T
        points[list(pairs)] = shapely.points(*((second, first) if latitude_first else (first, second)))
    return points


def _pair(text: str | None) -> tuple[float, float] | None:
    match = None if text is None else _PAIR.search(text)
    if match is None:
        return None
    first, second = (number for number in match.groups() if number is not None)
    return float(first), float(second)


def pair_columns(rows: pa.RecordBatch) -> dict[str, PairOrder | None]:
    """Return the columns whose first values are pairs of degrees, with their order where only one is possible.

    A latitude is at most 90: where the first or the second of some pair is more, that one is the longitude. Else
    None: both orders are possible.
    """
    orders: dict[str, PairOrder | None] = {}
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        if pa.types.is_binary(column.type):
            continue
        texts = [text for text in trimmed(plain(column)).drop_null()[:_ENOUGH].to_pylist() if text]
        pairs = [_pair(text) for text in texts if text.endswith(")")]
        if texts and len(pairs) == len(texts) and None not in pairs:
            orders[name] = pair_order(np.array(pairs, float))
    return orders


def pair_order(pairs: NDArray[np.float64]) -> PairOrder | None:
    """Return the only order that pairs of degrees can have, or None.

    >>> pair_order(np.array([[31.9, 117.0]])), pair_order(np.array([[40.7, -73.9]]))
    ('lat-lon', None)
    """
    beyond = np.any(np.abs(pairs) > 90, axis=0)
    if beyond.all() or not beyond.any():
        return None
    return "lat-lon" if bool(np.asarray(beyond)[1]) else "lon-lat"
