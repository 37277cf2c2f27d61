"""Current positions: the last place of each mover, which changes one by one, and who is nearest to a place.

Tested by `tests/paas/movement/test_currentpositions.py`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from stcloud.errors import InvalidInput, MissingExtra

__all__ = ["CurrentPosition", "CurrentPositions", "Free"]

Free: TypeAlias = "Callable[[Any], bool] | Collection[Any] | None"
"""Who is wanted for: a function of a mover, or those that are named; None: all."""

_BATCH = 8


@dataclass(frozen=True, slots=True)
class CurrentPosition:
    """Where a mover was last.

    Attributes
    ----------
    mover, time_us, x, y
        Who, when (UTC microseconds), where (metres in the city's CRS).
    distance_m
        How far from a place that was wanted for, metres; None: no place was.
    """

    mover: Any
    time_us: int
    x: float
    y: float
    distance_m: float | None = None


class CurrentPositions:
    """The last position of each mover; each is updated by itself, by several threads if need be.

    Raises
    ------
    MissingExtra
        ``rtree-needed``: rtree is not installed.
    """

    def __init__(self) -> None:
        try:
            from rtree.index import Index  # noqa: PLC0415  (it need not be installed)
        except ImportError as error:
            raise MissingExtra(
                "rtree-needed",
                "positions that change one by one need rtree",
                hint="pip install 'stcloud[live]'",
            ) from error
        self._tree = Index()
        self._by_mover: dict[Any, tuple[int, CurrentPosition]] = {}
        self._movers: dict[int, Any] = {}
        self._next = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_mover)

    def __iter__(self) -> Iterator[CurrentPosition]:
        """Give the positions, by mover."""
        with self._lock:
            held = [position for _, position in self._by_mover.values()]
        return iter(sorted(held, key=lambda position: position.mover))

    def of(self, mover: Any) -> CurrentPosition | None:
        """Return the last position of a mover; None: none is known."""
        held = self._by_mover.get(mover)
        return None if held is None else held[1]

    def update(self, mover: Any, x: float, y: float, time_us: int) -> bool:
        """Note where a mover was; return False where a later fix of it is known: fixes may come in any order.

        Of two fixes of one instant, the one that comes last counts. `InvalidInput` ``not-finite``: it is nowhere.
        """
        if not (math.isfinite(x) and math.isfinite(y)):
            raise InvalidInput(
                "not-finite", f"mover '{mover}' is nowhere: ({x}, {y})", hint="leave such a fix out"
            )
        with self._lock:
            held = self._by_mover.get(mover)
            if held is not None and held[1].time_us > time_us:
                return False
            number = self._next if held is None else held[0]
            if held is None:
                self._next += 1
            else:
                self._tree.delete(number, _box(held[1]))
            position = CurrentPosition(mover, int(time_us), float(x), float(y))
            self._by_mover[mover], self._movers[number] = (number, position), mover
            self._tree.insert(number, _box(position))
            return True

    def remove(self, mover: Any) -> bool:
        """Forget a mover, as one whose shift has ended; return False where it was not known."""
        with self._lock:
            held = self._by_mover.pop(mover, None)
            if held is None:
                return False
            self._tree.delete(held[0], _box(held[1]))
            del self._movers[held[0]]
            return True

    def nearest(
        self, x: float, y: float, n: int = 1, *, free: Free = None, within_m: float = math.inf,
        since_us: int | None = None,
    ) -> list[CurrentPosition]:  # fmt: skip
        """Return the movers nearest to a place, by distance, then mover.

        Parameters
        ----------
        x, y
            The place, metres in the city's CRS.
        n, within_m
            So many at most; at most so far, inclusive.
        free
            Who is wanted for.
        since_us
            Only those with a fix at this instant or later, UTC microseconds.
        """
        with self._lock:
            held, wanted = len(self._by_mover), max(n, 1) + _BATCH
            while True:
                numbers = self._tree.nearest((x, y, x, y), min(wanted, held)) if held else ()
                met = [self._by_mover[self._movers[number]][1] for number in numbers]
                near = [
                    CurrentPosition(
                        each.mover, each.time_us, each.x, each.y, math.hypot(each.x - x, each.y - y)
                    )
                    for each in met
                    if _is_free(each.mover, free) and (since_us is None or each.time_us >= since_us)
                ]
                near = sorted(
                    (each for each in near if _far(each) <= within_m),
                    key=lambda each: (_far(each), each.mover),
                )
                if len(near) >= n or len(met) >= held:
                    return near[:n]
                wanted *= 4


def _far(position: CurrentPosition) -> float:
    return math.inf if position.distance_m is None else position.distance_m


def _is_free(mover: Any, free: Free) -> bool:
    if free is None:
        return True
    return bool(free(mover)) if callable(free) else mover in free


def _box(position: CurrentPosition) -> tuple[float, float, float, float]:
    return (position.x, position.y, position.x, position.y)
