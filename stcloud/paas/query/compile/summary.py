"""SQL of measures by group: what is taken of every row, and what is made of it.

Tested by `tests/conformance/test_measures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.schema import Attribute
from stcloud.paas.query.measure.duration import Duration
from stcloud.paas.query.measure.measure import Measure, quantiles
from stcloud.paas.query.plan.plan import Summary
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import any_of, column, number, select
from stcloud.time import Zone

__all__ = ["NEGATIVE", "given", "measures_in", "summed"]

_OPEN = "open"
NEGATIVE = "negative"
"""Field that counts durations below zero, of answers that have some."""
LAYER = "layer"


def given(
    goal: Summary, attributes: Mapping[str, Attribute], zone: Zone, binder: Binder
) -> dict[str, exp.Expression]:
    """Return what is taken of a row, besides its groups: ``m0``, ``m1``, …, whether it is open, and below zero.

    Parameters
    ----------
    goal
        The groups and measures.
    attributes, zone
        The layer's columns; the city's zone.
    binder
        Takes the values.
    """
    twice = [at for at, (_, number) in _shared(goal).items() if number]
    taken = {
        _place(at): measure.given(attributes, zone, binder, goal.until_us, LAYER)
        for at, measure in enumerate(goal.measures)
        if measure.tree and not measure.is_rate and at not in twice
    }
    if goal.until_us is not None:
        pending = [duration.open(binder, goal.until_us, zone) for duration in _durations(goal, attributes)]
        taken[_OPEN] = exp.Case(ifs=[exp.If(this=any_of(pending), true=number(1))])
    if durations := _durations(goal, attributes):
        below = [duration.negative(binder, goal.until_us, zone) for duration in durations]
        taken[NEGATIVE] = exp.Case(ifs=[exp.If(this=any_of(below), true=number(1))])
    return taken or {"g": number(1)}


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
    fields: dict[str, exp.Expression] = {key: column(key) for key in keys}
    together = _shared(goal)
    for at, measure in enumerate(goal.measures):
        if at not in together:
            fields[_place(at)] = _over(measure, at, attributes, zone)
        elif together[at][1] == 0:
            shares = [goal.measures[other].quantile for other, (first, _) in together.items() if first == at]
            fields[_place(at)] = quantiles(column(_place(at)), shares)
    if goal.until_us is not None:
        fields[_OPEN] = exp.Count(this=column(_OPEN))
    if _durations(goal, attributes):
        fields[NEGATIVE] = exp.Count(this=column(NEGATIVE))
    return select(fields, source, group=keys, order=keys)


def measures_in(table: pa.Table, goal: Summary) -> list[pa.ChunkedArray]:
    """Return the columns of measures, in their order, of what an engine gave for `summed`."""
    together = _shared(goal)
    columns = []
    for at in range(len(goal.measures)):
        first, number = together.get(at, (at, None))
        column_of = table.column(_place(first))
        columns.append(column_of if number is None else pc.list_element(column_of, number))
    counted = [*([_OPEN] if goal.until_us is not None else []), NEGATIVE]
    return columns + [table.column(name) for name in counted if name in table.schema.names]


def _shared(goal: Summary) -> dict[int, tuple[int, int]]:
    """Return which quantiles are computed together, as an engine would hold all values for each again.

    By the place of the measure: the place of the one whose column has them all, a list, and the number in the list.
    """
    alike: dict[str, list[int]] = {}
    for at, measure in enumerate(goal.measures):
        if measure.function in ("median", "quantile"):
            alike.setdefault(measure.tree, []).append(at)
    several = [places for places in alike.values() if len(places) > 1]
    return {at: (places[0], number) for places in several for number, at in enumerate(places)}


def _over(measure: Measure, at: int, attributes: Mapping[str, Attribute], zone: Zone) -> exp.Expression:
    if not measure.tree or measure.is_rate:
        return exp.Count(this=exp.Star())
    of = column(_place(at))
    # Engines differ in what they do when a sum of whole numbers grows too great: decimals hold it.
    exact = measure.function == "sum" and measure.type_of(attributes, zone) == "integer"
    return measure.over(exp.cast(of, "decimal(38, 0)") if exact else of)


def _durations(goal: Summary, attributes: Mapping[str, Attribute]) -> list[Duration]:
    durations = [measure.duration(attributes) for measure in goal.measures]
    return [duration for duration in durations if duration is not None]


def _place(at: int) -> str:
    return f"m{at}"
