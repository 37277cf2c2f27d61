"""Pruning by what the log knows of files, before any is opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from stcloud.iaas.table import File, Snapshot
from stcloud.paas.query.binder import instant
from stcloud.paas.query.plan import Known, Plan
from stcloud.paas.query.where import Place
from stcloud.space import Lattice
from stcloud.time import When

__all__ = ["known_by_all", "may_match", "prune", "time_span"]

_EPOCH = instant(0)
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


def time_span(files: Sequence[File], whens: Iterable[When]) -> tuple[int, int]:
    """Return a half-open span (UTC microseconds) that holds the time of every row that can match."""
    low, high = _ALL if files else (0, 0)
    if files and all("st_time" in file.low for file in files):
        low = min(_us(file.low["st_time"]) for file in files)
        high = max(_us(file.high["st_time"]) for file in files) + 1
    for when in whens:
        parts = when.spans.parts
        if parts and parts[0].start_us is not None:
            low = max(low, parts[0].start_us)
        if parts and parts[-1].end_us is not None:
            high = min(high, parts[-1].end_us)
    return (low, high) if low < high else (0, 1)


def _us(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
