"""Rows of a load with what rules need of them, each computed once for all rules.

Tested by `tests/paas/standing/test_layerevaluation.py`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.conversion import whole_numbers
from stcloud.paas.standing.boundrule import BoundRule
from stcloud.paas.standing.incident import Sample

__all__ = ["RowBatch"]

Places = NDArray[np.int64]


class RowBatch:
    """Rows with all columns that rules look at.

    Parameters
    ----------
    rows
        The rows.
    """

    def __init__(self, rows: pa.RecordBatch) -> None:
        self.rows = rows
        self._kept: dict[str, Places] = {}
        self._narrow: dict[frozenset[str], pa.RecordBatch] = {}
        self._groups: dict[tuple[object, ...], list[str | None]] = {}
        self._places: dict[tuple[object, ...], dict[str, Places]] = {}
        self._newest: dict[tuple[object, ...], dict[str, int]] = {}

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def time_us(self) -> NDArray[np.int64]:
        """The valid time of each row, UTC microseconds."""
        return micros(self.rows.column("st_time"), FOREVER)

    @cached_property
    def _own(self) -> tuple[list[int], list[str], list[float], list[float]]:
        x, y = (
            np.asarray(self.rows.column(name).to_numpy(zero_copy_only=False), np.float64).tolist()
            for name in ("st_x", "st_y")
        )
        return self.time_us.tolist(), self.rows.column("st_key").to_pylist(), x, y

    def sample(self, place: int, level: float) -> Sample:
        """Return what a row says to a rule."""
        time_us, key, x, y = self._own
        return Sample(time_us[place], key[place], level, x[place], y[place])

    def kept(self, bound: BoundRule, candidates: Places, *, from_index: bool = False) -> Places:
        """Return the rows that a rule's question keeps, in the rule's time, of those that it may keep.

        ``from_index``: the candidates are what the index of rules gave; a rule that asks no more keeps all.
        """
        chosen = candidates if from_index and bound.is_equality else self._kept.get(bound.kept_by)
        if chosen is None:
            rows = self._of(bound.kept_columns)
            rows = rows if len(candidates) == len(self) else rows.take(whole_numbers(candidates))
            chosen = self._kept[bound.kept_by] = (
                candidates[bound.mask(rows)] if len(candidates) else candidates
            )
        return chosen[bound.in_time(self.time_us[chosen])] if len(chosen) else chosen

    def _of(self, columns: frozenset[str]) -> pa.RecordBatch:
        """Return the rows with some of their columns: fewer are copied faster."""
        if columns not in self._narrow:
            self._narrow[columns] = self.rows.select(sorted(columns)) if columns else self.rows
        return self._narrow[columns]

    def groups(self, bound: BoundRule) -> list[str | None]:
        """Return the group of each row; None: it has none."""
        if bound.by not in self._groups:
            self._groups[bound.by] = bound.groups(self.rows)
        return self._groups[bound.by]

    def places(self, bound: BoundRule) -> dict[str, Places]:
        """Return the rows of each group."""
        if bound.by not in self._places:
            places: dict[str, list[int]] = {}
            for place, group in enumerate(self.groups(bound)):
                if group is not None:
                    places.setdefault(group, []).append(place)
            self._places[bound.by] = {group: np.array(rows, np.int64) for group, rows in places.items()}
        return self._places[bound.by]

    def newest_us(self, bound: BoundRule) -> dict[str, int]:
        """Return the newest valid time of each group, UTC microseconds."""
        if bound.by not in self._newest:
            places = self.places(bound)
            self._newest[bound.by] = {group: int(self.time_us[rows].max()) for group, rows in places.items()}
        return self._newest[bound.by]

    def levels(self, bound: BoundRule, chosen: Places) -> list[float]:
        """Return the value of some rows; 1 for a rule that counts."""
        if bound.measured is None:
            return [1.0] * len(chosen)
        rows = self.rows.select([*bound.measured.columns]).take(whole_numbers(chosen))
        levels: list[float] = bound.measured.levels(rows).tolist()
        return levels
