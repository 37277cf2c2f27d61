"""The resolver: reads what a query names of other layers, once, as it was known at the query's recorded instant.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.table.feature import Ends, read_ends
from stcloud.daas.table.schema import INSTANT, UNIT
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InternalError
from stcloud.iaas.table.table import Snapshot
from stcloud.paas.grid import Units
from stcloud.paas.query.answer.pin import Known, days_known, known_us
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.plan import (
    By,
    DutyGroup,
    FeatureGroup,
    Goal,
    Part,
    Plan,
    Restated,
    RowColumns,
    Rows,
    Summary,
    restated_in,
)
from stcloud.paas.query.plan.resolved import Resolved
from stcloud.paas.query.plan.resolving import RowsOfKind
from stcloud.paas.query.plan.row_kind import rows_of_kind
from stcloud.paas.query.resolve.bounds import Bounds
from stcloud.paas.query.resolve.refusal import columns_read, refuse_purged
from stcloud.paas.query.resolve.rows_of_kind import NO_ENDS, times_of
from stcloud.paas.query.resolve.subject import Subject
from stcloud.space import Lattice

if TYPE_CHECKING:
    from stcloud.paas.query.place.extent import Extent
    from stcloud.paas.query.place.formula import Formula
    from stcloud.paas.query.place.spec import Named
    from stcloud.paas.query.place.versions import History
    from stcloud.paas.query.resolve.features import Features
    from stcloud.paas.query.resolve.scope import Scope
    from stcloud.time import PublishedDays, Zone

__all__ = ["Resolution", "Resolver"]

Made = TypeVar("Made")
Holder = Any

_MEMBERS = pa.schema([("duty", pa.string()), ("unit", pa.string()), ("since", INSTANT), ("until", INSTANT)])


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """A plan with what its conditions and groups stand for.

    Parameters
    ----------
    plan
        The plan.
    by_condition
        What each of the plan's conditions stands for.
    holders
        For each group of features, what names the feature that held a row.
    members
        For each group of duty grids, who had which cell when.
    units
        The grid, where units are re-stated.
    ends
        Until when features are believed whose rows do not hold it.
    """

    plan: Plan
    by_condition: tuple[tuple[Resolved, ...], ...]
    holders: Mapping[FeatureGroup, Holder] = field(default_factory=dict)
    members: Mapping[DutyGroup, pa.Table] = field(default_factory=dict)
    units: Units | None = None
    ends: Ends = NO_ENDS

    @property
    def conditions(self) -> tuple[Resolved, ...]:
        """What rows are tested by; all must hold."""
        return tuple(resolved for some in self.by_condition for resolved in some)

    @property
    def goal(self) -> Goal:
        """What is to be given."""
        goal = self.plan[-1]
        assert isinstance(goal, Rows | Summary | RowColumns)  # noqa: S101  (the last step of a plan that is run)
        return goal

    @property
    def restated(self) -> Restated | None:
        """How events are located anew, if they are."""
        return restated_in(self.plan)

    def bounds(self, snapshot: Snapshot) -> Bounds:
        """Return which files of a layer of events may hold a wanted row."""
        return Bounds.of(self.conditions, snapshot, restated=self.restated is not None)

    def scope(self, snapshot: Snapshot) -> Scope:
        """Return where and when the events may be, by the plan and the log."""
        from stcloud.paas.query.resolve.scope import Scope  # noqa: PLC0415  (what reads other layers is slow to import)

        return Scope.of(self.bounds(snapshot), times_of(self.plan.conditions))


class Resolver:
    """Resolves the conditions and groups of one query, each once.

    Parameters
    ----------
    subject
        What the query is about.
    known
        What it is pinned at.
    reads
        Whether other layers are read; without, only their logs are, which is enough to explain a query.
    """

    def __init__(self, subject: Subject, known: Known, *, reads: bool = True) -> None:
        self._subject, self._known, self._reads = subject, known, reads
        self._made: dict[Hashable, Any] = {}
        self._latest: dict[Condition, tuple[Resolved, ...]] = {}

    @property
    def zone(self) -> Zone:
        """The city's."""
        return self._subject.zone

    def layer(self, name: str) -> Features:
        """Return a layer of features, in one version for all of the query."""
        return self._once(("layer", name), lambda: self._subject.other(name))

    def known_us(self, name: str) -> int:
        """Return the recorded instant that another layer is taken at, UTC microseconds."""
        return known_us(self.layer(name), self._known)

    @property
    def published(self) -> PublishedDays:
        """The days that the city has published, as known where the query is pinned; read once."""
        return self._once("published", lambda: days_known(self._subject.published(), self._known))

    def under(self, condition: Condition) -> Condition:
        """Return a condition with the days that the city has published, if it means them."""
        if not condition.of_city:
            return condition
        return self._once(("under", condition), lambda: condition.under(self.published))

    def resolution(self, plan: Plan) -> Resolution:
        """Resolve a plan; reads what it names of other layers.

        Raises
        ------
        NotFound, InvalidInput
            As `read_history` and ``unknown-duty``; ``purged``: it may have read what was purged since its pin.
        """
        goal = plan[-1]
        by = goal.by if isinstance(goal, Summary) else ()
        resolving = self._resolving(plan.conditions)
        resolved = Resolution(plan, tuple(self._resolved(step, resolving) for step in plan.conditions))
        if self._reads:
            self._refuse_purged(resolved, resolving, by)
        return replace(
            resolved,
            holders={
                group: self.holders(group, self._scope(resolved))
                for group in by
                if isinstance(group, FeatureGroup)
            },
            members={group: self._members_or_none(group) for group in by if isinstance(group, DutyGroup)},
            units=self._units() if self._reads and resolved.restated is not None else None,
            ends=resolving.rows.ends,
        )

    def _refuse_purged(self, resolved: Resolution, resolving: _Resolving, by: Iterable[By]) -> None:
        """Refuse a question that may have read what was purged, of its layer or of others, since its pin."""
        subject, conditions = self._subject, resolved.plan.conditions
        if subject.layer.purges:
            columns = columns_read(resolved.goal, resolved.conditions, subject.layer)
            known = known_us(subject.layer, self._known)
            refuse_purged(subject.layer, known, subject.zone, columns=columns, after_us=resolving.window[0])
        for name in layers_of(conditions):
            refuse_purged(self.layer(name), self.known_us(name), subject.zone)
        for group in by:
            if isinstance(group, FeatureGroup | DutyGroup):
                columns = frozenset([group.column]) if isinstance(group, FeatureGroup) else None
                refuse_purged(
                    self.layer(group.layer), self.known_us(group.layer), subject.zone, columns=columns
                )

    def notes(self, condition: Condition) -> list[str]:
        """Return what people should know of one of the query's conditions, if it was resolved."""
        return [note for resolved in self._latest.get(condition, ()) for note in resolved.notes]

    def _resolving(self, conditions: tuple[Condition, ...]) -> _Resolving:
        rows = self._rows()
        lattice = self._subject.configuration.lattice
        return _Resolving(self, rows, lattice, rows.window(conditions), restated_in(conditions))

    def _resolved(self, condition: Condition, resolving: _Resolving) -> tuple[Resolved, ...]:
        made = self._once((condition, resolving.key), lambda: condition.resolve(resolving))
        self._latest[condition] = made
        return made

    def _rows(self) -> RowsOfKind:
        return rows_of_kind(self._subject.layer)(self._ends)

    def history(self, named: Named, at_us: int | None, span: tuple[int, int]) -> History | None:
        """Return the versions of features that are named; None where nothing is read."""
        layer = self.layer(named.layer)
        if not self._reads:
            return None
        from stcloud.paas.query.resolve.history import read_history  # noqa: PLC0415

        return read_history(layer, named.key, self.known_us(named.layer), at_us, span, named.column)

    def extent(self, named: Named, lattice: Lattice) -> Extent | None:
        """Return what holds all features of a layer by its log; None: no bound is known."""
        box = self.layer(named.layer).extent
        if box is None:
            return None
        from stcloud.paas.query.place.extent import extent_near  # noqa: PLC0415

        return extent_near(np.array([shapely.box(*box)], object), named.metres or 0.0, lattice)

    def duty_cells(self, layer: str, duties: tuple[str, ...]) -> pa.Table | None:
        """Return the cells that duty grids had; None where nothing is read."""
        if not self._reads:
            return None
        return self._once(
            ("duty", layer, duties),
            lambda: self._duties(layer).cells_of(*duties, known_at_us=self.known_us(layer)),
        )

    def _members_or_none(self, group: DutyGroup) -> pa.Table:
        members = self.members(group)
        return _MEMBERS.empty_table() if members is None else members

    def members(self, group: DutyGroup) -> pa.Table | None:
        """Return who had which unit cell when; None where nothing is read."""
        if not self._reads:
            return None
        return self._once(group, lambda: self._duties(group.layer).members(self.known_us(group.layer)))

    def _duties(self, layer: str) -> Any:
        index = self._subject.index
        assert index is not None  # noqa: S101  (who names duty grids has one)
        return index.duties(layer)

    def _units(self) -> Units:
        index = self._subject.index
        assert index is not None  # noqa: S101  (who re-states units has one)
        return self._once("units", lambda: index.grid.units(index.pinned_us(self._known)))

    def _scope(self, resolved: Resolution) -> Scope:
        """Return where and when the rows may be, by the plan and the log."""
        from stcloud.paas.query.resolve.scope import Scope  # noqa: PLC0415

        if self._subject.kind.indexed:
            return resolved.scope(self._subject.layer.snapshot)
        return Scope(ALWAYS, FOREVER)

    def holders(self, group: FeatureGroup, scope: Scope) -> Holder:
        """Return what names the features that held rows, which lie in a scope."""
        layer = self.layer(group.layer)
        if not self._reads:
            return _unread
        from stcloud.paas.query.resolve.holders import holders_of  # noqa: PLC0415

        key = (group, scope)
        return self._once(key, lambda: holders_of(layer, group, self.known_us(group.layer), scope))

    def _ends(self) -> Ends:
        if not self._reads:
            return NO_ENDS
        return self._once("ends", lambda: read_ends(self._subject.layer.snapshot))

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made


