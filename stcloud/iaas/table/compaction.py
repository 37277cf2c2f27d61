"""Which files of a table are to be merged, so that few are left and every row is written few times."""

from __future__ import annotations

import math
from collections.abc import Iterable

from stcloud.iaas.table.snapshot import File

__all__ = ["LARGE_ROWS", "crowded"]

_TIER = 8

LARGE_ROWS = 1 << 17
"""Files of so many rows are large enough: they are not merged for being many, or each load would write all anew."""


def crowded(files: Iterable[File], *, least: int = _TIER, large_rows: int = LARGE_ROWS) -> list[File]:
    """Return the files of every size of which there are ``least`` or more; those of ``large_rows`` may be many.

    Sizes are powers of eight. A file that is merged moves up one size at least, so that after any number of small
    commits a row was written once for each size, and of each size fewer than ``least`` files are there.
    """
    sizes: dict[int, list[File]] = {}
    for file in (candidate for candidate in files if candidate.rows < large_rows):
        sizes.setdefault(int(math.log(max(file.rows, 1), _TIER)), []).append(file)
    return [file for size in sizes.values() if len(size) >= least for file in size]
