"""Conflicts as rows: their columns, their identity and their order.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.feature import instants
from stcloud.daas.table.schema import INSTANT
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.iaas.table.digest import digest_rows
from stcloud.paas.conflict.pairing import Pairs, RulePairs

__all__ = ["SCHEMA", "conflict_rows", "in_row_order"]

Floats: TypeAlias = NDArray[np.float64]

_TEXT, _NUMBER = pa.string(), pa.float64()

SCHEMA = pa.schema([
    ("conflict", _TEXT), ("rule", _TEXT), ("kind", _TEXT), ("first_layer", _TEXT), ("first_department", _TEXT),
    ("first", _TEXT), ("first_use", _TEXT), ("second_layer", _TEXT), ("second_department", _TEXT), ("second", _TEXT),
    ("second_use", _TEXT), ("from", INSTANT), ("to", INSTANT), ("area_m2", _NUMBER), ("length_m", _NUMBER),
    ("distance_m", _NUMBER), ("vertical_m", _NUMBER), ("st_geom", pa.binary()),
])  # fmt: skip
"""Columns of conflicts. Sides are in the order of the layers' first names."""

_ORDER = ("rule", "first_layer", "second_layer", "first", "second", "from")
_MANY = 20_000


def conflict_rows(
    matched: RulePairs, pairs: Pairs, shape: NDArray[np.object_], **measures: Floats
) -> pa.Table:
    """Return the rows of conflicts that a rule found.

    Parameters
    ----------
    matched
        The rule and its two plans, which are in the order of their first names.
    pairs
        Which versions conflict.
    shape
        ``(k,)``: where.
    measures
        ``(k,)`` float64 by column: ``area_m2``, ``length_m``, ``distance_m``, ``vertical_m``; NaN is null.
    """
    size, rule = len(pairs[0]), matched.bound.rule
    start_us, end_us = matched.periods(pairs)
    columns: dict[str, Any] = {"rule": _same(rule.id, size), "kind": _same(rule.kind, size)}
    sides = (("first", matched.one, pairs[0]), ("second", matched.other, pairs[1]))
    for side, plan, rows in sides:
        columns[f"{side}_layer"] = _same(plan.layer, size)
        columns[f"{side}_department"] = _same(plan.department, size)
        columns[side] = pa.array(plan.key[rows], pa.string())
        columns[f"{side}_use"] = pa.array(plan.use[rows], pa.string())
    columns["conflict"] = _identities(columns, matched)
    columns["from"], columns["to"] = instants(start_us, ALWAYS), instants(end_us, FOREVER)
    for name in ("area_m2", "length_m", "distance_m", "vertical_m"):
        values = measures.get(name, np.full(size, np.nan))
        columns[name] = pa.array(values, pa.float64(), mask=np.isnan(values))
    columns["st_geom"] = pa.array(shapely.to_wkb(shape), pa.binary())
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def in_row_order(rows: pa.Table) -> pa.Table:
    """Return conflicts by rule, layers, keys and time."""
    return rows.sort_by([(name, "ascending") for name in _ORDER])


def _same(text: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), size)


def _identities(columns: dict[str, Any], matched: RulePairs) -> pa.Array:
    """Return 16 hexadecimal digits of what makes each conflict the same, whatever else changes."""
    names = ("rule", "first_place", "first", "second_place", "second")
    size = len(columns["rule"])
    places = {"first_place": _same(matched.one.place, size), "second_place": _same(matched.other.place, size)}
    batch = pa.RecordBatch.from_arrays([(columns | places)[name] for name in names], names=list(names))
    digests = digest_rows(batch, "conflict", many=size > _MANY).to_pylist()
    return pa.array([digest[:8].hex() for digest in digests], pa.string())
