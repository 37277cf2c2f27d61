"""Pruning by what the log knows of files, before any is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.schema import UNIT
from stcloud.iaas.engine.model import Meets
from stcloud.iaas.table.table import File
from stcloud.paas.query.binder import instant
from stcloud.paas.query.condition.period import Related
from stcloud.paas.query.place.extent import Box
from stcloud.paas.query.place.refine import Region
from stcloud.paas.query.plan import InUnits, Known, Restated
from stcloud.paas.query.predicate import Predicate
from stcloud.time import Span, Spans, When

__all__ = ["NEAR_US", "Box", "Pruning", "time_spans"]

_EPOCH = instant(0)
NEAR_US = 16 * 86_400_000_000
"""Around a month's events: wide enough to touch the next month's."""
_ALL = (-62_135_596_800_000_000, 253_402_300_800_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Pruning:
    """Tells which files, and which row groups described like files, may hold a wanted row.

    Parameters
    ----------
    known
        What must have been believed.
    whens
        For each condition on time, closed spans that together hold it; None is an open end.
    boxes
        For each place, boxes ``(xmin, ymin, xmax, ymax)`` that together hold it; closed, metres.
    regions
        The same places, by ranges of cells.
    units
        For each condition on unit codes, ranges of texts that together hold it.
    """

    known: tuple[Known, ...]
    whens: tuple[tuple[tuple[datetime | None, datetime | None], ...], ...]
    boxes: tuple[tuple[Box, ...], ...]
    regions: tuple[Region, ...]
    units: tuple[tuple[tuple[str, str], ...], ...] = ()

    @classmethod
    def of(
        cls, plan: Sequence[object], boxes: tuple[tuple[Box, ...], ...], regions: tuple[Region, ...]
    ) -> Pruning:
        """Make it of a plan, and of its places' boxes and regions."""
        known = tuple(step for step in plan if isinstance(step, Known))
        whens = tuple(
            tuple((_instant(span.start_us), _instant(span.end_us, -1)) for span in one.spans.parts)
            for one in plan
            if isinstance(one, When)
        )
        # What lasts into a time began before its end.
        begun = [one.window[1] for one in plan if isinstance(one, Related)]
        whens += tuple(((None, _instant(end, -1)),) for end in begun if end is not None)
        filtered = [one.times() for one in plan if isinstance(one, Predicate)]
        whens += tuple(
            ((_instant(low), _instant(high)),) for low, high in filtered if (low, high) != (None, None)
        )
        restated = any(isinstance(one, Restated) for one in plan)  # then what files hold says nothing
        units = () if restated else tuple(one.ranges for one in plan if isinstance(one, InUnits))
        return cls(known, whens, boxes, regions, units)

    @property
    def bounded(self) -> tuple[str, ...]:
        """Columns whose bounds tell row groups of one file apart: they are sorted by cell."""
        return (*(("st_cell",) if self.regions else ()), *((UNIT,) if self.units else ()))

    @property
    def meets(self) -> Mapping[str, Meets]:
        """What tells it of row groups by numbers alone; empty where that is not all that can be told."""
        return {"st_cell": self._meets} if self.bounded == ("st_cell",) else {}

    def _meets(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.all([one.meets(low, high) for one in self.regions], axis=0))

    def __call__(self, file: File) -> bool:
        """Tell of one."""
        return (
            self._timed(file)
            and all(condition.may_hold(file) for condition in self.known)
            and all(any(_meets(box, file) for box in boxes) for boxes in self.boxes)
            and all(any(file.may_hold(UNIT, *ends) for ends in ranges) for ranges in self.units)
            and self._placed(file)
        )

    def _timed(self, file: File) -> bool:
        """Tell by time, which decides most files: with no call for each."""
        first, last = file.low.get("st_time"), file.high.get("st_time")
        if first is None or last is None:
            return True
        for spans in self.whens:
            for low, high in spans:
                if (high is None or first <= high) and (low is None or last >= low):
                    break
            else:
                return False
        return True

    def _placed(self, file: File) -> bool:
        low, high = (bounds.get("st_cell") for bounds in (file.low, file.high))
        return low is None or high is None or all(one.may_hold(low, high) for one in self.regions)


def _instant(at_us: int | None, later_us: int = 0) -> datetime | None:
    return None if at_us is None else instant(at_us + later_us)


def _meets(box: Box, file: File) -> bool:
    xmin, ymin, xmax, ymax = box
    return file.may_hold("st_x", xmin, xmax) and file.may_hold("st_y", ymin, ymax)


def time_spans(files: Sequence[File], whens: Iterable[When], near_us: int = NEAR_US) -> Spans:
    """Return spans that hold the time of every row that can match; a stray date far away is a span of its own.

    ``near_us`` is how far they reach beyond the files' own times.
    """
    spans = Spans.of(_span(file, near_us) for file in files)
    for when in whens:
        spans = spans.intersect(when.spans)
    return spans


def _span(file: File, near_us: int) -> Span:
    if "st_time" not in file.low:
        return Span(*_ALL)
    low, high = _us(file.low["st_time"]) - near_us, _us(file.high["st_time"]) + near_us + 1
    return Span(max(low, _ALL[0]), min(high, _ALL[1]))


def _us(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
