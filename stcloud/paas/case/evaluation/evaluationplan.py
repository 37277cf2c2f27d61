"""What is evaluated: indicators, groups, the period, the instant, and the policies that are taken.

Tested by `tests/paas/case/evaluation/test_evaluationplan.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from stcloud.errors import InvalidInput, Unsupported, nearest
from stcloud.paas.case.evaluation.cohort import BASES, Cohort
from stcloud.paas.case.evaluation.grouping import group_key, subject_of
from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme, read_scheme
from stcloud.paas.case.evaluation.policies import DERIVED, BoundPolicies
from stcloud.paas.case.evaluation.schemeclauses import Basis, IndicatorClause
from stcloud.paas.case.evaluation.truths import is_true
from stcloud.paas.query.filter.node import Call, Column, Node, all_in, deny, stored_in
from stcloud.time import Span, Zone, parse_when

__all__ = ["EvaluationPlan", "Measured"]

_MOST_GROUPS = 2
_EVERY = "all"


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator as it is counted.

    Attributes
    ----------
    name, clause
        Of the indicator.
    cohort
        Of its cases.
    numerator, denominator
        Checked conditions; the first one has the second one in it. None: it has no denominator.
    """

    name: str
    clause: IndicatorClause
    cohort: Cohort
    numerator: Node
    denominator: Node | None

    @property
    def needs(self) -> frozenset[str]:
        """Columns of facts that it looks at."""
        more = (self.cohort.column, self.clause.times, self.clause.start, self.clause.end)
        return frozenset((*stored_in(self.numerator), *(name for name in more if name is not None)))

    def part(self, name: str) -> Node:
        """Return a part of its cases: ``numerator``, ``denominator``, or the ``difference``: in this, not in that.

        Raises
        ------
        InvalidInput
            ``unknown-part``: another name; a count has no denominator.
        """
        parts = {"numerator": self.numerator}
        if self.denominator is not None:
            parts["denominator"] = self.denominator
            parts["difference"] = all_in((self.denominator, deny(is_true(self.numerator))))
        if name not in parts:
            raise InvalidInput(
                "unknown-part", f"'{self.name}' has no part '{name}'", hint=f"use {' or '.join(parts)}"
            )
        return parts[name]


