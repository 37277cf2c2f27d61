"""The blueprint: plans after decisions, each feature as pieces that are cut, to be planned anew, open, or settled.

Laws: **conserved**: the areas of a feature's pieces sum to its area; **agreed**: two settled pieces do not conflict
by a rule that excludes, unless both sides were to stay.

Tested by `tests/paas/conflict/test_blueprint.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import shapely

from stcloud.paas.conflict.conflictrules import ConflictRule
from stcloud.paas.conflict.decisions import BOTH, FIRST, REPLAN, SECOND
from stcloud.paas.conflict.planversions import PlanVersions

__all__ = ["BLUEPRINT", "CUT", "OPEN", "SETTLED", "STATES", "blueprint_pieces"]

CUT, OPEN, SETTLED = "cut", "open", "settled"
STATES = (CUT, REPLAN, OPEN, SETTLED)
"""States of pieces; the first that applies to a place counts."""

BLUEPRINT = pa.schema([
    ("piece", pa.string()), ("layer", pa.string()), ("department", pa.string()), ("feature", pa.string()),
    ("use", pa.string()), ("state", pa.string()), ("conflicts", pa.string()), ("area_m2", pa.float64()),
    ("length_m", pa.float64()), ("st_geom", pa.binary()),
])  # fmt: skip
"""Columns of a blueprint. ``piece`` is the layer, the feature and the state."""

_CORNERS = 64  # of a quarter circle

Shape: TypeAlias = Any
_Feature: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Claims:
    """What others claim of a feature, by state: where, and by which conflicts."""

    regions: dict[str, list[Shape]] = field(default_factory=lambda: defaultdict(list))
    conflicts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, state: str, region: Shape, conflict: str) -> None:
        self.regions[state].append(region)
        self.conflicts[state].add(conflict)


def blueprint_pieces(
    plans: Sequence[PlanVersions], conflicts: pa.Table, rules: Iterable[ConflictRule]
) -> pa.Table:
    """Return the pieces of plans at an instant.

    Parameters
    ----------
    plans
        The versions that are valid then, one of each feature.
    conflicts
        The conflicts between them, with their decisions.
    rules
        The rules that they are by.

    Returns
    -------
    A table as `BLUEPRINT`, by layer, feature and state.

    Notes
    -----
    What lies within a distance is cut with a circle of 64 corners a quarter.
    """
    shapes = {
        (plan.layer, key): shape
        for plan in plans
        for key, shape in zip(plan.key.tolist(), plan.shape, strict=True)
    }
    claims = _claims(conflicts, shapes, {rule.id: rule for rule in rules})
    rows: dict[str, list[Any]] = {name: [] for name in BLUEPRINT.names}
    for plan in plans:
        for at in np.argsort(plan.key.astype(str), kind="stable").tolist():
            key, use = plan.key[at], plan.use[at]
            claim = claims.get((plan.layer, key), _Claims())
            for state, shape in _pieces(plan.shape[at], claim):
                named = ";".join(sorted(claim.conflicts.get(state, ()))) or None
                values = (f"{plan.layer}:{key}:{state}", plan.layer, plan.department, key, use, state, named)
                for name, value in zip(BLUEPRINT.names, values, strict=False):
                    rows[name].append(value)
                rows["st_geom"].append(shape)
    return _table(rows)


def _claims(
    conflicts: pa.Table, shapes: Mapping[_Feature, Shape], rules: Mapping[str, ConflictRule]
) -> dict[_Feature, _Claims]:
    claims: dict[_Feature, _Claims] = defaultdict(_Claims)
    places = shapely.make_valid(shapely.from_wkb(conflicts["st_geom"].to_numpy()))
    names = ["conflict", "rule", "first_layer", "first", "second_layer", "second", "outcome"]
    for row, place in zip(conflicts.select(names).to_pylist(), places, strict=True):
        rule = rules[row["rule"]]
        features = {side: (row[f"{side}_layer"], row[side]) for side in (FIRST, SECOND)}
        for side, state in _states(row["outcome"]):
            own, other = features[side], features[SECOND if side == FIRST else FIRST]
            region = place if rule.shares else _within(shapes[own], shapes[other], rule.reach_m)
            claims[own].add(state, region, row["conflict"])
    return claims


def _states(outcome: str | None) -> tuple[tuple[str, str], ...]:
    """Return which side gets which state by an outcome; None: nothing was decided."""
    states: Mapping[str | None, tuple[tuple[str, str], ...]] = {
        None: ((FIRST, OPEN), (SECOND, OPEN)), REPLAN: ((FIRST, REPLAN), (SECOND, REPLAN)), BOTH: (),
        FIRST: ((SECOND, CUT),), SECOND: ((FIRST, CUT),),
    }  # fmt: skip
    return states[outcome]


def _within(shape: Shape, other: Shape, reach_m: float) -> Shape:
    """Return the part of a feature that is within a distance of another."""
    near = shapely.buffer(other, reach_m, quad_segs=_CORNERS) if reach_m else other
    return shapely.intersection(shape, near)


def _pieces(shape: Shape, claims: _Claims) -> Iterator[tuple[str, Shape]]:
    """Give the states of a feature with their pieces, which together are the feature."""
    dimension, rest = int(shapely.get_dimensions(shape)), shape
    for state in STATES[:-1]:
        if state in claims.regions:
            region = shapely.union_all(claims.regions[state])
            piece = _of_dimension(shapely.intersection(rest, region), dimension)
            rest = _of_dimension(shapely.difference(rest, region), dimension)
            if piece is not None:
                yield state, piece
            if rest is None:
                return
    yield SETTLED, rest


def _of_dimension(shape: Shape, dimension: int) -> Shape | None:
    """Return the parts of a geometry that have as many dimensions as the feature; None: there is none."""
    if shape.is_empty:
        return None
    if shape.geom_type != "GeometryCollection":
        return shape if shapely.get_dimensions(shape) == dimension else None
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == dimension]
    return shapely.union_all(parts) if parts else None


def _table(rows: Mapping[str, list[Any]]) -> pa.Table:
    shapes: Any = np.empty(len(rows["piece"]), object)
    shapes[:] = rows["st_geom"]
    dimensions = shapely.get_dimensions(shapes)
    numbers = {
        "area_m2": pa.array(shapely.area(shapes), pa.float64(), mask=dimensions != 2),
        "length_m": pa.array(shapely.length(shapes), pa.float64(), mask=dimensions != 1),
        "st_geom": pa.array(shapely.to_wkb(shapes), pa.binary()),
    }
    columns = [
        numbers[field.name] if field.name in numbers else pa.array(rows[field.name], field.type)
        for field in BLUEPRINT
    ]
    return pa.table(columns, schema=BLUEPRINT)
