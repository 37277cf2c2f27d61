"""When little of its limit is left to a case: incidents of its clocks, by what is known of it, from now on for ever.

At each instant the state of a case says which clocks are on, and how much of its limit each may still count. An
incident lasts as long as that is at most a share of the limit. So it begins at the instant when the clock has
counted the rest, and ends when the clock stops, when the stage is left, or when an extension gives more again. A
clock that is paused keeps what it has. If nothing is done, clocks go on: incidents may lie ahead.

Law: **the oracle of limits**: at every instant the incidents are those of a model that counts step by step.

Tested by `tests/paas/case/test_limitcourse.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.case.action import Action
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.course import fold
from stcloud.paas.case.limitrule import BoundLimit
from stcloud.paas.case.singleclock import SingleClock, single_clock
from stcloud.paas.case.state import CaseState
from stcloud.paas.standing.incident import Incident

__all__ = ["LimitCourse", "LimitSpell"]

_DIGITS = 9


@dataclass(frozen=True, slots=True)
class _SpellPart:
    """A part of a spell in which the case is in one state."""

    from_us: int
    to_us: int
    clock: SingleClock

    def left_at(self, at_us: int) -> float:
        """Return the share of the limit that is left at an instant."""
        left_us = self.clock.allowed_us - self.clock.counted_us(at_us)
        return round(left_us / self.clock.limit_us, _DIGITS)


@dataclass(frozen=True, slots=True, eq=False)
class LimitSpell:
    """A time in which little of a limit is left, if nothing else is done; half-open.

    Attributes
    ----------
    pieces
        Its parts, one after the other.
    actions
        How many actions the case had when it began.
    x, y
        Where the case was then, metres; NaN: that is not known.
    """

    pieces: tuple[_SpellPart, ...]
    actions: int
    x: float
    y: float

    @property
    def from_us(self) -> int:
        """When it begins."""
        return self.pieces[0].from_us

    @property
    def to_us(self) -> int:
        """When it ends; `FOREVER`: only an action ends it."""
        return self.pieces[-1].to_us

    def incident(self, at_us: int) -> Incident:
        """Return it as it is when time has come so far; its peak is the least share, while it lasts its first."""
        over = self.to_us <= at_us
        levels = [(piece.left_at(piece.to_us), piece.to_us) for piece in self.pieces] if over else []
        peak, peak_us = min(levels, default=(self.pieces[0].left_at(self.from_us), self.from_us))
        ends_us = None if over or self.to_us == FOREVER else self.to_us
        return Incident(
            self.from_us, self.to_us if over else None, self.from_us, self.from_us, ends_us, peak, peak_us,
            self.actions, self.x, self.y,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """What a case is from an instant on: its state, and since when little is left by which clock, if it stays so."""

    state: CaseState
    since: tuple[tuple[str | None, SingleClock, int], ...]


@dataclass(slots=True, eq=False)
class LimitCourse:
    """One case, as a rule looks at it.

    Parameters
    ----------
    bound, actions
        The rule, and the whole log of the case.
    """

    bound: BoundLimit
    actions: Sequence[Action]
    _made: dict[tuple[object, ...], _Segment] = field(default_factory=dict)

    def spells(self, known: int, rules: CaseRules) -> dict[str, list[LimitSpell]]:
        """Return what there is by the first actions, by group; ``rules`` are those that were known with them."""
        spells: dict[str, list[LimitSpell]] = {}
        for from_us, to_us, segment in self._segments(self.actions[:known], rules):
            for stage, clock, since_us in segment.since:
                start_us = max(since_us, from_us, self.bound.since_us)
                end_us = min(to_us, self.bound.until_us)
                if start_us < end_us:
                    group = self.bound.group_of(segment.state.case, stage)
                    self._add(
                        spells.setdefault(group, []), _SpellPart(start_us, end_us, clock), segment.state
                    )
        return spells

    def _add(self, spells: list[LimitSpell], piece: _SpellPart, state: CaseState) -> None:
        if spells and spells[-1].to_us == piece.from_us:
            last = spells[-1]
            spells[-1] = LimitSpell((*last.pieces, piece), last.actions, last.x, last.y)
        else:
            spells.append(LimitSpell((piece,), state.seq, *self.bound.place_of(state)))

    def _segments(self, log: Sequence[Action], rules: CaseRules) -> Iterator[tuple[int, int, _Segment]]:
        """Give what the case is from each instant to the next one."""
        workflow = rules.workflow(log[0].happened_us, log[0].recorded_us)
        last = fold(workflow, log, newer=rules.workflows)
        assert last is not None  # noqa: S101  (it has an action)
        for from_us, to_us in pairwise([*sorted(set(last.effective_us)), FOREVER]):
            segment = self._segment(log, rules, last, from_us)
            resumes_us = segment.state.until_us
            if resumes_us is None or resumes_us >= to_us:
                yield from_us, to_us, segment
            else:
                yield from_us, resumes_us, segment
                yield resumes_us, to_us, self._segment(log, rules, last, resumes_us)

    def _segment(self, log: Sequence[Action], rules: CaseRules, last: CaseState, at_us: int) -> _Segment:
        """Return what the case is from an instant on; made once of the same actions and corrections."""
        applied = bisect_right(last.effective_us, at_us)
        key = (applied, at_us, tuple(sorted(last.corrections.items())), rules)
        if key not in self._made:
            workflow = rules.workflow(log[0].happened_us, log[0].recorded_us)
            state = fold(workflow, log, at_us=at_us, newer=rules.workflows)
            assert state is not None  # noqa: S101  (it was opened by then)
            self._made[key] = _Segment(state, tuple(self._since(state, rules, at_us)))
        return self._made[key]

    def _since(
        self, state: CaseState, rules: CaseRules, at_us: int
    ) -> Iterator[tuple[str | None, SingleClock, int]]:
        """Give the clocks of a state by which little is left from an instant on, at once or later."""
        meaning = rules.vocabulary(state.workflow).state(state.state)
        if meaning.clock == "off":
            return
        for stage in (None, meaning.stage):
            if not self.bound.looks_at(stage) or (stage is None and isinstance(state.values.get("due"), int)):
                continue
            clock = single_clock(state, rules, at_us, stage)
            since_us = None if clock is None else self._pressing_us(clock, at_us)
            if clock is None or since_us is None:
                continue
            if all(holds for _, holds in self.bound.kept(state, rules, at_us)):
                yield stage, clock, since_us

    def _pressing_us(self, clock: SingleClock, at_us: int) -> int | None:
        """Return since when little is left, from an instant on; None: not as long as the state is the same."""
        amount_us = clock.allowed_us - round(self.bound.rule.left_at_most * clock.limit_us)
        if not clock.running and not clock.paused:
            return None
        if clock.counted_us(at_us) >= amount_us:
            return at_us
        return clock.reached_us(amount_us) if clock.running else None
