"""Groups of those who want a service: how many there are, and how many reach one.

Tested by `tests/paas/reach/test_reachgroups.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.paas.query.answer.group_place import GroupPlace
from stcloud.paas.reach.placerows import Weights
from stcloud.paas.reach.streetlines import Flags, Floats, Ints

__all__ = ["COUNTED", "PlaceGroups", "compared", "group_rows"]

COUNTED = (
    "places", "people", "reached", "share", "straight", "straight_share", "share_difference", "unplaced",
)  # fmt: skip
_COMPARED = ("people", "reached", "share")


@dataclass(frozen=True, slots=True, eq=False)
class PlaceGroups:
    """The group of each place.

    Parameters
    ----------
    noun
        What a column of their names is called.
    names
        ``(n,)``; null: outside of all.
    place
        Where groups are; None: nowhere.
    """

    noun: str
    names: pa.Array
    place: GroupPlace | None = None


def group_rows(
    groups: PlaceGroups | None, weights: Weights, reached: Flags, straight: Flags, placed: Flags
) -> pa.Table:
    """Return a row for each group, ascending, null last; without groups one row.

    Parameters
    ----------
    groups, weights
        The group and the weight of each place.
    reached, straight, placed
        Whether it reaches a service on streets, and in a straight line; whether it has a street.
    """
    names, number, count = _numbered(groups, len(reached))
    values = weights.values

    def total(kept: Flags | None = None) -> Floats:
        chosen = values if kept is None else np.where(kept, values, 0.0)
        return np.bincount(number, chosen, count).astype(np.float64)

    people, on_streets, in_line = total(), total(reached), total(straight)
    share, straight_share = _share(on_streets, people), _share(in_line, people)
    columns = {} if groups is None else {groups.noun: names}
    return pa.table(
        columns
        | {
            "places": pa.array(np.bincount(number, minlength=count)),
            "people": weights.column(people),
            "reached": weights.column(on_streets),
            "share": share,
            "straight": weights.column(in_line),
            "straight_share": straight_share,
            "share_difference": pc.subtract(straight_share, share),
            "unplaced": weights.column(total(~placed)),
        }
    )


def compared(after: pa.Table, before: pa.Table, noun: str | None) -> pa.Table:
    """Return groups of two answers with values before and their change; null where one has not the group."""
    if noun is None:
        mine = theirs = np.zeros(1, np.int64)
        columns = {}
    else:
        names = pc.unique(pa.chunked_array([*after[noun].chunks, *before[noun].chunks], after[noun].type))
        names = names.take(pc.array_sort_indices(names))
        mine, theirs = (_places(names, table[noun]) for table in (after, before))
        columns = {noun: names}
    for name in _COMPARED:
        now, then = (
            table[name].combine_chunks().take(pa.array(place, mask=place < 0))
            for table, place in ((after, mine), (before, theirs))
        )
        columns |= {name: now, f"{name}_before": then, f"{name}_change": pc.subtract(now, then)}
    return pa.table(columns)


def _numbered(groups: PlaceGroups | None, count: int) -> tuple[pa.Array | None, Ints, int]:
    if groups is None:
        return None, np.zeros(count, np.int64), 1
    names = pc.unique(groups.names)
    names = names.take(pc.array_sort_indices(names))  # null is last
    return names, _places(groups.names, names), len(names)


def _places(wanted: pa.Array | pa.ChunkedArray, names: pa.Array | pa.ChunkedArray) -> Ints:
    """Return where each wanted name is among names, null too; -1: it is not."""
    return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=names), -1), np.int64)


def _share(part: Floats, whole: Floats) -> pa.Array:
    some = whole > 0
    return pa.array(np.where(some, part, 0.0) / np.where(some, whole, 1.0), mask=~some)
