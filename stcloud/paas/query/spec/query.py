"""Queries: immutable, chainable, lazy. Tested by `tests/conformance/test_engines.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.pin import GivenKnown, OriginInstant, Pin, read_known
from stcloud.paas.query.condition.period import as_of
from stcloud.paas.query.plan.plan import Condition, Plan, Restated, Rows
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.paging import checked_limit, paged
from stcloud.paas.query.spec import below, narrowing
from stcloud.paas.query.spec.linkedviews import LinkedQuery
from stcloud.time import Instant, TimeSpan, span_text

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.query.answer.answer import Answer
    from stcloud.paas.query.explain import Explanation
    from stcloud.paas.query.parse.where import PlaceInput
    from stcloud.paas.query.resolve.subject import Subject
    from stcloud.paas.query.run.cubing import Partial
    from stcloud.paas.query.run.joining import Joining
    from stcloud.paas.query.run.valuing import Valuing
    from stcloud.paas.query.run.why import Reason
    from stcloud.paas.query.spec.joined import JoinKeywords
    from stcloud.space import GivenCRS

__all__ = ["Query"]


@dataclass(frozen=True, slots=True)
class Query(LinkedQuery):
    """A question about one layer. Every method that narrows it returns a new one.

    The conditions of several calls must all hold; several values in one call are alternatives:
    ``city.query("requests").what("status = 'open'").when("2024-03", hours="07:00-10:00").count(by=["week"])``.
    """

    subject: Subject
    conditions: tuple[Condition, ...] = ()
    known: int | Pin | OriginInstant | None = None

    def __repr__(self) -> str:
        return "\n  ".join(below.query_lines(self))

    def _repr_html_(self) -> str:
        return below.query_html(self)

    def what(self, *filters: str | Mapping[str, Any], crs: GivenCRS | None = None) -> Query:
        """Keep rows for which every CQL2 filter (text or JSON) is true, e.g. ``"category = 'pothole'"``.

        Parameters
        ----------
        filters
            Filters over the layer's columns, ``geometry``, ``time``, ``key`` and, for features and events with an
            end, ``period``; see `docs/reference/filters.md`.
        crs
            CRS of geometry in the filters; default: longitude and latitude.

        Raises
        ------
        InvalidInput, NotFound, Unsupported
            Wrong types; unknown columns, with the nearest names; operators that are not supported.
        """
        return self._with(narrowing.filters_of(filters, self.subject, crs))

    def where(self, *places: PlaceInput, crs: GivenCRS | None = None) -> Query:
        """Keep rows that lie in any of the places.

        Parameters
        ----------
        places
            ``"bbox:W,S,E,N"``, ``(w, s, e, n)``, ``"wkt:…"``, ``"cell:ID"``, a cell id, polygons of shapely, GeoJSON,
            `Area`, frames and tables; ``"unit:PREFIX"``, cells of the unit grid whose codes begin with it;
            ``"duty:LAYER:ID"``, the cells of a duty grid at the event's own time; ``"LAYER:ID"``, a feature as it was
            at the event's own time, or with ``@T`` at an instant; ``"near:LON,LAT:200m"``, ``"near:LAYER:ID:50m"``,
            ``"near:LAYER:50m"``. A text may combine places with ``and``, ``or``, ``not`` and parentheses.
        crs
            CRS of tuples, polygons and WKT (default: longitude and latitude), and of frames that have none.

        Notes
        -----
        Areas are closed: a point on the edge is inside. Distances are inclusive. Only cells are half-open. Rows
        without a place match neither a place nor its negation. Features are taken as known at `known_at`.
        """
        return self._with(narrowing.places_of(places, self.subject, crs))

    def restated(self, at: Instant) -> Query:
        """Use the unit grid of one instant for all events, for trends across a change of the grid.

        Default: the cell that was valid at the event's own time. The answer's facts name the grid that was used.
        """
        if any(isinstance(condition, Restated) for condition in self.conditions):
            raise InvalidInput("asked-twice", "one fixed version of the grid was asked for twice")
        return self._with([narrowing.restated_at(at, self.subject)])

    def when(
        self, *times: TimeSpan, weekdays: str | Iterable[int] | None = None, hours: str | None = None,
        months: str | int | Iterable[int] | None = None, seasons: str | None = None, days: str | None = None,
        calendar: str | None = None, relation: str | None = None, now: Instant | None = None,
    ) -> Query:  # fmt: skip
        """Keep events that start in any of the times, months, days and hours.

        Features, and with a ``relation`` events with an end, are kept if their period has the relation to any time.

        Parameters
        ----------
        times
            Half-open spans: ``2024-03``, ``2024-W12``, ``2024-03-05T07:00/2024-03-05T09:00``, ``2024/..``; a ``date``
            (the day); a pair of instants, None for an open end. Relative to ``now``: ``today``, ``last week``, ``last
            7 days``, ``previous 3 months``.
        weekdays, hours
            ``"mon-fri"``, or numbers from 1 = Monday; ``"07:00-10:00"``, also across midnight; comma-separated.
        months, seasons
            ``"jun-aug"``, ``"12-2"``, or numbers; ``"winter"``: three whole months, by the city's hemisphere.
        days, calendar
            ``"working"`` or ``"free"`` days (weekends and public holidays, except make-up working days) of a
            calendar: ``"CN"``, ``"US-NY"``; default: the city's.
        relation
            Relation of the period to the time: ``intersects`` (default for features), ``disjoint``, or one of
            Allen's: ``before``, ``after``, ``meets``, ``met-by``, ``overlaps``, ``overlapped-by``, ``starts``,
            ``started-by``, ``during``, ``contains``, ``finishes``, ``finished-by``, ``equals``.
        now
            The present instant, for relative times only; None: by the city's clock.

        Raises
        ------
        InvalidInput
            ``unknown-relation``; ``no-period``: a relation for events without an end, or together with days or hours;
            times that cannot be read.
        """
        recurring = narrowing.Recurring(weekdays, hours, months, seasons, days, calendar)
        return self._with([narrowing.time_of(times, recurring, relation, self.subject, now)])

    def as_of(self, at: Instant) -> Query:
        """Keep features that were valid at an instant; for events `InvalidInput` ``not-features``."""
        return self._with([as_of(at, self.subject.layer, self.subject.zone)])

    def known_at(self, instant: GivenKnown, *, of: Literal["city", "origin"] = "city") -> Query:
        """Use what was known at a recorded instant.

        Text, dates and datetimes without a zone are in the city's; an int is UTC microseconds. Facts name the instant
        that was used, at most that of the newest load. A ``pin``, or its text, names one for each layer, and has the
        same answer for ever. ``of="origin"``, or ``origin:INSTANT``: by the clock of each layer's owner.
        Raises `InvalidInput` ``asked-twice``, ``unreadable-pin``, and when answered ``layer-not-pinned``.
        """
        if self.known is not None:
            raise InvalidInput("asked-twice", "known_at was asked twice")
        return replace(self, known=read_known(instant, self.subject.zone, of))

    def rows(
        self, limit: int | None = None, *, order: str | Sequence[str] = (), after: str | None = None
    ) -> Answer:
        """Return rows, ordered by time, then key, or by ``order``.

        Parameters
        ----------
        limit
            Maximum number of rows; if there are more, the answer's ``next`` is the cursor of the next page.
        order
            Columns to sort by, ``-`` before one for descending; nulls are last; ties are sorted by time, then key.
        after
            The ``next`` of the previous page of the same question; uses the same recorded instant.

        Raises
        ------
        InvalidInput
            ``bad-limit``, ``unknown-order``, ``repeated-order``, ``unreadable-cursor``, ``other-question``
        """
        return paged(self.inquiry(), limit, narrowing.names_of(order), after)

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Stream rows ordered by time, then key; memory does not grow with their number."""
        return self.inquiry().rows(Rows(checked_limit(limit)))

    def join(
        self, layer: str | Any, how: str = "within", *, at: Instant | None = None, band: str | None = None,
        known_at: GivenKnown | None = None, inner: bool = False, crs: GivenCRS | None = None,
        value: str | Sequence[str] = (), within: str | None = None,
    ) -> Answer:  # fmt: skip
        """Return each event with its partners: features of a layer that contained it or were near it, or readings.

        Parameters
        ----------
        layer
            A layer of features or readings of the same city; or a GeoDataFrame, a table with geometry, GeoJSON
            features or a shapely geometry, which hold at all times and are called ``joined`` in names of columns.
        how
            ``"within"`` (one area; on a shared border or an overlap that with the smallest key), ``"intersects"``
            (all areas), ``"within 20 m"``, ``"nearest"``, ``"nearest 2 within 200 m"``; of scenes ``"at"``.
        at, known_at
            Instant of valid time of all features, None: each event's own; recorded instant or pin, None: the query's.
        inner, crs
            Leave out events without a partner; CRS of what has none.
        value, within, band
            Of readings: the values that the ``nearest`` station measured; how far in time (``1h``; None: a step). Of
            scenes: the band that is read ``at`` each event, or arithmetic of bands; None: the only one.

        Returns
        -------
        The events' columns, then ``LAYER_key``, ``LAYER_valid_from``, ``LAYER_valid_to`` (exclusive; null: no end is
        known; in memory only ``joined_row``, from 1), ``LAYER_distance_m`` if distances matter, and the features'
        columns as ``LAYER_NAME``. An event with several partners has several rows; one without has nulls. Of readings
        ``LAYER_station``, ``LAYER_distance_m``, ``LAYER_VALUE``, ``LAYER_VALUE_time``, ``LAYER_VALUE_flag``; of
        scenes ``LAYER_acquired``, and ``LAYER_BAND``, of arithmetic ``LAYER_value``.

        Raises
        ------
        InvalidInput, NotFound
            ``unknown-how``: ``how`` cannot be read; ``not-features``; ``repeated-column``; ``crs-needed``.
        """
        given: JoinKeywords = {"at": at, "known_at": known_at, "inner": inner, "crs": crs}
        given |= {"value": value, "band": band, "within": within}
        return self.joining(layer, how, **given).answer()

    def join_batches(
        self, layer: str | Any, how: str = "within", **keywords: Unpack[JoinKeywords]
    ) -> pa.RecordBatchReader:
        """Stream the rows that `join` returns, for the same arguments; memory does not grow with their number."""
        return self.joining(layer, how, **keywords).reader()

    def joining(
        self, layer: str | Any, how: str = "within", **keywords: Unpack[JoinKeywords]
    ) -> Joining | Valuing:
        """Return a join with its facts, before it is answered; arguments as for `join`."""
        return below.join_of(self.inquiry(), layer, how, **keywords)

    def count(self, by: str | Sequence[str] = ()) -> Answer:
        """Count rows by group; short for `measure` with ``count``."""
        return self.measure(by=by)

    def top(self, n: int, by: str | Sequence[str]) -> Answer:
        """Return the ``n`` groups with the most rows; ties are sorted by the groups, ascending."""
        return self.measure(by=by, order=["-count"], limit=n)

    def measure(
        self, *measures: str, by: str | Sequence[str] = (), until: Instant | None = None, having: str | None = None,
        order: str | Sequence[str] = (), limit: int | None = None, after: str | None = None,
        rated_at: Instant | None = None, compare: str | Query | None = None,
    ) -> Answer:  # fmt: skip
        """Compute measures of rows by group.

        Parameters
        ----------
        measures
            ``count`` (the default), ``count(X)`` where X is not null, ``distinct(X)``, ``sum(X)``, ``mean(X)``,
            ``min(X)``, ``max(X)``, ``median(X)``, ``quantile(X, 0.9)``, ``p90(X)``. X is a column, arithmetic, or a
            duration: ``closed - opened``, in hours, ``days(closed - opened)``. ``name = …`` before one names its
            field. ``per_km2``: by the area of the group or place; ``per_1000(LAYER.COLUMN)`` needs ``in:LAYER``.
        by
            ``cell:100m`` (any level; ``250m``, ``500m``), ``hour``, ``day``, ``week``, ``month``, ``quarter``,
            ``year``, ``weekday``, ``hour-of-day``, or columns. For events that are indexed on a grid: ``unit``,
            ``community``, ``street``, ``district``, ``duty:LAYER`` (every duty grid that had its cell then).
            ``in:LAYER``, ``in:LAYER.COLUMN``: the feature that contained the event at its own time, or ``@T`` at T.
        until
            Durations that have not ended by this instant end at it, counted in ``open``; None: they have none.
        having
            CQL2 filter over the answer's fields; keep groups for which it is true.
        order
            Fields to sort by, ``-`` before one for descending; nulls are last; ties are sorted by the groups.
        limit, after
            As for `rows`.
        rated_at
            Instant of the areas and inhabitants of rates; None: the last instant of the question's time.
        compare
            ``previous`` (the period before), ``year`` (a year earlier), or another question. Calendar bins are
            compared by position. Adds ``NAME_before`` (``NAME_other``), ``NAME_change`` and ``NAME_change_pct``.

        Returns
        -------
        One record for each group, ascending, null last: a field for each part of ``by``, then one for each measure.
        Measures ignore nulls. Without values a count is 0 and other measures are null. Quantiles are interpolated.

        Raises
        ------
        InvalidInput
            ``unreadable-measure``, ``unknown-measure``, ``wrong-type``, ``unknown-group``; otherwise as `rows`
        NotFound
            ``unknown-column``
        """
        other = compare.inquiry() if isinstance(compare, Query) else compare
        wanted = below.Selection(
            having, narrowing.names_of(order), checked_limit(limit), after, rated_at, other
        )
        return below.measured(self.inquiry(), measures, narrowing.names_of(by), until, wanted)

    def cube(
        self, cell: str = "100m", every: str = "1W", *, by: str | Sequence[str] = (),
        measures: str | Sequence[str] = "count", extent: PlaceInput | None = None, crs: GivenCRS | None = None,
        partial: Partial = "drop", former: Cube | None = None,
    ) -> Cube:  # fmt: skip
        """Compute measures by step of time and cell, of features at its start; zero and unknown are different.

        Parameters
        ----------
        cell
            ``100m`` (any level; ``250m``, ``500m``); ``unit``, ``community`` … ``duty:LAYER``, ``in:LAYER``.
        every
            ``1h``, ``1D``, ``1W``, ``1M``, ``1Q``, ``1Y``, or ``hour`` … ``year``, of the city's clock; days such as
            ``28D``, which count back from the end of the time.
        by, measures
            Groups that are further axes, and measures of numbers, as for `measure`.
        extent, crs
            Lattice cells are those that meet this place, as for `where`; None: the question's, or that of its rows.
        partial
            ``drop``, ``flag`` or ``keep`` the steps that the time begins or ends inside of.
        former
            The same cube before the last loads, also of a file: only the bins that they touched are counted anew.

        Raises `InvalidInput` ``unknown-step``, ``unknown-partial``, ``no-cells``, ``several-spans``, ``no-events``,
        ``no-whole-step``, ``no-number``, ``repeated-group``, ``which-time``, ``other-cube``; and as `measure`.
        """
        shape = below.shape_of(cell, every, by, measures, partial, extent, crs, self.subject)
        inquiry = self.inquiry()
        return below.cubed(inquiry, shape) if former is None else below.refreshed(former, inquiry, shape)

    def timeline(
        self, *measures: str, by: str | Sequence[str] = (), during: TimeSpan | None = None, end: str | None = None
    ) -> Answer:  # fmt: skip
        """Compute measures at every instant: counts, sums or means, with the periods in which they hold.

        Parameters
        ----------
        measures, by
            ``count`` (the default), ``count(X)``, ``sum(X)``, ``mean(X)``; columns, cells, units of indexed events.
        during
            One span, as for `when`; None: all time.
        end
            For events, the column of instants at which they end, e.g. ``closed_at``; None: that of their definition.

        Returns one record for each period in which the values of a group did not change, ordered by group, then time:
        the groups, ``from``, ``to`` (exclusive; null: no end is known), the measures.
        """
        text = None if during is None else span_text(during, self.subject.zone)
        return below.timeline_of(self.inquiry(), measures, by, text, end)

    def write_parquet(self, target: str) -> None:
        """Write rows as Parquet to a new file, by time; an engine elsewhere writes a new folder, in any order."""
        below.write_rows(self.inquiry(), target)

    def to_arrow(self) -> pa.Table:
        """Return rows as an Arrow table."""
        return self.rows().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return rows as a DataFrame."""
        return self.rows().to_pandas()

    def to_geopandas(self, crs: GivenCRS | None = None) -> geopandas.GeoDataFrame:
        """Return rows with their places in the city's CRS, or in ``crs``."""
        return self.rows().to_geopandas(crs)

    def plan(
        self, by: str | Sequence[str] | None = None, *measures: str, order: str | Sequence[str] = (),
        limit: int | None = None,
    ) -> Plan:  # fmt: skip
        """Return the plan, to print, compare, or write as JSON (`write_plan`); arguments as for `explain`."""
        inquiry = self.inquiry()
        return inquiry.plan(below.goal_of(inquiry, by, measures, order, limit))

    def explain(
        self, by: str | Sequence[str] | None = None, *measures: str, order: str | Sequence[str] = (),
        limit: int | None = None, having: str | None = None,
    ) -> Explanation:  # fmt: skip
        """Explain how the question would be answered and what would be read; read no rows.

        Arguments are as for `measure`; without ``by`` explain `rows`.
        """
        inquiry = self.inquiry()
        goal = below.goal_of(inquiry, by, measures, order, limit)
        chosen = below.Selection(having, narrowing.names_of(order), checked_limit(limit))
        return below.explain(inquiry, goal, () if by is None else chosen.steps)

    def why(self, key: str) -> Reason:
        """Explain why a row is in the answer or not: its load, its cell, and the result of each condition."""
        return below.why(self.inquiry(), key)

    def why_empty(self, answer: Answer) -> tuple[str, ...]:
        """Return why an answer is empty: when the layer has rows, what is nearest to a text that no row has."""
        return below.why_empty(self.inquiry(), answer)

    def facts(self) -> dict[str, str]:
        """Return how the question is understood, by name; reads other layers that it names."""
        return self.inquiry().resolved().facts()

    def _with(self, conditions: Iterable[Condition]) -> Query:
        return replace(self, conditions=(*self.conditions, *conditions))

    def inquiry(self) -> Inquiry:
        """Return the question as it is put to an engine."""
        return Inquiry.of(self.subject, self.conditions, self.known)
