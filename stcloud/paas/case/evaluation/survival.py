"""How long cases take, where open ones have not ended yet: the Kaplan–Meier estimate.

Tested by `tests/paas/case/evaluation/test_survival.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from stcloud.time import Bools, Micros

__all__ = ["SurvivalCurve"]

_EXACT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """The share of cases that last longer than a time, with open cases counted as long as they were seen.

    Attributes
    ----------
    at_us
        ``(k,)`` int64 microseconds: durations at which cases ended, ascending.
    at_risk
        ``(k,)`` int64: cases that lasted at least so long, ended or not.
    ended
        ``(k,)`` int64: cases that ended then.
    share
        ``(k,)`` float64: the share of cases that last longer than ``at_us``.
    """

    at_us: Micros
    at_risk: npt.NDArray[np.int64]
    ended: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]

    @classmethod
    def of(cls, lasted_us: Micros, ended: Bools) -> Self:
        """Estimate the curve.

        Parameters
        ----------
        lasted_us
            ``(n,)`` int64 microseconds: how long each case took, or has taken by now.
        ended
            ``(n,)`` bool: it has ended; else it is censored: it lasts longer than ``lasted_us``.

        Notes
        -----
        A case that is censored at a duration at which others end is at risk of it. O(n log n).

        Examples
        --------
        >>> curve = SurvivalCurve.of(np.array([1, 2, 2, 3]), np.array([True, False, True, True]))
        >>> curve.share.tolist(), curve.quantile_us(0.5)
        ([0.75, 0.5, 0.0], 2)
        """
        order = np.argsort(lasted_us, kind="stable")
        lasted, ends = np.asarray(lasted_us, np.int64)[order], np.asarray(ended, np.int64)[order]
        times, first = np.unique(lasted, return_index=True)
        ended_then = np.add.reduceat(ends, first) if len(lasted) else np.zeros(0, np.int64)
        at_risk = len(lasted) - first
        rows = np.flatnonzero(ended_then)
        survive = 1 - ended_then[rows].astype(np.float64) / at_risk[rows]
        share = np.asarray(np.cumprod(survive), np.float64)
        return cls(times[rows], at_risk[rows].astype(np.int64), ended_then[rows], share)

    def quantile_us(self, share: float = 0.5) -> int | None:
        """Return the least duration by which a share of cases has ended; None: fewer have, as long as was seen.

        Parameters
        ----------
        share
            From 0 to 1; 0.5 is the median.
        """
        reached = np.flatnonzero(self.share <= 1 - share + _EXACT)
        return int(self.at_us[reached[0]]) if len(reached) else None
