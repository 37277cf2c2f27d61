"""Temporal operators, told as comparisons: an evaluator needs to know nothing of intervals.

Days among themselves are compared as CQL2 says: an interval of days is closed, its last day is inside. All else is
compared as instants: an interval is half-open, its end is outside; an instant lasts a microsecond, a day from its
first instant in the city's zone to that of the next; an interval that ends where it begins is an instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from stcloud.errors import InvalidInput
from stcloud.paas.query.filter.node import (
    FOREVER,
    Call,
    Column,
    Constant,
    Interval,
    Node,
    all_in,
    any_in,
    compare,
    deny,
)
from stcloud.time import Relation, Zone, parse_instant

__all__ = ["relate"]

_OF_INSTANTS = (
    Relation.AFTER, Relation.BEFORE, Relation.DISJOINT, Relation.EQUALS, Relation.INTERSECTS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Operand of a relation: its first instant, and the first one after it.

    ``moment``: an instant, ``day``: a day; neither is an interval. ``guard``: else it is unknown.
    """

    start: Node
    end: Node
    moment: bool = False
    day: bool = False
    guard: Node | None = None


def relate(operator: str, one: Node, other: Node, zone: Zone) -> Node:
    """Return what a temporal operator comes to.

    Parameters
    ----------
    operator
        ``t_after``, …
    one, other
        Dates, instants or intervals.
    zone
        The city's: it says when days begin.

    Raises
    ------
    InvalidInput
        ``wrong-type``: no date, instant or interval; an instant where intervals are compared.

    Notes
    -----
    Unknown where a value or bound is null, and where an interval's end is before its start.
    """
    relation = Relation.parse(operator.removeprefix("t_"))
    for node in (one, other):
        if node.kind not in ("date", "instant", "interval"):
            raise InvalidInput(
                "wrong-type", f"{operator} compares times, found {node.kind}",
                hint="write DATE('2024-03-01'), TIMESTAMP('2024-03-01T07:00:00Z') or INTERVAL(…, …)",
            )  # fmt: skip
        if relation not in _OF_INSTANTS and not isinstance(node, Interval):
            raise InvalidInput(
                "wrong-type", f"{operator} compares intervals, found {node.kind}",
                hint="t_intersects, t_before, t_after, t_disjoint and t_equals take days and instants too",
            )  # fmt: skip
    if _in_days(one) and _in_days(other):
        stretches = [_days(one), _days(other)]
        condition = _by_rule(relation, *stretches, closed=True)
    else:
        counted = _is_counted(relation, one, other)
        stretches = [_instants(node, zone, counted=counted) for node in (one, other)]
        condition = _of_instants(relation, *stretches)
    guards = tuple(stretch.guard for stretch in stretches if stretch.guard is not None)
    return Call("boolean", "given", (all_in(guards), condition)) if guards else condition


def _in_days(node: Node) -> bool:
    if isinstance(node, Interval):
        return all(bound is None or bound.kind == "date" for bound in (node.start, node.end))
    return node.kind == "date"


def _days(node: Node) -> _Stretch:
    if not isinstance(node, Interval):
        return _Stretch(node, node)
    start, end = node.start or Constant("date", date.min), node.end or Constant("date", date.max)
    return _Stretch(start, end, guard=_guard(node, start, end))


def _by_rule(relation: Relation, one: _Stretch, other: _Stretch, *, closed: bool = False) -> Node:
    ends = (one.start, one.end, other.start, other.end)
    parts = tuple(
        compare(sign, ends[left], ends[right]) for left, sign, right in relation.comparisons(closed=closed)
    )
    return deny(all_in(parts)) if relation.denies else all_in(parts)


def _of_instants(relation: Relation, one: _Stretch, other: _Stretch) -> Node:
    """Return a relation of which an instant or a day may be part: before it is all that is over when it begins."""
    interval = not any(stretch.moment or stretch.day for stretch in (one, other))
    if relation is Relation.INTERSECTS:
        return all_in((_begins_in_time(other, one), _begins_in_time(one, other)))
    if relation is Relation.DISJOINT:
        return any_in((_is_over(one, other), _is_over(other, one)))
    if relation is Relation.EQUALS:
        return _equal(one, other)
    if interval or relation not in (Relation.BEFORE, Relation.AFTER):
        return _by_rule(relation, one, other)
    return _is_over(one, other) if relation is Relation.BEFORE else _is_over(other, one)


