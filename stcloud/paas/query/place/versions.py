"""Histories: the versions of a layer's features that were believed at one recorded instant.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.timeline import Ints

__all__ = ["History"]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Versions of features that have a shape.

    Parameters
    ----------
    key
        ``(n,)`` text.
    start_us, end_us
        ``(n,)`` int64: when each was valid, half-open, UTC microseconds.
    shapes
        ``(n,)`` shapely geometries in the city's CRS.
    """

    key: pa.Array
    start_us: Ints
    end_us: Ints
    shapes: NDArray[Any]

    def take(self, chosen: NDArray[Any]) -> History:
        """Return some of the versions."""
        return History(
            self.key.filter(pa.array(chosen)), self.start_us[chosen], self.end_us[chosen], self.shapes[chosen]
        )

    def __len__(self) -> int:
        return len(self.key)
