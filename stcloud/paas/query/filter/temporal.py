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


def relate(operator: str, first: Node, second: Node, zone: Zone) -> Node:
    """Return what a temporal operator comes to.

    Parameters
    ----------
    operator
        ``t_after``, …
    first, second
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
    for node in (first, second):
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
    if _in_days(first) and _in_days(second):
        stretches = [_days(first), _days(second)]
        condition = _by_rule(relation, *stretches, closed=True)
    else:
        counted = _is_counted(relation, first, second)
        stretches = [_instants(node, zone, counted=counted) for node in (first, second)]
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


def _by_rule(relation: Relation, first: _Stretch, second: _Stretch, *, closed: bool = False) -> Node:
    ends = (first.start, first.end, second.start, second.end)
    parts = tuple(
        compare(sign, ends[left], ends[right]) for left, sign, right in relation.comparisons(closed=closed)
    )
    return deny(all_in(parts)) if relation.denies else all_in(parts)


def _of_instants(relation: Relation, first: _Stretch, second: _Stretch) -> Node:
    """Return a relation of which an instant or a day may be part: before it is all that is over when it begins."""
    interval = not any(stretch.moment or stretch.day for stretch in (first, second))
    if relation is Relation.INTERSECTS:
        return all_in((_begins_in_time(second, first), _begins_in_time(first, second)))
    if relation is Relation.DISJOINT:
        return any_in((_is_over(first, second), _is_over(second, first)))
    if relation is Relation.EQUALS:
        return _equal(first, second)
    if interval or relation not in (Relation.BEFORE, Relation.AFTER):
        return _by_rule(relation, first, second)
    return _is_over(first, second) if relation is Relation.BEFORE else _is_over(second, first)


def _equal(first: _Stretch, second: _Stretch) -> Node:
    if first.moment and second.moment:
        return compare("=", first.start, second.start)
    # An instant is compared with a day by the day that it is on.
    if {first.moment, second.moment} == {first.day, second.day} == {True, False}:
        return _of_instants(Relation.INTERSECTS, first, second)
    return _by_rule(Relation.EQUALS, first, second)


def _is_over(stretch: _Stretch, other: _Stretch) -> Node:
    """Return the condition that a stretch is over when the other begins."""
    if stretch.moment:
        return compare("<", stretch.start, other.start)
    return compare("<=", stretch.end, other.start)


def _begins_in_time(stretch: _Stretch, other: _Stretch) -> Node:
    """Return the condition that a stretch begins before the other is over."""
    if other.moment:
        return compare("<=", stretch.start, other.start)
    return compare("<", stretch.start, other.end)


def _is_counted(relation: Relation, first: Node, second: Node) -> bool:
    """Tell whether microseconds must be counted; else instants are compared as they are stored."""
    plain = all(_is_plain(node) for node in (first, second))
    lasting = any(isinstance(node, Interval) for node in (first, second))
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
