"""Pixels of one grid, band by band: what stacks and mosaics give, and what statistics per cell take.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.space.rastergrid import RasterGrid

__all__ = ["Pixels", "RasterGrid"]


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Values of some bands on one grid.

    Parameters
    ----------
    grid
        Where the pixels lie.
    bands
        ``(rows, columns)`` by name of the band; scaled, where the scene states a scale.
    missing
        ``(rows, columns)`` bool by name of the band: no value was measured there (nodata, NaN, no scene). None:
        there is a value everywhere.
    """

    grid: RasterGrid
    bands: Mapping[str, NDArray[Any]]
    missing: Mapping[str, NDArray[np.bool_]] | None = None

    def __post_init__(self) -> None:
        for arrays in (self.bands, self.missing or {}):
            wrong = [name for name, values in arrays.items() if values.shape != self.grid.shape]
            if wrong or not arrays.keys() <= self.bands.keys():
                raise InvalidInput(
                    "no-grid", f"bands {', '.join(arrays)} are not all of shape {self.grid.shape}"
                )
