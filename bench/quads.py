"""Invented cells that leave no gap: quads with jittered corners, and noisy bends along their edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Quads"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quads:
    """So many cells across, as many up.

    Parameters
    ----------
    across, side_m
        Cells, and about how long a side is.
    jitter_m, noise_m
        How far corners inside, and bends, lie off at most, either way along x and y.
    bends
        Of flat and of steep edges, between two corners.
    """

    across: int
    side_m: float
    jitter_m: float
    noise_m: float
    bends: tuple[int, int]

    def draw(self, west: float, south: float, chance: np.random.Generator) -> NDArray[Any]:
        """Return the cells as polygons, row by row from the south."""
        n, steps = self.across, np.arange(self.across + 1.0)
        at = np.stack(np.meshgrid(steps, steps), -1) * self.side_m
        at[1:-1, 1:-1] += chance.uniform(-self.jitter_m, self.jitter_m, (n - 1, n - 1, 2))
        at += (west, south)
        flat = self._bent(at[:, :-1], at[:, 1:], self.bends[0], chance)
        steep = self._bent(at[:-1], at[1:], self.bends[1], chance)
        flat_back = np.concatenate([at[:, 1:, None], flat[:, :, :0:-1]], axis=2)
        steep_back = np.concatenate([at[1:, :, None], steep[:, :, :0:-1]], axis=2)
        rings = np.concatenate([flat[:-1], steep[:, 1:], flat_back[1:], steep_back[:, :-1]], axis=2)
        rings = rings.reshape(n**2, -1, 2)
        return np.asarray(shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1)), object)

    def _bent(self, a: Floats, b: Floats, bends: int, chance: np.random.Generator) -> Floats:
        """Return each edge's start and bends."""
        share = np.linspace(0, 1, bends + 2)[1:-1, None]
        between = a[..., None, :] * (1 - share) + b[..., None, :] * share
        noise = chance.uniform(-self.noise_m, self.noise_m, between.shape)
        return np.concatenate([a[..., None, :], between + noise], axis=-2)
