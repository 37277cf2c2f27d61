"""The resolver: reads what a query names of other layers, once, as it was known at the query's recorded instant."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.table.feature import Ends, read_ends
from stcloud.daas.table.schema import INSTANT
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InternalError
from stcloud.paas.grid import Units
from stcloud.paas.query.condition.period import asked_window
from stcloud.paas.query.features import Features
from stcloud.paas.query.label import is_of_features
from stcloud.paas.query.pin import Known, known_us
from stcloud.paas.query.place.extent import Extent, extent_near
from stcloud.paas.query.place.formula import mapped
from stcloud.paas.query.place.located import InUnits, Located, OnDuty, leaves_of
from stcloud.paas.query.place.site import InRegion
from stcloud.paas.query.place.siting import Sited
from stcloud.paas.query.place.spec import Named
from stcloud.paas.query.place.touch import Touched
from stcloud.paas.query.plan import By, Condition, DutyGroup, FeatureGroup, Operator, Part, Restated, Summary
from stcloud.paas.query.resolve.bounds import Bounds
from stcloud.paas.query.resolve.history import History, read_history
from stcloud.paas.query.resolve.holders import holders_of
from stcloud.paas.query.resolve.places import shape_of, site_of, span_of
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.subject import Subject
from stcloud.space import Lattice
from stcloud.time import When

__all__ = ["DutyCells", "Resolution", "Resolver"]

Made = TypeVar("Made")
Holder = Any

_ALWAYS = Scope(ALWAYS, FOREVER)
_NO_ENDS = Ends(np.empty(0, np.int64), np.empty(0, np.int64))
_CELLS = pa.schema([("unit", pa.string()), ("since", INSTANT), ("until", INSTANT)])
_MEMBERS = pa.schema([("duty", pa.string()), *_CELLS])


@dataclass(frozen=True, slots=True, eq=False)
class DutyCells:
    """Keep events in cells that some duty grids had then: ``unit``, ``since``, ``until``, none twice at once."""

    cells: pa.Table


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """A plan with what its conditions and groups stand for.

    Parameters
    ----------
    steps
        The plan's operators, those that name other layers replaced by what they stand for.
    holders
        For each group of features, what names the feature that held a row.
    members
        For each group of duty grids, who had which cell when.
    units
        The grid, where units are re-stated.
    ends
        Until when features are believed whose rows do not tell it; None: of events.
    """

    steps: tuple[Any, ...]
    holders: Mapping[FeatureGroup, Holder] = field(default_factory=dict)
    members: Mapping[DutyGroup, pa.Table] = field(default_factory=dict)
    units: Units | None = None
    ends: Ends | None = None


class Resolver:
    """Resolves the conditions and groups of one query, each once.

    Parameters
    ----------
    subject
        What the query is about.
    known
        What it is pinned at.
    reads
        Whether other layers are read; without, only what their logs tell is known of them, enough to explain a query.
    """

    def __init__(self, subject: Subject, known: Known, *, reads: bool = True) -> None:
        self._subject, self._known, self._reads = subject, known, reads
        self._made: dict[Hashable, Any] = {}

    def layer(self, name: str) -> Features:
        """Return a layer of features, in one version for all of the query."""
        return self._once(("layer", name), lambda: self._subject.other(name))

    def known_us(self, name: str) -> int:
        """Return the recorded instant that another layer is taken at, UTC microseconds."""
        return known_us(self.layer(name), self._known)

    def resolution(self, plan: Sequence[Operator]) -> Resolution:
        """Resolve a plan; reads what it names of other layers.

        Raises
        ------
        NotFound, InvalidInput
            As `read_history` and ``unknown-duty``.
        """
        steps = tuple(self._step(step, plan) for step in plan)
        goal = plan[-1]
        by = goal.by if isinstance(goal, Summary) else ()
        return Resolution(
            steps,
            {group: self._holders(group, steps) for group in by if isinstance(group, FeatureGroup)},
            {group: self._members(group) for group in by if isinstance(group, DutyGroup)},
            self._units() if self._reads and any(isinstance(step, Restated) for step in plan) else None,
            self._ends() if is_of_features(self._subject.layer) else None,
        )

    def notes(self, place: Located, conditions: Sequence[Condition]) -> list[str]:
        """Return what hardly anything can lie in, of a place that was resolved."""
        if is_of_features(self._subject.layer):
            return []
        made = self._made.get((place, self._time(conditions)))
        sites = leaves_of(made.formula) if made is not None else ()
        thin = any(isinstance(site, InRegion) and site.region.is_thin for site in sites)
        return ["only events exactly on a line or point: near:LAYER:ID:20m asks around it"] if thin else []

    def _step(self, step: Operator, plan: Sequence[Operator]) -> Any:
        if isinstance(step, Located):
            return self._located(step, plan)
        if isinstance(step, OnDuty):
            cells = self.duty_cells(step.layer, step.duties)
            return DutyCells(_CELLS.empty_table() if cells is None else cells)
        return step

    def _located(self, place: Located, plan: Iterable[object]) -> Sited | Touched:
        time, lattice = self._time(plan), self._subject.configuration.lattice
        if is_of_features(self._subject.layer):
            return self._once(
                (place, time),
                lambda: Touched(
                    mapped(place.formula, lambda leaf: shape_of(leaf, self, time, lattice)), place.said
                ),
            )
        return self._once(
            (place, time),
            lambda: Sited(mapped(place.formula, lambda leaf: site_of(leaf, self, time, lattice)), place.said),
        )

    def _time(self, steps: Iterable[object]) -> tuple[int, int]:
        """Return when rows may be, half-open, UTC microseconds."""
        every = tuple(steps)
        if is_of_features(self._subject.layer):
            return asked_window(every) or (ALWAYS, FOREVER)
        return span_of(step for step in every if isinstance(step, When))

    def history(self, named: Named, at_us: int | None, span: tuple[int, int]) -> History | None:
        """Return the versions of features that are named; None where nothing is read."""
        layer = self.layer(named.layer)
        if not self._reads:
            return None
        return read_history(layer, named.key, self.known_us(named.layer), at_us, span, named.column)

    def extent(self, named: Named, lattice: Lattice) -> Extent | None:
        """Return what holds all features of a layer by its log; None: no bound is known."""
        box = self.layer(named.layer).extent
        return (
            None
            if box is None
            else extent_near(np.array([shapely.box(*box)], object), named.metres or 0.0, lattice)
        )

    def duty_cells(self, layer: str, duties: tuple[str, ...]) -> pa.Table | None:
        """Return the cells that duty grids had; None where nothing is read."""
        if not self._reads:
            return None
        return self._once(
            ("duty", layer, duties),
            lambda: self._duties(layer).cells_of(*duties, known_at_us=self.known_us(layer)),
        )

    def _members(self, group: DutyGroup) -> pa.Table:
        if not self._reads:
            return _MEMBERS.empty_table()
        return self._once(group, lambda: self._duties(group.layer).members(self.known_us(group.layer)))

    def _duties(self, layer: str) -> Any:
        index = self._subject.index
        assert index is not None  # noqa: S101  (who names duty grids has one)
        return index.duties(layer)

    def _units(self) -> Units:
        index = self._subject.index
        assert index is not None  # noqa: S101  (who re-states units has one)
        return self._once("units", lambda: index.grid.units(index.pinned_us(self._known)))

    def _holders(self, group: FeatureGroup, steps: tuple[Any, ...]) -> Holder:
        layer = self.layer(group.layer)
        if not self._reads:
            return _unread
        scope = self._scope(steps)
        key = (group, scope)
        return self._once(key, lambda: holders_of(layer, group.column, self.known_us(group.layer), scope))

    def _scope(self, steps: tuple[Any, ...]) -> Scope:
        if is_of_features(self._subject.layer):
            return _ALWAYS
        bounds = Bounds.of(steps, self._subject.layer.snapshot, self._subject.configuration.lattice)
        return Scope.of(bounds, [step for step in steps if isinstance(step, When)])

    def _ends(self) -> Ends:
        if not self._reads:
            return _NO_ENDS
        return self._once("ends", lambda: read_ends(self._subject.layer.snapshot))

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made


def layers_of(conditions: Iterable[object], by: Iterable[By] = ()) -> tuple[str, ...]:
    """Return the names of the other layers that a query reads, each once, in the order in which they are named."""
    names: list[str] = []
    for step in conditions:
        leaves = leaves_of(step.formula) if isinstance(step, Located) else [step]
        names += [name for leaf in leaves if (name := getattr(leaf, "layer", None)) is not None]
    names += [group.layer for group in by if isinstance(group, FeatureGroup | DutyGroup)]
    return tuple(dict.fromkeys(names))


def names_units(conditions: Iterable[object], goal: object) -> bool:
    """Tell whether an answer depends on which cell of the unit grid held an event: rows show it."""
    if not isinstance(goal, Summary) or any(isinstance(group, Part | DutyGroup) for group in goal.by):
        return True
    leaves = (leaf for step in conditions if isinstance(step, Located) for leaf in leaves_of(step.formula))
    return any(isinstance(step, InUnits | OnDuty) for step in (*conditions, *leaves))


def _unread(_: pa.RecordBatch) -> pa.Array:
    raise InternalError("not-read", "a query that is explained tests no rows")
