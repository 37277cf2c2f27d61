"""States of cases: what the log of a case comes to.

Tested by `tests/paas/case/test_course.py` and `tests/paas/case/test_legality.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, cast

from stcloud.paas.case.action import Scalar

__all__ = ["CaseState", "Move", "Stay", "effective_instants", "effective_moves"]

Move = tuple[int, str, int]
"""Number of the action that a case entered a state with, the state, and the instant before corrections.

The number is negative where the case entered the state by itself, before the action of that number."""


class Stay(NamedTuple):
    """A case's stay in a state, half-open; ``to_us`` is None while it lasts."""

    state: str
    from_us: int
    to_us: int | None


@dataclass(frozen=True, slots=True)
class CaseState:
    """What a case is after an action: a value, which no later action changes.

    Attributes
    ----------
    case, workflow
        Number of the case, and the key of the workflow that binds it now.
    seq
        Number of its last action.
    state, since_us, until_us
        Its state, since when it has it, and when it leaves it by itself, or None.
    opened_us, changed_us, recorded_us
        Effective instants of its first and its last action, and when the last one was recorded.
    stated_us
        Latest instant that an action stated, before corrections: it decides what resumed by itself.
    values
        The last values, and the sums, of the fields that the workflow keeps.
    lists
        All distinct values of the fields that the workflow keeps all of, in the order of their first appearance.
    counts, flags
        How often was counted what the workflow counts, and the flags that are set.
    handlers
        Who handled the case.
    moves
        Every state that it entered.
    names, posts, happened, corrections
        Names of its actions, the posts of who did them, and the instants that they state, in order, and corrected
        instants by number.
    """

    case: str
    workflow: str
    seq: int
    state: str
    since_us: int
    until_us: int | None
    opened_us: int
    changed_us: int
    recorded_us: int
    stated_us: int
    values: Mapping[str, Scalar]
    lists: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    flags: frozenset[str]
    handlers: tuple[str, ...]
    moves: tuple[Move, ...]
    names: tuple[str, ...]
    posts: tuple[str | None, ...]
    happened: tuple[int, ...]
    corrections: Mapping[int, int]

    @property
    def class_code(self) -> str | None:
        """Class of the component or matter."""
        return cast("str | None", self.values.get("class"))

    @property
    def condition(self) -> str | None:
        """Filing condition of the class."""
        return cast("str | None", self.values.get("condition"))

    @property
    def limit(self) -> tuple[str, float] | None:
        """Kind and value of the limit, where the log states one."""
        kind, value = self.values.get("limit_kind"), self.values.get("limit_value")
        return None if kind is None or value is None else (str(kind), float(value))

    @property
    def department(self) -> str | None:
        """The department that the case is with, or was with last."""
        return cast("str | None", self.values.get("department"))

    @property
    def departments(self) -> tuple[str, ...]:
        """All departments that the case has been with, in order."""
        return self.lists.get("department", ())

    @property
    def master(self) -> str | None:
        """The case that this one is a duplicate of."""
        return cast("str | None", self.values.get("master"))

    @property
    def whole(self) -> str | None:
        """The case that this one is a part of."""
        return cast("str | None", self.values.get("whole"))

    @property
    def parts(self) -> tuple[str, ...]:
        """The cases that this one was split into."""
        parts = self.values.get("parts")
        return tuple(str(parts).split(";")) if parts else ()

    @property
    def rules(self) -> dict[str, str]:
        """Versions of rules that the log pins, by what they rule: workflow, conditions, limits, calendar."""
        return {
            name.removeprefix("rule_"): str(value)
            for name, value in self.values.items()
            if name.startswith("rule_")
        }

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Stays in states, from the first action on: each ends where the next one begins."""
        entries = self.entries
        ends: Iterator[int | None] = iter([*(entered for _, entered in entries[1:]), None])
        return tuple(Stay(state, entered, next(ends)) for state, entered in entries)

    @property
    def entries(self) -> list[tuple[str, int]]:
        """Every state that the case entered, and when."""
        return effective_moves(self.moves, self.effective_us)

    @property
    def first_us(self) -> dict[str, int]:
        """When the case first entered each state that it has been in."""
        first: dict[str, int] = {}
        for state, entered in self.entries:
            first.setdefault(state, entered)
        return first

    @property
    def last_us(self) -> dict[str, int]:
        """When the case last entered each state that it has been in."""
        return dict(self.entries)

    @property
    def effective_us(self) -> list[int]:
        """Effective instant of each action: the latest corrected instant up to it, in the order of the log."""
        return effective_instants(self.happened, self.corrections)

    def instants_us(self, action: str) -> tuple[int, ...]:
        """Return the effective instants of the actions of a name, in order."""
        return tuple(us for name, us in zip(self.names, self.effective_us, strict=True) if name == action)


def effective_instants(happened: Sequence[int], corrections: Mapping[int, int]) -> list[int]:
    """Return the running maximum of the instants that actions state, or that they are corrected to.

    >>> effective_instants([1, 5, 3, 9], {2: 2})
    [1, 2, 3, 9]
    """
    corrected = corrections.get
    return list(accumulate((corrected(seq, us) for seq, us in enumerate(happened, 1)), max))


def effective_moves(moves: Sequence[Move], effective: Sequence[int]) -> list[tuple[str, int]]:
    """Return the states that a case entered, and when, by the effective instants of its actions.

    Corrections move instants only: what the case did stays as it was when the actions were accepted. It resumed by
    itself no later than at the action that followed.
    """
    entries: list[tuple[str, int]] = []
    latest = effective[0]
    for seq, state, stated in moves:
        if seq > 0:
            latest = effective[seq - 1]
        else:
            latest = max(latest, min(stated, effective[-seq - 1]) if -seq <= len(effective) else stated)
        entries.append((state, latest))
    return entries
