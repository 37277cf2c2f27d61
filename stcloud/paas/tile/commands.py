"""Commands: the geometry of features as a vector tile has it, on whole units, each place as the step from the last.

Tested by `tests/paas/tile/test_encoding.py`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.tile.varint import Counts, Runs, joined, starts_of, sums_of, zigzag

__all__ = ["Commands", "ShapeKind", "commands_of_paths", "commands_of_points"]

Units: TypeAlias = NDArray[np.int64]

_MOVE, _LINE, _CLOSE = 1, 2, 15


class ShapeKind(enum.IntEnum):
    """Kind of a feature's geometry, as a tile numbers it."""

    POINT = 1
    LINE = 2
    POLYGON = 3


@dataclass(frozen=True, slots=True, eq=False)
class Commands:
    """The geometry of features.

    Parameters
    ----------
    kinds
        ``(n,)`` uint64: the `ShapeKind` of each.
    runs
        Their commands.
    """

    kinds: NDArray[np.uint64]
    runs: Runs

    def __len__(self) -> int:
        return len(self.kinds)


def commands_of_points(x: Units, y: Units, places: Counts | None = None) -> Commands:
    """Return the commands of points.

    Parameters
    ----------
    x, y
        Units of all places.
    places
        How many places each feature has, at least 1; None: one.
    """
    counts = np.ones(len(x), np.int64) if places is None else places
    steps = _steps(x, y, counts)
    moves = ((counts << 3) | _MOVE).astype(np.uint64)
    return Commands(
        _of_kind(ShapeKind.POINT, len(counts)), (joined([moves, (steps, 2 * counts)]), 1 + 2 * counts)
    )


def commands_of_paths(kind: ShapeKind, x: Units, y: Units, places: Counts, paths: Counts) -> Commands:
    """Return the commands of lines, or of polygons.

    Parameters
    ----------
    kind
        Line or polygon.
    x, y
        Units of all places; of rings without the last one, which is the first again.
    places
        How many places each line or ring has: at least 2, or 3.
    paths
        How many lines or rings each feature has, at least 1.
    """
    steps = _steps(x, y, sums_of(places, paths)).reshape(-1, 2)
    first = starts_of(places)
    later = np.ones(len(steps), np.bool_)
    later[first] = False
    lines = (((places - 1) << 3) | _LINE).astype(np.uint64)
    single = np.ones(len(places), np.int64)
    parts: list[Runs | NDArray[np.uint64]] = [
        np.full(len(places), (1 << 3) | _MOVE, np.uint64), (steps[first].ravel(), 2 * single),
        lines, (steps[later].ravel(), 2 * (places - 1)),
    ]  # fmt: skip
    sizes = 2 + 2 * places
    if kind is ShapeKind.POLYGON:
        parts.append(np.full(len(places), _CLOSE, np.uint64))
        sizes = sizes + 1
    return Commands(_of_kind(kind, len(paths)), (joined(parts), sums_of(sizes, paths)))


def _steps(x: Units, y: Units, counts: Counts) -> NDArray[np.uint64]:
    """Return the steps from place to place, x and y in turn; the first of a feature from the tile's corner."""
    steps = np.stack([x, y], axis=1)
    steps[1:] -= steps[:-1].copy()
    first = starts_of(counts)
    steps[first] = np.stack([x[first], y[first]], axis=1)
    return zigzag(steps.ravel())


def _of_kind(kind: ShapeKind, count: int) -> NDArray[np.uint64]:
    return np.full(count, kind.value, np.uint64)
