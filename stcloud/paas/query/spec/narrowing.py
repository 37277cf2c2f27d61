"""Arguments that narrow a query, read as conditions.

Tested by `tests/paas/query/test_when.py` and `tests/conformance/test_where.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stcloud.daas.load.memory_geometries import MemoryGeometries, is_in_memory, memory_geometries
from stcloud.errors import InvalidInput
from stcloud.paas.query.condition.period import timed
from stcloud.paas.query.condition.predicate import Predicate
from stcloud.paas.query.parse.places import PlaceContext, read_places
from stcloud.paas.query.parse.units import needed_index
from stcloud.paas.query.parse.where import PlaceInput
from stcloud.paas.query.plan.plan import Condition, Restated
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.subject import Subject
from stcloud.space import is_southern
from stcloud.time import Instant, When, instant_us

__all__ = ["Recurring", "filters_of", "joined_of", "places_of", "restated_at", "time_of"]


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
    filters: Sequence[str | Mapping[str, Any]], subject: Subject, crs: str | None
) -> list[Predicate]:
    """Return filters as conditions; see `Query.what`."""
    city = subject.configuration.crs
    return [Predicate.read(cql, subject.names, subject.zone, city=city, crs=crs) for cql in filters]


def joined_of(layer: str | Any, subject: Subject, crs: str | int | None) -> Features | MemoryGeometries:
    """Return a layer of features by its name, or geometries in memory; see `Query.join`."""
    if isinstance(layer, str):
        return subject.other(layer)
    if not is_in_memory(layer):
        raise InvalidInput(
            "unknown-join", f"a {type(layer).__name__} cannot be joined with",
            hint="name a layer of features, or give a GeoDataFrame, a table with geometry or GeoJSON features",
        )  # fmt: skip
    return memory_geometries(layer, f"EPSG:{crs}" if isinstance(crs, int) else crs)


def places_of(places: Sequence[PlaceInput], subject: Subject, crs: str | None) -> list[Condition]:
    """Return places as conditions that must all hold; see `Query.where`."""
    context = PlaceContext(
        subject.layer.name, subject.configuration, subject.index, subject.features, subject.kind.indexed
    )
    return read_places(places, context, crs)


def restated_at(at: Instant, subject: Subject) -> Restated:
    """Return that all events are located on the grid of one instant; see `Query.restated`."""
    subject.kind.require_indexed(subject.layer, "re-state units of")
    index = needed_index(subject.index, subject.layer.name)
    at_us = instant_us(at, subject.zone)
    return Restated(at_us, f"on grid '{index.grid.name}' as of {subject.zone.iso(at_us)}")


def time_of(
    times: Sequence[str], recurring: Recurring, relation: str | None, subject: Subject, now: Instant | None
) -> Condition:
    """Return times as a condition; see `Query.when`."""
    city = subject.configuration
    calendar = recurring.calendar
    if recurring.days is not None and calendar is None:
        calendar = city.calendar
    when = When.of(
        *times, zone=city.zone, weekdays=recurring.weekdays, hours=recurring.hours, months=recurring.months,
        seasons=recurring.seasons, days=recurring.days, calendar=calendar,
        southern=recurring.seasons is not None and is_southern(city.crs), now=now,
    )  # fmt: skip
    return timed(when, times, relation, subject.layer)
