"""The layout of an invented town: superblocks on a bent lattice, and where a fraction of one lies in the plane.

Tested by `tests/testing/test_town.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP", "Layout"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Chance: TypeAlias = np.random.Generator

STEP = np.linspace(0, 1, 19)
"""Fractions at which an edge of a superblock has a vertex, about 25 m apart."""

_LANES = 3  # at most each way; a lane that is not there lies at fraction 1
_SUPERBLOCK_M = 470.0
_WAVES = ((80.0, 2_600.0), (80.0, 3_900.0), (14.0, 640.0), (14.0, 910.0))  # height and length, metres


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Superblocks, `across` each way, numbered by column and row from the south-west.

    Parameters
    ----------
    side_m, origin
        Side of the town's square and its south-west corner, metres.
    nodes
        ``(across + 1, across + 1, 2)``, corners of the superblocks before the plane is bent.
    waves
        ``(k, 2, 3)``, wave numbers and phase of each wave, for x and y.
    bends
        ``(across, across, 2, 2)``, how much the inside of a superblock is bent.
    cuts
        ``(across, across, 2, _LANES)``, ascending fractions at which lanes run north (0) and east (1).
    """

    side_m: float
    origin: tuple[float, float]
    nodes: Floats
    waves: Floats
    bends: Floats
    cuts: Floats

    @property
    def across(self) -> int:
        """Superblocks side by side."""
        return len(self.nodes) - 1

    @classmethod
    def draw(cls, side_m: float, origin: tuple[float, float], chance: Chance) -> Layout:
        """Draw a layout."""
        across = max(2, round(side_m / _SUPERBLOCK_M))
        angle = chance.uniform(0, 2 * np.pi, (len(_WAVES), 2))
        number = 2 * np.pi / np.array([length for _, length in _WAVES])[:, None]
        phase = chance.uniform(0, 2 * np.pi, (len(_WAVES), 2))
        waves = np.stack((number * np.cos(angle), number * np.sin(angle), phase), axis=-1)
        bends = chance.uniform(-0.05, 0.05, (across, across, 2, 2))
        return cls(side_m, origin, _nodes(side_m, across, chance), waves, bends, _cuts(across, chance))

    def place(self, column: Ints, row: Ints, s: Floats | float, t: Floats | float) -> Floats:
        """Place fractions of superblocks, s eastward and t northward; ``(..., 2)`` metres, to the millimetre."""
        i, j, s, t = np.broadcast_arrays(column, row, s, t)
        bend, hill = self.bends[i, j], np.sin(np.pi * s) * np.sin(np.pi * t)
        s, t = (
            (s + hill * (bend[..., 0, 0] + bend[..., 0, 1] * np.cos(2 * np.pi * t)))[..., None],
            (t + hill * (bend[..., 1, 0] + bend[..., 1, 1] * np.cos(2 * np.pi * s)))[..., None],
        )
        south = self.nodes[i, j] * (1 - s) + self.nodes[i + 1, j] * s
        north = self.nodes[i, j + 1] * (1 - s) + self.nodes[i + 1, j + 1] * s
        return self.bend(south * (1 - t) + north * t)

    def bend(self, flat: Floats) -> Floats:
        """Bend the plane, ``(..., 2)``; the square's sides stay where they are."""
        moved = np.zeros(flat.shape)
        for (height, _), wave in zip(_WAVES, self.waves, strict=True):
            for axis in (0, 1):
                east, north, phase = wave[axis]
                moved[..., axis] += height * np.sin(east * flat[..., 0] + north * flat[..., 1] + phase)
        low = np.array(self.origin)
        # Rounding makes equal what is equal on paper, on every machine.
        bent = np.round(flat + moved * np.sin(np.pi * flat / self.side_m) + low, 3)
        clipped: Floats = np.clip(bent, low, low + self.side_m)
        return clipped

    def size(self, column: Ints, row: Ints) -> Floats:
        """Width and height of superblocks about their middle, ``(..., 2)`` metres."""
        west, east = self.place(column, row, 0, 0.5), self.place(column, row, 1, 0.5)
        south, north = self.place(column, row, 0.5, 0), self.place(column, row, 0.5, 1)
        return np.stack((np.hypot(*(east - west).T).T, np.hypot(*(north - south).T).T), axis=-1)


def _nodes(side_m: float, across: int, chance: Chance) -> Floats:
    lines = np.concatenate(
        (np.zeros((2, 1)), np.cumsum(chance.uniform(0.72, 1.28, (2, across)), axis=1)), axis=1
    )
    lines *= side_m / lines[:, -1:]
    nodes = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    moved = chance.uniform(-0.09, 0.09, nodes.shape) * side_m / across
    moved[[0, -1], :, 0] = moved[:, [0, -1], 1] = moved[[0, 0, -1, -1], [0, -1, 0, -1]] = 0
    nodes_moved: Floats = nodes + moved
    nodes_moved[-1, :, 0] = nodes_moved[:, -1, 1] = side_m
    return nodes_moved


def _cuts(across: int, chance: Chance) -> Floats:
    """Draw where lanes run: more of them in the middle of the town; half of them go on across a superblock's edge."""
    shape = (across, across, 2)
    middle = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, across)] * 2))
    lanes = chance.binomial(_LANES, np.clip(0.62 - 0.22 * middle, 0.2, 0.8)[..., None], shape)
    own, shared = chance.uniform(-0.24, 0.24, (*shape, _LANES)), np.empty((*shape, _LANES))
    shared[:, :, 0] = chance.uniform(-0.24, 0.24, (across, 1, _LANES))
    shared[:, :, 1] = chance.uniform(-0.24, 0.24, (1, across, _LANES))
    moved = np.where(chance.random((*shape, 1)) < 0.5, shared, own)
    number = np.arange(1, _LANES + 1)
    cuts: Floats = np.where(number <= lanes[..., None], (number + moved) / (lanes[..., None] + 1), 1.0)
    return cuts
