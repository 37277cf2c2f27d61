"""SQL of measures by group: what is taken of every row, and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from stcloud.daas.schema import Attribute
from stcloud.paas.query.binder import Binder
from stcloud.paas.query.duration import Duration
from stcloud.paas.query.measure import Measure
from stcloud.paas.query.plan import Summary
from stcloud.paas.query.sql import any_of, column, number, select
from stcloud.time import Zone

__all__ = ["given", "summed"]

_OPEN = "open"
LAYER = "layer"


def given(
    goal: Summary, attributes: Mapping[str, Attribute], zone: Zone, binder: Binder
) -> dict[str, exp.Expression]:
    """Return what is taken of a row, besides its groups: ``m0``, ``m1``, …, and whether it is open.

    Parameters
    ----------
    goal
        What is asked.
    attributes, zone
        The layer's columns; the city's zone.
    binder
        Takes the values.
    """
    found = {
        _place(at): one.given(attributes, zone, binder, goal.until_us, LAYER)
        for at, one in enumerate(goal.measures)
        if one.tree and not one.is_rate
    }
    if goal.until_us is not None:
        pending = [one.open(binder, goal.until_us) for one in _durations(goal, attributes)]
        found[_OPEN] = exp.Case(ifs=[exp.If(this=any_of(pending), true=number(1))])
    return found or {"g": number(1)}


def summed(goal: Summary, attributes: Mapping[str, Attribute], zone: Zone, chosen: exp.Select) -> exp.Select:
    """Return the measures of the groups of rows that were chosen: ``g0``, …, then ``m0``, …, by group.

    Parameters
    ----------
    goal, attributes, zone
        As for `given`.
    chosen
        Gives the groups ``g0``, … and what `given` names.
    """
    source = exp.Subquery(this=chosen, alias=exp.TableAlias(this=exp.to_identifier("chosen")))
    keys = [f"g{at}" for at in range(len(goal.by))]
    found: dict[str, exp.Expression] = {key: column(key) for key in keys}
    found |= {_place(at): _over(one, at, attributes, zone) for at, one in enumerate(goal.measures)}
    if goal.until_us is not None:
        found[_OPEN] = exp.Count(this=column(_OPEN))
    return select(found, source, group=keys, order=keys)


def _over(one: Measure, at: int, attributes: Mapping[str, Attribute], zone: Zone) -> exp.Expression:
    if not one.tree or one.is_rate:
        return exp.Count(this=exp.Star())
    of = column(_place(at))
    # Engines differ in what they do when a sum of whole numbers grows too great: decimals hold it.
    exact = one.function == "sum" and one.type_of(attributes, zone) == "integer"
    return one.over(exp.cast(of, "decimal(38, 0)") if exact else of)


def _durations(goal: Summary, attributes: Mapping[str, Attribute]) -> list[Duration]:
    found = [one.duration(attributes) for one in goal.measures]
    return [one for one in found if one is not None]


def _place(at: int) -> str:
    return f"m{at}"
