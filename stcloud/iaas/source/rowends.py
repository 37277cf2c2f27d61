"""Where rows of delimited text begin, found without reading their fields, so that parts are read apart.

A quote opens only at the begin of a field, and closes only at its end, in files that are divided: there each row end
is known by counting quotes. What has other quotes, or a carriage return alone, is left whole.

Tested by ``tests/iaas/source/test_rowends.py``.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["TextSpan", "row_spans"]

_BLOCK_BYTES = 16 << 20
_LONGEST_BYTES = 1 << 20
"""A reader takes no row that is longer than its blocks: whether it does must not depend on where a part begins."""
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'

Bytes: TypeAlias = NDArray[np.uint8]
Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Rows of a text that lie together.

    Parameters
    ----------
    first_row
        Number of the first, from 1.
    head
        Where the header ends, in bytes.
    start, stop
        Where the rows begin and end.
    """

    first_row: int
    head: int
    start: int
    stop: int


class _Undivided(Exception):
    """The text must be read as a whole."""


def row_spans(path: Path, delimiter: str, rows: int) -> list[TextSpan]:
    """Divide a text into spans of ``rows`` rows each but for the last; none where that cannot be done safely.

    Parameters
    ----------
    path
        A file in an encoding that has bytes below 128 for ASCII alone; lines that are empty are no rows.
    delimiter
        Between fields, one character.
    rows
        How many, at least 1.
    """
    if len(delimiter.encode()) != 1 or not path.stat().st_size:
        return []
    text: Bytes = np.memmap(path, np.uint8, "r")
    try:
        starts = _row_starts(text, ord(delimiter), rows)
    except _Undivided:
        return []
    if len(starts) < 3:  # the header and one part
        return []
    stops = [*starts[2:], len(text)]
    return [
        TextSpan(at * rows + 1, starts[1], start, stop)
        for at, (start, stop) in enumerate(zip(starts[1:], stops, strict=True))
    ]


def _row_starts(text: Bytes, delimiter: int, rows: int) -> list[int]:
    """Return where the header begins, and each ``rows``-th row from the first on."""
    begin = len(codecs.BOM_UTF8) if text[:3].tobytes() == codecs.BOM_UTF8 else 0
    starts: list[int] = []
    inside, count, line = False, 0, begin
    for first in range(begin, len(text), _BLOCK_BYTES):
        stop = min(first + _BLOCK_BYTES, len(text))
        quotes = first + np.flatnonzero(text[first:stop] == _QUOTE)
        _check_quotes(text, quotes, delimiter, begin, inside=inside)
        ends = first + np.flatnonzero(text[first:stop] == _NEWLINE)
        ends = ends[_outside(ends, quotes, inside=inside)]
        _check_returns(text, first, stop, quotes, inside=inside)
        inside ^= bool(len(quotes) % 2)
        if stop == len(text):
            if inside:
                raise _Undivided
            ends = np.append(ends, stop) if not len(ends) or ends[-1] < stop - 1 else ends
        begun = _filled(text, np.append(line, ends[:-1] + 1)[: len(ends)], ends)
        at = np.arange(count, count + len(begun)) - 1  # the header is row 0
        starts += begun[(at < 0) | (at % rows == 0)].tolist()
        count += len(begun)
        line = int(ends[-1]) + 1 if len(ends) else line
        if stop - line > _LONGEST_BYTES:
            raise _Undivided
    return starts


def _filled(text: Bytes, begins: Places, ends: Places) -> Places:
    """Return where lines begin that are not empty."""
    length = ends - begins
    if len(length) and length.max() > _LONGEST_BYTES:
        raise _Undivided
    empty = (length == 0) | ((length == 1) & (text[np.minimum(begins, len(text) - 1)] == _RETURN))
    filled: Places = begins[~empty]
    return filled


def _outside(places: Places, quotes: Places, *, inside: bool) -> NDArray[np.bool_]:
    """Tell which places are within no quotes."""
    outside: NDArray[np.bool_] = (np.searchsorted(quotes, places) + inside) % 2 == 0
    return outside


def _check_quotes(text: Bytes, quotes: Places, delimiter: int, begin: int, *, inside: bool) -> None:
    """Refuse quotes that open within a field, or close before its end; two in a row stand for one."""
    around = (delimiter, _NEWLINE, _RETURN, _QUOTE)
    opens = (np.arange(len(quotes)) + inside) % 2 == 0
    before = quotes[opens] - 1
    before = before[before >= begin]
    after = quotes[~opens] + 1
    after = after[after < len(text)]
    if not (np.isin(text[before], around).all() and np.isin(text[after], around).all()):
        raise _Undivided


def _check_returns(text: Bytes, first: int, stop: int, quotes: Places, *, inside: bool) -> None:
    """Refuse carriage returns outside of quotes that no newline follows."""
    returns = first + np.flatnonzero(text[first:stop] == _RETURN)
    returns = returns[_outside(returns, quotes, inside=inside)]
    following = returns + 1
    if len(following) and (following[-1] >= len(text) or (text[following] != _NEWLINE).any()):
        raise _Undivided
