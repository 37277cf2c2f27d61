"""What the rows of a load of features change in what is believed: decided by keys, digests and periods.

Every decision is about one key, so rows and beliefs may be settled apart from those of other keys.

Tested by `tests/daas/load/test_feature_load.py` and `tests/conformance/test_cluster_features.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from stcloud.daas.load.feature_keys import FeatureKeys, joined, no_pieces, nothing
from stcloud.daas.table.changeset import (
    ChangeSet,
    DatedRows,
    Mask,
    contradicted,
    decide_changes,
    select_rows,
)
from stcloud.daas.table.feature import Believed
from stcloud.daas.table.timeline import ABSENT, Ints, Pieces
from stcloud.iaas.keys.settled import DuplicateRule

__all__ = ["ContentChecks", "FeatureChanges", "FeatureStatement", "settle_features"]

Refuse = Callable[[int, str | None, str], None]
"""Refuses a row by its number, because of its key, for a reason."""


@dataclass(frozen=True, slots=True)
class FeatureStatement:
    """What a load states for all of its rows.

    Parameters
    ----------
    mode, rule
        What the load states, and which row of a key stands.
    period
        Valid period of rows that have none of their own, UTC microseconds.
    expired
        Whether the snapshot is of a time that was purged.
    """

    mode: str
    rule: DuplicateRule
    period: tuple[int, int]
    expired: bool = False

    @property
    def deletes(self) -> bool:
        """Whether rows only name what is not there."""
        return self.mode == "delete"

    def repeatable(self, start_us: Ints, end_us: Ints) -> Mask:
        """Tell which versions hold all through a snapshot's period: a row that repeats one changes nothing."""
        if self.mode != "snapshot" or self.rule == "keep":
            return np.zeros(len(start_us), np.bool_)
        whole: Mask = (start_us <= self.period[0]) & (end_us >= self.period[1])
        return whole


@dataclass(frozen=True, slots=True)
class ContentChecks:
    """What settling asks of the content of rows and beliefs.

    Parameters
    ----------
    lasting
        Returns rows with the ends of their periods, where what is believed decides about them.
    equal
        Returns positions of rows and of beliefs of their key that say the same in other words.
    by_changes
        Tells of beliefs, by position, whether a load of changes stated them.
    """

    lasting: Callable[[DatedRows, DatedRows], DatedRows]
    equal: Callable[[DatedRows, DatedRows], tuple[Ints, Ints]]
    by_changes: Callable[[Ints], Mask]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureChanges:
    """What a load changes, and how its rows are counted.

    Attributes
    ----------
    changes
        What ends and begins.
    counts
        Counts of the reckoning, by name.
    """

    changes: ChangeSet
    counts: Mapping[str, int]


def settle_features(
    statement: FeatureStatement, keys: FeatureKeys, believed: Believed, checks: ContentChecks, refuse: Refuse
) -> FeatureChanges:
    """Decide what rows change in what is believed; rows of keys that conflict or are known are refused."""
    period, deletes = statement.period, statement.deletes
    seen, first = np.unique(np.concatenate(keys.seen or [nothing()]), return_index=True)
    seen_number = np.concatenate(keys.seen_numbers or [nothing()])[first]
    repeated = sum(map(len, keys.seen)) - len(seen)
    rows, beliefs, silent = keys.coded(believed)
    rows = checks.lasting(rows, beliefs)
    # A row that repeats a version counts among those of its key that do not.
    rival = np.isin(beliefs.key[seen], rows.key)
    again = beliefs.take(seen[rival])
    again = replace(
        again, number=seen_number[rival],
        start_us=np.full(len(again), period[0]), end_us=np.full(len(again), period[1]),
    )  # fmt: skip
    both = joined(rows, again)
    selection = select_rows(both, "last" if deletes else statement.rule)
    texts = pa.chunked_array([*keys.key, believed.key.take(pa.array(seen[rival]))], pa.string())
    for at in np.flatnonzero(selection.conflicting).tolist():
        refuse(int(both.number[at]), texts[at].as_py(), "conflicting-key")
    stated = rows.take(selection.selected[: len(rows)])
    silent = np.concatenate([silent, both.key[selection.conflicting]])
    if statement.mode == "append":
        stated = _refuse_known(stated, beliefs, refuse)
    gone = _gone(statement, beliefs, np.concatenate([stated.key, silent, beliefs.key[seen]]))
    touched = beliefs.take(np.isin(beliefs.key, np.concatenate([stated.key, gone.key])))
    changes = decide_changes(stated, touched, checks.equal(stated, touched), gone, absent=deletes)
    stays = int(selection.selected[len(rows) :].sum())
    counts = _counted(changes, deletes=deletes)
    counts["unchanged"] += len(seen) - len(again) + stays
    counts |= {
        "duplicates": selection.duplicates + repeated,
        "ended": len(np.unique(gone.key)),
        "overridden": _overridden(statement, changes, believed, checks),
    }
    return FeatureChanges(changes, counts)


def _refuse_known(stated: DatedRows, beliefs: DatedRows, refuse: Refuse) -> DatedRows:
    changes = decide_changes(stated, beliefs, (nothing(), nothing()), no_pieces(), absent=False)
    for number in stated.number[~changes.new].tolist():
        refuse(number, None, "known-key")
    return stated.take(changes.new)


def _gone(statement: FeatureStatement, beliefs: DatedRows, spoken: Ints) -> Pieces:
    """Return that the keys which a snapshot does not have are not there."""
    if statement.mode != "snapshot" or statement.expired:
        return no_pieces()
    start_us, end_us = statement.period
    there = (beliefs.start_us < end_us) & (start_us < beliefs.end_us)
    keys = np.unique(beliefs.key[there])
    keys = keys[~np.isin(keys, spoken)]
    count = len(keys)
    return Pieces(keys, np.full(count, start_us), np.full(count, end_us), np.full(count, ABSENT))


def _overridden(
    statement: FeatureStatement, changes: ChangeSet, believed: Believed, checks: ContentChecks
) -> int:
    """Count versions that a change stated and that this snapshot contradicts."""
    if statement.mode != "snapshot" or not len(changes.ended):
        return 0
    order = np.argsort(believed.row)
    changed = checks.by_changes(order[np.searchsorted(believed.row[order], changes.ended)])
    if not changed.any():
        return 0
    return int((changed & contradicted(changes.lost, changes.begun, statement.period)).sum())


def _counted(changes: ChangeSet, *, deletes: bool) -> dict[str, int]:
    unchanged = int(changes.unchanged.sum())
    new = 0 if deletes else int((changes.new & ~changes.unchanged).sum())
    return {"accepted": new, "updated": len(changes.new) - new - unchanged, "unchanged": unchanged}
