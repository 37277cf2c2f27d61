"""Groups that an engine gave, laid out as the bins of a cube; what is in no known bin is counted.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure, Joined
from stcloud.paas.query.measure.measure import Measure

__all__ = ["COUNTED", "class_axis", "class_places", "laid_out", "leftovers_of", "occurring", "places_of"]

COUNTED = "st_count"
"""Column of a table of groups: how many rows each has."""

Ints = NDArray[np.int64]

_OF_NOTHING = ("count", "distinct", "sum")
"""What is 0 of nothing."""
_JOINED: Mapping[str, Joined] = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}
_MOST_LISTED = 1 << 24
"""Whole numbers in so short a range are looked up in a list of all of them."""
_FEW = 16
"""A list so many times longer than what is looked up in it takes longer than a search."""
_BITS = 32


def occurring(names: pa.ChunkedArray) -> pa.Array:
    """Return the different names of cells, without null; whole numbers ascend."""
    if names.null_count or not pa.types.is_integer(names.type) or not len(names):
        return pc.unique(names).drop_null()
    numbers = numbers_of(names)
    first, reach = _range(numbers)
    if reach > _MOST_LISTED or reach > _FEW * len(numbers):
        ascending = np.sort(numbers)  # much faster than unique
        return pa.array(ascending[np.diff(ascending, prepend=ascending[0] - 1) > 0], names.type)
    there = np.zeros(reach, np.bool_)
    there[numbers - first] = True
    return pa.array(np.flatnonzero(there) + first, names.type)


def class_axis(name: str, values: pa.Array) -> CubeClass:
    """Return an axis of the different values of a class, ascending and null last."""
    different = pc.unique(values)
    return CubeClass(name, different.take(pc.array_sort_indices(different, null_placement="at_end")))


def class_places(axis: CubeClass, values: pa.ChunkedArray) -> Ints:
    """Return the position of each value on the axis of its class, which has all of them."""
    null = len(axis.values) - 1  # the last, where there is null
    return np.asarray(pc.fill_null(pc.index_in(values, value_set=axis.values.drop_null()), null), np.int64)


def laid_out(
    frame: Cube, table: pa.Table, step: Ints, measures: Sequence[Measure], written: Sequence[str]
) -> Cube:
    """Return a cube with what the engine gave.

    Parameters
    ----------
    frame
        The cube without values: its bins, cells and classes.
    table
        A group in each row: its bin, its cell, its classes, `COUNTED` and measures by name.
    step
        ``(n,)`` the position of each group's bin in the cube; -1: it is in none.
    measures, written
        As they were understood, and as they were written.

    Returns
    -------
    The cube; groups in no bin of it are counted in its leftovers.
    """
    cell, known = _placed(frame, table, step)
    at = step * len(frame.cells)
    at += cell
    for number, axis in enumerate(frame.classes):
        at *= len(axis.values)
        at += class_places(axis, table.column(2 + number))
    if known.all():
        at, rows = _ascending(at, frame)
    else:
        at, rows = _ascending(at[known], frame)
        rows = np.flatnonzero(known)[rows]
    values = {
        measure.name: _measure(measure, text, table.column(measure.name), rows)
        for measure, text in zip(measures, written, strict=True)
    }
    return replace(frame, at=at, measures=values, leftovers=_leftovers(table, step, cell, known))


def leftovers_of(frame: Cube, table: pa.Table, step: Ints) -> dict[str, int]:
    """Return how many rows of groups are in no known bin of a cube, by reason; parameters as for `laid_out`."""
    return _leftovers(table, step, *_placed(frame, table, step))


def _placed(frame: Cube, table: pa.Table, step: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the position of the cell of each group, and whether its bin is in the cube and known."""
    cell = places_of(frame.cells.names, table.column(1))
    known = (step >= 0) & (cell >= 0)
    if known.any():
        known &= frame.is_known(step, cell)  # of those that are not there, some other bin
    return cell, known


def places_of(names: pa.Array, column: pa.Array | pa.ChunkedArray) -> Ints:
    """Return the position of each of some names of cells among ascending ones; -1: it is not among them."""
    if not pa.types.is_integer(names.type) or column.null_count or not len(names) or not len(column):
        return np.asarray(pc.fill_null(pc.index_in(column, value_set=names), -1), np.int64)
    ids, numbers = names.to_numpy(), numbers_of(column)
    first, reach = _range(ids)
    if reach > _MOST_LISTED or reach > _FEW * len(numbers):
        place = np.minimum(np.searchsorted(ids, numbers), len(ids) - 1)
        return np.where(ids[place] == numbers, place, -1)
    places = np.full(reach + 1, -1, np.int64)  # the last is of all numbers beyond
    places[ids - first] = np.arange(len(ids))
    apart = numbers - first
    return places[np.where((apart < 0) | (apart >= reach), reach, apart)]


def _range(numbers: Ints) -> tuple[int, int]:
    first = int(numbers.min())
    return first, int(numbers.max()) - first + 1


def _ascending(at: Ints, frame: Cube) -> tuple[Ints, Ints]:
    """Return positions in ascending order, and which each is of those given."""
    at = at.astype(np.int64, copy=False)
    if np.prod(np.array(frame.shape, np.float64)) >= 2.0 ** (63 - _BITS) or len(at) >= 1 << _BITS:
        order = np.argsort(at)
        return at[order], order
    both = at << _BITS | np.arange(len(at))  # numbers are sorted much faster than places of numbers
    both.sort()
    return both >> _BITS, both & ((1 << _BITS) - 1)


def _leftovers(table: pa.Table, step: Ints, cell: Ints, known: NDArray[np.bool_]) -> dict[str, int]:
    lost = np.flatnonzero(~known)
    counts = numbers_of(table.column(COUNTED).take(pa.array(lost))).astype(np.int64)
    unplaced = np.asarray(table.column(1).take(pa.array(lost)).is_null())
    inside = step[lost] >= 0
    reasons = {
        "partial": ~inside,
        "unplaced": inside & unplaced,
        "outside": inside & ~unplaced & (cell[lost] < 0),
        "unknown": inside & (cell[lost] >= 0),
    }
    return {reason: int(counts[chosen].sum()) for reason, chosen in reasons.items()}


def _measure(measure: Measure, written: str, column: pa.ChunkedArray, rows: Ints) -> CubeMeasure:
    values: NDArray[Any] = np.asarray(column.to_numpy())[rows]
    nothing = 0.0 if measure.function in _OF_NOTHING or measure.is_rate else np.nan
    whole = not column.null_count and np.issubdtype(values.dtype, np.integer)
    joined = _JOINED.get(measure.function, "none")
    return CubeMeasure(written, values.astype(np.int64 if whole else np.float64, copy=False), nothing, joined)
