"""Pairs: events with the versions of features that are their partners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.timeline import Ints

__all__ = ["Metres", "Pairs"]

Metres: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Events with their partners, ascending by event.

    Parameters
    ----------
    event
        ``(m,)`` int64, positions of events.
    version
        ``(m,)`` int64, positions of versions, as they were given to `Partners.of`.
    distance_m
        ``(m,)`` float64, metres, 0 inside an area; None where no distance was asked for.
    """

    event: Ints
    version: Ints
    distance_m: Metres | None = None

    def __len__(self) -> int:
        return len(self.event)
