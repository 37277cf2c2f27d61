"""Series: a question about a layer of readings. Every method that narrows it returns a new one.

Tested by `tests/paas/series/test_seriesquery.py` and `tests/city/test_series.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stcloud.daas.definition.series import read_step
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin, known_us
from stcloud.paas.query.resolve.subject import Subject
from stcloud.paas.query.spec.query import Query
from stcloud.paas.series.gaps import gaps_of
from stcloud.paas.series.lateness import lateness_of
from stcloud.paas.series.placevalue import PlaceRule, PlaceValue, value_at
from stcloud.paas.series.reader import SeriesColumns, read_readings
from stcloud.paas.series.readings import Readings, table_of
from stcloud.paas.series.resampled import Resampled, read_every, read_methods, resampled, stated_completeness
from stcloud.paas.series.stationplaces import StationPlaces
from stcloud.paas.series.stations import Stations
from stcloud.paas.series.wantedtime import WantedTime
from stcloud.space import LONLAT, project
from stcloud.time import EARLIEST_US, LATEST_US, Instant, TimeSpan, Zone, instant_us

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from stcloud.paas.query.answer.pin import Known
    from stcloud.paas.query.parse.where import PlaceInput
    from stcloud.paas.query.resolve.features import Features
    from stcloud.paas.query.resolve.measured import ValueRequest
    from stcloud.paas.query.resolve.scope import Scope
    from stcloud.paas.series.eventvalues import StationValues
    from stcloud.space import GivenCRS

__all__ = ["SeriesQuery"]


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A question about readings of stations.

    With a ``city``::

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
    def of(cls, query: Query) -> SeriesQuery:
        """Return the question about a whole layer; `InvalidInput` ``not-series``."""
        SeriesColumns.of(query.subject.layer)
        return cls(query)

    def when(
        self, *times: TimeSpan, weekdays: str | Iterable[int] | None = None, hours: str | None = None,
        months: str | int | Iterable[int] | None = None, seasons: str | None = None, days: str | None = None,
        calendar: str | None = None, now: Instant | None = None,
    ) -> SeriesQuery:  # fmt: skip
        """Keep readings of any of the times, months, days and hours; arguments as for `Query.when`."""
        recurring = {"weekdays": weekdays, "hours": hours, "months": months, "seasons": seasons, "days": days}
        return replace(self, query=self.query.when(*times, **recurring, calendar=calendar, now=now))  # type: ignore[arg-type]

    def known_at(self, instant: Instant | Pin) -> SeriesQuery:
        """Use what was known at a recorded instant, of readings and stations; as `Query.known_at`."""
        return replace(self, query=self.query.known_at(instant))

    def at(self, *stations: str) -> SeriesQuery:
        """Keep readings of these stations, by key; an unknown one is refused when readings are read.

        Raises `InvalidInput` ``asked-twice``.
        """
        if self.stations is not None:
            raise InvalidInput(
                "asked-twice", "stations were named twice", hint="name all of them in one call"
            )
        return replace(self, stations=stations)

    def values(self, *names: str) -> SeriesQuery:
        """Keep these values; `NotFound` ``unknown-value``, with the nearest names; `InvalidInput` ``asked-twice``."""
        if self.named is not None:
            raise InvalidInput("asked-twice", "values were named twice", hint="name all of them in one call")
        SeriesColumns.of(self.query.subject.layer).named(names)
        return replace(self, named=names)

    def where(self, *places: PlaceInput, crs: GivenCRS | None = None) -> SeriesQuery:
        """Keep readings of stations that lay in any of the places at the time of the reading; as `Query.where`.

        Raises `InvalidInput` ``no-stations``: the definition names no layer of stations.
        """
        self._of_stations(places, crs)
        return replace(self, places=(*self.places, (places, crs)))

    def readings(self) -> Readings:
        """Return the readings as arrays.

        Raises `NotFound` ``unknown-station``, with the nearest keys; what running a query raises.
        """
        return self._readings(self._held())

    def _readings(self, held: Iterable[Stations]) -> Readings:
        """Return readings of stations while a version of each of some layers holds."""
        read = read_readings(self.query.inquiry(), self.columns, self.stations)
        for versions in held:
            read = read.taken(versions.hold(read.stations, read.station, read.time_us))
        return read

    def _held(self) -> list[Stations]:
        """Return for each place that was named the versions of stations that were in it."""
        questions = (self._of_stations(places, crs) for places, crs in self.places)
        return [Stations.of_rows(query.rows().table) for query in questions]

    def to_arrow(self) -> pa.Table:
        """Return a row for each reading: ``station``, ``time``, the values with ``VALUE_flag``, ``recorded``."""
        return table_of(self.readings(), self.zone)

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of `to_arrow` as a DataFrame."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_xarray(self) -> xr.Dataset:
        """Return readings as a dataset of CF conventions: dimensions ``station`` and ``time``, values with flags.

        What is not there is NaN with the flag 2. Stations have their place at the end of the time; those that were
        elsewhere before are named in ``moved_stations``. ``to_xarray().to_netcdf(path)`` writes a file.

        Raises `MissingExtra` ``xarray-needed``; `Unsupported` ``too-large``; and as `readings`.
        """
        from stcloud.paas.series.seriesdataset import dataset_of_readings  # noqa: PLC0415  (xarray need not be installed)

        read = self.readings()
        return dataset_of_readings(read, self.zone, self.facts(), self._places(read))

    def gaps(self) -> Answer:
        """Return the gaps: ``station``, ``value``, ``from``, ``to`` (exclusive), ``steps``. They are never filled.

        A step has a value if a reading with one lies in it. Without a time, gaps lie between the first and the last
        reading of a station; see `docs/explanation/series.md`. Raises `InvalidInput` ``no-step``; and as `readings`.
        """
        wanted, held = WantedTime.of(self.query.inquiry()), self._held()
        return self._answer(gaps_of(self._readings(held), wanted, self.zone, self.name, self.stations, held))

    def lateness(self) -> Answer:
        """Return how late readings became known: recorded minus valid time, hours.

        Columns are ``station``, ``readings``, ``min_h``, ``median_h``, ``p90_h``, ``max_h``.
        """
        return self._answer(lateness_of(self.readings()))

    def resample(
        self, every: str = "1d", methods: str | Iterable[str] = "mean", *, complete: str | None = None
    ) -> Resampled:
        """Compute one result for each station and bin of the city's clock.

        Parameters
        ----------
        every
            ``1h``, ``1d``, ``1W``, ``1M``, ``1Q``, ``1Y``, or several days, ``7d``.
        methods
            Of ``mean``, ``max``, ``min``, ``sum``, ``count``, ``median`` and percentiles such as ``p90``.
        complete
            ``18 of 24``: so many of the steps of a bin must have a good value, of longer or shorter bins as many in
            proportion; ``any``: one. None: as the definition says, else one.

        Returns
        -------
        Results, NaN where a bin is not complete, with counts, flags and the number of steps expected.

        Raises
        ------
        InvalidInput
            ``unknown-step``, ``unknown-method``, ``unreadable-completeness``, ``step-too-long``, ``too-many-bins``
        """
        bins, names = read_every(every), read_methods(methods)
        demand = stated_completeness(complete, self.columns.clause.completeness)
        read = self.readings()
        result = resampled(read, bins, names, demand, WantedTime.of(self.query.inquiry()), self.zone)
        return replace(result, facts=self.facts(), pin=self.pin, places=self._places(read))

    def value_at(
        self, place: Any, time: Instant, *, method: str = "nearest", within: str | None = None,
        max_distance_m: float = math.inf, power: float = 2.0,
    ) -> dict[str, PlaceValue]:  # fmt: skip
        """Return each value at a place and an instant, with the rule and the stations that it is made of.

        Parameters
        ----------
        place, time
            Longitude and latitude, degrees, or a point of shapely; the instant.
        method
            ``nearest``: of the nearest station as it was then; ``idw``: the mean of all stations that have a good
            value, weighted by ``1 / distance ** power``.
        within
            How far a reading may be in time, ``1h``; of two that are as near the earlier one counts. None: a step.
        max_distance_m, power
            How far a station may be, metres; the power of the weights.

        Raises
        ------
        InvalidInput
            ``no-stations``, ``unknown-method``, ``invalid-distance``, ``invalid-power``, ``no-tolerance``,
            ``bad-place``
        """
        rule = PlaceRule(method, self.tolerance_us(within), max_distance_m, power)
        at_us = instant_us(time, self.zone)
        x, y = _metres(place, self.query.subject.configuration.crs)
        near = replace(self, query=self.query.when((at_us - rule.within_us, at_us + rule.within_us + 1)))
        stations = self.measuring_stations()
        return dict(value_at(near.readings(), stations, at_us, x, y, rule, self.zone))

    def for_events(self, request: ValueRequest, scope: Scope, known: Known) -> StationValues:
        """Return what was measured near the events of a scope, as it was known; see `Query.join`.

        Raises
        ------
        InvalidInput
            ``no-value``: no value is named; ``series-how``: stations are joined by ``nearest`` alone; ``no-period``.
        """
        from stcloud.paas.series.eventvalues import StationValues, nearest_of  # noqa: PLC0415

        how = nearest_of(request)
        wanted = replace(self.values(*request.names), query=replace(self.query, known=known))
        within_us = wanted.tolerance_us(request.within)
        early_us = max(scope.start_us - within_us, EARLIEST_US)
        late_us = max(min(scope.end_us + within_us + 1, LATEST_US - 1), early_us + 1)
        near = replace(wanted, query=wanted.query.when((early_us, late_us)))
        stations = wanted.measuring_stations().index()
        return StationValues(self.name, near.readings(), stations, how, within_us, wanted.pin)

    def measuring_stations(self) -> Stations:
        """Return the stations that may give a value: those that are named, else those that have a reading."""
        stations = Stations.of(self.station_layer, self.query.known)
        column = self.columns.station
        named = self.stations or self.query.count(by=[column]).to_arrow()[column].drop_null().to_pylist()
        return stations.taken(np.isin(stations.keys.astype(str), [str(name) for name in named]))

    def tolerance_us(self, within: str | None) -> int:
        """Return how far a reading may be in time, microseconds; None: a step.

        Raises `InvalidInput` ``no-tolerance``: it cannot be read, or neither it nor a step is stated.
        """
        step_us = self.columns.clause.step_us
        try:
            stated = step_us if within is None else read_step(within)
        except ValueError as error:
            raise InvalidInput("no-tolerance", str(error)) from error
        if stated is None:
            raise InvalidInput(
                "no-tolerance", f"the definition of '{self.name}' states no step, so no reading is near in time",
                hint="state how near it must be: within=\"1h\"", in_shell="state how near it must be: --within 1h",
            )  # fmt: skip
        return stated

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
        """What the answers are pinned at: readings, and stations where there is a layer of them."""
        pin = self.query.inquiry().pin()
        layer = self._known_stations()
        if layer is None:
            return pin
        return pin.joined(Pin.of({layer.name: known_us(layer, self.query.known)}, {}))

    def facts(self) -> dict[str, str]:
        """Return how the question is understood, by name."""
        facts = self.query.facts()
        facts |= {"stations": ", ".join(self.stations)} if self.stations is not None else {}
        places = [" or ".join(map(str, several)) for several, _ in self.places]
        return facts | ({"where": " and ".join(places)} if places else {})

    def _answer(self, table: pa.Table) -> Answer:
        lattice = self.query.subject.configuration.lattice
        return Answer(table, lattice, self.facts(), pin=self.pin)

    def _known_stations(self) -> Features | None:
        """Return the layer of stations; None: there is none."""
        if self.columns.clause.stations is None:
            return None
        try:
            return self.station_layer
        except NotFound:
            return None

    def _places(self, read: Readings) -> StationPlaces | None:
        layer = self._known_stations()
        if layer is None or not len(read):
            return None
        versions = Stations.of(layer, self.query.known)
        span_us = int(read.time_us.min()), int(read.time_us.max())
        return StationPlaces.of(read.stations, versions, span_us, self.query.subject.configuration.crs)

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
        try:
            return self.query.subject.other(name)
        except NotFound as error:
            error.append(f"the definition of '{layer.name}' says that its stations are there")
            raise

    def _of_stations(self, places: Sequence[PlaceInput], crs: GivenCRS | None) -> Query:
        """Return the question about stations that were in places at any time."""
        mine = self.query.subject
        about = (mine.configuration, mine.engine, None, mine.features, mine.clock, None, mine.calendar)
        subject = Subject(self.station_layer, *about)
        return Query(subject, subject.kind.always(), self.query.known).where(*places, crs=crs)


def _metres(place: Any, crs: str) -> tuple[float, float]:
    """Return a place in the city's CRS; `InvalidInput` ``bad-place``."""
    given = getattr(place, "coords", [place])[0]
    parts = given.split(",") if isinstance(given, str) else given
    try:
        lon, lat = (float(part) for part in parts)
    except (TypeError, ValueError):
        lon, lat = math.nan, math.nan
    x, y = project(lon, lat, LONLAT, crs)
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InvalidInput(
            "bad-place", f"{place!r} is no place near the city",
            hint="give longitude and latitude, e.g. (116.4, 39.9)",
            in_shell="give longitude and latitude, e.g. 116.4,39.9",
        )  # fmt: skip
    return float(x), float(y)
