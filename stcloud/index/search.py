"""Search many events: in parts side by side, in each part time slice by time slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from stcloud.errors import InvalidInput
from stcloud.index.array import Ints, Metres, frozen
from stcloud.index.bins import Frame
from stcloud.index.order import gather, note_places, sort_slice

__all__ = ["Events", "Find", "Matches", "Pairs", "Search", "plain_pairs"]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Events with their partners, ascending by event.

    Parameters
    ----------
    event
        ``(m,)`` int64, positions of events.
    version
        ``(m,)`` int64, positions of versions, as they were given to `AsOfIndex.of`.
    distance_m
        ``(m,)`` float64, metres, 0 inside an area; None where no distance is wanted.
    """

    event: Ints
    version: Ints
    distance_m: Metres | None = None

    def __len__(self) -> int:
        return len(self.event)


Matches: TypeAlias = tuple[Any, ...]
Find: TypeAlias = Callable[[int, Metres, Metres, Ints], Matches]
"""Search for the events of a time slice: counts, then columns of what was found for one event after the other."""

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
class Search:
    """A way to search.

    Parameters
    ----------
    find
        Searches a time slice.
    cuts_us
        ``(c,)`` int64, UTC microseconds: where slices begin, but for the first.
    frames
        ``c + 1`` frames: the squares of each time slice.
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

        def work(low: int, high: int) -> Matches:
            where, counts, rows, *far = self._find_parts(events.part(low, high))
            event, version, places = gather(where, counts, rows, low, self.numbers)
            return event, version, *(column[places] for column in far)

        if parts == 1:
            return Pairs(*work(0, count))
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(work, bounds[:-1], bounds[1:]))
        return Pairs(*(np.concatenate(columns) for columns in zip(*results, strict=True)))

    def _find_parts(self, events: Events) -> Matches:
        """Return where in what was found each event's begins, how much that is, and all of it."""
        n, begin, parts = len(events), 0, []
        where, counts = np.empty(n, np.int64), np.empty(n, np.int32)
        several = len(self.frames) > 1
        slices = np.searchsorted(self.cuts_us, events.at_us, "right") if several else np.empty(0, np.int64)
        for number, frame in enumerate(self.frames):
            which, *columns = sort_slice(events.x, events.y, events.at_us, slices, number, frame, self.bits)
            count, *matches = self.find(number, *(frozen(column) for column in columns))
            note_places(count, which, begin, where, counts)
            size = int(count.sum())
            parts.append([column[:size] for column in matches])
            begin += size
        return where, counts, *(np.concatenate(columns) for columns in zip(*parts, strict=True))


def plain_pairs(find: Find, cuts_us: Ints, numbers: Ints, events: Events) -> Pairs:
    """Search for few events without compiled loops; the same pairs as `Search.pairs` returns.

    Parameters
    ----------
    find
        Searches a time slice; returns events, rows and perhaps metres, ascending by event.
    cuts_us, numbers
        As for `Search`.
    events
        The events.
    """
    slices, parts = np.searchsorted(cuts_us, events.at_us, "right"), []
    for number in range(len(cuts_us) + 1):
        which = np.flatnonzero(slices == number)
        event, *columns = find(number, events.x[which], events.y[which], events.at_us[which])
        parts.append([which[event], *columns])
    event, rows, *far = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(event, kind="stable")
    return Pairs(event[order], numbers[rows[order]], *(column[order] for column in far))
