"""Rules against the layers of a city: what they name must be there, before anything is read.

Tested by `tests/city/test_conflicts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.feature import row_files
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.conflict.conflictrules import ConflictRule, ConflictRules, RuleSide

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.daas.catalogue import Layer

__all__ = ["check_rules"]


def check_rules(city: City, layers: Sequence[str], rules: ConflictRules) -> None:
    """Refuse rules that name what is not there.

    Parameters
    ----------
    city, layers
        The city, and the names of the layers that are asked about.
    rules
        The rules.

    Raises
    ------
    NotFound
        ``unknown-layer``: a layer that is asked about, or that rules name; with the nearest.
    InvalidInput
        ``not-features``; ``no-rule``: none is about two of the layers; ``no-use-column``, ``no-depth-columns``: a
        layer lacks what a rule compares; ``unknown-use``: no version of the layers has it.
    """
    features = {name: city.features(name) for name in layers}
    _refuse_absent(city, rules)
    applying = [
        rule for rule in rules if any(rule.joins(name, other) for name in layers for other in layers if name != other)
    ]  # fmt: skip
    if not applying:
        named = sorted({side.layer for rule in rules for side in rule.sides if side.layer is not None})
        raise InvalidInput(
            "no-rule", f"no rule of '{rules.id}' is about two of the layers {', '.join(layers)}",
            hint=f"its rules are about {', '.join(named)}",
        )  # fmt: skip
    uses: dict[str, frozenset[str]] = {}
    for rule in applying:
        for side in rule.sides:
            own = {name: layer for name, layer in features.items() if side.layer in (None, name)}
            if side.use:
                _check_uses(rule, side, own, rules, uses)
            if rule.gap_m is not None:
                _check_depths(rule, own, rules)


def _refuse_absent(city: City, rules: ConflictRules) -> None:
    """Refuse rules that name a layer that the city does not have."""
    named = dict.fromkeys(rules.plans, f"rules '{rules.id}', plans")
    named |= {
        side.layer: f"rule '{rule.id}'" for rule in rules for side in rule.sides if side.layer is not None
    }
    for name, place in named.items():
        try:
            city.layer(name)
        except NotFound as error:
            error.prefix(place)
            raise


def _check_uses(
    rule: ConflictRule,
    side: RuleSide,
    layers: Mapping[str, Layer],
    rules: ConflictRules,
    uses: dict[str, frozenset[str]],
) -> None:
    """Refuse a side whose uses can be in none of the layers."""
    columns = {name: rules.plan(name).use for name in layers}
    having = {name: layer for name, layer in layers.items() if columns[name] in _types(layer)}
    if not having:
        name = next(iter(layers))
        near = nearest(columns[name], _types(layers[name]))
        raise InvalidInput(
            "no-use-column",
            f"rule '{rule.id}' compares the column '{columns[name]}', which layer '{name}' does not have",
            hint=f"name its column of uses in the rules: [plans.{name}] use = "
            + (f'"{near[0]}"?' if near else f"one of {', '.join(_types(layers[name]))}"),
        )  # fmt: skip
    for name, layer in having.items():
        if name not in uses:
            uses[name] = _values(layer, columns[name])
    known = {*rules.uses, *(use for name in having for use in uses[name])}
    unknown = [use for use in side.use if use not in known]
    if unknown:
        near, listed = nearest(unknown[0], known), ", ".join(f'"{use}"' for use in unknown)
        raise InvalidInput(
            "unknown-use",
            f"rule '{rule.id}' names {listed}, which is no use of any feature of {', '.join(having)}",
            hint=f"did you mean '{near[0]}'?" if near else f"if it is right, list it in the rules: uses = [{listed}]",
        )  # fmt: skip


def _check_depths(rule: ConflictRule, layers: Mapping[str, Layer], rules: ConflictRules) -> None:
    """Refuse a clearance between layers without ranges of heights."""
    lacking = {}
    for name, layer in layers.items():
        clause, types = rules.plan(name), _types(layer)
        missing = [column for column in (clause.zmin, clause.zmax) if not _is_number(types.get(column))]
        if missing:
            lacking[name] = missing
    if len(lacking) == len(layers):
        name, missing = next(iter(lacking.items()))
        raise InvalidInput(
            "no-depth-columns",
            f"rule '{rule.id}' compares heights, and layer '{name}' has no column of numbers '{missing[0]}'",
            hint=f"load the columns as numbers, or name them in the rules: [plans.{name}] zmin = …, zmax = …",
        )  # fmt: skip


def _types(layer: Layer) -> dict[str, pa.DataType]:
    return {
        attribute.name: layer.snapshot.schema.field(attribute.stored).type for attribute in layer.attributes
    }


def _is_number(kind: pa.DataType | None) -> bool:
    if kind is None:
        return False
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _values(layer: Layer, column: str) -> frozenset[str]:
    """Return all values that a column ever had."""
    stored = next(attribute.stored for attribute in layer.attributes if attribute.name == column)
    values = layer.snapshot.read(row_files(layer.snapshot), [stored])[stored]
    return frozenset(pc.unique(values.cast(pa.string())).drop_null().to_pylist())
