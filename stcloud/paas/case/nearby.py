"""Cases near a place, as they were at an instant, as known at another: a search by box, then the log of each.

Tested by `tests/paas/case/test_nearby.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc

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
        Its place, degrees.
    distance_m
        How far it is, metres.
    """

    state: CaseState
    lon: float
    lat: float
    distance_m: float


def cases_near(log: CaseLog, circle: PlaceCircle, *, at_us: int, known_us: int) -> list[NearCase]:
    """Return the cases in a circle by the place that each had at an instant, as known at another, nearest first.

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
    Reads the index of places, which has those of now, and the logs of the cases there; and what was recorded after
    the earlier instant, because a case may have been moved since. O(log n + k + later entries).
    """
    numbers = set(_in_box(log, circle))
    numbers.update(_moved_since(log, min(at_us, known_us)))
    states = list(log.states_of(sorted(numbers), at_us=at_us, known_us=known_us).values())
    placed = [(state, place) for state in states if (place := place_of(state)) is not None]
    far = circle.distances_m([place[0] for _, place in placed], [place[1] for _, place in placed])
    near = [
        NearCase(state, *place, metres)
        for (state, place), metres in zip(placed, far, strict=True)
        if metres <= circle.radius_m
    ]
    return sorted(near, key=lambda case: (case.distance_m, case.state.case))


def place_of(state: CaseState) -> tuple[float, float] | None:
    """Return where a case is, longitude and latitude; None: that is not known."""
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


def _moved_since(log: CaseLog, since_us: int) -> Iterator[str]:
    """Give the cases whose place, or instants, were stated anew after an instant."""
    until_us = log.records.pin()
    if since_us >= until_us:
        return
    for batch in log.records.recorded(since_us, until_us, columns=("case", "seq", "fields")):
        stated = pc.match_substring_regex(batch.column("fields"), '"(lon|lat|corrected)":')
        moved = pc.and_(stated, pc.greater(batch.column("seq"), 1))
        yield from batch.column("case").filter(moved).to_pylist()
