"""Guards: what must hold for an action besides the state of the case, the actor's role and the fields.

Tested by `tests/paas/case/test_legality.py` and `tests/paas/case/test_model.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from stcloud.paas.case.action import Action
from stcloud.paas.case.definition import GuardClause
from stcloud.paas.case.state import CaseState

__all__ = ["FACTS", "Fault", "Guard", "GuardedAction", "guards_of"]

Fault = tuple[str, str]
"""Kind and text of what does not hold."""

_DAY_US = 86_400_000_000

FACTS = ("overdue", "master_open", "master_closed", "parts_closed", "parts_taken", "has_duplicates")
"""What the log of a case does not tell by itself: `stcloud.paas.case.linked` and the clocks do."""

_OF_FACTS = {
    "not_overdue": ("overdue", False, "overdue", "the case is overdue"),
    "only_overdue": ("overdue", True, "not-overdue", "the case is not overdue"),
    "master_open": ("master_open", True, "no-master", "the master must be an open case that is no duplicate itself"),
    "master_closed": ("master_closed", True, "master-open", "the master is not closed"),
    "parts_closed": ("parts_closed", True, "parts-open", "not all parts of the case have ended"),
    "parts_new": ("parts_taken", False, "parts-taken", "a part has the number of a case that exists"),
    "no_duplicates": ("has_duplicates", False, "has-duplicates", "the case has duplicates of its own"),
}  # fmt: skip
"""Fact, whether it must hold, kind and text, by the name of the guard."""


@dataclass(frozen=True, slots=True)
class GuardedAction:
    """What a guard looks at: the case, None if it is to be opened; the action and the facts, None if unknown."""

    state: CaseState | None
    action: Action | None
    facts: frozenset[str] | None


class Guard(Protocol):
    """A condition on the case, the action and the facts; what is not known is not held against an action."""

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        ...


@dataclass(frozen=True, slots=True)
class NotHandler:
    """The actor has not handled the case."""

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        if at.state is None or at.action is None or at.action.actor not in at.state.handlers:
            return None
        return (
            "handler-may-not",
            f"{at.action.actor} handled the case; who handles may neither check nor close",
        )


@dataclass(frozen=True, slots=True)
class OwnDepartment:
    """The actor belongs to the department of the case."""

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        if at.state is None or at.action is None or at.action.department == at.state.department is not None:
            return None
        return (
            "other-department",
            f"the case is with {at.state.department or 'no department'}, not {at.action.department}",
        )


@dataclass(frozen=True, slots=True)
class SameDepartment:
    """A department that is stated is that of the case."""

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        stated = at.action and at.action.fields.get("department")
        if at.state is None or stated is None or stated == at.state.department:
            return None
        return "other-department", f"the case stays with {at.state.department}, not {stated}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Something was counted less often than it may be."""

    count: str
    most: int

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        counted = at.state.counts.get(self.count, 0) if at.state else 0
        if counted < self.most:
            return None
        return "too-often", f"the case has {counted} {self.count}, and may have {self.most}"


@dataclass(frozen=True, slots=True)
class HasValue:
    """A value of the case is a listed one."""

    field: str
    allowed: tuple[str, ...]

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        value = at.state.values.get(self.field) if at.state else None
        if value in self.allowed:
            return None
        needed = " or ".join(self.allowed)
        stated = "is not stated" if value is None else f"is {value}"
        return "other-value", f"{self.field} {stated}; it must be {needed}"


@dataclass(frozen=True, slots=True)
class Verified:
    """The report was verified to exist, or came from a source that needs no verification."""

    sources: tuple[str, ...]

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        values = at.state.values if at.state else {}
        verification, source = values.get("verification"), values.get("source")
        if verification == "exists" or (verification is None and source in self.sources):
            return None
        result = f"verification before filing is {verification}" if verification else "it is not verified"
        return "not-verified", f"the report came from {source}, and {result}"


@dataclass(frozen=True, slots=True)
class HasFlag:
    """A flag of the case is set, or is not."""

    flag: str
    title: str
    wanted: bool = True

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        if at.state is None or (self.flag in at.state.flags) == self.wanted:
            return None
        negation = "not " if self.wanted else ""
        return (
            "lacks-flag" if self.wanted else "has-flag"
        ), f"the case is {negation}flagged {self.flag}: {self.title}"


@dataclass(frozen=True, slots=True)
class Ahead:
    """An instant is later than the action, by so many days at most."""

    field: str
    days: float

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        instant = at.action and at.action.fields.get(self.field)
        if at.action is None or not isinstance(instant, int):
            return None
        if instant <= at.action.happened_us:
            return "not-ahead", f"{self.field} is not later than the action"
        if instant - at.action.happened_us > self.days * _DAY_US:
            return "too-far-ahead", f"{self.field} is more than {self.days:g} days later than the action"
        return None


@dataclass(frozen=True, slots=True)
class OtherCase:
    """A field names other cases, each once."""

    field: str

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        numbers = str(at.action.fields.get(self.field) or "").split(";") if at.action else []
        if at.action is not None and at.action.case in numbers:
            return "same-case", f"{self.field} names the case itself"
        if len(set(numbers)) < len(numbers):
            return "same-case", f"{self.field} names a case twice"
        return None


@dataclass(frozen=True, slots=True)
class Corrects:
    """The action names an earlier one, and an instant that is not later than itself."""

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        if at.state is None or at.action is None:
            return None
        seq, instant = at.action.fields.get("corrects"), at.action.fields.get("corrected")
        if not isinstance(seq, int) or not 1 <= seq <= at.state.seq:
            return "no-such-action", f"the case has no action {seq}; its last one is {at.state.seq}"
        if not isinstance(instant, int) or instant > at.action.happened_us:
            return "not-past", "corrected is later than the correction itself"
        return None


@dataclass(frozen=True, slots=True)
class HasFact:
    """A fact holds, or does not."""

    fact: str
    wanted: bool
    kind: str
    text: str

    def fault(self, at: GuardedAction) -> Fault | None:
        """Return what does not hold, or None."""
        if at.facts is None or (self.fact in at.facts) == self.wanted:
            return None
        return self.kind, self.text


def guards_of(clause: GuardClause, titles: dict[str, str]) -> tuple[Guard, ...]:
    """Return the guards of a transition, in the order in which they are checked; ``titles`` are those of flags."""
    return tuple(_guards(clause, titles))


def _guards(clause: GuardClause, titles: dict[str, str]) -> Iterator[Guard]:
    yield from (HasFlag(flag, titles.get(flag, "")) for flag in clause.flags)
    yield from (HasFlag(flag, titles.get(flag, ""), wanted=False) for flag in clause.no_flags)
    plain: dict[str, Guard] = {
        "not_handler": NotHandler(), "own_department": OwnDepartment(), "same_department": SameDepartment(),
        "corrects": Corrects(),
    }  # fmt: skip
    yield from (guard for name, guard in plain.items() if getattr(clause, name))
    yield from (HasValue(field, allowed) for field, allowed in clause.value.items())
    if clause.verified is not None:
        yield Verified(clause.verified)
    yield from (AtMost(count, most) for count, most in clause.at_most.items())
    yield from (Ahead(field, days) for field, days in clause.ahead_days.items())
    yield from (OtherCase(field) for field in clause.other_case)
    yield from (HasFact(*fact) for name, fact in _OF_FACTS.items() if getattr(clause, name))
