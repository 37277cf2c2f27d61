"""Fixes: where movers were when, as arrays in order of track and time.

Tested by `tests/paas/movement/test_fixes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.index.crossing import Moves
from stcloud.time import Zone

__all__ = ["Fixes", "Floats", "Ints"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Fixes:
    """Fixes of movers, track by track, in order of time.

    Of two fixes of a mover at one instant the one with the smaller key comes first.

    Attributes
    ----------
    movers
        ``(m,)`` text or int64, ascending: who has a track.
    mover
        ``(t,)`` int64, the position of each track's mover, ascending; a mover may have several tracks.
    starts
        ``(t + 1,)`` int64: the first fix of each track, and how many fixes there are. No track is empty.
    time_us, x, y
        ``(n,)`` the fixes: UTC microseconds, metres in the city's CRS; never NaN.
    latest
        ``(t,)``: whether the last fix of a track is the last of its mover.
    left_out
        How many rows are no fixes, by reason: ``unnamed``, ``unplaced``.
    """

    movers: pa.Array
    mover: Ints
    starts: Ints
    time_us: Ints
    x: Floats
    y: Floats
    latest: NDArray[np.bool_]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_us)

    def __repr__(self) -> str:
        return f"Fixes: {len(self):,} in {self.tracks:,} tracks of {len(self.movers):,} movers"

    @property
    def tracks(self) -> int:
        """How many tracks there are."""
        return len(self.mover)

    @property
    def first(self) -> Ints:
        """``(t,)``: the first fix of each track."""
        return self.starts[:-1]

    @property
    def last(self) -> Ints:
        """``(t,)``: the last fix of each track."""
        return self.starts[1:] - 1

    @property
    def track(self) -> Ints:
        """``(n,)``: the track of each fix."""
        return np.repeat(np.arange(self.tracks), np.diff(self.starts))

    @property
    def segments(self) -> Ints:
        """The fixes that a segment begins at: each but the last of its track."""
        begins = np.ones(len(self), np.bool_)
        begins[self.last] = False
        return np.flatnonzero(begins)

    def observed(self, gap_us: int) -> Ints:
        """Return the segments that take time, and no more than a gap: in others nobody knows where the mover was."""
        segments = self.segments
        lasted_us = self.time_us[segments + 1] - self.time_us[segments]
        return segments[(lasted_us > 0) & (lasted_us <= gap_us)]

    def moves(self, segments: Ints) -> Moves:
        """Return segments, by the fixes that they begin at, as moves."""
        to = segments + 1
        return Moves(
            self.time_us[segments], self.time_us[to], self.x[segments], self.y[segments], self.x[to], self.y[to]
        )  # fmt: skip

    def of_tracks(self, values: Any, tracks: Ints) -> Any:
        """Return what each of some tracks has of what movers have."""
        return values.take(pa.array(self.mover[tracks]))

    def names(self, tracks: Ints) -> pa.Array:
        """Return the mover of each of some tracks."""
        return self.of_tracks(self.movers, tracks)

    def steps_m(self) -> Floats:
        """Return how far each fix is from the one before it in its track, ``(n,)``; 0 of the first."""
        steps = np.hypot(np.diff(self.x, prepend=0.0), np.diff(self.y, prepend=0.0))
        steps[self.first] = 0.0
        return np.asarray(steps, np.float64)

    def instants(self, at_us: Ints, zone: Zone) -> pa.Array:
        """Return instants as they are shown, in the city's zone."""
        return pa.array(at_us, pa.int64()).cast(pa.timestamp("us", zone.name))