def _equal(one: _Stretch, other: _Stretch) -> Node:
    if one.moment and other.moment:
        return compare("=", one.start, other.start)
    if {one.moment, other.moment} == {one.day, other.day} == {True, False}:  # an instant is told by its day
        return _of_instants(Relation.INTERSECTS, one, other)
    return _by_rule(Relation.EQUALS, one, other)


def _is_over(one: _Stretch, other: _Stretch) -> Node:
    """When the other begins."""
    return compare("<", one.start, other.start) if one.moment else compare("<=", one.end, other.start)


def _begins_in_time(one: _Stretch, other: _Stretch) -> Node:
    """Before the other is over."""
    return compare("<=", one.start, other.start) if other.moment else compare("<", one.start, other.end)


def _is_counted(relation: Relation, one: Node, other: Node) -> bool:
    """Tell whether microseconds must be counted; else instants are compared as they are stored."""
    plain = all(_is_plain(node) for node in (one, other))
    lasting = any(isinstance(node, Interval) for node in (one, other))
    return (
        not plain or (lasting and relation not in _OF_INSTANTS) or (lasting and relation is Relation.EQUALS)
    )


def _is_plain(node: Node) -> bool:
    if isinstance(node, Interval):
        return all(bound is None or isinstance(bound, Constant) for bound in (node.start, node.end))
    return node.kind == "instant" or isinstance(node, Constant)


def _instants(node: Node, zone: Zone, *, counted: bool) -> _Stretch:
    if isinstance(node, Interval):
        return _interval(node, zone, counted=counted)
    if node.kind == "date":
        return _Stretch(
            _first(node, zone, counted=counted), _first(node, zone, counted=counted, days=1), day=True
        )
    at = _counted(node) if counted else node
    return _Stretch(at, Call("integer", "next", (at,)) if counted else at, moment=True)


def _interval(node: Interval, zone: Zone, *, counted: bool) -> _Stretch:
    start, end = (
        _first(bound, zone, counted=counted, days=days)
        if bound is not None
        else _endless(sign, counted=counted)
        for bound, days, sign in ((node.start, 0, -1), (node.end, 1, 1))
    )
    if isinstance(start, Constant) and isinstance(end, Constant):
        return _Stretch(start, Constant(end.kind, max(end.value, start.value + 1)))
    if node.lasting:
        end = Call("integer", "coalesce", (end, _endless(1, counted=True)))
    return _Stretch(start, Call("integer", "lasting", (start, end)), guard=_guard(node, start, end))


def _guard(node: Interval, start: Node, end: Node) -> Node | None:
    constant = all(bound is None or isinstance(bound, Constant) for bound in (node.start, node.end))
    return None if constant else compare("<=", start, end)


def _first(bound: Node, zone: Zone, *, counted: bool, days: int = 0) -> Node:
    """Return the first instant of a bound; of a day, that of the day so many days later."""
    if bound.kind == "instant":
        return _counted(bound) if counted else bound
    if isinstance(bound, Column):
        return Call("integer", "midnight", (bound, Constant("text", zone.name), Constant("integer", days)))
    assert isinstance(bound, Constant)  # noqa: S101  (nothing else is a day)
    if bound.value == date.max and days:
        return _endless(1, counted=counted)
    at_us = parse_instant((bound.value + timedelta(days)).isoformat(), zone)
    return Constant("integer" if counted else "instant", at_us)


def _counted(node: Node) -> Node:
    return (
        Constant("integer", node.value) if isinstance(node, Constant) else Call("integer", "micros", (node,))
    )


def _endless(sign: int, *, counted: bool) -> Constant:
    return Constant("integer" if counted else "instant", sign * FOREVER)
