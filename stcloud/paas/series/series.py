"""Series: a question about a layer of readings. Every method that narrows it returns a new one.

Tested by `tests/paas/series/test_series.py` and `tests/city/test_series.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.resolve.subject import Subject
from stcloud.paas.query.spec.query import Query
from stcloud.paas.series.reader import SeriesColumns, read_readings
from stcloud.paas.series.readings import Readings
from stcloud.paas.series.stations import Stations
from stcloud.time import Instant, TimeSpan

if TYPE_CHECKING:
    from stcloud.paas.query.parse.where import PlaceInput
    from stcloud.paas.query.resolve.features import Features
    from stcloud.space import GivenCRS

__all__ = ["Series"]


@dataclass(frozen=True, slots=True)
class Series:
    """A question about readings of stations. With a ``city``::

        city.series("air").when("2016-12").at("Dongsi").values("PM2.5").resample("1d", "mean").to_pandas()

    Parameters
    ----------
    query
        When, and as known when.
    stations
        Keys of stations; None: all.
    named
        Names of values; None: all.
    places
        Places, with their CRS, in each of which the station of a reading lay at the reading's time.
    """

    query: Query
    stations: tuple[str, ...] | None = None
    named: tuple[str, ...] | None = None
    places: tuple[tuple[tuple[PlaceInput, ...], GivenCRS | None], ...] = ()

    @classmethod
    def of(cls, query: Query) -> Series:
        """Return the question about a whole layer; `InvalidInput` ``not-series``."""
        SeriesColumns.of(query.subject.layer)
        return cls(query)

    def when(
        self, *times: TimeSpan, weekdays: str | Iterable[int] | None = None, hours: str | None = None,
        months: str | int | Iterable[int] | None = None, seasons: str | None = None, days: str | None = None,
        calendar: str | None = None, now: Instant | None = None,
    ) -> Series:  # fmt: skip
        """Keep readings of any of the times, months, days and hours; arguments as for `Query.when`."""
        recurring = {"weekdays": weekdays, "hours": hours, "months": months, "seasons": seasons, "days": days}
        return replace(self, query=self.query.when(*times, **recurring, calendar=calendar, now=now))  # type: ignore[arg-type]

    def known_at(self, instant: Instant | Pin) -> Series:
        """Use what was known at a recorded instant, of readings and stations; as `Query.known_at`."""
        return replace(self, query=self.query.known_at(instant))

    def at(self, *stations: str) -> Series:
        """Keep readings of these stations, by key; an unknown one is refused when readings are read.

        Raises `InvalidInput` ``asked-twice``.
        """
        if self.stations is not None:
            raise InvalidInput(
                "asked-twice", "stations were named twice", hint="name all of them in one call"
            )
        return replace(self, stations=stations)

    def values(self, *names: str) -> Series:
        """Keep these values; `NotFound` ``unknown-value``, with the nearest names; `InvalidInput` ``asked-twice``."""
        if self.named is not None:
            raise InvalidInput("asked-twice", "values were named twice", hint="name all of them in one call")
        SeriesColumns.of(self.query.subject.layer).named(names)
        return replace(self, named=names)

    def where(self, *places: PlaceInput, crs: GivenCRS | None = None) -> Series:
        """Keep readings of stations that lay in any of the places at the time of the reading; as `Query.where`.

        Raises `InvalidInput` ``no-stations``: the definition names no layer of stations.
        """
        self._of_stations(places, crs)
        return replace(self, places=(*self.places, (places, crs)))

    def readings(self) -> Readings:
        """Return the readings as arrays.

        Raises `NotFound` ``unknown-station``, with the nearest keys; what running a query raises.
        """
        read = read_readings(self.query.inquiry(), self.columns, self.stations)
        for places, crs in self.places:
            rows = self._of_stations(places, crs).rows().table
            read = read.taken(Stations.of_rows(rows).hold(read.stations, read.station, read.time_us))
        return read

    @property
    def columns(self) -> SeriesColumns:
        """Where the layer keeps what is wanted of it."""
        columns = SeriesColumns.of(self.query.subject.layer)
        return columns if self.named is None else columns.named(self.named)

    @property
    def station_layer(self) -> Features:
        """The layer of stations; `InvalidInput` ``no-stations``, `NotFound` ``unknown-layer``."""
        layer = self.query.subject.layer
        name = self.columns.clause.stations
        if name is None:
            raise InvalidInput(
                "no-stations", f"the definition of '{layer.name}' names no layer of stations, which have the places",
                hint=f"load the stations into a layer, and name it: stations = \"...\" in layers/{layer.name}.toml",
            )  # fmt: skip
        return self.query.subject.other(name)

    def _of_stations(self, places: Sequence[PlaceInput], crs: GivenCRS | None) -> Query:
        """Return the question about stations that were in places at any time."""
        mine = self.query.subject
        about = (mine.configuration, mine.engine, None, mine.features, mine.clock, None, mine.calendar)
        subject = Subject(self.station_layer, *about)
        return Query(subject, subject.kind.always(), self.query.known).where(*places, crs=crs)
