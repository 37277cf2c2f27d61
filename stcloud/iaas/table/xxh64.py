"""XXH64, the 64-bit hash of xxHash, over the values of an Arrow column.

Source: the xxHash fast digest algorithm, specification 0.1.1, https://github.com/Cyan4973/xxHash (XXH64).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_hashes", "hash_values"]

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_U1, _U2, _U3, _U4, _U8, _U16, _U24, _U32 = (np.uint64(number) for number in (1, 2, 3, 4, 8, 16, 24, 32))


def hash_values(values: pa.Array, seeds: Sequence[int]) -> NDArray[np.uint64]:
    """Hash each value with each seed.

    Parameters
    ----------
    values
        Binary or text; a null is hashed like an empty value.
    seeds
        64 bits each.

    Returns
    -------
    ``(n, len(seeds))`` uint64.

    Examples
    --------
    >>> [hex(number) for number in hash_values(pa.array(["", "abc"]), [0]).ravel().tolist()]
    ['0xef46db3751d8e999', '0x44bc2cf5ad770999']
    """
    values = values.cast(pa.binary())
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    data = np.frombuffer(values.buffers()[2] or b"", np.uint8)
    hashes = np.empty((len(values), len(seeds)), np.uint64)
    if len(values):
        _hash(data, offsets, np.array(seeds, np.uint64), hashes)
    return hashes


def add_hashes(sums: NDArray[np.uint64], hashes: NDArray[np.uint64], codes: NDArray[Any] | None) -> None:
    """Add to each row its value's hashes, modulo 2^64.

    Parameters
    ----------
    sums
        ``(n, k)``, changed.
    hashes
        ``(m, k)``, from `hash_values`.
    codes
        ``(n,)`` integers: each row's position in ``hashes``, -1 for none; None: row by row.
    """
    if codes is None:
        sums += hashes
    else:
        _add(sums, hashes, codes)


@njit(cache=True, nogil=True)
def _add(sums: Any, hashes: Any, codes: Any) -> None:
    for row in range(len(codes)):
        if codes[row] >= 0:
            for lane in range(sums.shape[1]):
                sums[row, lane] += hashes[codes[row], lane]


@njit(cache=True, nogil=True, inline="always")
def _rotl(x: Any, bits: int) -> Any:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(cache=True, nogil=True, inline="always")
def _half(data: Any, at: Any) -> Any:
    """Return the little-endian number of 4 bytes: written out, it is compiled to one load."""
    low = np.uint64(data[at]) | np.uint64(data[at + _U1]) << np.uint64(8)
    return low | np.uint64(data[at + _U2]) << np.uint64(16) | np.uint64(data[at + _U3]) << np.uint64(24)


@njit(cache=True, nogil=True, inline="always")
def _word(data: Any, at: Any) -> Any:
    """Return the little-endian number of 8 bytes."""
    return _half(data, at) | _half(data, at + _U4) << np.uint64(32)


@njit(cache=True, nogil=True, inline="always")
def _round(lane: Any, word: Any) -> Any:
    return _rotl(lane + word * _P2, 31) * _P1


@njit(cache=True, nogil=True, inline="always")
def _merge(state: Any, lane: Any) -> Any:
    return (state ^ _round(np.uint64(0), lane)) * _P1 + _P4


@njit(cache=True, nogil=True)
def _hash(data: Any, offsets: Any, seeds: Any, hashes: Any) -> None:
    for row in range(len(hashes)):
        start, end = np.uint64(offsets[row]), np.uint64(offsets[row + 1])
        for lane in range(len(seeds)):
            hashes[row, lane] = _hash_range(data, start, end, seeds[lane])


@njit(cache=True, nogil=True)
def _hash_range(data: Any, at: Any, end: Any, seed: Any) -> Any:
    """Hash a range of bytes; places are unsigned, so that none is looked at for counting from the end."""
    length = end - at
    if length >= _U32:
        v1, v2, v3, v4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while end - at >= _U32:
            v1 = _round(v1, _word(data, at))
            v2 = _round(v2, _word(data, at + _U8))
            v3 = _round(v3, _word(data, at + _U16))
            v4 = _round(v4, _word(data, at + _U24))
            at += _U32
        state = _rotl(v1, 1) + _rotl(v2, 7) + _rotl(v3, 12) + _rotl(v4, 18)
        state = _merge(_merge(_merge(_merge(state, v1), v2), v3), v4)
    else:
        state = seed + _P5
    state += length
    while end - at >= _U8:
        state = _rotl(state ^ _round(np.uint64(0), _word(data, at)), 27) * _P1 + _P4
        at += _U8
    if end - at >= _U4:
        state = _rotl(state ^ (_half(data, at) * _P1), 23) * _P2 + _P3
        at += _U4
    while at < end:
        state = _rotl(state ^ (np.uint64(data[at]) * _P5), 11) * _P1
        at += _U1
    state = (state ^ (state >> np.uint64(33))) * _P2
    state = (state ^ (state >> np.uint64(29))) * _P3
    return state ^ (state >> _U32)
