"""Arguments that narrow a query, read as conditions.

Tested by `tests/paas/query/spec/test_arguments.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.period import timed
from stcloud.paas.query.parse.units import needed_index
from stcloud.paas.query.plan.plan import Condition, Restated
from stcloud.paas.query.resolve.subject import Subject
from stcloud.space import GivenCRS, crs_text, is_southern
from stcloud.time import Calendar, Days, Instant, TimeSpan, When, instant_us, is_relative, span_text
from stcloud.time.micros import SECOND_US

if TYPE_CHECKING:
    from stcloud.daas.load.memory_geometries import MemoryGeometries
    from stcloud.paas.query.condition.predicate import Predicate
    from stcloud.paas.query.parse.where import PlaceInput
    from stcloud.paas.query.resolve.features import Features

__all__ = ["Recurring", "filters_of", "joined_of", "names_of", "places_of", "restated_at", "time_of"]


@dataclass(frozen=True, slots=True)
class Recurring:
    """Months, days and hours that come again; see `Query.when`."""

    weekdays: str | Iterable[int] | None = None
    hours: str | None = None
    months: str | int | Iterable[int] | None = None
    seasons: str | None = None
    days: str | None = None
    calendar: str | None = None


def filters_of(
    filters: Sequence[str | Mapping[str, Any]], subject: Subject, crs: GivenCRS | None
) -> list[Predicate]:
    """Return filters as conditions; see `Query.what`."""
    from stcloud.paas.query.condition.predicate import Predicate  # noqa: PLC0415  (filters are slow to import)

    city, given = subject.configuration.crs, crs_text(crs)
    return [Predicate.read(cql, subject.names, subject.zone, city=city, crs=given) for cql in filters]


def names_of(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names; a bare text is one."""
    return (names,) if isinstance(names, str) else tuple(names)


def joined_of(layer: str | Any, subject: Subject, crs: GivenCRS | None) -> Features | MemoryGeometries:
    """Return a layer of features by its name, or geometries in memory; see `Query.join`."""
    if isinstance(layer, str):
        return subject.other(layer)
    from stcloud.daas.load.memory_geometries import is_in_memory, memory_geometries  # noqa: PLC0415  (reads files, too)

    if not is_in_memory(layer):
        raise InvalidInput(
            "unknown-join", f"an object of type {type(layer).__name__} cannot be joined with",
            hint="name a layer of features, or give a GeoDataFrame, a table with geometry or GeoJSON features",
        )  # fmt: skip
    return memory_geometries(layer, crs_text(crs))


def places_of(places: Sequence[PlaceInput], subject: Subject, crs: GivenCRS | None) -> list[Condition]:
    """Return places as conditions that must all hold; see `Query.where`."""
    from stcloud.paas.query.parse.places import PlaceContext, read_places  # noqa: PLC0415  (slow to import)

    context = PlaceContext(
        subject.layer.name, subject.configuration, subject.index, subject.features, subject.kind.indexed
    )
    return read_places(places, context, crs_text(crs))


def restated_at(at: Instant, subject: Subject) -> Restated:
    """Return that all events are located on the grid of one instant; see `Query.restated`."""
    subject.kind.require_indexed(subject.layer, "re-state units of")
    index = needed_index(subject.index, subject.layer.name)
    at_us = instant_us(at, subject.zone)
    return Restated(at_us, f"on grid '{index.grid.name}' as of {subject.zone.iso(at_us)}")


def time_of(
    times: Sequence[TimeSpan], recurring: Recurring, relation: str | None, subject: Subject,
    now: Instant | None,
) -> Condition:  # fmt: skip
    """Return times as a condition; see `Query.when`."""
    city = subject.configuration
    texts = tuple(span_text(time, city.zone) for time in times)
    if now is None and subject.clock is not None and any(map(is_relative, texts)):
        now = subject.clock() // SECOND_US * SECOND_US
    when = When.of(
        *texts, zone=city.zone, weekdays=recurring.weekdays, hours=recurring.hours, months=recurring.months,
        seasons=recurring.seasons, days=_days(recurring, city.calendar),
        southern=recurring.seasons is not None and is_southern(city.crs), now=now,
    )  # fmt: skip
    return timed(when, texts, relation, subject.layer)


def _days(recurring: Recurring, city: str | None) -> Days | None:
    """Return the days of a calendar, by default the city's; of its own with those that it has published."""
    calendar = recurring.calendar
    if recurring.days is not None and calendar is None:
        calendar = city
    days = Days.parse(recurring.days, calendar)
    if days is None or city is None or Calendar.parse(city).name != days.calendar.name:
        return days
    return replace(days, of_city=True)
