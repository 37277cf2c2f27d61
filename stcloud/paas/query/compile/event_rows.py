"""Rows of events for the compiler: fetched from pruned files, grouped by cells, bins, units, duty grids, columns.

Tested by `tests/conformance/test_engines.py` and `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.schema import UNIT, Attribute
from stcloud.iaas.engine.model import Fetch, Files, Picks, Relation, Sql, Stage
from stcloud.iaas.table.table import File
from stcloud.paas.query.answer.page import Order, beyond
from stcloud.paas.query.compile.compilation import LAYER
from stcloud.paas.query.compile.row_kinds import EVENTS
from stcloud.paas.query.plan.groupcolumn import cell_within, group_expression
from stcloud.paas.query.plan.plan import By, DutyGroup, RowColumns, Rows, Summary, by_name
from stcloud.paas.query.plan.resolved import Resolved, Writing
from stcloud.paas.query.plan.row_source import Adding
from stcloud.paas.query.resolve.prune import NEAR_US, time_spans
from stcloud.paas.query.resolve.resolver import Resolution
from stcloud.paas.query.resolve.rows_of_kind import times_of
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import all_of, any_of, column, select, table
from stcloud.space import CellSize

if TYPE_CHECKING:
    from stcloud.paas.query.place.region import Region

__all__ = ["EventRows", "cell_of"]

_FEW = 100_000
"""So many rows are read and counted in memory before a statement is bound to them."""


class EventRows:
    """The events of one version of a layer, as a resolved plan asks for them.

    Parameters
    ----------
    resolved, layer, configuration
        The plan, the layer and its city.
    """

    def __init__(self, resolved: Resolution, layer: Layer, configuration: CityConfiguration) -> None:
        self._resolved, self._snapshot = resolved, layer.snapshot
        self._own = {attribute.name: attribute for attribute in layer.attributes}
        self.attributes: Mapping[str, Attribute] = EVENTS.own_columns(layer) | self._own
        self._bounds = resolved.bounds(layer.snapshot)
        times = times_of(resolved.plan.conditions)
        self.writing = Writing(
            Binder(), LAYER, configuration.zone,
            lambda near_us: time_spans(self._bounds.files, times, near_us), NEAR_US,
        )  # fmt: skip
        self._duties: dict[str, pa.Table] = {}

    @property
    def relations(self) -> Mapping[str, Relation]:
        """What the names of tables mean."""
        return {LAYER: self.files, **self._duties}

    @property
    def files(self) -> Files:
        """The layer's files that may be read."""
        return Files(self._snapshot, self._bounds.files)

    @property
    def wants(self) -> Callable[[File], bool]:
        """Tells of a file, or of a row group described like one, whether it may hold a wanted row."""
        return self._bounds.wants

    @property
    def bounded(self) -> tuple[str, ...]:
        """Columns whose bounds that looks at."""
        return self._bounds.wants.bounded

    @property
    def regions(self) -> tuple[Region, ...]:
        """Areas that every row must lie in."""
        return self._bounds.regions

    @property
    def counts_in_memory(self) -> bool:
        """Whether rows are few, or functions over batches look at some chosen beforehand, or add to them."""
        if sum(file.rows for file in self._bounds.files) <= _FEW:
            return True
        from stcloud.paas.query.condition.area import PLACED  # noqa: PLC0415  (places are slow to import)

        placed = any(set(PLACED) <= condition.columns for condition in self._resolved.conditions)
        return placed or self._resolved.restated is not None or bool(self._resolved.holders)

    def settles(self, condition: Resolved) -> bool:
        """Tell whether the log proves a condition of all rows."""
        # Of all files, not of those that are left: an engine may read more than it must.
        return condition.holds_all(self._snapshot.files)

    def fetch(self, columns: Sequence[str], conditions: Sequence[Resolved]) -> list[Stage]:
        """Return the stage that fetches columns of rows, of all that conditions keep."""
        wants = self._bounds.wants

        def written() -> Sql:
            where = [part for condition in conditions for part in condition.sql(self.writing)]
            query = select({name: _stored(name) for name in columns}, table(LAYER), where=where)
            return Sql(query, self.writing.binder.values_of(query))

        picks = self._picks() if "st_cell" in columns else None
        fetch = Fetch(LAYER, tuple(columns), written, wants, wants.bounded, wants.meets, picks=picks)
        # What nothing but SQL narrows is fetched by SQL: conditions leave rows that no function need see.
        return [fetch if self.counts_in_memory else fetch.query()]

    def _picks(self) -> Picks | None:
        """Return what picks rows, where others near them are wanted soon: tiles and pages."""
        goal = self._resolved.goal
        paged = isinstance(goal, Rows) and goal.limit is not None
        return self._bounds.wants.picks(of_few=paged) if paged or isinstance(goal, RowColumns) else None

    def table(self) -> exp.Expression:
        """Return the layer as a table."""
        return table(LAYER)

    def given(self, _: frozenset[str]) -> list[Adding]:
        """Return what gives rows the codes of the unit cells that are needed, where they are re-stated."""
        restated = self._resolved.restated
        if restated is None:
            return []
        from stcloud.paas.query.compile.added_columns import Restating  # noqa: PLC0415  (grids are slow to import)

        return [Restating(self._resolved.units, restated.at_us)]

    def grouping(self, _: Summary) -> list[Adding]:
        """Return what gives rows the names of the features that held them."""
        if not self._resolved.holders:
            return []
        from stcloud.paas.query.compile.added_columns import Naming  # noqa: PLC0415

        return [Naming(by_name(group), holders) for group, holders in self._resolved.holders.items()]

    def group(self, by: By) -> exp.Expression:
        """Return what rows are grouped by."""
        if isinstance(by, DutyGroup):
            return column("duty", f"duties_{by.layer}")
        return group_expression(by, self.writing)

    def joins(self, goal: Summary) -> list[exp.Join]:
        """Join the cells of duty grids that are counted by: they may be several to an event."""
        return [self._join(group) for group in goal.by if isinstance(group, DutyGroup)]

    def _join(self, group: DutyGroup) -> exp.Join:
        name, restated = f"duties_{group.layer}", self._resolved.restated
        self._duties[name] = self._resolved.members[group]
        at: exp.Expression = _stored("st_time")
        if restated is not None and restated.at_us is not None:
            at = self.writing.binder.instant(restated.at_us)
        since, until = column("since", name), column("until", name)
        started = any_of([exp.Is(this=since, expression=exp.null()), exp.LTE(this=since, expression=at)])
        lasting = any_of(
            [exp.Is(this=until.copy(), expression=exp.null()), exp.GT(this=until, expression=at.copy())]
        )
        same = exp.EQ(this=_stored(UNIT), expression=column("unit", name))
        return exp.Join(this=table(name), on=all_of([same, started, lasting]), side="LEFT")

    @property
    def row_names(self) -> tuple[str, ...]:
        """Stored names of the columns that rows are given with."""
        unit = [UNIT] if UNIT in self._snapshot.schema.names else []
        return (*EVENTS.own, *unit, *(attribute.stored for attribute in self._own.values()))

    def rows(self, source: exp.Expression, where: Sequence[exp.Expression], goal: Rows) -> exp.Query:
        """Return the statement that gives rows, in order and cut to a page."""
        names = self.row_names
        chosen = select({name: _stored(name) for name in names}, source, where=where)
        inner = exp.Subquery(this=chosen, alias=exp.TableAlias(this=exp.to_identifier("chosen")))
        order = (*goal.order, Order("st_time"), Order("st_key"))
        types = [self._snapshot.schema.field(part.name).type for part in order]
        later = [] if goal.after is None else [beyond(order, types, goal.after, self.writing.binder)]
        return select(
            {name: column(name) for name in names}, inner, where=later, order=order, limit=goal.limit
        )


def _stored(name: str) -> exp.Column:
    return column(name, LAYER)


def cell_of(size: CellSize) -> exp.Expression:
    """Return the cell of a level, or the block, that a row lies in."""
    return cell_within(_stored("st_cell"), size)
