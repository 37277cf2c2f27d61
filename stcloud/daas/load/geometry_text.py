"""Geometry in text columns: which of a file's columns hold it, as WKT or as hexadecimal WKB."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.load.column import Values, plain, trimmed
from stcloud.iaas.source.wkb import read_wkb, read_wkt

__all__ = ["Encoding", "geometry_columns", "geometry_encoding", "read_geometry_texts"]

Encoding = Literal["wkt", "wkb"]
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

    None where neither reads it, and of null. A layer defined by a file of WKB takes its own export to CSV so.
    """
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
