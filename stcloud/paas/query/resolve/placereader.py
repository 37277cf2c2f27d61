"""What reads a layer of images or grids at places and instants: `paas.scene` has it, and questions know only this.

Tested by `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.paas.query.answer.pin import Known
from stcloud.time import Zone

__all__ = ["PlaceReader", "PlaceReading"]


class PlaceReading(Protocol):
    """A layer as it was known at an instant, of which values are read."""

    @property
    def known_us(self) -> int:
        """Recorded instant that it is taken at, UTC microseconds."""

    def read(self, x: NDArray[np.float64], y: NDArray[np.float64], at_us: NDArray[np.int64]) -> pa.Table:
        """Return a row for each place (metres of the city's CRS) and instant (UTC microseconds), with nulls for none.

        The last column is the value.
        """


class PlaceReader(Protocol):
    """Makes a layer ready to be read at places and instants."""

    def reading(self, band: str | None, known: Known, zone: Zone) -> PlaceReading:
        """Return the layer as it was known, and what is read of it."""
