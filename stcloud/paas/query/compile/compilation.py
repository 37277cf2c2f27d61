"""From a resolved plan to stages: rows fetched, what SQL cannot express tested in memory, then SQL; reads nothing.

One compiler for all kinds of rows: what differs between them is in a `RowSource`.

Tested by `tests/conformance/test_engines.py` and `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from stcloud.iaas.engine.model import STAGE, Files, Refine, Relation, Sql, Stage, Tell
from stcloud.iaas.table.table import File
from stcloud.paas.query.compile.memory_count import MemoryCount, memory_count
from stcloud.paas.query.compile.summary import given, summed
from stcloud.paas.query.plan.plan import Goal, RowColumns, Rows, Summary
from stcloud.paas.query.plan.resolved import Masking, Resolved, columns_of
from stcloud.paas.query.plan.row_source import Adding, RowSource
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.tree import column, select
from stcloud.time import Zone

if TYPE_CHECKING:
    from stcloud.paas.query.compile.memory_columns import MemoryColumns
    from stcloud.paas.query.compile.memory_rows import MemoryRows
    from stcloud.paas.query.place.region import Region

__all__ = ["LAYER", "Compiled", "compile_plan", "stage_as_layer"]

LAYER = "layer"
"""Name of the layer in statements."""
_PLAIN = "st_recorded_from"
"""Column that all rows have, nearly always one value a file: footers give it, and no row is read."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Stages, what their table names mean, and what they will read."""

    stages: tuple[Stage, ...]
    relations: Mapping[str, Relation]
    files: Files
    columns: tuple[str, ...]
    regions: tuple[Region, ...]
    """Areas that every row must lie in."""
    wants: Callable[[File], bool]
    bounded: tuple[str, ...]
    """Columns whose bounds ``wants`` looks at."""

    def as_statement(self) -> Compiled:
        """Return the same, whose last stage is a statement, however few the rows are: an engine elsewhere runs it."""
        *before, last = self.stages
        return replace(self, stages=(*before, last.query())) if isinstance(last, Tell) else self

    def unordered(self) -> Compiled:
        """Return the same, whose last statement gives its rows in any order: of many groups that is half the work."""
        *before, last = self.stages
        if not isinstance(last, Sql):
            return self
        query = last.query.copy()
        query.set("order", None)
        return replace(self, stages=(*before, replace(last, query=query)))


def compile_plan(conditions: Sequence[Resolved], goal: Goal, source: RowSource, zone: Zone) -> Compiled:
    """Compile a resolved plan.

    Parameters
    ----------
    conditions
        What all rows must fulfil.
    goal
        What is to be given of them.
    source
        The layer's rows.
    zone
        The city's.
    """
    return _Compilation(tuple(conditions), goal, source, zone).compiled()


