"""From a plan to stages: rows fetched from pruned files, an exact test for edge cells only, then SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.schema import UNIT
from stcloud.iaas.engine.model import STAGE, Fetch, Files, Refine, Relation, Sql, Stage, Tell
from stcloud.iaas.table.table import File
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.clock import WallClock, within
from stcloud.paas.query.condition.period import Related
from stcloud.paas.query.label import OWN_ROWS, own_columns
from stcloud.paas.query.measure.summary import given, summed
from stcloud.paas.query.memory_count import MemoryCount, memory_count
from stcloud.paas.query.page import Order, beyond
from stcloud.paas.query.place.refine import HELD, LOCATED, Naming, Refinement, Restating
from stcloud.paas.query.place.siting import Sited, Siting
from stcloud.paas.query.place.where import Place
from stcloud.paas.query.plan import (
    By,
    DutyGroup,
    FeatureGroup,
    InUnits,
    Known,
    Part,
    Restated,
    Rows,
    Summary,
    by_name,
)
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.resolve.bounds import Bounds
from stcloud.paas.query.resolve.prune import NEAR_US, Box, time_spans
from stcloud.paas.query.resolve.resolver import DutyCells, Resolution
from stcloud.paas.query.sql import all_of, any_of, column, number, select, table
from stcloud.space import Cover, Level
from stcloud.time import Bin, Spans, When

__all__ = ["LAYER", "Compiled", "cell_of", "compile_plan", "stage_as_layer"]

LAYER = "layer"
PLACED = ("st_cell", "st_x", "st_y")
"""Columns that tell whether a row lies in a place."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Stages, what their table names mean, and what they will read."""

    stages: tuple[Stage, ...]
    relations: Mapping[str, Relation]
    files: Files
    columns: tuple[str, ...]
    places: tuple[Place, ...]
    covers: tuple[Cover, ...]
    wants: Callable[[File], bool]
    bounded: tuple[str, ...]
    """Columns whose bounds ``wants`` looks at."""


def compile_plan(resolved: Resolution, layer: Layer, configuration: CityConfiguration) -> Compiled:
    """Compile a resolved plan over one version of a layer; reads nothing."""
    return _Compilation(resolved, layer, configuration).compiled()


