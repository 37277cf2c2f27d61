"""Rejected rows of a load as they were in its source, so that they can be mended and loaded.

Tested by `tests/daas/load/test_rejected.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from stcloud.iaas.source.protocol import Batch, Refusal, Source
from stcloud.iaas.source.rejected import RowsAside

__all__ = ["RejectedRows"]

_UNSPLIT = "{}"
"""Record of a row that could not be split into its columns: its text is the value of its refusal."""


class RejectedRows:
    """Collects the rejected rows of one load.

    Parameters
    ----------
    staging
        Folder for what is set aside; the caller removes it.
    """

    def __init__(self, staging: Path) -> None:
        self._rows = RowsAside(staging / "rejected.arrow")

    def chosen(self, batch: Batch, refusals: Sequence[Refusal]) -> tuple[pa.RecordBatch, np.ndarray] | None:
        """Return the rows of a batch that are refused, as they came; None: none is."""
        if not refusals:
            return None
        refused = np.isin(batch.numbers, [refusal.row for refusal in refusals])
        return batch.rows.filter(pa.array(refused)), batch.numbers[refused]

    def add(self, rows: tuple[pa.RecordBatch, np.ndarray] | None) -> None:
        """Set the chosen rows of a batch aside."""
        if rows is not None:
            self._rows.add(*rows)

    def records(self, refusals: Iterable[Refusal], reopened: Callable[[], Source]) -> dict[int, str]:
        """Return the rows of refusals as JSON, by number; those that were refused late are read again."""
        wanted = {refusal.row: refusal for refusal in refusals}
        late = [row for row, refusal in wanted.items() if row not in self._rows.numbers and refusal.field]
        if late:
            for batch in reopened().batches():
                again = np.isin(batch.numbers, late)
                if again.any():
                    self._rows.add(batch.rows.filter(pa.array(again)), batch.numbers[again])
        records = dict.fromkeys(wanted, _UNSPLIT)
        for row, values in self._rows.read():
            if row in wanted:
                records[row] = json.dumps(values, ensure_ascii=False)
        return records

    def close(self) -> None:
        """Let go of what was set aside."""
        self._rows.close()
