"""What recorded purges say of rows that are loaded now: rows of a purged time are left out, and so are purged values.

Tested by `tests/daas/purge/test_reload.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.purge.record import PurgeRecord
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.purged import expired_values
from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput

__all__ = ["NO_EXPIRY", "Expiry", "refuse_reloaded"]

Over = Callable[[int], NDArray[np.bool_]]
"""Tells which rows of a batch were over before an instant, UTC microseconds."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Which rows, and which values of rows, are not loaded.

    Parameters
    ----------
    rows_us
        Rows that were over before this instant are left out, UTC microseconds; None: no rows are.
    values_us
        Of rows that were over before an instant, these stored columns are null.
    """

    rows_us: int | None = None
    values_us: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, purges: Iterable[PurgeRecord], columns: Iterable[Attribute]) -> Expiry:
        """Return what the purges of a layer say of a source with these columns; those with a filter say nothing."""
        stored = {attribute.name: attribute.stored for attribute in columns}
        rows: list[int] = []
        values: list[tuple[int, tuple[str, ...]]] = []
        for scope in (purge.scope for purge in purges if purge.scope.repeats):
            if scope.before_us is not None and not scope.columns:
                rows.append(scope.before_us)
            elif scope.before_us is not None and (names := stored.keys() & set(scope.columns)):
                values.append((scope.before_us, tuple(sorted(stored[name] for name in names))))
        return cls(max(rows, default=None), tuple(values))

    def __bool__(self) -> bool:
        return self.rows_us is not None or bool(self.values_us)

    def covers(self, end_us: int) -> bool:
        """Tell whether what was over at an instant is not loaded as it is."""
        instants = [before_us for before_us, _ in self.values_us] + (
            [] if self.rows_us is None else [self.rows_us]
        )
        return end_us <= max(instants, default=end_us - 1)

    def applied(self, rows: pa.RecordBatch, over: Over) -> tuple[pa.RecordBatch, NDArray[np.bool_]]:
        """Return rows without values that are not loaded, and which of the rows are to be loaded at all."""
        for before_us, columns in self.values_us:
            rows = expired_values(rows, over(before_us), columns)
        stays = np.ones(rows.num_rows, np.bool_) if self.rows_us is None else ~over(self.rows_us)
        return rows, stays


NO_EXPIRY = Expiry()


def refuse_reloaded(
    layer: str, loads: Sequence[Reckoning], purges: Iterable[PurgeRecord], *, row_by_row: bool
) -> None:
    """Refuse to load a file again that was loaded before a purge, unless each of its rows says whether it was purged.

    Parameters
    ----------
    layer, loads
        The layer, and the loads of the file.
    purges
        Purges of the layer.
    row_by_row
        Whether the time of a row of a source is that of the stored row, whatever else was loaded.

    Raises
    ------
    InvalidInput
        ``loaded-before-purge``
    """
    first_us = min((load.recorded_at_us for load in loads), default=None)
    for purge in purges:
        if first_us is None or purge.recorded_at_us <= first_us or not purge.versions:
            continue
        if not (row_by_row and purge.scope.repeats and purge.over):
            raise InvalidInput(
                "loaded-before-purge",
                f"the file was loaded into '{layer}' before purge {purge.load}: it may bring back what was removed",
                hint="load a file without these rows or values",
            )
