"""Which files of a table are to be merged, so that few are left and every row is written few times."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol, TypeVar

__all__ = ["LARGE_ROWS", "Sized", "crowded"]

_LEAST = 8

LARGE_ROWS = 1 << 17
"""Files of so many rows are large enough: they are not merged for being many, or each load would write all anew."""


class Sized(Protocol):
    """A file whose rows are counted, committed or not."""

    @property
    def rows(self) -> int:
        """Number of rows."""


SizedFile = TypeVar("SizedFile", bound=Sized)


def crowded(
    files: Iterable[SizedFile], *, least: int = _LEAST, large_rows: int = LARGE_ROWS
) -> list[SizedFile]:
    """Return the files that are to become one: those of every size of which there are ``least`` or more.

    Sizes are powers of ``least``; files of ``large_rows`` may be many. A file that is merged moves up one size at
    least, so that after any number of small commits a row was written at most once for each size, and of each size
    fewer than ``least`` files are there. The merged file counts among its size: where that is full then, it goes too.
    """
    small = [file for file in files if file.rows < large_rows]
    chosen: list[SizedFile] = []
    while True:
        rows = sum(file.rows for file in chosen)
        merged = _size(rows, least) if chosen and rows < large_rows else None
        sizes: defaultdict[int, list[SizedFile]] = defaultdict(list)
        for file in small:
            sizes[_size(file.rows, least)].append(file)
        more = [
            file for size, some in sizes.items() if len(some) + (size == merged) >= least for file in some
        ]
        if not more:
            return chosen
        chosen += more
        small = [
            file for size, some in sizes.items() if len(some) + (size == merged) < least for file in some
        ]


def _size(rows: int, base: int) -> int:
    return int(math.log(max(rows, 1), base) + 1e-9)
