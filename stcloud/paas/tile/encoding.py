"""Layers of a vector tile as bytes: Mapbox Vector Tile 2.1, written with arrays.

All of a feature is varints, so features are made as one array of numbers, and written at once.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.tile.commands import Commands
from stcloud.paas.tile.tags import Tags
from stcloud.paas.tile.varint import Words, joined, sums_of, varint_sizes, varints
from stcloud.space.tilegrid import EXTENT

__all__ = ["encode_layer", "key_ids"]

_LAYER, _NAME, _FEATURE, _KEY, _EXTENT, _VERSION = 0x1A, 0x0A, 0x12, 0x1A, 0x28, 0x78
_ID, _TAGS, _KIND, _SHAPE = 0x08, 0x12, 0x18, 0x22


def encode_layer(name: str, commands: Commands, tags: Tags, ids: NDArray[np.uint64] | None = None) -> bytes:
    """Return a layer of a vector tile; the layers of a tile stand one after the other. O(n).

    Parameters
    ----------
    name
        The layer's.
    commands, tags
        Geometry and attributes of the features.
    ids
        ``(n,)`` numbers of the features; None: they have none.
    """
    features = varints(_features(commands, tags, ids))
    keys = b"".join(_text(_KEY, key) for key in tags.names)
    end = varints(np.array([_EXTENT, EXTENT], np.uint64))
    version = varints(np.array([_VERSION, 2], np.uint64))
    content = b"".join([version, _text(_NAME, name), features, keys, tags.values, end])
    return varints(np.array([_LAYER, len(content)], np.uint64)) + content


def _features(commands: Commands, tags: Tags, ids: NDArray[np.uint64] | None) -> Words:
    count = len(commands)
    (shape, shape_counts), (tag, tag_counts) = commands.runs, tags.runs
    shape_bytes = sums_of(varint_sizes(shape), shape_counts)
    tag_bytes = sums_of(varint_sizes(tag), tag_counts)
    sizes = 4 + _sizes(shape_bytes) + shape_bytes + _sizes(tag_bytes) + tag_bytes
    own: list[Words] = []
    if ids is not None:
        own = [_same(_ID, count), ids]
        sizes = sizes + 1 + varint_sizes(ids)
    return joined([
        _same(_FEATURE, count), sizes.astype(np.uint64), *own, _same(_TAGS, count), tag_bytes.astype(np.uint64),
        (tag, tag_counts), _same(_KIND, count), commands.kinds, _same(_SHAPE, count), shape_bytes.astype(np.uint64),
        (shape, shape_counts),
    ])  # fmt: skip


def _sizes(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return varint_sizes(counts.astype(np.uint64))


def _same(value: int, count: int) -> Words:
    return np.full(count, value, np.uint64)


def _text(field: int, text: str) -> bytes:
    encoded = text.encode()
    length, left = bytearray(), len(encoded)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([field, *length, left]) + encoded


def key_ids(keys: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """Return the numbers of features by their keys, texts: the first 53 bits of XXH64, which every client can hold.

    >>> key_ids(pa.array(["a"])).tolist() == [0xD24EC4F1A98C6E5B >> 11]
    True
    """
    import xxhash  # noqa: PLC0415  (few questions need it)

    digest = xxhash.xxh64_intdigest
    return np.array([digest(key) for key in keys.cast(pa.binary()).to_pylist()], np.uint64) >> np.uint64(11)
