"""Pruning by what the log knows of files, before any is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from stcloud.iaas.table import File, Snapshot
from stcloud.paas.query.binder import instant
from stcloud.paas.query.plan import Known, Plan
from stcloud.paas.query.where import Place
from stcloud.space import Lattice
from stcloud.time import Span, Spans, When

__all__ = ["known_by_all", "may_match", "prune", "time_spans"]

_EPOCH = instant(0)
_NEAR_US = 16 * 86_400_000_000
_ALL = (-62_135_596_800_000_000, 253_402_300_800_000_000)


def prune(plan: Plan, snapshot: Snapshot, lattice: Lattice) -> tuple[File, ...]:
    """Return the files that may hold rows that the plan asks for."""
    boxes = [one.boxes(lattice) for one in plan if isinstance(one, Place)]
    return tuple(file for file in snapshot.files if may_match(plan, boxes, file))


def may_match(plan: Plan, boxes: Sequence[Sequence[tuple[float, float, float, float]]], file: File) -> bool:
    """Tell whether a file, or a row group described like one, may hold a wanted row."""
    for one in plan:
        if isinstance(one, Known) and not _known(one, file):
            return False
        if isinstance(one, When) and not _during(one, file):
            return False
    return all(any(_meets(box, file) for box in alternatives) for alternatives in boxes)


def _known(known: Known, file: File) -> bool:
    at = instant(known.at_us)
    ended = file.nulls.get("st_recorded_to") == 0 and not file.may_hold(
        "st_recorded_to", instant(known.at_us + 1)
    )
    return file.may_hold("st_recorded_from", None, at) and not ended


def _during(when: When, file: File) -> bool:
    return any(
        file.may_hold(
            "st_time",
            None if span.start_us is None else instant(span.start_us),
            None if span.end_us is None else instant(span.end_us - 1),
        )
        for span in when.spans.parts
    )


def _meets(box: tuple[float, float, float, float], file: File) -> bool:
    xmin, ymin, xmax, ymax = box
    return file.may_hold("st_x", xmin, xmax) and file.may_hold("st_y", ymin, ymax)


def known_by_all(files: Iterable[File], at_us: int) -> bool:
    """Tell whether the log proves that every row of the files was believed at an instant."""
    at = instant(at_us)
    return all(
        file.all_null("st_recorded_to")
        and "st_recorded_from" in file.high
        and file.high["st_recorded_from"] <= at
        for file in files
    )


def time_spans(files: Sequence[File], whens: Iterable[When]) -> Spans:
    """Return spans that hold the time of every row that can match; a stray date far away is a span of its own."""
    spans = Spans.of(map(_span, files))
    for when in whens:
        spans = spans.intersect(when.spans)
    return spans


def _span(file: File) -> Span:
    """Return a file's span, wide enough to touch the next month's."""
    if "st_time" not in file.low:
        return Span(*_ALL)
    low, high = _us(file.low["st_time"]) - _NEAR_US, _us(file.high["st_time"]) + _NEAR_US
    return Span(max(low, _ALL[0]), min(high, _ALL[1]))


def _us(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
