"""What rows of a load change, on numbers alone: which row stands, what ends, what begins and where its content is.

Keys are numbers here. Rows and beliefs carry digests; equal digests of one key are equal contents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.timeline import ABSENT, Ints, Pieces, distinct, state
from stcloud.iaas.keys.settled import DuplicateRule

__all__ = [
    "ChangeSet",
    "DatedRows",
    "Mask",
    "RowSelection",
    "contradicted",
    "decide_changes",
    "matches",
    "pairs",
    "select_rows",
]

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DatedRows:
    """Rows of a load, or beliefs: whose they are, since when and until when, what, and their own numbers."""

    key: Ints
    start_us: Ints
    end_us: Ints
    digest: NDArray[np.uint64]
    number: Ints

    def __len__(self) -> int:
        return len(self.key)

    def take(self, chosen: Mask | Ints) -> DatedRows:
        """Return some of them."""
        return DatedRows(
            self.key[chosen],
            self.start_us[chosen],
            self.end_us[chosen],
            self.digest[chosen],
            self.number[chosen],
        )

    def pieces(self, content: Ints) -> Pieces:
        """Return them as pieces of timelines."""
        return Pieces(self.key, self.start_us, self.end_us, content)


@dataclass(frozen=True, slots=True, eq=False)
class RowSelection:
    """Which rows stand for their key and time.

    Attributes
    ----------
    selected
        ``(n,)`` bool.
    conflicting
        ``(n,)`` bool: refused, since rows of one key say different things of one time.
    duplicates
        How many rows gave way to another.
    """

    selected: Mask
    conflicting: Mask
    duplicates: int


def select_rows(rows: DatedRows, rule: DuplicateRule) -> RowSelection:
    """Decide which of the rows that speak of one key and overlapping periods stands.

    Rows that say the same of the same period are one. Of others the ``rule`` takes the last, the first, or none;
    ``keep`` takes none of those that differ: `FeatureKeys.number_repeats` gave those that do not keys of their own.
    """
    order = np.lexsort((rows.number, rows.start_us, rows.key))
    given = rows.take(order)
    group = _overlapping(given)
    count = np.bincount(group, minlength=1)
    _, reading = distinct(
        group,
        given.start_us,
        given.end_us,
        given.digest[:, 0].view(np.int64),
        given.digest[:, 1].view(np.int64),
    )
    same = _spread(reading, group, np.minimum) == _spread(reading, group, np.maximum)
    conflicting = ~same if rule in ("refuse", "keep") else np.zeros(len(rows), np.bool_)
    pick = np.maximum if rule == "last" else np.minimum
    selected = (given.number == _spread(given.number, group, pick)) & ~conflicting
    back = np.argsort(order)
    lost = int((count - 1)[np.unique(group[~conflicting])].sum()) if len(rows) else 0
    return RowSelection(selected[back], conflicting[back], lost)


def _overlapping(rows: DatedRows) -> Ints:
    """Give rows, sorted by key and start, the number of the chain of overlapping ones that they are in."""
    if not len(rows):
        return np.empty(0, np.int64)
    ends, rank = np.unique(rows.end_us, return_inverse=True)
    whose = np.cumsum(np.append(True, rows.key[1:] != rows.key[:-1])) - 1
    latest = np.maximum.accumulate(whose * len(ends) + rank) - whose * len(
        ends
    )  # the rank of the latest end so far
    apart = np.append(True, (whose[1:] != whose[:-1]) | (rows.start_us[1:] >= ends[latest[:-1]]))
    chains: Ints = np.cumsum(apart) - 1
    return chains


def _spread(values: Ints, group: Ints, pick: np.ufunc) -> Ints:
    """Return for each row the least or greatest value of its group; groups are numbered in order."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    picked: Ints = pick.reduceat(values, starts)[group] if len(values) else values
    return picked


def pairs(rows: DatedRows, beliefs: DatedRows) -> tuple[Ints, Ints]:
    """Return pairs of a row and a belief of its key, with other digests, that overlap or touch.

    A row whose digest one of these beliefs has is in no pair: it needs no closer look.
    """
    row, belief = _of_each_key(rows, beliefs)
    near = (rows.start_us[row] <= beliefs.end_us[belief]) & (beliefs.start_us[belief] <= rows.end_us[row])
    row, belief = row[near], belief[near]
    same = (rows.digest[row] == beliefs.digest[belief]).all(axis=1)
    other = ~np.isin(row, row[same])
    return row[other], belief[other]


@dataclass(frozen=True, slots=True, eq=False)
class ChangeSet:
    """What a load changes.

    Attributes
    ----------
    ended
        Numbers of beliefs that end.
    lost
        The beliefs that end, as pieces, in the same order.
    begun
        Beliefs that begin; equal contents of a key have equal numbers, here and in ``lost``.
    row, belief
        For each that begins: the number of the row that its content comes from, or else of the belief; -1 for none.
    new, unchanged
        For each row: whether its key was not believed to be there during its period; whether it changes nothing.
    """

    ended: Ints
    lost: Pieces
    begun: Pieces
    row: Ints
    belief: Ints
    new: Mask
    unchanged: Mask


