"""Clusters: points of a tile made one for each cell of a lattice, with how many they are.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcloud.iaas.conversion import numbers_of, whole_numbers
from stcloud.space import Block, CellSize, Level

__all__ = ["PointClusters", "clusters_of"]

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PointClusters:
    """Clusters of points, by cell, ascending.

    Parameters
    ----------
    cells
        ``(n,)``: the cells.
    counts
        How many points of the tile each has.
    columns, rows
        The middle of these points, units of the tile: it lies on the tile, as they do.
    """

    cells: Whole
    counts: Whole
    columns: Whole
    rows: Whole


def clusters_of(cells: Whole, columns: Whole, rows: Whole, size: CellSize) -> PointClusters:
    """Cluster points; the same whatever their order. O(n).

    Parameters
    ----------
    cells
        ``(n,)``: the 10 m cell of each point.
    columns, rows
        Where they lie on the tile, units.
    size
        Size of the cells by which they are clustered.
    """
    larger = size.of(cells) if isinstance(size, Block) else cells // 10 ** (Level.M10.digits - size.digits)
    encoded = whole_numbers(larger).dictionary_encode()
    different = numbers_of(encoded.dictionary)
    order = np.argsort(different)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    of_point = number[numbers_of(encoded.indices)]
    counts = np.bincount(of_point, minlength=len(order)).astype(np.int64)
    # Sums of whole numbers below 2^53 are exact as floats, in any order.
    middles = [np.bincount(of_point, axis, len(order)).astype(np.int64) // counts for axis in (columns, rows)]
    return PointClusters(different[order].astype(np.int64), counts, middles[0], middles[1])
