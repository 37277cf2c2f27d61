"""Ranges of bytes: neighbours are read in one request, and what was read is cut back into what was wanted.

Tested by `tests/iaas/store/test_ranges.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from stcloud.iaas.store.model import check_range

__all__ = ["COALESCED_GAP_BYTES", "coalesced", "cut", "within"]

COALESCED_GAP_BYTES = 256 * 1024
"""Two ranges with at most so many bytes between them are one request: it takes about as long as they do."""
_LONGEST_BYTES = 32 * 1024 * 1024


def coalesced(
    ranges: Iterable[tuple[int, int]],
    *,
    gap_bytes: int = COALESCED_GAP_BYTES,
    longest_bytes: int = _LONGEST_BYTES,
) -> list[tuple[int, int]]:
    """Return the fewest requests that hold all ranges, sorted.

    Parameters
    ----------
    ranges
        First byte and number of bytes of each, in any order; they may overlap. Empty ones need no request.
    gap_bytes
        Ranges with at most so many bytes between them are joined.
    longest_bytes
        Ranges are not joined beyond this length, so that long reads run in parallel.

    Raises
    ------
    InvalidInput
        ``bad-range``: a negative number.

    Examples
    --------
    >>> coalesced([(100, 10), (0, 10), (12, 3)], gap_bytes=5)
    [(0, 15), (100, 10)]
    """
    joined: list[tuple[int, int]] = []
    for start, length in sorted(ranges):
        check_range(start, length)
        if not length:
            continue
        first, count = joined[-1] if joined else (0, -1)
        end = max(first + count, start + length)
        near = start <= first + count + gap_bytes and end - first <= longest_bytes
        if joined and (near or start + length <= first + count):
            joined[-1] = (first, end - first)
        else:
            joined.append((start, length))
    return joined


def within(ranges: Iterable[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """Return the ranges cut at the end of ``size`` bytes; those beyond it are left out."""
    return [(start, min(length, size - start)) for start, length in ranges if start < size]


def cut(
    ranges: Iterable[tuple[int, int]], requests: Sequence[tuple[int, int]], bodies: Sequence[bytes]
) -> list[bytes]:
    """Return the bytes of each range from those of the requests that hold them.

    Parameters
    ----------
    ranges
        First byte and number of bytes of each.
    requests
        What `coalesced` makes of them.
    bodies
        The bytes of each request: fewer at the end of the file; the last ones, beyond it, may be left out.

    Examples
    --------
    >>> cut([(100, 10), (12, 3), (0, 2)], [(0, 15), (100, 10)], [b"abcdefghijklmno"])
    [b'', b'mno', b'ab']
    """
    starts = [start for start, _ in requests]
    pieces = []
    for start, length in ranges:
        number = bisect_right(starts, start) - 1
        body = memoryview(bodies[number]) if length and number < len(bodies) else memoryview(b"")
        offset = start - starts[number] if length else 0
        pieces.append(bytes(body[offset : offset + length]))
    return pieces
