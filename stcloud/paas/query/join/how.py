"""How: which features are partners of an event, as people write it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from numpy.typing import ArrayLike

from stcloud.errors import InvalidInput
from stcloud.index.distance import check_bounded, check_count, check_metres

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex
    from stcloud.index.search import Pairs

__all__ = [
    "FARTHEST_M",
    "At",
    "How",
    "Nearest",
    "Within",
    "WithinDistance",
    "read_distance",
    "read_how",
]

_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(m|km)"
_METRES = re.compile(_NUMBER)
_DISTANCE = re.compile(rf"within\s+{_NUMBER}")
_NEAREST = re.compile(rf"nearest(?:\s+(\d{{1,9}}))?(?:\s+within\s+{_NUMBER})?")
FARTHEST_M = 1_000_000.0
"""As far as the coarsest cell is wide; all that is farther is beyond any city."""
_PER_UNIT = {"m": 1.0, "km": 1000.0}
_WAYS = "'within', 'within 20 m', 'nearest', 'nearest 2 within 200 m' or 'intersects'"


@dataclass(frozen=True, slots=True)
class Within:
    """Features that hold the event.

    Parameters
    ----------
    first
        Of the features that hold the event, on a shared border or where they overlap, only the one with the
        smallest key.
    """

    first: bool = True

    def __str__(self) -> str:
        return "within" if self.first else "intersects"

    @property
    def measures(self) -> bool:
        """Whether partners have a distance."""
        return False

    def pairs(
        self, index: AsOfIndex, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2
    ) -> Pairs:
        """Return events with their partners, as `AsOfIndex.within`."""
        return index.within(x, y, at_us, first=self.first, workers=workers)


@dataclass(frozen=True, slots=True)
class WithinDistance:
    """Features at most so far from the event.

    Parameters
    ----------
    metres
        Distance, inclusive; 0 or more.

    Raises
    ------
    InvalidInput
        ``invalid-distance``
    """

    metres: float

    def __post_init__(self) -> None:
        check_bounded(self.metres)

    def __str__(self) -> str:
        return f"within {_plain(self.metres)} m"

    @property
    def measures(self) -> bool:
        """Whether partners have a distance."""
        return True

    def pairs(
        self, index: AsOfIndex, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2
    ) -> Pairs:
        """Return events with their partners, as `AsOfIndex.within_distance`."""
        return index.within_distance(x, y, at_us, self.metres, workers=workers)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest features.

    Parameters
    ----------
    count
        So many at most, 1 or more.
    metres
        At most so far, inclusive; infinite: no bound.

    Raises
    ------
    InvalidInput
        ``invalid-distance``, ``invalid-count``
    """

    count: int = 1
    metres: float = math.inf

    def __post_init__(self) -> None:
        check_metres(self.metres)
        check_count(self.count)

    def __str__(self) -> str:
        bound = "" if math.isinf(self.metres) else f" within {_plain(self.metres)} m"
        return f"nearest {self.count}{bound}"

    @property
    def measures(self) -> bool:
        """Whether partners have a distance."""
        return True

    def pairs(
        self, index: AsOfIndex, x: ArrayLike, y: ArrayLike, at_us: ArrayLike, *, workers: int = 2
    ) -> Pairs:
        """Return events with their partners, as `AsOfIndex.nearest`."""
        return index.nearest(x, y, at_us, self.count, self.metres, workers=workers)


@dataclass(frozen=True, slots=True)
class At:
    """What a scene shows at the event's place; features are joined otherwise."""

    def __str__(self) -> str:
        return "at"


How: TypeAlias = Within | WithinDistance | Nearest


def read_how(text: str) -> How | At:
    """Read how events and features, or events and what was measured, are joined.

    Parameters
    ----------
    text
        ``within`` (of features that share a border or overlap, the smallest key) · ``intersects`` (all of them) ·
        ``within 20 m`` ·
        ``nearest`` · ``nearest 2`` · ``nearest 2 within 0.2 km`` · of scenes ``at``. Case and repeated spaces do not
        matter.

    Raises
    ------
    InvalidInput
        ``unknown-how``; ``how-needs-extent``: events are points, which contain nothing; ``invalid-count``

    Notes
    -----
    ``read_how(str(how)) == how``.

    Examples
    --------
    >>> read_how("nearest 2 within 200 m"), read_how("within")
    (Nearest(count=2, metres=200.0), Within(first=True))
    """
    words = " ".join(text.lower().split())
    if words in {"within", "intersects"}:
        return Within(first=words == "within")
    if words == "at":
        return At()
    if words == "contains":
        raise InvalidInput(
            "how-needs-extent", "events are points and contain no feature",
            hint="ask which features contain the event: 'within'",
        )  # fmt: skip
    if match := _DISTANCE.fullmatch(words):
        return WithinDistance(_metres(*match.groups()))
    if match := _NEAREST.fullmatch(words):
        count, number, unit = match.groups()
        return Nearest(int(count or 1), _metres(number, unit) if number else math.inf)
    raise InvalidInput("unknown-how", f"'{text[:80]}' tells no way to join", hint=f"write {_WAYS}")


def read_distance(text: str) -> WithinDistance:
    """Read a distance.

    Parameters
    ----------
    text
        ``200m`` · ``0.2 km``.

    Raises
    ------
    InvalidInput
        ``unknown-distance``

    Examples
    --------
    >>> read_distance("0.2km").metres
    200.0
    """
    match = _METRES.fullmatch(" ".join(text.lower().split()))
    if match is None:
        raise InvalidInput("unknown-distance", f"'{text}' is no distance", hint="write 200m or 0.2km")
    return WithinDistance(_metres(*match.groups()))


def require_reach(metres: float) -> None:
    """Refuse a distance that is asked for and is farther than any city: what lies so far is all that there is.

    Parameters
    ----------
    metres
        A distance, or infinity: no bound.

    Raises
    ------
    InvalidInput
        ``invalid-distance``
    """
    if FARTHEST_M < metres < math.inf:
        raise InvalidInput(
            "invalid-distance", f"{metres:g} m is farther than {FARTHEST_M / 1000:,.0f} km, the most that is taken",
            hint="ask without a distance: for all, or for the nearest",
        )  # fmt: skip


def _plain(metres: float) -> str:
    return repr(float(metres)).removesuffix(".0")


def _metres(number: str, unit: str) -> float:
    return float(number) * _PER_UNIT[unit]
