"""The question: immutable, chainable, lazy. Rows appear only where it says ``to_…``, ``count`` or ``rows``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.charter import Charter
from stcloud.daas.definition import EventDefinition
from stcloud.daas.schema import UNIT
from stcloud.errors import InvalidInput
from stcloud.iaas.engine import Engine
from stcloud.paas.query.answer import Answer
from stcloud.paas.query.compile import OWN_ROWS, Compiled, compile_plan
from stcloud.paas.query.explain import Explanation, explain
from stcloud.paas.query.features import Features
from stcloud.paas.query.filter import Names
from stcloud.paas.query.instant import known_us
from stcloud.paas.query.join.how import read_how
from stcloud.paas.query.joining import joined
from stcloud.paas.query.plan import (
    By,
    Count,
    Duties,
    Known,
    Operator,
    Plan,
    Restated,
    Rows,
    Scan,
    by_name,
    parse_by,
)
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.units import UnitIndex, in_units, needed_index, on_duty
from stcloud.paas.query.where import Asked, read_where
from stcloud.space import Level
from stcloud.time import Bin, Instant, When, instant_us

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

__all__ = ["Query", "Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about: one version of a layer, its city, and the engine that will run it."""

    layer: Layer
    charter: Charter
    engine: Engine
    index: UnitIndex | None = None
    """Of the events on a unit grid."""
    features: Callable[[str], Features] | None = None
    """Gives a layer of features of the same city."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question about one layer. Every method that narrows it returns a new one.

    Conditions of several calls must all hold; several values in one call are alternatives.

    Examples
    --------
    See `docs/tutorials`; with ``city`` an open city::

        city.query("requests").what("status = 'open'").when("2024-03", hours="07:00-10:00").count(by=["week"])
    """

    subject: Subject
    conditions: tuple[Operator, ...] = ()
    believed_us: int | None = None

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
        charter = self.subject.charter
        names = Names.of_events(self._attributes, lasting=self._lasting)
        return self._with(
            Predicate.read(one, names, charter.zone, city=charter.crs, crs=crs) for one in filters
        )

    def where(self, *places: Asked, crs: str | None = None) -> Query:
        """Keep rows that lie in any of the places.

        Parameters
        ----------
        places
            ``"bbox:W,S,E,N"`` (degrees), ``"wkt:…"``, ``"cell:ID"``, a cell id, shapely or GeoJSON polygons,
            `Area`, GeoDataFrames; or only ``"unit:PREFIX"``, the beginning of codes of the unit grid,
            or only ``"duty:LAYER:ID"``, the cells that a duty grid had at the event's own time.
        crs
            CRS of polygons and WKT; default: longitude and latitude.

        Notes
        -----
        A point on the edge of an area is inside; cells alone are half-open. Rows without a place are nowhere.
        """
        units = [one for one in places if isinstance(one, str) and one.startswith("unit:")]
        if units and len(units) == len(places):
            return self._with([in_units(units, self.subject.index, self.subject.layer.name)])
        duties = [one for one in places if isinstance(one, str) and one.startswith("duty:")]
        if duties and len(duties) == len(places):
            return self._with([on_duty(duties, self.subject.index, self.subject.layer.name)])
        return self._with([read_where(places, self.subject.charter.lattice, crs)])

    def restated(self, at: Instant) -> Query:
        """Ask for units as the grid was at one instant, whenever events were: for trends across a change of the grid.

        Without it an event lies in the cell that was there at the event's own time. The answer's facts say which was
        used.
        """
        if any(isinstance(one, Restated) for one in self.conditions):
            raise InvalidInput("asked-twice", "one fixed version of the grid was asked for twice")
        index = needed_index(self.subject.index, self.subject.layer.name)
        at_us = instant_us(at, self.subject.charter.zone)
        said = f"on grid '{index.grid.name}' as of {self.subject.charter.zone.iso(at_us)}"
        return self._with([Restated(index.grid.units(), at_us, said)])

    def when(
        self, *times: str, weekdays: str | Iterable[int] | None = None, hours: str | None = None
    ) -> Query:
        """Keep events that start in any of the times, on these weekdays, at these hours of the city's wall clock.

        Parameters
        ----------
        times
            ``2024-03``, ``2024-W12``, ``2024-03-05T07:00/2024-03-05T09:00``, ``2024/..``; half-open.
        weekdays
            ``"mon-fri"``, ``"sat,sun"`` or numbers from 1 = Monday.
        hours
            ``"07:00-10:00"``, several by comma; may run over midnight.
        """
        return self._with([When.of(*times, zone=self.subject.charter.zone, weekdays=weekdays, hours=hours)])

    def known_at(self, instant: Instant) -> Query:
        """Answer as it was known then: text in the city's zone, UTC microseconds, or an aware datetime.

        Beyond the newest load it means that load; the answer's facts say which instant was used.
        """
        if self.believed_us is not None:
            raise InvalidInput("asked-twice", "known_at was asked twice")
        return replace(self, believed_us=instant_us(instant, self.subject.charter.zone))

    def rows(self, limit: int | None = None) -> Answer:
        """Return rows in order of time, then key; at most ``limit``."""
        batches = list(self.batches(limit))
        return Answer(
            pa.Table.from_batches(batches, self._row_schema()), self.subject.charter.lattice, self.facts()
        )

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Stream rows in order of time, then key, so that memory stays flat."""
        if limit is not None and limit < 0:
            raise InvalidInput("bad-limit", f"a limit of {limit} rows is none")
        schema = self._row_schema()
        for batch in self._run(Rows(limit)):
            yield _as(batch, schema)

    def join(
        self,
        layer: str,
        how: str = "within",
        *,
        at: Instant | None = None,
        known_at: Instant | None = None,
        inner: bool = False,
    ) -> Answer:
        """Return each event with the features of a layer that were its partners at the event's own time.

        Parameters
        ----------
        layer
            A layer of features of the same city.
        how
            ``"within"`` (on a shared border the feature with the smallest key), ``"intersects"`` (all of them),
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
        if self.subject.features is None:
            raise InvalidInput(
                "no-features", "this question knows no other layers", hint="ask with city.query"
            )
        return joined(self.rows(), self.subject.features(layer), read_how(how), at, known_at, inner=inner)

    def count(self, by: Sequence[str] = ()) -> Answer:
        """Count rows by group.

        Parameters
        ----------
        by
            ``cell:100m`` (any level), ``hour``, ``day``, ``week``, ``month``, ``quarter``, ``year``, ``weekday``,
            ``hour-of-day``, or columns; of events indexed on a grid ``unit``, ``community``, ``street``,
            ``district``, and ``duty:LAYER``, where an event counts for every duty grid that had its cell then.

        Returns
        -------
        One record a group, ascending, null last: a field per name, then ``count``.
        """
        groups = self._groups(by)
        names = [by_name(one) for one in groups]
        if len(set(names)) < len(names):
            raise InvalidInput("repeated-group", f"the groups {', '.join(by)} name a field twice")
        table = self._run(Count(groups)).read_all()
        columns = [self._labelled(table.column(index), one) for index, one in enumerate(groups)]
        counts = table.column(table.num_columns - 1).cast(pa.int64())
        labelled = pa.Table.from_arrays([*columns, counts], [*names, "count"])
        return Answer(labelled, self.subject.charter.lattice, self.facts())

    def _groups(self, by: Sequence[str]) -> tuple[By, ...]:
        index = self.subject.index
        name = self.subject.layer.name
        return tuple(
            Duties(
                one.removeprefix("duty:"),
                needed_index(index, name).duties(one.removeprefix("duty:")).members(),
            )
            if one.startswith("duty:")
            else parse_by(one, self._attributes, index.parts if index else {})
            for one in by
        )

    def to_arrow(self) -> pa.Table:
        """Return rows as an Arrow table."""
        return self.rows().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return rows as a DataFrame."""
        return self.rows().to_pandas()

    def to_geopandas(self, crs: str | None = None) -> geopandas.GeoDataFrame:
        """Return rows as points in the city's CRS, or in ``crs``."""
        return self.rows().to_geopandas(crs)

    def explain(self, by: Sequence[str] | None = None) -> Explanation:
        """Say what would be done and read; reads files' footers, no row.

        Parameters
        ----------
        by
            As for `count`; None explains `rows`.
        """
        goal = Rows() if by is None else Count(self._groups(by))
        plan = self.plan(goal)
        return explain(plan, self._compiled(plan), self.subject.layer, self.subject.engine.name)

    def plan(self, goal: Rows | Count) -> Plan:
        """Return the plan for a goal."""
        known = Known(self._known_us, self.subject.charter.zone.iso(self._known_us))
        return (Scan(self.subject.layer.name), known, *self.conditions, goal)

    def facts(self) -> dict[str, str]:
        """Say what was understood."""
        zone = self.subject.charter.zone
        found = {"layer": self.subject.layer.name, "known_at": zone.iso(self._known_us)}
        whens = [one.describe() for one in self.conditions if isinstance(one, When)]
        if whens:
            found["when"] = " and ".join(whens)
        if self.subject.index is not None:
            restated = [one.said for one in self.conditions if isinstance(one, Restated)]
            found["units"] = restated[0] if restated else self.subject.index.said(zone)
        return found

    @property
    def _attributes(self) -> dict[str, Any]:
        return {one.name: one for one in self.subject.layer.attributes}

    @property
    def _lasting(self) -> bool:
        definition = self.subject.layer.definition
        return isinstance(definition, EventDefinition) and definition.time.end is not None

    @property
    def _known_us(self) -> int:
        return known_us(self.subject.layer, self.believed_us)

    def _with(self, conditions: Iterable[Operator]) -> Query:
        return replace(self, conditions=(*self.conditions, *conditions))

    def _compiled(self, plan: Plan) -> Compiled:
        return compile_plan(plan, self.subject.layer, self.subject.charter)

    def _run(self, goal: Rows | Count) -> pa.RecordBatchReader:
        compiled = self._compiled(self.plan(goal))
        return self.subject.engine.run(compiled.stages, compiled.relations)

    def _row_schema(self) -> pa.Schema:
        stored = self.subject.layer.snapshot.schema
        fields = [stored.field(name) for name in OWN_ROWS[:2]]
        fields += [stored.field("st_time_to")] if self._lasting else []
        fields += [pa.field(one.name, stored.field(one.stored).type) for one in self.subject.layer.attributes]
        fields += [stored.field(name) for name in OWN_ROWS[3:]]
        fields += [stored.field(UNIT)] if UNIT in stored.names else []
        zone = self.subject.charter.zone.name
        return pa.schema([pa.field(one.name, _zoned(one.type, zone)) for one in fields])

    def _labelled(self, column: pa.ChunkedArray, by: By) -> pa.Array:
        if isinstance(by, Bin):
            return pa.array(by.labels(column.to_numpy()), pa.int64() if by.recurs else pa.string())
        if isinstance(by, Level):
            return column.cast(pa.int64())
        return column.cast(_zoned(column.type, self.subject.charter.zone.name))


def _zoned(kind: pa.DataType, zone: str) -> pa.DataType:
    return pa.timestamp("us", zone) if pa.types.is_timestamp(kind) else kind


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Columns by their people's names, in the order and types of ``schema``."""
    stored = batch.schema.names
    own = [name for name in (*OWN_ROWS, UNIT) if name in stored]
    others = iter([index for index, name in enumerate(stored) if name not in own])
    places = [stored.index(name) if name in own else next(others) for name in schema.names]
    columns = [batch.column(at).cast(field.type) for at, field in zip(places, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
