"""Policies: named sets of cases, as conditions on facts that may name other policies.

A condition is CQL2 text. It names columns of facts, other policies, the instant of the evaluation (``at``), and the
ends of the period that is evaluated (``period_start``, ``period_end``). A case is in a policy if its condition is
true; where a condition is unknown, since an instant is null, the case is not in it.

Tested by `tests/paas/case/evaluation/test_policies.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, NotFound, StcloudError, nearest
from stcloud.paas.case.evaluation.schemeclauses import PolicyClause
from stcloud.paas.case.evaluation.truths import is_true
from stcloud.paas.case.facts import FACTS
from stcloud.paas.query.filter import Checker, Names, Node, parse_filter
from stcloud.paas.query.filter.node import FOREVER, Constant, stored_in
from stcloud.time import Span, Zone

__all__ = ["DERIVED", "BoundPolicies", "Policies", "PolicyPart"]

DERIVED = ("reported_again", "repeats")
"""Truths of a case that `with_repeats` adds to facts."""

_TYPES: Mapping[pa.DataType, str] = {
    pa.string(): "text", pa.bool_(): "boolean", pa.int64(): "integer", pa.float64(): "number",
    pa.timestamp("us", "UTC"): "instant",
}  # fmt: skip
_COLUMNS = {column.name: Attribute(column.name, column.name, _TYPES[column.type]) for column in FACTS} | {
    name: Attribute(name, name, "boolean") for name in DERIVED
}
_INSTANTS = ("at", "period_start", "period_end")
_IS_NULL = re.compile(r"NOT (\w+) IS NULL")


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """One of the conditions that must all hold for a policy: in words, and checked."""

    text: str
    condition: Node


class Policies:
    """Policies of a scheme.

    Parameters
    ----------
    clauses
        By name.

    Raises
    ------
    InvalidInput
        ``unreadable-filter``: a condition is not CQL2; the message begins with the name of its policy.
    """

    def __init__(self, clauses: Mapping[str, PolicyClause]) -> None:
        self.clauses = clauses
        self._trees = {name: _parsed(name, clause.condition) for name, clause in clauses.items()}

    def bound(self, at_us: int, period: Span | None, zone: Zone) -> BoundPolicies:
        """Return the policies as they are at an instant, of a period; None: of all time.

        Parameters
        ----------
        at_us
            Instant of the evaluation, UTC microseconds.
        """
        start_us, end_us = (None, None) if period is None else (period.start_us, period.end_us)
        values = (at_us, -FOREVER if start_us is None else start_us, FOREVER if end_us is None else end_us)
        instants = {name: Constant("instant", value) for name, value in zip(_INSTANTS, values, strict=True)}
        return BoundPolicies(self, self._trees, instants, zone)

    def clause(self, name: str) -> PolicyClause:
        """Return a policy; `NotFound` ``unknown-policy``, with the nearest."""
        if name not in self.clauses:
            raise NotFound(
                "unknown-policy", f"there is no policy '{name}'", nearest=nearest(name, self.clauses),
                hint="" if nearest(name, self.clauses) else f"use one of {', '.join(self.clauses)}",
            )  # fmt: skip
        return self.clauses[name]

    def variants(self, role: str) -> tuple[str, ...]:
        """Return the policies that may be taken for one."""
        return tuple(name for name, clause in self.clauses.items() if clause.variant_of == role)

    def faults(self, zone: Zone) -> Iterator[str]:
        """Give all that is wrong with the policies, each in a line."""
        bound = self.bound(0, None, zone)
        for name, clause in self.clauses.items():
            if name in _COLUMNS or name in _INSTANTS:
                yield f"policies.{name}: facts have a column of this name"
            if clause.variant_of is not None and clause.variant_of not in self.clauses:
                yield f"policies.{name}.variant_of: there is no policy '{clause.variant_of}'"
            try:
                bound.condition(name)
            except StcloudError as error:
                yield f"policies.{name}: {error}"


@dataclass(frozen=True)
class BoundPolicies:
    """Policies with their instants: what `Policies.bound` returns."""

    policies: Policies
    trees: Mapping[str, Any] = field(repr=False)
    instants: Mapping[str, Node]
    zone: Zone

    @cached_property
    def _checked(self) -> dict[str, Node]:
        return {}

    def condition(self, name: str) -> Node:
        """Return the condition of a policy, checked.

        Raises
        ------
        NotFound
            ``unknown-policy``; ``unknown-column``: neither facts nor policies have a name of its condition.
        InvalidInput
            ``wrong-type``; ``circular-policy``: it names itself, through others.
        """
        self.policies.clause(name)
        return self._condition(name, ())

    def needs(self, name: str) -> frozenset[str]:
        """Return the columns of facts that a policy looks at."""
        return frozenset(stored_in(self.condition(name)))

    def parts(self, name: str) -> tuple[PolicyPart, ...]:
        """Return the conditions that must all hold, those of the policies that it names among them."""
        return tuple(self._parts(self.trees[name]))

    def _parts(self, tree: Any) -> Iterator[PolicyPart]:
        if tree.get("op") == "and":
            for part in tree["args"]:
                yield from self._parts(part)
        elif tree.get("property") in self.trees:
            yield from self._parts(self.trees[tree["property"]])
        else:
            yield PolicyPart(_spelled(tree), self._check(tree, ()))

    def _condition(self, name: str, within: tuple[str, ...]) -> Node:
        if name in within:
            raise InvalidInput(
                "circular-policy", f"the policy '{name}' names itself: {' > '.join((*within, name))}",
                hint="write its condition without itself",
            )  # fmt: skip
        if name not in self._checked:
            self._checked[name] = self._check(self.trees[name], (*within, name))
        return self._checked[name]

    def _check(self, tree: Any, within: tuple[str, ...]) -> Node:
        others = {
            name: is_true(self._condition(name, within))
            for name in sorted(_named(tree))
            if name in self.trees
        }
        return Checker(Names(_COLUMNS, {**self.instants, **others}), self.zone).condition(tree)


def _parsed(name: str, condition: str) -> Any:
    try:
        return parse_filter(condition)
    except InvalidInput as error:
        error.prefix(f"policies.{name}")
        raise


def _named(tree: Any) -> set[str]:
    """Return all names in a condition."""
    if isinstance(tree, list):
        return set().union(*map(_named, tree))
    if not isinstance(tree, dict):
        return set()
    return {str(tree["property"])} if "property" in tree else _named(list(tree.get("args") or []))


def _spelled(tree: Any) -> str:
    """Return a condition as it is written."""
    import cql2  # noqa: PLC0415  (what shows no condition needs it not)

    return _IS_NULL.sub(r"\1 IS NOT NULL", str(cql2.parse_json(json.dumps(tree)).to_text()))
