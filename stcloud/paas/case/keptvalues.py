"""Values that cases keep of the fields of their actions, for many cases at once.

Tested by `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.iaas.records.fieldtexts import FieldTexts
from stcloud.paas.case.logcolumns import Integers
from stcloud.paas.case.replayed import Replay
from stcloud.paas.case.workflow import Workflow

__all__ = ["KeptValues", "last_rows"]

Rows = NDArray[np.int64]


def last_rows(case: Integers, cases: int, rows: Rows) -> Rows:
    """Return of each case the last of some rows, -1 where it has none; cases and rows are ascending."""
    last = np.full(cases, -1, dtype=np.int64)
    last[case[rows]] = rows
    return last


@dataclass(frozen=True, slots=True, eq=False)
class KeptValues:
    """What cases keep: of each field the last value, or the sum, since it was last cleared.

    Parameters
    ----------
    replay
        What the logs come to.
    fields
        Fields of all actions of the logs, also of those that the replay leaves out.
    workflows
        Workflows by key.
    """

    replay: Replay
    fields: FieldTexts
    workflows: Mapping[str, Workflow]

    def last(self, name: str) -> pa.Array:
        """Return the last value that each case keeps of a field; null: it keeps none."""
        replay = self.replay
        rows = self._last_rows(name, self._kept(name))
        if not replay.columns.row.size:
            return self.fields.take(name, rows)
        return self.fields.take(name, np.where(rows >= 0, replay.columns.row[rows], -1).astype(np.int64))

    def total(self, name: str) -> NDArray[np.float64]:
        """Return the sum that each case keeps of a field, 0 for nothing; where its last value is kept, that one."""
        columns, kept, summed = self.replay.columns, self._kept(name), self._kept(name, "sum")
        replaced = self._last_rows(name, kept & ~summed)
        since = np.maximum(replaced, self._cleared(name))
        rows = np.flatnonzero(summed)
        rows = rows[rows >= since[columns.case[rows]]]
        rows = np.sort(np.concatenate([rows, replaced[replaced >= 0]]))
        values = self.fields.take(name, columns.row[rows].astype(np.int64)).to_numpy(zero_copy_only=False)
        return np.bincount(columns.case[rows], weights=values, minlength=columns.cases).astype(np.float64)

    def _kept(self, name: str, keep: str | None = None) -> NDArray[np.bool_]:
        """Return the actions whose value of a field is kept, in one way or in any."""
        replay = self.replay
        ways = [self.workflows[key].kept.get(name) for key in replay.workflows]
        keeps = np.array([way is not None if keep is None else way == keep for way in ways], dtype=bool)
        kept: NDArray[np.bool_] = self.fields.is_stated(name)[replay.columns.row] & keeps[replay.binding]
        return kept

    def _last_rows(self, name: str, kept: NDArray[np.bool_]) -> Rows:
        columns = self.replay.columns
        last = last_rows(columns.case, columns.cases, np.flatnonzero(kept))
        return np.where(last >= self._cleared(name), last, -1)

    def _cleared(self, name: str) -> Rows:
        """Return the last action of each case that clears a field; it may state the field anew."""
        columns, clears = self.replay.columns, self.replay.clears
        rows = np.flatnonzero(clears[name]) if name in clears else np.zeros(0, dtype=np.int64)
        return last_rows(columns.case, columns.cases, rows)
