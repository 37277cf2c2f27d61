"""From a plan to stages: SQL over pruned files, an exact refinement for edge cells only, SQL again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlglot import exp

from stcloud.daas.catalogue import Layer
from stcloud.daas.charter import Charter
from stcloud.iaas.engine import STAGE, Files, Refine, Relation, Sql, Stage
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.clock import WallClock, number, within
from stcloud.paas.query.plan import By, Count, Known, Plan, Rows
from stcloud.paas.query.predicate import Predicate
from stcloud.paas.query.prune import known_by_all, prune, time_span
from stcloud.paas.query.refine import Refinement, edge_column
from stcloud.paas.query.where import Place
from stcloud.space import Cover, Level
from stcloud.time import Bin, When

__all__ = ["OWN_ROWS", "Compiled", "compile_plan"]

LAYER = "layer"
OWN_ROWS = ("st_key", "st_time", "st_time_to", "st_x", "st_y", "st_cell", "st_unplaced")
"""Our columns that rows are given with."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Stages, what their table names mean, and what they will read."""

    stages: tuple[Stage, ...]
    relations: Mapping[str, Relation]
    files: Files
    columns: tuple[str, ...]
    covers: tuple[Cover, ...]


def compile_plan(plan: Plan, layer: Layer, charter: Charter) -> Compiled:
    """Compile a plan over one version of a layer; reads nothing."""
    return _Compilation(plan, layer, charter).compiled()


