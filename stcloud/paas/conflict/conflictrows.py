"""Conflicts as rows: their columns, their identity and their order.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import instants
from stcloud.daas.table.schema import INSTANT
from stcloud.daas.table.timeline import ALWAYS, FOREVER
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
_DIGITS = 16
_FACTORS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))


def conflict_rows(matched: RulePairs, pairs: Pairs, place: pa.Array, **measures: Floats) -> pa.Table:
    """Return the rows of conflicts that a rule found.

    Parameters
    ----------
    matched
        The rule and its two plans, which are in the order of their first names.
    pairs
        Which versions conflict.
    place
        ``(k,)`` WKB: where.
    measures
        ``(k,)`` float64 by column: ``area_m2``, ``length_m``, ``distance_m``, ``vertical_m``; NaN is null.
    """
    size, rule = len(pairs[0]), matched.bound.rule
    start_us, end_us = matched.periods(pairs)
    columns: dict[str, Any] = {"rule": _same(rule.id, size), "kind": _same(rule.kind, size)}
    sides = (("first", matched.plan, pairs[0]), ("second", matched.other, pairs[1]))
    for side, plan, rows in sides:
        columns[f"{side}_layer"] = _same(plan.layer, size)
        columns[f"{side}_department"] = _same(plan.department, size)
        columns[side] = pa.array(plan.key[rows], pa.string())
        columns[f"{side}_use"] = pa.array(plan.use[rows], pa.string())
    columns["conflict"] = _identities(matched, pairs)
    columns["from"], columns["to"] = instants(start_us, ALWAYS), instants(end_us, FOREVER)
    for name in ("area_m2", "length_m", "distance_m", "vertical_m"):
        values = measures.get(name, np.full(size, np.nan))
        columns[name] = pa.array(values, pa.float64(), mask=np.isnan(values))
    columns["st_geom"] = place
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def in_row_order(rows: pa.Table) -> pa.Table:
    """Return conflicts by rule, layers, keys and time."""
    return rows.sort_by([(name, "ascending") for name in _ORDER])


def _same(text: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), size)


def _identities(matched: RulePairs, pairs: Pairs) -> pa.Array:
    """Return 16 hexadecimal digits of what makes each conflict the same, whatever else changes.

    The digests of rule and features are mixed as MurmurHash3 ends: A. Appleby, 2011, ``fmix64``.
    """
    mixed = np.full(len(pairs[0]), matched.rule_digest)
    for digests, rows in zip(matched.digests, pairs, strict=True):
        mixed = (mixed * _FACTORS[0]) ^ digests[rows]
        for factor in _FACTORS:
            mixed = (mixed ^ (mixed >> np.uint64(33))) * factor
    mixed ^= mixed >> np.uint64(33)
    digits = mixed.astype(">u8").tobytes().hex().encode()
    offsets = np.arange(0, (len(mixed) + 1) * _DIGITS, _DIGITS, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(digits)]
    return pa.Array.from_buffers(pa.large_string(), len(mixed), buffers).cast(pa.string())