class _Compilation:
    def __init__(self, resolved: Resolution, layer: Layer, configuration: CityConfiguration) -> None:
        self._plan, self._resolved = resolved.steps, resolved
        self._configuration = configuration
        self._attributes = {attribute.name: attribute for attribute in layer.attributes}
        self._columns = own_columns(layer) | self._attributes
        self._snapshot = layer.snapshot
        self._binder = Binder()
        predicates = [step for step in self._plan if isinstance(step, Predicate)]
        self._masks = [mask for step in predicates if (mask := step.mask()) is not None]
        self._bounds = Bounds.of(self._plan, layer.snapshot, configuration.lattice)
        self._sited = [step for step in self._plan if isinstance(step, Sited)]
        self._restated = next((step for step in self._plan if isinstance(step, Restated)), None)
        self._duties: dict[str, pa.Table] = {}
        self._holders = [Naming(by_name(group), holders) for group, holders in resolved.holders.items()]
        self._clock: WallClock | None = None

    def compiled(self) -> Compiled:
        count = self._counted_in_memory()
        last: Stage
        if count is None:
            written = self._written()
            last, looked_at = written, self._named(written.query)
        else:
            last, looked_at = Tell(count, self._written), count.columns
        columns = tuple(sorted(looked_at | self._needed())) or ("st_key",)  # a filter may look at none
        first = self._first(columns) if self._fetched else []
        bounds = self._bounds
        files = Files(self._snapshot, bounds.files)
        return Compiled(
            (*first, *self._refined(), last), {LAYER: files, **self._duties}, files, columns, bounds.places,
            bounds.covers, bounds.wants, bounds.wants.bounded,
        )  # fmt: skip

    @property
    def _narrowed(self) -> bool:
        """Whether functions over batches look at rows that can be told from others beforehand, or add to them."""
        return bool(self._bounds.places or self._restated or self._sited or self._holders)

    @property
    def _fetched(self) -> bool:
        return self._narrowed or bool(self._masks)

    def _first(self, columns: tuple[str, ...]) -> list[Stage]:
        wants = self._bounds.wants
        fetch = Fetch(LAYER, columns, lambda: self._fetching(columns), wants, wants.bounded, wants.meets)
        # What nothing but SQL narrows is fetched by SQL: conditions leave rows that no function need see.
        return [fetch if self._narrowed else fetch.query()]

    def _counted_in_memory(self) -> MemoryCount | None:
        """Return what counts the rows where they are few, if it can."""
        if not self._narrowed:
            return None
        known = next(one for one in self._plan if isinstance(one, Known))
        all_known = known.holds_all(self._snapshot.files)
        return memory_count(self._plan, None if all_known else known, self._configuration.zone)

    def _written(self) -> Sql:
        """Return the last statement."""
        goal = self._plan[-1]
        taken = self._summed(goal) if isinstance(goal, Summary) else self._rows()
        source = stage_as_layer() if self._fetched else table(LAYER)
        where = [*self._conditions(), *self._in_units()]
        last = self._last(goal, select(taken, source, joins=self._joins(goal), where=where))
        return Sql(last, self._binder.values_of(last))

    def _refined(self) -> list[Refine]:
        """Return the functions over batches: codes are looked at only when they stand for the instant asked for."""
        found = [Refine(Refinement(self._bounds.regions))] if self._bounds.places else []
        found += map(Refine, self._masks)
        codeless = tuple(one.formula for one in self._sited if UNIT not in one.columns)
        found += [Refine(Siting(codeless))] if codeless else []
        at_us = None if self._restated is None else self._restated.at_us
        if self._restated is not None:
            found.append(Refine(Restating(self._resolved.units, self._restated.at_us)))
        coded = tuple(one.formula for one in self._sited if UNIT in one.columns)
        found += [Refine(Siting(coded, at_us))] if coded else []
        return [*found, *(Refine(one, one.adds) for one in self._holders)]

    def _fetching(self, columns: tuple[str, ...]) -> Sql:
        """Return the statement that fetches rows: of units only what files hold themselves."""
        near = [self._near(boxes) for boxes in self._bounds.wants.boxes]
        units = [] if self._restated else self._in_units()
        where = [*self._conditions(), *units, *near]
        query = select({name: _stored(name) for name in columns}, table(LAYER), where=where)
        return Sql(query, self._binder.values_of(query))

    def _needed(self) -> set[str]:
        """Return the columns that functions over batches look at."""
        placed = PLACED if self._bounds.places or self._sited else ()
        return {
            *placed,
            *(LOCATED if self._restated else ()),
            *(HELD if self._holders else ()),
            *(name for one in self._sited for name in one.columns),
            *(name for one in self._masks for name in one.columns),
        }

    def _named(self, query: exp.Query) -> frozenset[str]:
        found = {column.name for column in query.find_all(exp.Column)}
        return frozenset(found & set(self._snapshot.schema.names))

    def _rows(self) -> dict[str, exp.Expression]:
        unit = [UNIT] if UNIT in self._snapshot.schema.names else []
        names = [*OWN_ROWS, *unit, *(one.stored for one in self._attributes.values())]
        return {name: _stored(name) for name in names}

    def _summed(self, goal: Summary) -> dict[str, exp.Expression]:
        groups = {f"g{index}": self._group(one) for index, one in enumerate(goal.by)}
        return groups | given(goal, self._columns, self._configuration.zone, self._binder)

    def _group(self, by: By) -> exp.Expression:
        if isinstance(by, Level):
            return cell_of(by)
        if isinstance(by, Bin):
            return self._wall_clock().bin(by)
        if isinstance(by, Part):
            return _beginning(by.length)
        if isinstance(by, DutyGroup):
            return column("duty", f"duties_{by.layer}")
        if isinstance(by, FeatureGroup):
            return _stored(by_name(by))
        return _stored(by.stored)

    def _joins(self, goal: object) -> list[exp.Join]:
        """Join the cells of duty grids: those asked for, and those counted by, which may be several to an event."""
        asked = [one.cells for one in self._plan if isinstance(one, DutyCells)]
        joins = [self._join(f"asked_{number}", cells, "inner") for number, cells in enumerate(asked)]
        by = goal.by if isinstance(goal, Summary) else ()
        counted = [group for group in by if isinstance(group, DutyGroup)]
        members = self._resolved.members
        return joins + [self._join(f"duties_{group.layer}", members[group], "left") for group in counted]

    def _join(self, name: str, cells: pa.Table, side: str) -> exp.Join:
        self._duties[name] = cells
        at: exp.Expression = _stored("st_time")
        if self._restated is not None and self._restated.at_us is not None:
            at = self._binder.instant(self._restated.at_us)
        since, until = column("since", name), column("until", name)
        started = any_of([exp.Is(this=since, expression=exp.null()), exp.LTE(this=since, expression=at)])
        lasting = any_of(
            [exp.Is(this=until.copy(), expression=exp.null()), exp.GT(this=until, expression=at.copy())]
        )
        same = exp.EQ(this=_stored(UNIT), expression=column("unit", name))
        kind = {"side": "LEFT"} if side == "left" else {"kind": "INNER"}
        return exp.Join(this=table(name), on=all_of([same, started, lasting]), **kind)

    def _in_units(self) -> list[exp.Expression]:
        asked = [one.ranges for one in self._plan if isinstance(one, InUnits)]
        return [any_of([self._in_range(low, high) for low, high in ranges]) for ranges in asked]

    def _in_range(self, low: str, high: str) -> exp.Expression:
        least = exp.GTE(this=_stored(UNIT), expression=self._binder.bind(low))
        return all_of([least, exp.LT(this=_stored(UNIT), expression=self._binder.bind(high))])

    def _conditions(self) -> list[exp.Expression]:
        found: list[exp.Expression] = []
        for one in self._plan:
            if isinstance(one, Known):
                found += self._known(one)
            elif isinstance(one, When):
                found += self._when(one)
            elif isinstance(one, Related):
                found.append(one.sql(_stored("st_time"), _stored("st_time_to"), self._binder))
            elif isinstance(one, Predicate):
                found += one.sql(self._binder, LAYER)
        return found

    def _known(self, known: Known) -> list[exp.Expression]:
        # Of all files, not of those that are left: an engine may read more than was asked for.
        return [] if known.holds_all(self._snapshot.files) else known.sql(self._binder, LAYER)

    def _when(self, when: When) -> list[exp.Expression]:
        spans = [
            within(
                _stored("st_time"),
                None if span.start_us is None else self._binder.instant(span.start_us),
                None if span.end_us is None else self._binder.instant(span.end_us),
            )
            for span in when.spans.parts
        ]
        recurring = self._wall_clock().fits(when, self._instants(0)) if when.recurs else []
        return [any_of(spans), *recurring]

    def _wall_clock(self) -> WallClock:
        if self._clock is None:
            self._clock = WallClock(_stored("st_time"), self._configuration.zone, self._instants())
        return self._clock

    def _instants(self, near_us: int = NEAR_US) -> Spans:
        return time_spans(self._bounds.files, [one for one in self._plan if isinstance(one, When)], near_us)

    def _near(self, boxes: Iterable[Box]) -> exp.Expression:
        """Within a box of what was asked for: prunes row groups, decides nothing."""
        near = []
        for xmin, ymin, xmax, ymax in boxes:
            bounds = [self._binder.bind(float(value)) for value in (xmin, xmax, ymin, ymax)]
            sides = [
                exp.Between(this=_stored("st_x"), low=bounds[0], high=bounds[1]),
                exp.Between(this=_stored("st_y"), low=bounds[2], high=bounds[3]),
            ]
            near.append(all_of(sides))
        return any_of(near)

    def _last(self, goal: object, query: exp.Select) -> exp.Query:
        if isinstance(goal, Summary):
            return summed(goal, self._columns, self._configuration.zone, query)
        source = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("chosen")))
        rows: dict[str, exp.Expression] = {name: column(name) for name in self._rows()}
        return self._page(goal, rows, source) if isinstance(goal, Rows) else select(rows, source)

    def _page(self, goal: Rows, rows: dict[str, exp.Expression], source: exp.Subquery) -> exp.Select:
        order = (*goal.order, Order("st_time"), Order("st_key"))
        schema = self._snapshot.schema
        types = [schema.field(one.name).type for one in order]
        later = [] if goal.after is None else [beyond(order, types, goal.after, self._binder)]
        return select(rows, source, where=later, order=order, limit=goal.limit)


def _stored(name: str) -> exp.Column:
    return column(name, LAYER)


def cell_of(level: Level) -> exp.Expression:
    """Return the cell of a level that a row lies in."""
    return exp.IntDiv(this=_stored("st_cell"), expression=number(10 ** (Level.M10.digits - level.digits)))


def _beginning(length: int) -> exp.Expression:
    """Return the first characters of the code of the cell that held a row."""
    return exp.Substring(this=_stored(UNIT), start=number(1), length=number(length))


def stage_as_layer() -> exp.Table:
    """Return what was fetched, under the layer's name."""
    alias = exp.TableAlias(this=exp.to_identifier(LAYER, quoted=True))
    return exp.Table(this=exp.to_identifier(STAGE, quoted=True), alias=alias)
