"""Faces of the network inside communities, and what lies between two of them.

Tested by `tests/paas/grid/division/test_division.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.network import Network, canonical

__all__ = ["Faces", "faces", "meetings"]

Geometries = NDArray[np.object_]
Ints = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Polygons that tile communities.

    Parameters
    ----------
    polygons
        ``(n,)`` Polygons, ordered by community.
    community
        ``(n,)`` number of the community each lies in, ascending.
    pairs
        ``(m, 2)`` faces of one community that share an edge, the lower number first.
    shared_m, street_m, shore_m
        ``(m,)`` lengths of that edge: all, along streets, along shores.
    """

    polygons: Geometries
    community: Ints
    pairs: Ints
    shared_m: Floats
    street_m: Floats
    shore_m: Floats


def faces(network: Network, communities: Geometries) -> Faces:
    """Return the network's faces that lie in a community, and which of them meet."""
    every = canonical(shapely.polygonize(network.lines))
    middle = shapely.point_on_surface(every)
    community, inside = shapely.STRtree(middle).query(communities, predicate="contains")
    order = np.lexsort((inside, community))
    polygons, community = every[inside[order]], community[order]
    pairs, lengths = meetings(polygons, network, community)
    return Faces(polygons, community, pairs, *lengths)


def meetings(
    polygons: Geometries, network: Network, group: Ints
) -> tuple[Ints, tuple[Floats, Floats, Floats]]:
    """Return pairs of polygons of a group that share segments, and the shared lengths: all, street, shore."""
    start, end, owner = _segments(polygons)
    along, until, line = _segments(network.lines)
    length_m = np.abs(end - start)
    numbers = np.unique(np.concatenate((start, end, along, until)), return_inverse=True)[1]
    key, known = _keys(numbers, len(start))
    order = np.lexsort((owner, key))
    key, owner = key[order], owner[order]
    twice = np.flatnonzero((key[1:] == key[:-1]) & (group[owner[1:]] == group[owner[:-1]]))
    twice = twice[owner[twice] != owner[twice + 1]]
    by_key = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[by_key], key[twice]), len(known) - 1)
    line_of = line[by_key[place]]
    is_known = known[by_key][place] == key[twice]
    each = length_m[order][twice]
    pair, number = np.unique(np.stack((owner[twice], owner[twice + 1]), axis=1), axis=0, return_inverse=True)
    number = number.reshape(-1)
    shared, street, shore = (
        np.bincount(number, each * flag, minlength=len(pair)).astype(np.float64)
        for flag in (np.True_, is_known & network.street[line_of], is_known & network.shore[line_of])
    )
    return pair.astype(np.intp), (shared, street, shore)


def _keys(numbers: Ints, count: int) -> tuple[Ints, Ints]:
    """Return one number for each segment, whichever way it runs: of the first ``count`` segments, and of the others.

    ``numbers`` are those of the vertices: starts and ends of the first, starts and ends of the others.
    """
    start, end, along, until = np.split(numbers, (count, 2 * count, count + len(numbers) // 2))
    base = numbers.max() + 1
    key = np.minimum(start, end) * base + np.maximum(start, end)
    return key, np.minimum(along, until) * base + np.maximum(along, until)


def _segments(geometries: Geometries) -> tuple[NDArray[np.complex128], NDArray[np.complex128], Ints]:
    """Return both ends of each segment of polygons or lines, as complex numbers, and whose it is."""
    lines, owner = geometries, np.arange(len(geometries))
    if len(lines) and shapely.get_type_id(lines[0]) == shapely.GeometryType.POLYGON:
        lines, owner = shapely.get_rings(geometries, return_index=True)
    at, line = shapely.get_coordinates(lines, return_index=True)
    place = at[:, 0] + 1j * at[:, 1]
    same = line[1:] == line[:-1]
    return place[:-1][same], place[1:][same], owner[line[:-1][same]]
