"""Stretches: files of events cut along time, so that rows come in order without all of them being sorted at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from stcloud.daas.table.schema import PART
from stcloud.iaas.table.table import File

__all__ = ["by_part", "stretches"]


def stretches(files: Iterable[File], least_rows: int) -> list[tuple[File, ...]]:
    """Cut files into groups of which each holds only earlier events than the next, by what the log knows of them.

    Parameters
    ----------
    files
        Of a layer of events; those of one partition stay together.
    least_rows
        A group with fewer rows takes in the next: a statement of their own would take longer.
    """
    parts = by_part(files)
    if any(
        "st_time" not in file.low or "st_time" not in file.high for part in parts.values() for file in part
    ):
        return [tuple(file for part in parts.values() for file in part)]
    groups: list[list[File]] = []
    for part in sorted(parts.values(), key=_first):
        if groups and (_first(part) <= _last(groups[-1]) or _rows(groups[-1]) < least_rows):
            groups[-1] += part
        else:
            groups.append(part)
    return [tuple(group) for group in groups]


def by_part(files: Iterable[File]) -> dict[str | None, list[File]]:
    """Return files by their partition."""
    parts: dict[str | None, list[File]] = {}
    for file in files:
        parts.setdefault(file.partition.get(PART), []).append(file)
    return parts


def _first(files: Sequence[File]) -> datetime:
    first: datetime = min(file.low["st_time"] for file in files)
    return first


def _last(files: Sequence[File]) -> datetime:
    last: datetime = max(file.high["st_time"] for file in files)
    return last


def _rows(files: Sequence[File]) -> int:
    return sum(file.rows for file in files)
