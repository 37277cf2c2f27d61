"""What clocks need of cases, as columns: stays, limits, extensions, bundles; and the clocks of those of one timing.

Tested by `tests/paas/case/test_caseclocks.py` and `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.case.allowance import ClockLimits, Extensions
from stcloud.paas.case.caserules import CaseRules, CaseTiming
from stcloud.paas.case.clocks import Clocks, read_clocks
from stcloud.paas.case.interval import ClockIntervals
from stcloud.paas.case.limit import KINDS, TimeLimit
from stcloud.time.micros import Micros

__all__ = ["NO_LIMIT", "ClockCases", "CodedTexts"]

NO_LIMIT = -1
"""Stands where the kind of a limit does."""

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CodedTexts:
    """A text, or none, for each of many cases: places in its distinct texts, -1 for none."""

    code: Codes
    texts: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Self:
        """Return texts, one or None for each case."""
        texts = tuple(dict.fromkeys(value for value in values if value is not None))
        places = {text: place for place, text in enumerate(texts)}
        return cls(
            np.array([-1 if value is None else places[value] for value in values], dtype=np.int64), texts
        )

    def take(self, members: Codes) -> Self:
        """Return the texts of some cases."""
        return type(self)(self.code[members], self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class ClockCases:
    """What clocks need of cases.

    Attributes
    ----------
    intervals
        Their stays.
    opened_us
        ``(n,)`` int64, when each was opened, UTC microseconds.
    pin
        The digest of the clocks that each is pinned to.
    limit_kind, limit_value
        ``(n,)``, a place in `KINDS` or `NO_LIMIT`, and hours or days: what its log states.
    extension
        ``(n,)`` float64, what was granted on top, in the same unit; 0 for nothing.
    bundle
        The bundle that it is in.
    """

    intervals: ClockIntervals
    opened_us: Micros
    pin: CodedTexts
    limit_kind: NDArray[np.int8]
    limit_value: NDArray[np.float64]
    extension: NDArray[np.float64]
    bundle: CodedTexts

    def __len__(self) -> int:
        return len(self.opened_us)

    def timings(
        self, rules: CaseRules, clocks: str | None = None
    ) -> Iterator[tuple[CaseTiming | None, Codes]]:
        """Give the timings that bind cases, with the cases that each binds.

        Parameters
        ----------
        rules
            Rules as they were known.
        clocks
            Digest of the clocks that all are restated under; None: the pinned ones, or those valid at the opening.

        Raises
        ------
        NotFound
            ``unknown-rule``.
        """
        if len(self) == 1:
            bound = self._timing(0, rules, clocks)
            yield bound and bound[1], np.zeros(1, dtype=np.int64)
            return
        kinds = ("clocks", "calendar")
        changes = np.array(
            sorted({rule.valid_from_us for rule in rules if rule.kind in kinds}), dtype=np.int64
        )
        era = np.searchsorted(changes, self.opened_us, side="right")
        keys, members = np.unique(self.pin.code * (len(changes) + 1) + era, return_inverse=True)
        groups: list[tuple[tuple[str, CaseTiming] | None, list[int]]] = []
        for place in range(len(keys)):
            bound = self._timing(int(np.argmax(members == place)), rules, clocks)
            mine = next((places for known, places in groups if known == bound), None)
            if mine is None:
                groups.append((bound, [place]))
            else:
                mine.append(place)
        for bound, places in groups:
            yield bound and bound[1], np.flatnonzero(np.isin(members, places))

    def _timing(self, case: int, rules: CaseRules, clocks: str | None) -> tuple[str, CaseTiming] | None:
        pin = self.pin.code[case]
        pinned = self.pin.texts[pin] if pin >= 0 else None
        return rules.timing(int(self.opened_us[case]), clocks or pinned)

    def take(self, members: Codes) -> ClockCases:
        """Return some cases, numbered anew; ``members`` are in order."""
        if len(members) == len(self):
            return self
        place = np.full(len(self), -1, dtype=np.int64)
        place[members] = np.arange(len(members))
        rows = np.flatnonzero(place[self.intervals.case] >= 0)
        taken = self.intervals
        intervals = ClockIntervals(
            place[taken.case[rows]], taken.stage[rows], taken.clock[rows], taken.from_us[rows], taken.to_us[rows],
            taken.stages,
        )  # fmt: skip
        return ClockCases(
            intervals, self.opened_us[members], self.pin.take(members), self.limit_kind[members],
            self.limit_value[members], self.extension[members], self.bundle.take(members),
        )  # fmt: skip

    def clocks(
        self, timing: CaseTiming, at_us: int, *, whole_only: bool = False, bundled: bool = True
    ) -> Clocks | None:
        """Return the clocks of cases of one timing at an instant; None: none has a limit.

        Raises
        ------
        InvalidInput
            What `read_clocks` raises.
        """
        limits = self._limits(timing, whole_only=whole_only)
        if not len(limits):
            return None
        rows = np.flatnonzero((self.limit_kind != NO_LIMIT) & (self.extension > 0))
        extensions = Extensions.of(rows, self.limit_kind[rows], self.extension[rows])
        bundles = self.bundle.code if bundled and self.bundle.texts else None
        return read_clocks(
            self.intervals, limits, timing.rules, at_us, extensions=extensions, bundles=bundles
        )

    def _limits(self, timing: CaseTiming, *, whole_only: bool) -> ClockLimits:
        """Return the limits of whole cases and of their stages."""
        kind, value = self.limit_kind, self.limit_value
        if timing.usual is not None:
            own = kind != NO_LIMIT
            kind = np.where(own, kind, KINDS.index(timing.usual.kind)).astype(np.int8)
            value = np.where(own, value, timing.usual.value)
        rows = np.flatnonzero(kind != NO_LIMIT)
        limits = ClockLimits.of(rows, kind[rows], value[rows])
        by_stage = {} if whole_only else timing.stages
        stages = self.intervals.stages
        places: dict[int, TimeLimit] = {
            stages.index(name): limit for name, limit in by_stage.items() if name in stages
        }
        return limits.joined(ClockLimits.of_stages(len(self), places)) if places else limits
