"""Cohorts: by which of its instants a case belongs to a period.

Tested by `tests/paas/case/evaluation/test_cohort.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.conversion import numbers_of, scalar, truths_of
from stcloud.paas.case.evaluation.schemeclauses import Basis
from stcloud.time import Bools, Micros, Span

__all__ = ["BASES", "Cohort"]

BASES: Mapping[Basis, str | None] = {
    "reported": "reported_at", "filed": "filed_at", "dispatched": "dispatched_at", "handled": "handled_at",
    "due": "due_at", "closed": "closed_at", "all": None,
}  # fmt: skip
"""The column of facts with the instant of each basis; None: every case belongs to it."""
_WORDS: Mapping[Basis, str] = {
    "reported": "by report", "filed": "by filing", "dispatched": "by dispatch", "handled": "by handling",
    "due": "by deadline", "closed": "by closing", "all": "of all cases",
}  # fmt: skip
_ZERO = scalar(0, pa.int64())


@dataclass(frozen=True, slots=True)
class Cohort:
    """Cases whose instant lies in a period.

    Parameters
    ----------
    basis
        Which instant.
    period
        Half-open; None: any instant.
    """

    basis: Basis
    period: Span | None = None

    def __str__(self) -> str:
        return _WORDS[self.basis]

    @property
    def column(self) -> str | None:
        """Column of facts that it looks at."""
        return BASES[self.basis]

    def of(self, rows: pa.RecordBatch) -> tuple[Bools, Micros, int]:
        """Return which rows belong to it, the instants by which they do, and how many rows have none.

        Returns
        -------
        ``(n,)`` bool; ``(n,)`` int64 UTC microseconds, 0 where there is no instant; a count.
        """
        if self.column is None:
            return np.ones(rows.num_rows, np.bool_), np.zeros(rows.num_rows, np.int64), 0
        instants = rows.column(self.column)
        whole = instants.cast(pa.int64())
        at_us = numbers_of(pc.fill_null(whole, _ZERO) if whole.null_count else whole)
        within = truths_of(instants.is_valid()) if instants.null_count else np.ones(len(instants), np.bool_)
        if self.period is not None and self.period.start_us is not None:
            within = within & (at_us >= self.period.start_us)
        if self.period is not None and self.period.end_us is not None:
            within = within & (at_us < self.period.end_us)
        return within, at_us, instants.null_count
