"""Logs of many cases as the store hands them: columns for `replay`, fields and posts, and no object for each action.

Tested by `tests/paas/case/test_storedlogs.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from stcloud.iaas.records.fieldtexts import FieldTexts
from stcloud.paas.case.logcolumns import NO_INSTANT, Instants, LogColumns

__all__ = ["COLUMNS", "FIELDS", "StoredLogs"]

COLUMNS = ("case", "seq", "name", "happened_us", "recorded_us", "post", "fields")
"""Columns of entries that are read."""

_TEXTS = (
    "kind", "class", "condition", "source", "department", "component", "cell", "master", "verification", "limit_kind",
    "bundle", "rule_limits", "workflow", "handler", "status", "whole",
)  # fmt: skip
FIELDS: dict[str, pa.DataType] = {
    **dict.fromkeys(_TEXTS, pa.string()),
    **dict.fromkeys(("lon", "lat", "limit_value", "extension_value"), pa.float64()),
    **dict.fromkeys(("satisfaction", "due", "until", "corrects", "corrected"), pa.int64()),
}
"""Fields of actions that are read."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredLogs:
    """Logs of some cases, whole, in the order of their numbers.

    Attributes
    ----------
    numbers
        Number of each case.
    columns
        Their actions.
    fields, posts
        Of each action.
    """

    numbers: pa.StringArray
    columns: LogColumns
    fields: FieldTexts
    posts: pa.StringArray

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> Self:
        """Return logs of entries with `COLUMNS`, by case and number; cases are whole."""
        cases, names = (batch.column(name).dictionary_encode() for name in ("case", "name"))
        fields = FieldTexts.of(batch.column("fields"), FIELDS)
        rows = fields.rows("workflow")
        keys = fields.take("workflow", rows).dictionary_encode()
        workflow = np.full(batch.num_rows, -1, dtype=np.int64)
        workflow[rows] = keys.indices.to_numpy(zero_copy_only=False)
        happened, recorded = (batch.column(name).to_numpy() for name in ("happened_us", "recorded_us"))
        columns = LogColumns(
            cases=len(cases.dictionary),
            names=tuple(names.dictionary.to_pylist()),
            workflows=tuple(keys.dictionary.to_pylist()),
            case=cases.indices.to_numpy().astype(np.int64),
            seq=batch.column("seq").to_numpy().astype(np.int64),
            action=names.indices.to_numpy().astype(np.int64),
            workflow=workflow,
            happened_us=happened,
            recorded_us=recorded,
            until_us=_stated(fields, "until", NO_INSTANT),
            corrects=_stated(fields, "corrects", 0),
            corrected_us=_stated(fields, "corrected", NO_INSTANT),
            row=np.arange(batch.num_rows),
        )
        return cls(cases.dictionary, columns, fields, batch.column("post"))

    def take(self, cases: np.ndarray) -> Self:
        """Return the logs of some cases, which are numbered anew; ``cases`` are ascending."""
        place = np.full(self.columns.cases, -1, dtype=np.int64)
        place[cases] = np.arange(len(cases))
        kept = place[self.columns.case] >= 0
        columns = self.columns.where(kept)
        columns = columns.numbered(place[columns.case], len(cases))
        return type(self)(self.numbers.take(pa.array(cases)), columns, self.fields, self.posts)


def _stated(fields: FieldTexts, name: str, absent: int) -> Instants:
    """Return an integer field of each entry."""
    values = np.full(len(fields.code), absent, dtype=np.int64)
    rows = fields.rows(name)
    values[rows] = fields.take(name, rows).to_numpy(zero_copy_only=False)
    return values
