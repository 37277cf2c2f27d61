"""Sweep: a search of many events, in parts side by side, in each epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from stcloud.daas.timeline import Ints
from stcloud.errors import InvalidInput
from stcloud.paas.grid.location.bins import Frame
from stcloud.paas.grid.location.slab import frozen
from stcloud.paas.query.join.order import gathered, noted, sorted_in
from stcloud.paas.query.join.pairs import Metres, Pairs

__all__ = ["Events", "Find", "Found", "Sweep"]

Found: TypeAlias = tuple[Any, ...]
Find: TypeAlias = Callable[[int, Metres, Metres, Ints], Found]
"""Search for the events of an epoch: counts, then columns of what was found for one event after the other."""

_FEW = 2**15  # events are not worth a thread
_CHUNK = 2**20  # events at once: the more, the less often a tile is fetched


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Where and when something happened.

    Parameters
    ----------
    x, y
        ``(n,)`` float64, metres; NaN is nowhere.
    at_us
        ``(n,)`` int64, UTC microseconds.
    """

    x: Metres
    y: Metres
    at_us: Ints

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, at_us: ArrayLike) -> Events:
        """Return events; `InvalidInput` ``events-differ`` unless columns are of one length (or one instant)."""
        xs, ys = np.ascontiguousarray(x, np.float64), np.ascontiguousarray(y, np.float64)
        at = np.asarray(at_us, np.int64)
        if np.ndim(x) != 1 or xs.shape != ys.shape or at.shape not in {(), xs.shape}:
            raise InvalidInput(
                "events-differ", f"x is {np.shape(x)}, y is {np.shape(y)}, instants are {at.shape}",
                hint="give columns of one length",
            )  # fmt: skip
        return cls(frozen(xs), frozen(ys), frozen(np.ascontiguousarray(np.broadcast_to(at, xs.shape))))

    def part(self, low: int, high: int) -> Events:
        """Return the events from ``low`` to ``high``, exclusive."""
        return Events(self.x[low:high], self.y[low:high], self.at_us[low:high])

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """A way to search.

    Parameters
    ----------
    find
        Searches an epoch.
    cuts_us
        ``(c,)`` int64, UTC microseconds: where epochs begin, but for the first.
    frames
        ``c + 1`` frames: the squares of each epoch.
    bits
        Events in the same tile of ``2 ** bits`` squares are searched together.
    numbers
        What found rows are called.
    """

    find: Find
    cuts_us: Ints
    frames: Sequence[Frame]
    bits: int
    numbers: Ints

    def pairs(self, events: Events, workers: int) -> Pairs:
        """Search, and put together what is found.

        Parameters
        ----------
        events
            The events.
        workers
            Threads; the answer does not depend on it.
        """
        count = len(events)
        parts = 1 if count <= _FEW else workers * math.ceil(count / (workers * _CHUNK))
        bounds = [count * part // parts for part in range(parts + 1)]

        def work(low: int, high: int) -> Found:
            where, counts, rows, *far = self._found(events.part(low, high))
            event, version, places = gathered(where, counts, rows, low, self.numbers)
            return event, version, *(one[places] for one in far)

        if parts == 1:
            return Pairs(*work(0, count))
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(work, bounds[:-1], bounds[1:]))
        return Pairs(*(np.concatenate(one) for one in zip(*found, strict=True)))

    def _found(self, events: Events) -> Found:
        """Return where in what was found each event's begins, how much that is, and all of it."""
        n, begin, parts = len(events), 0, []
        where, counts = np.empty(n, np.int64), np.empty(n, np.int32)
        several = len(self.frames) > 1
        epochs = np.searchsorted(self.cuts_us, events.at_us, "right") if several else np.empty(0, np.int64)
        for epoch, frame in enumerate(self.frames):
            which, *columns = sorted_in(events.x, events.y, events.at_us, epochs, epoch, frame, self.bits)
            count, *found = self.find(epoch, *(frozen(one) for one in columns))
            noted(count, which, begin, where, counts)
            size = int(count.sum())
            parts.append([one[:size] for one in found])
            begin += size
        return where, counts, *(np.concatenate(one) for one in zip(*parts, strict=True))
