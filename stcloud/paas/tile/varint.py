"""Varints of Protocol Buffers, of whole arrays at once; and runs of numbers, of unequal lengths."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Runs", "joined", "starts_of", "sums_of", "varint_sizes", "varints", "zigzag"]

Words: TypeAlias = NDArray[np.uint64]
Counts: TypeAlias = NDArray[np.int64]
Runs: TypeAlias = tuple[Words, Counts]
"""Numbers of all runs, and how many each run has."""

_SEVEN = np.uint64(7)
_LOW, _MORE = np.uint64(0x7F), np.uint8(0x80)
"""What one byte holds, and the bit that says that more follow."""


def zigzag(values: NDArray[np.int64]) -> Words:
    """Return signed numbers as unsigned ones, small where they are near zero.

    >>> zigzag(np.array([0, -1, 1, -2])).tolist()
    [0, 1, 2, 3]
    """
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def varint_sizes(values: Words) -> Counts:
    """Return how many bytes the varint of each number has, 1 to 10.

    >>> varint_sizes(np.array([0, 127, 128, 2**64 - 1], np.uint64)).tolist()
    [1, 1, 2, 10]
    """
    sizes = np.ones(len(values), np.int64)
    long = np.flatnonzero(values >= np.uint64(1 << 7))  # few are: of a feature's numbers most are small
    left = values[long]
    for bits in range(7, 64, 7):
        if not len(long):
            break
        sizes[long] += 1
        further = left >= np.uint64(1 << bits + 7) if bits < 63 else np.zeros(len(left), np.bool_)
        long, left = long[further], left[further]
    return sizes


def varints(values: Words) -> bytes:
    """Return numbers as varints, one after the other.

    >>> varints(np.array([1, 300], np.uint64)).hex()
    '01ac02'
    """
    low = values.astype(np.uint8)
    long = np.flatnonzero(values > _LOW)
    if not len(long):
        return low.tobytes()
    low[long] |= _MORE
    rest = values[long] >> _SEVEN
    further = np.frombuffer(varints(rest), np.uint8)
    at = np.repeat(long + 1, varint_sizes(rest)) + np.arange(len(further))
    written = np.empty(len(values) + len(further), np.uint8)
    first = np.ones(len(written), np.bool_)
    first[at] = False
    written[at], written[first] = further, low
    return written.tobytes()


def starts_of(counts: Counts) -> Counts:
    """Return where each run starts.

    >>> starts_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2]
    """
    starts = np.zeros(len(counts), np.int64)
    np.cumsum(counts[:-1], out=starts[1:])
    return starts


def sums_of(values: Counts, counts: Counts) -> Counts:
    """Return the sum of each run; 0 of one without numbers.

    >>> sums_of(np.array([1, 2, 3]), np.array([2, 0, 1])).tolist()
    [3, 0, 3]
    """
    whole = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=whole[1:])
    ends = np.cumsum(counts)
    return np.asarray(whole[ends] - whole[ends - counts])


def joined(parts: Sequence[Runs | Words]) -> Words:
    """Return for each feature what its parts give it, one after the other.

    Parameters
    ----------
    parts
        Runs of numbers, as many as there are features; or ``(n,)`` numbers, one for each feature.

    Examples
    --------
    >>> numbers, runs = np.array([8, 9], np.uint64), (np.array([1, 2, 3], np.uint64), np.array([2, 1]))
    >>> joined([numbers, runs]).tolist()
    [8, 1, 2, 9, 3]
    """
    counted = [part if isinstance(part, tuple) else (part, np.ones(len(part), np.int64)) for part in parts]
    at = starts_of(functools.reduce(np.add, [counts for _, counts in counted]))
    whole = np.empty(sum(len(values) for values, _ in counted), np.uint64)
    for part, (values, counts) in zip(parts, counted, strict=True):
        if not isinstance(part, tuple):
            whole[at] = values
        else:
            whole[np.arange(len(values)) + np.repeat(at - starts_of(counts), counts)] = values
        at = at + counts
    return whole