@dataclass(frozen=True, eq=False)
class EvaluationPlan:
    """What is evaluated; make it with `EvaluationPlan.of`.

    Attributes
    ----------
    scheme
        Indicators and policies.
    at_us, known_us
        Instant at which facts were read, and as of which they were known; UTC microseconds.
    zone
        The city's.
    by
        Up to two of `GROUPS`.
    period
        Half-open; None: all time.
    names
        Indicators, in order.
    replaced
        By which policy another one is replaced.
    basis
        Of all cohorts; None: of each indicator its own.
    """

    scheme: IndicatorScheme
    at_us: int
    known_us: int
    zone: Zone
    by: tuple[str, ...]
    period: Span | None
    names: tuple[str, ...]
    replaced: Mapping[str, str] = field(default_factory=dict)
    basis: Basis | None = None

    @classmethod
    def of(
        cls, at_us: int, zone: Zone, *, by: str | Sequence[str] = (), period: str | Span | None = None,
        indicators: str | Sequence[str] | None = None, policy: str | Sequence[str] = (),
        basis: Basis | None = None, scheme: IndicatorScheme | str = "urban-management", known_us: int | None = None,
    ) -> Self:  # fmt: skip
        """Return a plan, all of it checked; arguments are those of `evaluate`.

        Raises
        ------
        InvalidInput
            ``unknown-group``, ``too-many-groups``, ``unknown-basis``, ``no-variant``, ``ambiguous-policy``,
            ``unknown-scheme``; ``no-cohort-instant``: bins of the calendar of all cases; ``unreadable-time``.
        NotFound
            ``unknown-indicator``, ``unknown-policy``.
        """
        read = read_scheme(scheme) if isinstance(scheme, str) else scheme
        groups = (by,) if isinstance(by, str) else tuple(by)
        _check_groups(groups, basis, zone)
        names = (indicators,) if isinstance(indicators, str) else indicators
        span = parse_when(period, zone) if isinstance(period, str) else period
        chosen = read.chosen((policy,) if isinstance(policy, str) else policy)
        return cls(
            read, at_us, at_us if known_us is None else known_us, zone, groups, span,
            _selected(read, names, groups), chosen, basis,
        )  # fmt: skip

    @cached_property
    def policies(self) -> BoundPolicies:
        """Policies with the instants of this evaluation."""
        return self.scheme.policies.bound(self.at_us, self.period, self.zone)

    def policy(self, name: str) -> str:
        """Return the policy that is taken for one that an indicator names."""
        return self.replaced.get(name, name)

    @cached_property
    def measured(self) -> tuple[Measured, ...]:
        """The indicators, in order."""
        return tuple(map(self.measure, self.names))

    def measure(self, name: str) -> Measured:
        """Return an indicator as it is counted; `NotFound` ``unknown-indicator``."""
        clause = self.scheme.indicator(name)
        condition = self.policies.condition
        out = tuple(deny(is_true(condition(self.policy(excluded)))) for excluded in clause.exclude)
        cohort = Cohort(self.basis or clause.basis, self.period)
        numerator = is_true(condition(self.policy(clause.numerator)))
        if clause.denominator is None:
            dated = tuple(_dated(instant) for instant in (clause.start, clause.end) if instant is not None)
            return Measured(name, clause, cohort, all_in((numerator, *out, *dated)), None)
        denominator = all_in((is_true(condition(self.policy(clause.denominator))), *out))
        return Measured(name, clause, cohort, all_in((numerator, denominator)), denominator)

    def lacking(self, columns: Sequence[str]) -> dict[str, str]:
        """Return the indicators that facts with these columns do not give, with the reason.

        Raises
        ------
        InvalidInput
            ``not-facts``: there is no column of a group.
        """
        keys = [group_key(name, self.zone).column for name in self.by]
        if missing := [key for key in keys if key is not None and key not in columns]:
            raise InvalidInput(
                "not-facts",
                f"the cases have no column '{missing[0]}' to group by",
                hint="give facts of cases",
            )
        reasons = {}
        for indicator in self.measured:
            if lacks := sorted(indicator.needs.difference(columns)):
                advice = ", which with_repeats adds" if set(lacks) <= set(DERIVED) else ""
                reasons[indicator.name] = f"facts have no {', '.join(lacks)}{advice}"
        return reasons

    def words(self) -> Iterator[str]:
        """Give what numbers of this evaluation mean, a line for each thing."""
        yield f"at {self.zone.iso(self.at_us)}, as known at {self.zone.iso(self.known_us)}"
        yield "of all time" if self.period is None else f"period {self.period.text(self.zone)}"
        for role, variant in self.replaced.items():
            yield f"{variant} for {role}: {self.scheme.policies.clause(variant).title}"
        for indicator in self.measured:
            yield f"{indicator.name}: {self.described(indicator)}"

    def described(self, indicator: Measured) -> str:
        """Return by which policies and which cohort an indicator is counted."""
        clause = indicator.clause
        text = self.policy(clause.numerator)
        if clause.times is not None:
            text = f"{clause.times} of {text}"
        if clause.start is not None:
            text = f"hours from {clause.start} to {clause.end} of {text}"
        if clause.denominator is not None:
            text = f"{text} of {self.policy(clause.denominator)}"
        without = f", without {', '.join(map(self.policy, clause.exclude))}" if clause.exclude else ""
        return f"{text}{without}, {indicator.cohort}"


def _dated(column: str) -> Node:
    return deny(Call("boolean", "isnull", (Column("instant", column),)))


def _check_groups(by: tuple[str, ...], basis: Basis | None, zone: Zone) -> None:
    if len(by) > _MOST_GROUPS or len(set(by)) < len(by):
        raise InvalidInput(
            "too-many-groups",
            f"cases are grouped by {' and '.join(by)}",
            hint="group them by one thing, or by two",
        )
    if basis is not None and basis not in BASES:
        close = nearest(basis, BASES)
        raise InvalidInput(
            "unknown-basis", f"there is no cohort '{basis}'",
            hint=f"did you mean '{close[0]}'?" if close else f"use {', '.join(BASES)}",
        )  # fmt: skip
    timed = [name for name in by if group_key(name, zone).timed]
    if timed and basis == "all":
        raise InvalidInput(
            "no-cohort-instant", f"by '{timed[0]}' there is no group of a case whose cohort is 'all'",
            hint="group by something else, or use another basis",
        )  # fmt: skip


def _selected(scheme: IndicatorScheme, names: Sequence[str] | None, by: tuple[str, ...]) -> tuple[str, ...]:
    """Return the indicators that are named; None: those by which what groups are is judged."""
    if names is not None and tuple(names) != (_EVERY,):
        for name in names:
            scheme.indicator(name)
        return tuple(dict.fromkeys(names))
    subject = None if names else subject_of(by)
    every = tuple(scheme.indicators)
    chosen = tuple(name for name in every if subject is None or subject in scheme.indicators[name].objects)
    if not chosen:
        raise Unsupported(
            "no-indicator",
            f"no indicator judges by '{' and '.join(by)}'",
            hint="name indicators, or all of them",
        )
    return chosen
