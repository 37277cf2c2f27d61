"""Readings of stations as arrays. Tested by `tests/paas/episode/test_detection.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Readings"]


@dataclass(frozen=True)
class Readings:
    """Readings of several stations, sorted by station and time."""

    stations: tuple[str, ...]
    station: NDArray[np.int32]
    time_us: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]
    flags: Mapping[str, NDArray[np.uint8]]
    recorded_us: NDArray[np.int64]
    step_us: int | None
    units: Mapping[str, str]
