"""Deadlines of many cases: of the whole case, and of stages.

Tested by `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.case.allowance import WHOLE
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.clockcases import ClockCases
from stcloud.paas.case.clocks import Clocks
from stcloud.paas.case.interval import NONE_US
from stcloud.time.micros import Bools, Micros

__all__ = ["Deadlines"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Deadlines:
    """Deadlines of cases at an instant.

    Attributes
    ----------
    started_us, own_us
        ``(n,)`` int64, when the clock of the whole case first ran, and its deadline without regard to bundles;
        `NONE_US`: there is none.
    provisional, paused
        ``(n,)`` bool, of the whole case.
    stages
        ``(n,)`` int64, of each stage by name the deadline of its last round; `NONE_US`: none, or it is paused.
    """

    started_us: Micros
    own_us: Micros
    provisional: Bools
    paused: Bools
    stages: dict[str, Micros]

    @classmethod
    def of(cls, cases: ClockCases, rules: CaseRules, at_us: int, stages: Sequence[str]) -> Deadlines:
        """Return the deadlines at an instant, under the rules that bind each case.

        Raises
        ------
        NotFound
            ``unknown-rule``.
        """
        size = len(cases)
        made = cls(
            np.full(size, NONE_US), np.full(size, NONE_US), np.zeros(size, bool), np.zeros(size, bool),
            {stage: np.full(size, NONE_US) for stage in stages},
        )  # fmt: skip
        for timing, members in cases.timings(rules):
            clocks = None if timing is None else cases.take(members).clocks(timing, at_us, bundled=False)
            if clocks is not None:
                made._set(members, clocks, cases.intervals.stages)
        return made

    def _set(self, members: Rows, clocks: Clocks, names: Sequence[str]) -> None:
        limits = clocks.limits
        whole = np.flatnonzero(limits.stage == WHOLE)
        case = members[limits.case[whole]]
        started = clocks.started_us[whole] != NONE_US
        self.started_us[case] = clocks.started_us[whole]
        self.own_us[case] = np.where(started, clocks.deadline_us[whole], NONE_US)
        self.provisional[case], self.paused[case] = clocks.provisional[whole], clocks.paused[whole]
        for stage, due in self.stages.items():
            if stage in names:
                runs = (clocks.started_us != NONE_US) & ~clocks.paused
                rows = np.flatnonzero((limits.stage == names.index(stage)) & runs)
                due[members[limits.case[rows]]] = clocks.deadline_us[rows]
