"""Pruning by what the log knows of files, before any is opened.

Tested by `tests/conformance/test_conditions.py` and `tests/paas/query/test_explain.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.schema import UNIT
from stcloud.iaas.conversion import numbers_of, whole_number, whole_numbers
from stcloud.iaas.engine.model import Meets, Picks, WiderPicks
from stcloud.iaas.table.table import File
from stcloud.paas.query.condition.known import may_be_believed
from stcloud.paas.query.place.extent import Box, Extent
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.sql.binder import instant
from stcloud.space import NO_CELL
from stcloud.time import Span, Spans

__all__ = ["NEAR_US", "Box", "Pruning", "time_spans"]

_EPOCH = instant(0)
NEAR_US = 16 * 86_400_000_000
"""Before and after a month's events: wide enough to touch the next month's."""
_ALL = (-62_135_596_800_000_000, 253_402_300_800_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Pruning:
    """Tells which files, and which row groups described like files, may hold a wanted row.

    Parameters
    ----------
    believed_us
        Recorded instants at which rows must have been believed, UTC microseconds.
    times
        For each condition on time, closed spans that together hold it; None is an open end.
    boxes
        For each place, boxes ``(xmin, ymin, xmax, ymax)`` that together hold it; closed, metres.
    regions
        The same places, by ranges of cells.
    units
        For each condition on unit codes, ranges of texts that together hold it.
    wider
        Where other rows are that are wanted soon; None: nowhere.
    """

    believed_us: tuple[int, ...]
    times: tuple[tuple[tuple[datetime | None, datetime | None], ...], ...]
    boxes: tuple[tuple[Box, ...], ...]
    regions: tuple[Region, ...]
    units: tuple[tuple[tuple[str, str], ...], ...] = ()
    wider: Extent | None = None

    @classmethod
    def of(cls, limits: Sequence[Limits], *, restated: bool) -> Pruning:
        """Make it of the limits of all conditions; ``restated``: the codes that files hold do not count."""
        return cls(
            tuple(limit.believed_us for limit in limits if limit.believed_us is not None),
            tuple(
                tuple((_instant(low), _instant(high)) for low, high in limit.times)
                for limit in limits
                if limit.times is not None
            ),
            tuple(limit.extent.boxes for limit in limits if limit.extent is not None),
            tuple(limit.region or limit.extent.region for limit in limits if limit.extent is not None),
            () if restated else tuple(limit.units for limit in limits if limit.units is not None),
            next((limit.wider for limit in limits if limit.wider is not None), None),
        )

    @property
    def bounded(self) -> tuple[str, ...]:
        """Columns whose bounds differ between row groups of one file: they are sorted by cell."""
        return (*(("st_cell",) if self.regions else ()), *((UNIT,) if self.units else ()))

    @property
    def meets(self) -> Mapping[str, Meets]:
        """What decides it for row groups by numbers alone; empty where other columns decide, too."""
        return {"st_cell": self._meets} if self.bounded == ("st_cell",) else {}

    def picks(self, *, of_few: bool) -> Picks | None:
        """Return what picks rows by their cells, ``of_few`` as of `Picks`; None: no place is asked for."""
        if not self.regions:
            return None
        wider = None
        if self.wider is not None:
            region = self.wider.region
            wider = WiderPicks(self.wider.ranges, partial(_picked, (region,)), region.meets)
        return Picks("st_cell", partial(_picked, self.regions), wider, of_few)

    def _meets(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.all([region.meets(low, high) for region in self.regions], axis=0))

    def __call__(self, file: File) -> bool:
        """Tell whether a file may hold a wanted row."""
        return (
            self._timed(file)
            and all(may_be_believed(file, at_us) for at_us in self.believed_us)
            and all(any(_meets(box, file) for box in boxes) for boxes in self.boxes)
            and all(any(file.may_hold(UNIT, *ends) for ends in ranges) for ranges in self.units)
            and self._placed(file)
        )

    def _timed(self, file: File) -> bool:
        """Decide by time, which settles most files: with no call for each."""
        first, last = file.low.get("st_time"), file.high.get("st_time")
        if first is None or last is None:
            return True
        for spans in self.times:
            for low, high in spans:
                if (high is None or first <= high) and (low is None or last >= low):
                    break
            else:
                return False
        return True

    def _placed(self, file: File) -> bool:
        low, high = (bounds.get("st_cell") for bounds in (file.low, file.high))
        return low is None or high is None or all(region.may_hold(low, high) for region in self.regions)


def _instant(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant(at_us)


def _meets(box: Box, file: File) -> bool:
    xmin, ymin, xmax, ymax = box
    return file.may_hold("st_x", xmin, xmax) and file.may_hold("st_y", ymin, ymax)


def time_spans(files: Sequence[File], times: Iterable[Spans], near_us: int = NEAR_US) -> Spans:
    """Return spans that hold the time of every row that can match; a stray date far away is a span of its own.

    ``near_us`` is how far they reach beyond the files' own times.
    """
    spans = Spans.of(_span(file, near_us) for file in files)
    for other in times:
        spans = spans.intersect(other)
    return spans


def _span(file: File, near_us: int) -> Span:
    if "st_time" not in file.low:
        return Span(*_ALL)
    low, high = _us(file.low["st_time"]) - near_us, _us(file.high["st_time"]) + near_us + 1
    return Span(max(low, _ALL[0]), min(high, _ALL[1]))


def _us(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _picked(regions: Sequence[Region], cells: pa.Array) -> pa.Array:
    """Return the numbers of the rows whose cells are of all regions."""
    first, *others = regions
    numbers = numbers_of(cells.fill_null(whole_number(NO_CELL, cells.type)) if cells.null_count else cells)
    rows = first.listed_rows(numbers)
    for region in others:
        rows = rows[region.listed(numbers[rows])]
    return whole_numbers(rows)
