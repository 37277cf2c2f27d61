"""Questions as plain data, so that the same one can be put to a city and to the oracle.

Tested by `tests/properties/test_query.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer
    from stcloud.paas.query.parse.where import PlaceInput

__all__ = ["Places", "Question", "Times"]


@dataclass(frozen=True, slots=True)
class Places:
    """One call of ``where``: alternatives, and the CRS of its polygons (None: longitude and latitude)."""

    alternatives: tuple[PlaceInput, ...]
    crs: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """One call of ``when``."""

    texts: tuple[str, ...] = ()
    weekdays: str | tuple[int, ...] | None = None
    hours: str | None = None
    months: str | tuple[int, ...] | None = None
    seasons: str | None = None
    days: str | None = None
    calendar: str | None = None
    now: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A named question about the layer of a scene.

    Parameters
    ----------
    name, scene
        What it is called, and which scene's layer it is about.
    what
        CQL2 filters, text or JSON; all must hold.
    where, when
        Calls of ``where`` and ``when``; all must hold.
    known_at
        Text in the city's zone or UTC microseconds; None: now.
    by
        Groups to count by; None asks for rows, an empty tuple for one number.
    limit
        The most rows to give; None: all.
    measures, until
        What is computed of each group, of `stcloud.testing.measures.MEASURES`; none: the count. The instant until
        which durations without an end count, UTC microseconds.
    what_crs
        CRS of geometry that filters write; None: longitude and latitude.
    """

    name: str
    scene: str
    what: tuple[str | Mapping[str, Any], ...] = ()
    where: tuple[Places, ...] = ()
    when: tuple[Times, ...] = ()
    known_at: str | int | None = None
    by: tuple[str, ...] | None = None
    limit: int | None = None
    measures: tuple[str, ...] = ()
    until: int | None = None
    what_crs: str | None = None

    def ask(self, city: City, layer: str) -> Answer:
        """Put the question to a city."""
        query = city.query(layer).what(*self.what, crs=self.what_crs)
        for places in self.where:
            query = query.where(*places.alternatives, crs=places.crs)
        for times in self.when:
            query = query.when(
                *times.texts, weekdays=times.weekdays, hours=times.hours, months=times.months, seasons=times.seasons,
                days=times.days, calendar=times.calendar, now=times.now,
            )  # fmt: skip
        if self.known_at is not None:
            query = query.known_at(self.known_at)
        if self.by is None:
            return query.rows(self.limit)
        return query.measure(*self.measures, by=self.by, until=self.until)