@dataclass(frozen=True, slots=True, eq=False)
class _Resolving:
    """What the conditions of one plan are resolved with."""

    resolver: Resolver
    rows: RowsOfKind
    lattice: Lattice
    window: tuple[int, int]
    restated: Restated | None

    @property
    def key(self) -> Hashable:
        """What the resolution of a condition depends on besides the condition."""
        return self.window, self.restated

    @property
    def zone(self) -> Zone:
        """The city's."""
        return self.resolver.zone

    @property
    def restated_us(self) -> int | None:
        """The instant for which codes of unit cells stand; None: each row's own."""
        return None if self.restated is None else self.restated.at_us

    @property
    def reader(self) -> Resolver:
        """Reads other layers."""
        return self.resolver

    @property
    def published(self) -> PublishedDays:
        """The days that the city has published, as known where the query is pinned."""
        return self.resolver.published

    def located(self, formula: Formula) -> Resolved:
        """Return the condition that rows lie where a formula of places says; reads the layers that it names."""
        return self.rows.located(formula, self.resolver, self.lattice, self.window, self.restated_us)


def layers_of(conditions: Iterable[Condition], by: Iterable[By] = ()) -> tuple[str, ...]:
    """Return the names of the other layers that a query reads, each once, in the order in which they are named."""
    names = [name for condition in conditions for name in condition.layers]
    names += [group.layer for group in by if isinstance(group, FeatureGroup | DutyGroup)]
    return tuple(dict.fromkeys(names))


def names_units(conditions: Iterable[Condition], goal: object) -> bool:
    """Tell whether an answer depends on which cell of the unit grid held an event: rows show it."""
    if isinstance(goal, RowColumns):
        shows = UNIT in goal.names
    else:
        shows = not isinstance(goal, Summary) or any(isinstance(group, Part | DutyGroup) for group in goal.by)
    if shows:
        return True
    return any(condition.of_units for condition in conditions)


def _unread(_: pa.RecordBatch) -> pa.Array:
    raise InternalError("not-read", "a query that is explained tests no rows")
