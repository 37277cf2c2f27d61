"""The identity of rows: a digest of their values, whatever pieces they came in and whatever layout they have.

Tested by `tests/iaas/source/memory/test_spooling.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.source.geoarrow import GeometryColumn, geometry_columns, to_wkb
from stcloud.iaas.source.nested import is_texts, nested_texts
from stcloud.iaas.source.text import as_text, declared, storage

__all__ = ["ContentDigest"]


class ContentDigest:
    """Digest of rows of one schema: names and types of columns, the CRS of geometry, and the text of every value.

    Blocks must have equal numbers of rows whatever the pieces that the rows came in; see `in_blocks`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._shapes = geometry_columns(schema)
        self._hash = hashlib.blake2b(digest_size=16)
        columns = [[field.name, *_described(field, self._shapes)] for field in schema]
        self._hash.update(json.dumps(["rows", columns]).encode())

    def add(self, rows: pa.RecordBatch) -> None:
        """Add a block of rows."""
        self._hash.update(rows.num_rows.to_bytes(8, "little"))
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            shape = self._shapes.get(name)
            values = _raw(column) if shape is None else to_wkb(column, shape.encoding)
            lengths = pc.fill_null(pc.binary_length(values), -1).cast(pa.int64())
            self._hash.update(lengths.to_numpy(zero_copy_only=False).tobytes())
            self._hash.update(_joined(values))

    def text(self) -> str:
        """Return the digest of all that was added, as 32 hexadecimal digits."""
        return self._hash.hexdigest()


def _described(field: pa.Field, shapes: Mapping[str, GeometryColumn]) -> list[object]:
    shape = shapes.get(field.name)
    if shape is not None:
        return ["geometry", shape.crs, shape.primary]
    kind = declared(field.type)
    return [kind.type, kind.whole_below]


def _raw(column: pa.Array) -> pa.Array:
    """Return the bytes of each value's text; bytes that are no text stay as they are."""
    if isinstance(column.type, pa.BaseExtensionType):
        return _raw(storage(column))
    if is_texts(column.type):
        return column.cast(pa.large_binary())
    if pa.types.is_nested(column.type):
        texts = nested_texts(column)
        return pa.array(
            [None if text is None else text.encode("utf-8", "surrogateescape") for text in texts],
            pa.large_binary(),
        )
    return as_text(column).cast(pa.large_binary())


def _joined(values: pa.Array) -> memoryview:
    """Return the bytes of all values, one after the other."""
    whole = pc.fill_null(values.cast(pa.large_binary()), b"")
    _, offsets, data = whole.buffers()
    if data is None or not len(whole):
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    return memoryview(data)[ends[0] : ends[-1]]