def decide_changes(
    rows: DatedRows, beliefs: DatedRows, equal: tuple[Ints, Ints], gone: Pieces, *, absent: bool
) -> ChangeSet:
    """Decide what rows change in what is believed.

    Parameters
    ----------
    rows
        The rows that stand.
    beliefs
        What is believed of every key that is spoken of.
    equal
        Positions of rows and of beliefs of their key that say the same in other words.
    gone
        Statements that keys are not there.
    absent
        True when the rows themselves say that their keys are not there.
    """
    known, stated_content = _contents(rows, beliefs, equal)
    stated = np.full(len(rows), ABSENT, np.int64) if absent else stated_content
    spoken = Pieces(
        *(np.concatenate(pair) for pair in zip(rows.pieces(stated).columns, gone.columns, strict=True))
    )
    change = state(beliefs.pieces(known), spoken)
    content = change.begun.content
    row, belief = (_source(content, ids, side) for ids, side in ((stated_content, rows), (known, beliefs)))
    overlap, covered = _met(rows, beliefs, stated_content, known)
    return ChangeSet(
        beliefs.number[change.ended], beliefs.pieces(known).take(change.ended), change.begun,
        np.where(belief < 0, row, -1), belief,
        ~overlap, ~overlap if absent else covered,
    )  # fmt: skip


def _contents(rows: DatedRows, beliefs: DatedRows, equal: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Give contents of beliefs and of rows numbers; what is equal has one number."""
    columns = [np.concatenate([getattr(beliefs, name), getattr(rows, name)]) for name in ("key", "digest")]
    key, digest = columns
    _, number = distinct(key, digest[:, 0].view(np.int64), digest[:, 1].view(np.int64))
    known, stated_content = number[: len(beliefs)], number[len(beliefs) :].copy()
    order = np.lexsort((beliefs.start_us[equal[1]], equal[0]))[::-1]
    stated_content[equal[0][order]] = known[equal[1][order]]  # the first of several counts
    return known, stated_content


def _source(content: Ints, ids: Ints, side: DatedRows) -> Ints:
    """Return the number of the first in valid time that has each content, -1 for none."""
    if not len(ids):
        return np.full(len(content), -1, np.int64)
    order = np.lexsort((side.start_us, ids))
    at = np.minimum(np.searchsorted(ids[order], content), len(ids) - 1)
    chosen: Ints = np.where(ids[order][at] == content, side.number[order][at], -1)
    return chosen


def _met(rows: DatedRows, beliefs: DatedRows, stated_content: Ints, known: Ints) -> tuple[Mask, Mask]:
    """Tell of each row whether a belief of its key overlaps it, and whether one with its content covers it."""
    row, belief = _of_each_key(rows, beliefs)
    start, end = beliefs.start_us[belief], beliefs.end_us[belief]
    overlap, covered = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
    overlap[row[(start < rows.end_us[row]) & (rows.start_us[row] < end)]] = True
    covers = (
        (start <= rows.start_us[row]) & (rows.end_us[row] <= end) & (known[belief] == stated_content[row])
    )
    covered[row[covers]] = True
    return overlap, covered


def matches(wanted: Ints, order: Ints, numbers: Ints) -> tuple[Ints, Ints]:
    """Return where numbers are wanted: positions in ``numbers``, and in ``wanted``; ``order`` sorts ``wanted``."""
    first, last = (np.searchsorted(wanted[order], numbers, side) for side in ("left", "right"))
    count = last - first
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(np.arange(len(numbers)), count), order[np.repeat(first, count) + within]


def _of_each_key(rows: DatedRows, beliefs: DatedRows) -> tuple[Ints, Ints]:
    """Return the positions of all pairs of a row and a belief of its key."""
    return matches(beliefs.key, np.argsort(beliefs.key, kind="stable"), rows.key)


def contradicted(lost: Pieces, begun: Pieces, period: tuple[int, int]) -> Mask:
    """Tell which pieces that end do not go on, within a period, as part of one that begins."""
    start, end = np.maximum(lost.start_us, period[0]), np.minimum(lost.end_us, period[1])
    going: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for key, since, until, content in begun.to_list():
        going.setdefault((key, content), []).append((since, until))
    ended = [
        first < last and not any(since <= first and last <= until for since, until in going.get(whose, ()))
        for first, last, whose in zip(
            start.tolist(),
            end.tolist(),
            zip(lost.key.tolist(), lost.content.tolist(), strict=True),
            strict=True,
        )
    ]
    return np.array(ended, np.bool_)
