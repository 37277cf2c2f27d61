"""What a question about tracks is of: a layer of fixes, narrowed. Every method returns a new question.

Tested by `tests/city/test_tracks.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from stcloud.errors import InvalidInput
from stcloud.paas.movement.fixes import Fixes
from stcloud.paas.movement.fixreader import mover_of, read_fixes
from stcloud.paas.query.answer.pin import GivenKnown, Pin
from stcloud.paas.query.spec.query import Query
from stcloud.time import Instant, TimeSpan, Zone, instant_us

if TYPE_CHECKING:
    from stcloud.paas.query.parse.where import PlaceInput
    from stcloud.space import GivenCRS

__all__ = ["TrackQuestion"]


@dataclass(frozen=True, slots=True)
class TrackQuestion:
    """Which tracks of movers are asked for.

    Parameters
    ----------
    query
        When, as known when, and which fixes.
    names
        Names of movers; None: all.
    """

    query: Query
    names: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, query: Query) -> Self:
        """Return the question about a whole layer; `InvalidInput` ``no-mover``."""
        mover_of(query)
        return cls(query)

    def during(self, *times: TimeSpan, now: Instant | None = None) -> Self:
        """Keep fixes of any of the spans of time, as for `Query.when`: ``2024-03-01``, ``2024-03-01T10:00/..``."""
        return self.when(*times, now=now)

    def when(
        self, *times: TimeSpan, weekdays: str | Iterable[int] | None = None, hours: str | None = None,
        months: str | int | Iterable[int] | None = None, seasons: str | None = None, days: str | None = None,
        calendar: str | None = None, now: Instant | None = None,
    ) -> Self:  # fmt: skip
        """Keep fixes of any of the times, months, days and hours; arguments as for `Query.when`."""
        recurring = {"weekdays": weekdays, "hours": hours, "months": months, "seasons": seasons, "days": days}
        return replace(self, query=self.query.when(*times, **recurring, calendar=calendar, now=now))  # type: ignore[arg-type]

    def where(self, *places: PlaceInput, crs: GivenCRS | None = None) -> Self:
        """Keep fixes that lie in any of the places, as for `Query.where`; a mover has a track for each visit."""
        return replace(self, query=self.query.where(*places, crs=crs))

    def what(self, *filters: str | Mapping[str, Any], crs: GivenCRS | None = None) -> Self:
        """Keep fixes for which every filter is true, as for `Query.what`; each run of them is a track."""
        return replace(self, query=self.query.what(*filters, crs=crs))

    def movers(self, *names: Any) -> Self:
        """Keep tracks of these movers; an unknown one is refused when fixes are read.

        Raises `InvalidInput` ``asked-twice``.
        """
        if self.names is not None:
            raise InvalidInput("asked-twice", "movers were named twice", hint="name all of them in one call")
        return replace(self, names=names)

    def known_at(self, instant: GivenKnown) -> Self:
        """Use what was known at a recorded instant; as `Query.known_at`."""
        return replace(self, query=self.query.known_at(instant))

    def as_of(self, at: Instant | None = None, *, known_at: GivenKnown | None = None) -> Self:
        """Keep fixes until an instant, inclusive (None: all), as they were known at a recorded one (None: now)."""
        question = self if known_at is None else self.known_at(known_at)
        return question if at is None else question.when((None, instant_us(at, self.zone) + 1))

    def fixes(self) -> Fixes:
        """Return the fixes as arrays, track by track.

        Raises `NotFound` ``unknown-mover``, with the nearest names; what running a query raises.
        """
        return read_fixes(self.query, self.names)

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.query.subject.layer.name

    @property
    def zone(self) -> Zone:
        """The city's time zone."""
        return self.query.subject.zone

    @property
    def pin(self) -> Pin:
        """What answers are pinned at."""
        return self.query.inquiry().pin()

    def facts(self) -> dict[str, str]:
        """Return how the question is understood, by name."""
        named = {} if self.names is None else {"movers": ", ".join(map(str, self.names))}
        return self.query.facts() | named