class _Compilation:
    def __init__(self, plan: Plan, layer: Layer, charter: Charter) -> None:
        self._plan = plan
        self._charter = charter
        self._attributes = {one.name: one for one in layer.attributes}
        self._snapshot = layer.snapshot
        self._binder = Binder()
        self._places = [one for one in plan if isinstance(one, Place)]
        self._covers = [place.cover(charter.lattice) for place in self._places]
        self._files = prune(plan, layer.snapshot, charter.lattice)
        self._relations: dict[str, Relation] = {LAYER: Files(layer.snapshot, self._files)}
        self._clock: WallClock | None = None

    def compiled(self) -> Compiled:
        goal = self._plan[-1]
        given = self._counted(goal.by) if isinstance(goal, Count) else self._rows()
        query = exp.select(*(exp.alias_(value, name, quoted=True) for name, value in given.items())).from_(
            LAYER
        )
        query = self._located(query, given)
        query = query.where(*self._conditions(), copy=False)
        last = self._last(goal, query, refined=bool(self._areas))
        stages: list[Stage] = []
        if self._areas:
            stages = [Sql(query, self._binder.values_of(query)), self._refine(given), Sql(last)]
        else:
            stages = [Sql(last, self._binder.values_of(last))]
        read = sorted(
            {column.name for stage in stages[:1] for column in _columns(stage, self._snapshot.schema)}
        )
        files = Files(self._snapshot, self._files)
        return Compiled(tuple(stages), self._relations, files, tuple(read), tuple(self._covers))

    @property
    def _areas(self) -> list[tuple[int, Place]]:
        """Places with an edge to refine at, numbered."""
        numbered = enumerate(zip(self._places, self._covers, strict=True))
        return [(index, place) for index, (place, cover) in numbered if len(cover.edge)]

    def _rows(self) -> dict[str, exp.Expression]:
        names = [*OWN_ROWS, *(one.stored for one in self._attributes.values())]
        return {name: _stored(name) for name in names}

    def _counted(self, by: tuple[By, ...]) -> dict[str, exp.Expression]:
        return {f"g{index}": self._group(one) for index, one in enumerate(by)} or {"g": number(1)}

    def _group(self, by: By) -> exp.Expression:
        if isinstance(by, Level):
            return exp.IntDiv(
                this=_stored("st_cell"), expression=number(10 ** (Level.M10.digits - by.digits))
            )
        if isinstance(by, Bin):
            return self._wall_clock().bin(by)
        return _stored(by.stored)

    def _conditions(self) -> list[exp.Expression]:
        found: list[exp.Expression] = []
        for one in self._plan:
            if isinstance(one, Known):
                found += self._known(one)
            elif isinstance(one, When):
                found += self._when(one)
            elif isinstance(one, Predicate):
                found.append(one.compile(self._attributes, self._charter.zone, self._binder))
        return found + [self._near(place) for place in self._places]

    def _known(self, known: Known) -> list[exp.Expression]:
        # Of all files, not of those that are left: an engine may read more than was asked for.
        if known_by_all(self._snapshot.files, known.at_us):
            return []
        at = self._binder.instant(known.at_us)
        ends = _stored("st_recorded_to")
        still = exp.or_(
            exp.Is(this=ends, expression=exp.null()), exp.GT(this=ends.copy(), expression=at.copy())
        )
        return [exp.LTE(this=_stored("st_recorded_from"), expression=at), exp.paren(still)]

    def _when(self, when: When) -> list[exp.Expression]:
        spans = [
            within(
                _stored("st_time"),
                None if span.start_us is None else self._binder.instant(span.start_us),
                None if span.end_us is None else self._binder.instant(span.end_us),
            )
            for span in when.spans.parts
        ]
        found: list[exp.Expression] = [exp.paren(exp.or_(*spans)) if spans else exp.false()]
        return found + (self._wall_clock().fits(when) if when.weekdays or when.hours else [])

    def _wall_clock(self) -> WallClock:
        if self._clock is None:
            whens = [one for one in self._plan if isinstance(one, When)]
            span_us = time_span(self._files, whens)
            self._clock = WallClock(_stored("st_time"), self._charter.zone, span_us)
        return self._clock

    def _near(self, place: Place) -> exp.Expression:
        """Within a box of what was asked for: prunes row groups, decides nothing."""
        boxes = []
        for xmin, ymin, xmax, ymax in place.boxes(self._charter.lattice):
            bounds = [self._binder.bind(float(value)) for value in (xmin, xmax, ymin, ymax)]
            sides = [
                exp.Between(this=_stored("st_x"), low=bounds[0], high=bounds[1]),
                exp.Between(this=_stored("st_y"), low=bounds[2], high=bounds[3]),
            ]
            boxes.append(exp.and_(*sides))
        return exp.paren(exp.or_(*boxes))

    def _located(self, query: exp.Select, given: dict[str, exp.Expression]) -> exp.Select:
        """Join each place's cover, one equi-join per level; rows of no cell of it are dropped."""
        for index, cover in enumerate(self._covers):
            tables = _by_level(cover)
            hits = []
            for level, table in tables.items():
                name = f"cover_{index}_{level.label}"
                self._relations[name] = table
                digits = number(10 ** (Level.M10.digits - level.digits))
                cell = exp.IntDiv(this=_stored("st_cell"), expression=digits)
                on = exp.EQ(this=cell, expression=exp.column("cell", table=name, quoted=True))
                query = query.join(
                    exp.to_table(f'"{name}"'), on=on, join_type="left" if len(tables) > 1 else "inner"
                )
                hits.append(exp.column("edge", table=name, quoted=True))
            if len(hits) > 1:
                query = query.where(
                    exp.paren(exp.or_(*(exp.not_(exp.Is(this=hit, expression=exp.null())) for hit in hits)))
                )
            if not hits:
                query = query.where(exp.false())
            if len(cover.edge):
                # inner in any of its cells is inside: edge only where every hit says so
                sure = [exp.Coalesce(this=hit.copy(), expressions=[exp.true()]) for hit in hits]
                given |= {edge_column(index): exp.paren(exp.and_(*sure))}
                query = query.select(exp.alias_(exp.paren(exp.and_(*sure)), edge_column(index), quoted=True))
        for name in ("st_x", "st_y"):
            if self._areas and name not in given:
                query = query.select(exp.alias_(_stored(name), name, quoted=True))
        return query

    def _refine(self, given: Mapping[str, exp.Expression]) -> Refine:
        areas = {index: place.area for index, place in self._areas}
        drops = [edge_column(index) for index in areas]
        drops += [name for name in ("st_x", "st_y") if name not in given]
        return Refine(Refinement(areas, tuple(drops)), tuple(drops))

    def _last(self, goal: object, query: exp.Select, *, refined: bool) -> exp.Query:
        source: exp.Expression = exp.to_table(STAGE) if refined else query.subquery(STAGE)
        if isinstance(goal, Count):
            return self._count(goal, source)
        names = [exp.column(name, quoted=True) for name in self._rows()]
        rows = exp.select(*names).from_(source).order_by(*map(_ascending, ("st_time", "st_key")))
        limit = goal.limit if isinstance(goal, Rows) else None
        return rows if limit is None else rows.limit(limit)

    def _count(self, goal: Count, source: exp.Expression) -> exp.Query:
        count = exp.alias_(exp.Count(this=exp.Star()), "count", quoted=True)
        keys = [f"g{index}" for index in range(len(goal.by))]
        groups = [exp.column(key, quoted=True) for key in keys]
        query = exp.select(*groups, count).from_(source)
        return (
            query.group_by(*(group.copy() for group in groups)).order_by(*map(_ascending, keys))
            if keys
            else query
        )


def _stored(name: str) -> exp.Column:
    return exp.column(name, table=LAYER, quoted=True)


def _ascending(name: str) -> exp.Ordered:
    return exp.Ordered(this=exp.column(name, quoted=True), desc=False, nulls_first=False)


def _by_level(cover: Cover) -> dict[Level, pa.Table]:
    """Cells and whether they are at the edge, a table per level; an id comes once, inner wins."""
    cells = np.concatenate((cover.inner, np.setdiff1d(cover.edge, cover.inner)))
    edge = np.arange(len(cells)) >= len(cover.inner)
    found = {}
    for level in Level:
        low = 10 ** (level.digits - 1)
        mask = (cells >= low) & (cells < 10 * low)
        if mask.any():
            found[level] = pa.table({"cell": pa.array(cells[mask]), "edge": pa.array(edge[mask])})
    return found


def _columns(stage: Stage, schema: pa.Schema) -> list[exp.Column]:
    query = stage.query if isinstance(stage, Sql) else None
    names = set(schema.names)
    return [column for column in query.find_all(exp.Column) if column.name in names] if query else []
