"""Cases near a place, as they were at an instant, as known at another: a search by box, then the log of each.

Tested by `tests/paas/case/test_nearby.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stcloud.errors import InvalidInput
from stcloud.iaas.records import Find
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.state import CaseState
from stcloud.space import project

__all__ = ["LON_LAT", "NearCase", "PlaceCircle", "cases_near", "place_of"]

LON_LAT = "EPSG:4326"
_PAGE = 1000
_MOST_M = 5_000.0
_EDGE = 8


@dataclass(frozen=True, slots=True)
class PlaceCircle:
    """A place, and what is not farther from it than a radius, in the plane of a city.

    Parameters
    ----------
    lon, lat
        The place, degrees.
    radius_m
        The radius, metres, up to 5,000; the edge is inside.
    crs
        A projected CRS in metres.

    Raises
    ------
    InvalidInput
        ``bad-radius``; ``not-a-place``: the CRS does not reach so far.
    """

    lon: float
    lat: float
    radius_m: float
    crs: str
    x_m: float = field(init=False)
    y_m: float = field(init=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius_m) and 0 < self.radius_m <= _MOST_M):
            raise InvalidInput(
                "bad-radius", f"a radius is more than 0 and at most {_MOST_M:,.0f} metres, not {self.radius_m:g}",
                hint="give fewer metres; for a whole quarter ask its layers and its log",
            )  # fmt: skip
        x, y = project([self.lon], [self.lat], LON_LAT, self.crs)
        if not (math.isfinite(x[0]) and math.isfinite(y[0])):
            raise InvalidInput(
                "not-a-place", f"{self.lon:g}, {self.lat:g} has no place in {self.crs}", hint="give lon, lat"
            )
        object.__setattr__(self, "x_m", float(x[0]))
        object.__setattr__(self, "y_m", float(y[0]))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of it in degrees, a little more rather than less.

        Where it crosses the antimeridian, it reaches round the world.
        """
        steps = [self.radius_m * (2 * step / _EDGE - 1) for step in range(_EDGE + 1)]
        x = [self.x_m + step for step in steps for _ in steps]
        y = [self.y_m + step for _ in steps for step in steps]
        lons, lats = project(x, y, self.crs, LON_LAT)
        west, south, east, north = (
            float(lons.min()),
            float(lats.min()),
            float(lons.max()),
            float(lats.max()),
        )
        wide, high = 1e-7 + 0.01 * (east - west), 1e-7 + 0.01 * (north - south)
        if east - west > 180:
            west, east, wide = -180.0, 180.0, 0.0
        return west - wide, south - high, east + wide, north + high

    def distances_m(self, lons: Sequence[float], lats: Sequence[float]) -> list[float]:
        """Return how far places are from its middle, metres in the plane; NaN where the plane does not reach."""
        if not lons:
            return []
        x, y = project(list(lons), list(lats), LON_LAT, self.crs)
        return [math.hypot(at_x - self.x_m, at_y - self.y_m) for at_x, at_y in zip(x, y, strict=True)]


@dataclass(frozen=True, slots=True)
class NearCase:
    """A case and its place.

    Attributes
    ----------
    state
        The case.
    lon, lat
        Its place as it is known, degrees.
    distance_m
        How far it is, metres.
    """

    state: CaseState
    lon: float
    lat: float
    distance_m: float


def cases_near(log: CaseLog, circle: PlaceCircle, *, at_us: int, known_us: int) -> list[NearCase]:
    """Return the cases in a circle as they were at an instant, as known at another, nearest first.

    Parameters
    ----------
    log
        The log.
    circle
        The place.
    at_us, known_us
        The instants, UTC microseconds; nothing may be recorded any more up to ``known_us``.

    Notes
    -----
    An amended place is a correction: a case is where it is known to be, at every instant.

    Reads the index of places, which has those that are known now, and the logs of the cases there; where ``known_us``
    is past, also which cases were amended since. O(log n + k + entries recorded since).
    """
    numbers = set(_in_box(log, circle))
    numbers.update(log.records.cases_stating(("lon", "lat"), known_us))
    known = log.states_of(numbers, known_us=known_us)
    places = {number: place for number, state in known.items() if (place := place_of(state)) is not None}
    far = circle.distances_m([lon for lon, _ in places.values()], [lat for _, lat in places.values()])
    near = {number: metres for number, metres in zip(places, far, strict=True) if metres <= circle.radius_m}
    states = log.states_of(near, at_us=at_us, known_us=known_us)
    cases = [NearCase(state, *places[number], near[number]) for number, state in states.items()]
    return sorted(cases, key=lambda case: (case.distance_m, case.state.case))


def place_of(state: CaseState) -> tuple[float, float] | None:
    """Return where a case is by its last statement, longitude and latitude; None: that is not known."""
    lon, lat = state.values.get("lon"), state.values.get("lat")
    if isinstance(lon, int | float) and isinstance(lat, int | float):
        return float(lon), float(lat)
    return None


def _in_box(log: CaseLog, circle: PlaceCircle) -> Iterator[str]:
    cursor: str | None = None
    while True:
        summaries, cursor = log.find(Find(bbox=circle.box), limit=_PAGE, cursor=cursor)
        yield from (summary.number for summary in summaries)
        if cursor is None:
            return
