"""Places of groups: the areas that a group is made of, each for a period, united as they were at one instant.

Tested by `tests/paas/query/answer/test_group_place.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

__all__ = ["CommunityOf", "GroupPieces", "GroupPlace"]

CommunityOf = Callable[[NDArray[np.float64], NDArray[np.float64]], pa.Array]
"""Gives the community that each point lies in, by ``(n,)`` x and y in the city's CRS; null where it is not known."""

_Ints = NDArray[np.int64]
_AREAS = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))


@dataclass(frozen=True, slots=True, eq=False)
class GroupPieces:
    """Areas by the name of the group that they belong to.

    Parameters
    ----------
    names
        ``(n,)`` text; null belongs to no group.
    shapes
        ``(n,)`` geometries in the city's CRS; what is no area is left out.
    start_us, end_us
        ``(n,)`` int64: when each piece belonged to its group, half-open, UTC microseconds.
    """

    names: pa.Array
    shapes: NDArray[np.object_]
    start_us: _Ints
    end_us: _Ints

    def at(self, at_us: int) -> GroupPieces:
        """Return the pieces that belonged to their group at an instant, UTC microseconds."""
        there = (self.start_us <= at_us) & (at_us < self.end_us)
        return GroupPieces(
            self.names.filter(pa.array(there)), self.shapes[there], self.start_us[there], self.end_us[there]
        )


@dataclass(frozen=True, slots=True, eq=False)
class GroupPlace:
    """The place of each group of an answer.

    Parameters
    ----------
    column
        Column of the answer with the groups' names.
    read
        Reads the pieces, when geometry is first needed.
    at_us
        Instant at which the pieces are taken, UTC microseconds.
    """

    column: str
    read: Callable[[], GroupPieces]
    at_us: int

    def shapes(self, names: pa.ChunkedArray) -> NDArray[Any]:
        """Return the area of each named group, ``(n,)``; None for a group that never had one, and for null.

        Notes
        -----
        A group that was not there at the instant has the area that it had last before, else first after it.
        """
        wanted = pc.unique(names.cast(pa.string())).drop_null()
        areas = np.full(len(wanted) + 1, None, object)  # the last one is that of null
        pieces, code = _of_names(self.read(), wanted)
        valid = _valid(pieces, code, _instants(pieces, code, len(wanted), self.at_us))
        order = np.flatnonzero(valid)[np.argsort(code[valid], kind="stable")]
        groups, first = np.unique(code[order], return_index=True)
        for group, rows in zip(groups, np.split(order, first[1:]), strict=False):
            areas[group] = (
                pieces.shapes[rows[0]] if len(rows) == 1 else shapely.union_all(pieces.shapes[rows])
            )
        number = pc.fill_null(pc.index_in(names.cast(pa.string()), value_set=wanted), len(wanted))
        shapes: NDArray[Any] = areas[np.asarray(number)]
        return shapes


def _of_names(pieces: GroupPieces, wanted: pa.Array) -> tuple[GroupPieces, _Ints]:
    """Return the pieces of the groups that are wanted, and the number of each one's group."""
    number = pc.index_in(pieces.names.cast(pa.string()), value_set=wanted).fill_null(-1)
    code = np.asarray(number).astype(np.int64)
    kept = (code >= 0) & np.isin(shapely.get_type_id(pieces.shapes), _AREAS)
    few = GroupPieces(
        pieces.names.filter(pa.array(kept)), pieces.shapes[kept], pieces.start_us[kept], pieces.end_us[kept]
    )
    return few, code[kept]


def _instants(pieces: GroupPieces, code: _Ints, count: int, at_us: int) -> _Ints:
    """Return the instant at which each group is taken: the given one, or the nearest at which it was there."""
    there = np.zeros(count, np.bool_)
    there[code[(pieces.start_us <= at_us) & (at_us < pieces.end_us)]] = True
    last = np.full(count, np.iinfo(np.int64).min)
    before = pieces.end_us <= at_us
    np.maximum.at(last, code[before], pieces.end_us[before] - 1)
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, code, pieces.start_us)
    instants = np.where(last > np.iinfo(np.int64).min, last, first)
    instants[there] = at_us
    return instants


def _valid(pieces: GroupPieces, code: _Ints, instants: _Ints) -> NDArray[np.bool_]:
    at = instants[code]
    valid: NDArray[np.bool_] = (pieces.start_us <= at) & (at < pieces.end_us)
    return valid
