"""Episodes as columns: when, where, how high and how well measured.

Tested by `tests/paas/episode/test_detection.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Episodes"]


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """Episodes of several stations, sorted by station and start; one element of each array an episode.

    Attributes
    ----------
    stations
        Names of the stations.
    station
        Index into ``stations``, int32.
    from_us, to_us
        When it began, and until when it is known to have lasted (exclusive), UTC microseconds, int64.
    is_open
        Whether the readings end before it does.
    peak, peak_us
        Its most extreme value, and the time of the first reading that has it.
    mean
        Mean of its usable readings.
    readings, missing
        How many usable readings it has, and how many more there would be without its gaps; int64.
    """

    stations: tuple[str, ...]
    station: NDArray[np.int32]
    from_us: NDArray[np.int64]
    to_us: NDArray[np.int64]
    is_open: NDArray[np.bool_]
    peak: NDArray[np.float64]
    peak_us: NDArray[np.int64]
    mean: NDArray[np.float64]
    readings: NDArray[np.int64]
    missing: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.station)

    def taken(self, chosen: NDArray[Any]) -> Self:
        """Return some of the episodes, by a mask or by their numbers."""
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        return type(self)(stations=self.stations, **arrays)


_ARRAYS = tuple(field.name for field in fields(Episodes) if field.name != "stations")
