"""The question: immutable, chainable, lazy. Rows appear only where it says ``to_…``, ``count`` or ``rows``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer import Answer
from stcloud.paas.query.condition.period import as_of, timed
from stcloud.paas.query.explain import Explanation, explain
from stcloud.paas.query.inquiry import Inquiry
from stcloud.paas.query.join.how import read_how
from stcloud.paas.query.joining import Joining, joining_of
from stcloud.paas.query.label import is_of_features, refuse_features
from stcloud.paas.query.measure.measuring import Selection, measured, read_summary
from stcloud.paas.query.measure.sequencing import sequenced
from stcloud.paas.query.paging import checked_limit, paged, rows_of
from stcloud.paas.query.pin import Pin, read_known
from stcloud.paas.query.place.reading import PlaceContext, read_places
from stcloud.paas.query.place.units import needed_index
from stcloud.paas.query.place.where import Asked
from stcloud.paas.query.plan import Condition, Plan, Restated, Rows
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.subject import Subject
from stcloud.paas.query.why import Reason, why
from stcloud.space import is_southern
from stcloud.time import Instant, When, instant_us

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = ["Query"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question about one layer. Every method that narrows it returns a new one.

    Conditions of several calls must all hold; several values in one call are alternatives. With an open ``city``::

        city.query("requests").what("status = 'open'").when("2024-03", hours="07:00-10:00").count(by=["week"])
    """

    subject: Subject
    conditions: tuple[Condition, ...] = ()
    known: int | Pin | None = None

    def what(self, *filters: str | Mapping[str, Any], crs: str | None = None) -> Query:
        """Keep rows that fulfil every CQL2 filter (text or JSON), e.g. ``"category = 'pothole'"``.

        Parameters
        ----------
        filters
            They may name the layer's columns, and ``geometry``, ``time``, ``key`` and, of events that last,
            ``period``: see `docs/reference/filters.md`.
        crs
            CRS of geometry written in them; default: longitude and latitude.

        Raises
        ------
        InvalidInput, NotFound, Unsupported
            See `Predicate.read`: wrong types, unknown columns (with the nearest), operators not known here.
        """
        subject, city = self.subject, self.subject.configuration.crs
        return self._with(
            Predicate.read(one, subject.names, subject.zone, city=city, crs=crs) for one in filters
        )

    def where(self, *places: Asked, crs: str | None = None) -> Query:
        """Keep rows that lie in any of the places.

        Parameters
        ----------
        places
            ``"bbox:W,S,E,N"`` (degrees), ``"wkt:…"``, ``"cell:ID"``, a cell id, shapely or GeoJSON polygons,
            `Area`, GeoDataFrames; ``"unit:PREFIX"``, the beginning of codes of the unit grid; ``"duty:LAYER:ID"``,
            the cells that a duty grid had at the event's own time; ``"LAYER:ID"``, a feature as it was at the event's
            own time, or with ``@T`` at an instant; ``"near:LON,LAT:200m"``, ``"near:LAYER:ID:50m"``,
            ``"near:LAYER:50m"``. Texts join them by ``and``, ``or``, ``not`` and parentheses.
        crs
            CRS of polygons and WKT; default: longitude and latitude.

        Notes
        -----
        A point on the edge of an area is inside, and a distance inclusive; cells alone are half-open. Rows without a
        place are nowhere: neither in a place nor outside of one. Features are as `known_at` says.
        """
        subject, features = self.subject, is_of_features(self.subject.layer)
        context = PlaceContext(
            subject.layer.name, subject.configuration, subject.index, subject.features, features
        )
        return self._with(read_places(places, context, crs))

    def restated(self, at: Instant) -> Query:
        """Ask for units as the grid was at one instant, whenever events were: for trends across a change of the grid.

        Without it an event lies in the cell that was there at the event's own time. The answer's facts say which was
        used.
        """
        refuse_features(self.subject.layer, "re-state units of")
        if any(isinstance(one, Restated) for one in self.conditions):
            raise InvalidInput("asked-twice", "one fixed version of the grid was asked for twice")
        index = needed_index(self.subject.index, self.subject.layer.name)
        at_us = instant_us(at, self.subject.zone)
        said = f"on grid '{index.grid.name}' as of {self.subject.zone.iso(at_us)}"
        return self._with([Restated(at_us, said)])

    def when(
        self,
        *times: str,
        weekdays: str | Iterable[int] | None = None,
        hours: str | None = None,
        months: str | int | Iterable[int] | None = None,
        seasons: str | None = None,
        days: str | None = None,
        calendar: str | None = None,
        relation: str | None = None,
        now: Instant | None = None,
    ) -> Query:
        """Keep events that start in any of the times, in these months, on these days, at these hours.

        Features, and events that last if a ``relation`` is asked for, are kept where their period lies so to any of
        the times.

        Parameters
        ----------
        times
            ``2024-03``, ``2024-W12``, ``2024-03-05T07:00/2024-03-05T09:00``, ``2024/..``; half-open. Or by ``now``:
            ``today``, ``this month``, ``last week``, ``last 7 days``, ``previous 3 months``.
        weekdays, hours
            ``"mon-fri"``, or numbers from 1 = Monday; ``"07:00-10:00"``, may run over midnight; several by comma.
        months, seasons
            ``"jun-aug"``, ``"12-2"``, or numbers; ``"winter"``: three whole months, as in the city's hemisphere.
        days, calendar
            ``"working"`` or ``"free"`` days (weekends and public holidays, but for weekends that are worked) of a
            country: ``"CN"``, ``"US-NY"``; default: the city's calendar.
        relation
            ``intersects`` (of features the default), ``disjoint``, or one of Allen's: ``before``, ``after``,
            ``meets``, ``met-by``, ``overlaps``, ``overlapped-by``, ``starts``, ``started-by``, ``during``,
            ``contains``, ``finishes``, ``finished-by``, ``equals``: how the period lies to the time.
        now
            What time it is; only relative times need it.

        Raises
        ------
        InvalidInput
            ``unknown-relation``; ``no-period``: of events that have no end, or with days or hours; times that cannot
            be read.
        """
        city = self.subject.configuration
        calendar = city.calendar if days is not None and calendar is None else calendar
        asked = When.of(
            *times, zone=city.zone, weekdays=weekdays, hours=hours, months=months, seasons=seasons, days=days,
            calendar=calendar, southern=seasons is not None and is_southern(city.crs), now=now,
        )  # fmt: skip
        return self._with([timed(asked, times, relation, self.subject.layer)])

    def as_of(self, at: Instant) -> Query:
        """Keep features that were there at an instant of valid time; of events `InvalidInput` ``not-features``."""
        return self._with([as_of(at, self.subject.layer, self.subject.zone)])

    def known_at(self, instant: Instant | Pin) -> Query:
        """Answer as it was known then: text in the city's zone, UTC microseconds, or an aware datetime.

        Beyond the newest load it means that load; the answer's facts say which instant was used. The ``pin`` of an
        answer, or its text, names an instant for each layer: with it the same query has the same answer for ever.
        Refused: `InvalidInput` ``asked-twice``, ``unreadable-pin``; when it is answered ``layer-not-pinned``.
        """
        if self.known is not None:
            raise InvalidInput("asked-twice", "known_at was asked twice")
        return replace(self, known=read_known(instant, self.subject.zone))

    def rows(
        self, limit: int | None = None, *, order: Sequence[str] = (), after: str | None = None
    ) -> Answer:
        """Return rows in order of time, then key, or as ``order`` says.

        Parameters
        ----------
        limit
            At most so many; the answer's ``next`` then leads to the next page.
        order
            Columns, ``-`` before one for the greatest first; null last; rows alike in them come by time, then key.
        after
            The ``next`` of the page before, of the same question: answered as of the same recorded instant.

        Raises
        ------
        InvalidInput
            ``bad-limit``, ``unknown-order``, ``repeated-order``, ``unreadable-cursor``, ``other-question``
        """
        return paged(self.inquiry(), limit, order, after)

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Stream rows in order of time, then key, so that memory stays flat."""
        return self.inquiry().rows(Rows(checked_limit(limit)))

    def join(
        self,
        layer: str,
        how: str = "within",
        *,
        at: Instant | None = None,
        known_at: Instant | Pin | None = None,
        inner: bool = False,
    ) -> Answer:
        """Return each event with the features of a layer that were its partners at the event's own time.

        Parameters
        ----------
        layer
            A layer of features of the same city.
        how
            ``"within"`` (on a shared border or an overlap the smallest key), ``"intersects"`` (all of them),
            ``"within 20 m"``, ``"nearest"``, ``"nearest 2 within 200 m"``.
        at
            Take the features as they were then, whenever events were; None: at each event's own time.
        known_at
            Features as they were known then; None: as they are known now. Events are as `known_at` says.
        inner
            Leave out events without a partner.

        Returns
        -------
        The events' columns, then ``LAYER_key``, ``LAYER_valid_from``, ``LAYER_valid_to`` (null: no end is known),
        ``LAYER_distance_m`` where there is one, and the features' columns as ``LAYER_NAME``. Several partners give
        several rows; an event without one has nulls.

        Raises
        ------
        InvalidInput
            ``unknown-how`` and what is said there; ``not-features``; ``repeated-column``.
        NotFound
            ``unknown-layer``
        """
        return self.joining(layer, how, at=at, known_at=known_at, inner=inner).answer()

    def join_batches(self, layer: str, how: str = "within", **more: Any) -> pa.RecordBatchReader:
        """Stream what `join` returns, so that memory stays flat; ``more`` is as there."""
        return self.joining(layer, how, **more).reader()

    def joining(self, layer: str, how: str = "within", **more: Any) -> Joining:
        """Return a join that is asked, and not yet answered, with its facts; ``more`` is as for `join`."""
        refuse_features(self.subject.layer, "join")
        return joining_of(self.inquiry(), self.subject.other(layer), read_how(how), **more)

    def count(self, by: Sequence[str] = ()) -> Answer:
        """Count rows by group: `measure` of ``count``."""
        return self.measure(by=by)

    def top(self, n: int, by: Sequence[str]) -> Answer:
        """Return the ``n`` groups with the most rows; of those with as many, the first."""
        return self.measure(by=by, order=["-count"], limit=n)

    def measure(
        self,
        *measures: str,
        by: Sequence[str] = (),
        until: Instant | None = None,
        having: str | None = None,
        order: Sequence[str] = (),
        limit: int | None = None,
        after: str | None = None,
        rated_at: Instant | None = None,
        compare: str | Query | None = None,
    ) -> Answer:
        """Tell measures of rows by group.

        Parameters
        ----------
        measures
            ``count`` (the default), ``count(X)`` where X is not null, ``distinct(X)``, ``sum(X)``, ``mean(X)``,
            ``min(X)``, ``max(X)``, ``median(X)``, ``quantile(X, 0.9)``, ``p90(X)``: X is a column, arithmetic of
            numbers, or a duration as ``closed - opened``, in hours, or ``days(closed - opened)``.
            ``name = …`` before it names the field. ``per_km2`` of the groups' area, or of the place's where no
            group has one; ``per_1000(LAYER.COLUMN)``, by ``in:LAYER``: per 1,000 of what a column of numbers counts.
        by
            ``cell:100m`` (any level), ``hour``, ``day``, ``week``, ``month``, ``quarter``, ``year``, ``weekday``,
            ``hour-of-day``, or columns; of events indexed on a grid ``unit``, ``community``, ``street``,
            ``district``, and ``duty:LAYER``, where an event counts for every duty grid that had its cell then;
            ``in:LAYER`` or ``in:LAYER.COLUMN``: the feature that held the event at its own time, by key or column.
        until
            Durations that have not ended by this instant count until it, and the field ``open`` tells how many;
            None: what has no end has no duration.
        having
            CQL2 over the answer's fields: groups of which it is true.
        order
            Fields, ``-`` before one for the greatest first; null last; alike groups ascending.
        limit, after
            As for `rows`.
        rated_at
            Rates are of areas and inhabitants as they were then; None: at the last instant of the time asked for.
        compare
            ``previous`` or ``year``: the period before, or the same a year earlier, its bins beside those of this one
            by their place in the period; or another question, such as of another place. Adds ``NAME_before`` (of a
            question ``NAME_other``), ``NAME_change`` and ``NAME_change_pct``.

        Returns
        -------
        One record a group, ascending, null last: a field per group, then one per measure. Nulls are left out of
        measures; of nothing a count is 0, all else null. A quantile lies between two values in proportion.

        Raises
        ------
        InvalidInput
            ``unreadable-measure``, ``unknown-measure``, ``wrong-type``, ``unknown-group``, ``repeated-group``, and as
            `rows`
        NotFound
            ``unknown-column``
        """
        other = compare.inquiry() if isinstance(compare, Query) else compare
        wanted = Selection(having, tuple(order), checked_limit(limit), after, rated_at, other)
        return measured(self.inquiry(), measures, by, until, wanted)

    def timeline(
        self, *measures: str, by: Sequence[str] = (), during: str | None = None, end: str | None = None
    ) -> Answer:
        """Tell measures at every instant: how many there were, how much, since when and until when.

        Parameters
        ----------
        measures
            ``count`` (the default), ``count(X)``, ``sum(X)``, ``mean(X)``, as for `measure`.
        by
            Columns, cells, and of indexed events units.
        during
            A time as for `when`: one span; None: all time.
        end
            Of events, the column of instants at which they ended, as ``closed_at``; None: as their definition says.
            What has no end is still there.

        Returns
        -------
        Groups, ``from``, ``to`` (exclusive; null: no end is known), measures: a record for each piece of time in
        which nothing changed, by group, then time. At its ends something does, or ``during`` begins or ends.
        """
        asked = self.inquiry()
        goal = read_summary(asked, measures, by, None)
        table = sequenced(asked, goal, during, end)
        facts = asked.facts() | {"during": during or "all time"}
        return Answer(table, self.subject.configuration.lattice, facts, pin=asked.pin(goal.by))

    def to_arrow(self) -> pa.Table:
        """Return rows as an Arrow table."""
        return self.rows().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return rows as a DataFrame."""
        return self.rows().to_pandas()

    def to_geopandas(self, crs: str | None = None) -> geopandas.GeoDataFrame:
        """Return rows as points in the city's CRS, or in ``crs``."""
        return self.rows().to_geopandas(crs)

    def plan(
        self,
        by: Sequence[str] | None = None,
        *measures: str,
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> Plan:
        """Return what is wanted, as for `explain`: it prints, compares, and `write_plan` writes it as JSON."""
        asked = self.inquiry()
        if by is None:
            return asked.plan(rows_of(asked, limit, order))
        return asked.plan(read_summary(asked, measures, by, None))

    def explain(
        self, by: Sequence[str] | None = None, *measures: str, order: Sequence[str] = (), limit: int | None = None,
        having: str | None = None,
    ) -> Explanation:  # fmt: skip
        """Say what would be done and read, by logs and footers: no row is read.

        ``by``, ``measures``, ``order``, ``limit`` and ``having`` are as for `measure`; ``by`` None explains `rows`.
        """
        asked = self.inquiry()
        if by is None:
            return explain(asked, rows_of(asked, limit, order))
        chosen = Selection(having, tuple(order), checked_limit(limit))
        return explain(asked, read_summary(asked, measures, by, None), chosen.steps)

    def why(self, key: str) -> Reason:
        """Say why a row is in the answer, or is not: the load that told it, its cell, each condition by itself."""
        return why(self.inquiry(), key)

    def facts(self) -> dict[str, str]:
        """Say what was understood; reads what is named of other layers."""
        return self.inquiry().resolved().facts()

    def _with(self, conditions: Iterable[Condition]) -> Query:
        return replace(self, conditions=(*self.conditions, *conditions))

    def inquiry(self) -> Inquiry:
        """Return the question as it is put to an engine."""
        return Inquiry.of(self.subject, self.conditions, self.known)