@dataclass(frozen=True)
class _Compilation:
    conditions: tuple[Resolved, ...]
    goal: Goal
    source: RowSource
    zone: Zone

    def compiled(self) -> Compiled:
        few = self._in_memory
        last: Sql | Tell
        if few is None:
            last = self._written()
            looked_at = frozenset(column.name for column in last.query.find_all(exp.Column))
        else:
            last, looked_at = Tell(few, self._written), few.columns
        given = self.source.given(looked_at | columns_of(self._masked))
        needed = looked_at | columns_of(self._masked)
        needed |= {name for adding in (*given, *self._grouping) for name in adding.columns}
        stored = self.source.files.snapshot.schema.names
        columns = tuple(sorted(needed & set(stored))) or (_PLAIN,)  # a filter may look at none
        filled = frozenset(name for adding in given for name in adding.gives)
        return Compiled(
            _nested([*self._fetched(columns, filled), *self._refined(given, filled), last]), self.source.relations,
            self.source.files, columns, self.source.regions, self.source.wants, self.source.bounded,
        )  # fmt: skip

    @cached_property
    def _left(self) -> list[Resolved]:
        """The conditions that are not settled before rows are tested."""
        return [condition for condition in self.conditions if not self.source.settles(condition)]

    @cached_property
    def _masked(self) -> list[Resolved]:
        """The conditions that SQL cannot express, those on where rows lie first: they leave out most."""
        masked = [condition for condition in self._left if not condition.exact]
        return sorted(masked, key=lambda condition: condition.limits.region is None)

    @cached_property
    def _grouping(self) -> list[Adding]:
        return self.source.grouping(self.goal) if isinstance(self.goal, Summary) else []

    @property
    def _is_fetched(self) -> bool:
        """Whether functions look at rows before the last statement, or instead of it."""
        return (
            bool(self._masked or self._grouping or self.source.given(frozenset()))
            or self._in_memory is not None
            or self.source.table() is None
        )

    def _fetched(self, columns: tuple[str, ...], filled: frozenset[str]) -> list[Stage]:
        early = [condition for condition in self._left if not condition.columns & filled]
        return self.source.fetch(columns, early) if self._is_fetched else []

    def _refined(self, given: Sequence[Adding], filled: frozenset[str]) -> list[Refine]:
        """Return the functions over batches: given columns are tested only when they are given."""
        early = tuple(condition for condition in self._masked if not condition.columns & filled)
        late = tuple(condition for condition in self._masked if condition.columns & filled)
        return [
            *([Refine(Masking(early))] if early else []),
            *(Refine(adding, adding.adds) for adding in given),
            *([Refine(Masking(late))] if late else []),
            *(Refine(adding, adding.adds) for adding in self._grouping),
        ]

    @cached_property
    def _in_memory(self) -> MemoryCount | MemoryRows | MemoryColumns | None:
        """Return what counts or gives the rows, or columns of them, where they are few, if it can."""
        exact = [condition for condition in self._left if condition.exact]
        if isinstance(self.goal, RowColumns):
            from stcloud.paas.query.compile.memory_columns import memory_columns  # noqa: PLC0415  (counts need none)

            return memory_columns(self.goal.names, exact)
        if not self.source.counts_in_memory:
            return None
        if isinstance(self.goal, Rows):
            from stcloud.paas.query.compile.memory_rows import memory_rows  # noqa: PLC0415  (counts need none)

            return memory_rows(self.source.row_names, self.goal, exact)
        return memory_count(self.goal, exact, self.zone)

    def _written(self) -> Sql:
        """Return the last statement."""
        goal, writing = self.goal, self.source.writing
        table = stage_as_layer() if self._is_fetched else self.source.table()
        assert table is not None  # noqa: S101  (what is not fetched is read as a table)
        where = [part for condition in self._left if condition.exact for part in condition.sql(writing)]
        if isinstance(goal, Rows):
            query = self.source.rows(table, where, goal)
        elif isinstance(goal, RowColumns):
            query = select({name: column(name, LAYER) for name in goal.names}, table, where=where)
        else:
            taken = {f"g{at}": self.source.group(by) for at, by in enumerate(goal.by)}
            taken |= given(goal, self.source.attributes, self.zone, writing.binder)
            chosen = select(taken, table, joins=self.source.joins(goal), where=where)
            query = summed(goal, self.source.attributes, self.zone, chosen)
        return Sql(query, writing.binder.values_of(query))


def stage_as_layer() -> exp.Table:
    """Return what was fetched, under the layer's name."""
    alias = exp.TableAlias(this=exp.to_identifier(LAYER, quoted=True))
    return exp.Table(this=exp.to_identifier(STAGE, quoted=True), alias=alias)


def _nested(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return the stages, two statements that follow each other as one."""
    first, last = stages[0], stages[-1]
    if len(stages) != 2 or not isinstance(first, Sql) or not isinstance(last, Sql):
        return tuple(stages)
    alias = exp.TableAlias(this=exp.to_identifier(LAYER, quoted=True))
    for table in list(last.query.find_all(exp.Table)):
        table.replace(exp.Subquery(this=first.query, alias=alias))
    return (Sql(last.query, {**first.values, **last.values}),)
