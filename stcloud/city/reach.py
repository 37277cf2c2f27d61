"""Reach in a city: questions about its layers, each as it was at one instant and as it was known.

Tested by `tests/city/test_reach.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from stcloud.errors import InvalidInput
from stcloud.iaas.store.folder import read_text
from stcloud.paas.reach.reachquestion import ReachQuestion
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.reach.walkrules import GivenMetres, WalkRules
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.iaas.clock import Clock
    from stcloud.paas.query import Query
    from stcloud.paas.query.answer.pin import GivenKnown
    from stcloud.paas.reach.reachanswer import ServiceReach

__all__ = ["GivenSpeeds", "ReachKeywords", "reach_of", "read_speeds"]

GivenSpeeds: TypeAlias = "SpeedTable | Mapping[str, Any] | str | os.PathLike[str]"
"""Speeds by class: their keys and values, or their TOML or CSV file."""


class ReachKeywords(TypedDict, total=False):
    """How far people walk, who they are, and when.

    ``minutes`` (15) and ``speed`` (1.2 m/s): the longest walk, and its speed; ``speeds``: a table of speeds by class;
    ``snap`` (100 m): how far a place may be from its street. ``crossings``: whether lines are joined where they
    cross; ``level``: a column of levels of streets; ``barriers``: layers that no walk passes. ``what``: filters of
    services. ``people``: ``LAYER`` or ``LAYER:COLUMN``, who wants a service and how much each counts; ``by``:
    ``in:LAYER``, ``in:LAYER.COLUMN`` or a column of theirs. ``at``: an instant of valid time, None: now;
    ``known_at``: a recorded instant or a pin, None: what is known now.
    """

    minutes: float
    speed: float
    speeds: GivenSpeeds | None
    snap: GivenMetres
    crossings: bool
    level: str | None
    barriers: str | Iterable[str]
    what: str | Iterable[str]
    people: str | None
    by: str | None
    at: Instant | None
    known_at: GivenKnown | None


_KNOWN = frozenset(ReachKeywords.__annotations__)


def reach_of(city: City, streets: str, services: str, options: ReachKeywords, clock: Clock) -> ServiceReach:
    """Answer who reaches a service; see `City.reach`."""
    if strange := sorted(set(options) - _KNOWN):
        raise TypeError(f"reach() got an unexpected keyword argument '{strange[0]}'")
    speeds = options.get("speeds")
    rules = WalkRules.of(
        options.get("minutes", 15.0), options.get("speed", 1.2),
        table=None if speeds is None else read_speeds(speeds),
        snap=options.get("snap", 100.0), crossings=options.get("crossings", False), level=options.get("level"),
    )  # fmt: skip
    at = options.get("at")
    at_us = clock() if at is None else instant_us(at, city.configuration.zone)

    def question(layer: str) -> Query:
        query, known_at = city.query(city.features(layer).name).as_of(at_us), options.get("known_at")
        return query if known_at is None else query.known_at(known_at)

    people, weight = _people(options.get("people"))
    filters = _several(options.get("what", ()))
    wanted = question(services).what(*filters) if filters else question(services)
    return ReachQuestion(
        question(streets), wanted, None if people is None else question(people),
        tuple(question(layer) for layer in _several(options.get("barriers", ()))), weight, options.get("by"), rules,
        at_us,
    ).answer()  # fmt: skip


def read_speeds(speeds: GivenSpeeds) -> SpeedTable:
    """Return a table of speeds; errors are those of `SpeedTable`, and of a file; a file named .csv is CSV."""
    if isinstance(speeds, SpeedTable):
        return speeds
    if isinstance(speeds, Mapping):
        return SpeedTable.from_document(speeds, name="speeds")
    path = Path(speeds)
    read = SpeedTable.from_csv if path.suffix.lower() == ".csv" else SpeedTable.from_toml
    return read(read_text(path), name=path.name)


def _people(people: str | None) -> tuple[str | None, str | None]:
    """Return a layer and a column, of ``LAYER:COLUMN``."""
    if people is None:
        return None, None
    layer, colon, column = people.partition(":")
    if not layer or (colon and not column):
        raise InvalidInput(
            "unreadable-people", f"'{people}' does not name a layer and its column",
            hint="write LAYER:COLUMN, or LAYER alone: each counts as 1",
        )  # fmt: skip
    return layer, column or None


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
