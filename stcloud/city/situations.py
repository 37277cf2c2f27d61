"""Asking for a situation: what a caller states is read, logs are opened, and closed again.

Tested by `tests/city/test_situation.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stcloud.city.caselogs import case_log_names, degrees, open_case_log
from stcloud.city.casesituation import LogSituation
from stcloud.city.dispatch import PlaceTime
from stcloud.city.placelayers import LayerRoles
from stcloud.city.situation import Situation
from stcloud.city.situationreader import SituationReader
from stcloud.errors import InvalidInput, StorageError
from stcloud.paas.case.duplicate import Reach
from stcloud.paas.case.nearby import PlaceCircle
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.city.parts import CityParts
    from stcloud.iaas.clock import Clock

__all__ = ["SituationQuestion"]

_LENGTH = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(m|km)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SituationQuestion:
    """What is asked of a place; see `stcloud.City.situation` for each.

    Raises
    ------
    InvalidInput
        ``bad-limit``, ``bad-reach``.
    """

    point: Any
    at: Instant | None
    known_at: Instant | None
    radius_m: float | str
    days: float
    logs: str | Iterable[str] | None
    layers: Mapping[str, str | Iterable[str]] | None
    nearest: str | Iterable[str]
    limit: int

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidInput("bad-limit", f"a part has at least 1 record, not {self.limit}")
        Reach(days=self.days)

    def answer(self, city: City, parts: CityParts, clock: Clock) -> Situation:
        """Return the situation; see `stcloud.City.situation`."""
        configuration = city.configuration
        lon, lat = degrees(getattr(self.point, "coords", [self.point])[0], configuration.crs)
        circle = PlaceCircle(lon, lat, _metres(self.radius_m), configuration.crs)
        roles = LayerRoles.of(city, self.layers)
        known_us = None if self.known_at is None else instant_us(self.known_at, configuration.zone)
        now_us = clock()
        if known_us is not None and known_us > now_us:
            raise InvalidInput(
                "future-instant", f"what is known at {configuration.zone.iso(known_us)} is not known yet",
                hint="name an instant up to now",
            )  # fmt: skip
        seen_us = now_us if known_us is None else known_us
        at_us = seen_us if self.at is None else instant_us(self.at, configuration.zone)
        with ExitStack() as stack:
            logs, unread = [], []
            named = None if self.logs is None else _names(self.logs)
            for name in case_log_names(parts.folder) if named is None else named:
                try:
                    log = open_case_log(parts, configuration, name, clock)
                    stack.callback(log.records.close)
                    pinned_us = log.records.pin(seen_us)
                except StorageError as error:
                    unread.append(f"log {name}: {error.message}")
                    continue
                class_name = _naming(city, seen_us)
                logs.append(LogSituation(name, log, circle, at_us, pinned_us, configuration.zone, class_name))
            there = PlaceTime(lon, lat, at_us, seen_us)
            reader = SituationReader(
                city, roles, logs, circle, there, self.days, _names(self.nearest), self.limit, tuple(unread)
            )
            return reader.read(seen_us)


def _metres(length: float | str) -> float:
    """Return a length in metres; of a text its number, with m or km."""
    read = _LENGTH.fullmatch(length) if isinstance(length, str) else None
    try:
        return float(length) if read is None else float(read[1]) * (1000 if read[2] == "km" else 1)
    except (TypeError, ValueError):
        raise InvalidInput("bad-radius", f"{length!r} is no radius", hint="write 200m or 1.5km") from None


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _naming(city: City, known_us: int) -> Any:
    """Return what names classes in the city's language."""
    language = city.configuration.language or "en"
    table = city.classes.table(known_us)

    def name_of(kind: str | None, code: str) -> str | None:
        return table.name_of(kind, code, language=language)

    return name_of
