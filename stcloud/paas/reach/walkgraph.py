"""Graphs of walks: nodes where ends of pieces meet and where services are, edges between them, times of walks.

Tested by `tests/paas/reach/test_walks.py`, against networkx.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.streetlines import Floats, Ints
from stcloud.paas.reach.streetpieces import MEET_M, StreetPieces

__all__ = ["WalkGraph", "nodes_of"]

_AT_ONCE = 64
"""Services whose times are held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class WalkGraph:
    """A graph of walks. Edges, ``(n,)``, are ordered by piece, then place along it.

    Parameters
    ----------
    matrix
        Sparse ``(nodes + services, nodes + services)``, seconds: edges both ways, and the way from each service to
        its street. Nothing leads to a service, so that no walk passes one.
    nodes, services
        How many nodes and services there are.
    piece, from_m, to_m
        Which piece an edge is of, and where it begins and ends along it, metres.
    from_node, to_node, speed_mps
        Its ends, and how fast it is walked, metres per second.
    """

    matrix: Any
    nodes: int
    services: int
    piece: Ints
    from_m: Floats
    to_m: Floats
    from_node: Ints
    to_node: Ints
    speed_mps: Floats

    @classmethod
    def of(
        cls, pieces: StreetPieces, speed_mps: Floats, services: SnappedPlaces, access_mps: float
    ) -> WalkGraph:
        """Make the graph of pieces and services.

        Parameters
        ----------
        pieces, speed_mps
            The pieces, and how fast each is walked, metres per second.
        services, access_mps
            Where services are, and how fast the straight way to their street is walked.
        """
        ends, count = nodes_of(pieces)
        placed, length_m = services.placed, pieces.length_m
        piece, at_m = services.piece[placed], services.at_m[placed]
        inside = (at_m > 0) & (at_m < length_m[piece])
        cuts = np.unique(np.stack([piece[inside].astype(np.float64), at_m[inside]]), axis=1)
        cut_piece, numbers = cuts[0].astype(np.int64), np.arange(len(pieces))
        breaks = (
            np.concatenate([numbers, cut_piece, numbers]),
            np.concatenate([np.zeros(len(pieces)), cuts[1], length_m]),
            np.concatenate([ends[0], count + np.arange(len(cut_piece)), ends[1]]),
        )
        order = np.lexsort((breaks[1], breaks[0]))  # stable: no piece is without length
        of_piece, place_m, node = (part[order] for part in breaks)
        first = np.flatnonzero(of_piece[1:] == of_piece[:-1])
        edges = (of_piece[first], place_m[first], place_m[first + 1], node[first], node[first + 1])
        nodes = count + len(cut_piece)
        graph = cls(None, nodes, len(services.piece), *edges, speed_mps[edges[0]])
        edge = graph.edge_of(piece, at_m)
        at_end = at_m >= graph.to_m[edge]
        street = np.where(at_end, graph.to_node[edge], graph.from_node[edge])
        matrix = graph._matrix(np.flatnonzero(placed), street, services.distance_m[placed] / access_mps)
        return cls(matrix, nodes, graph.services, *edges, graph.speed_mps)

    def _matrix(self, service: Ints, node: Ints, access_s: Floats) -> Any:
        """Return the times between neighbours; of parallel edges the quickest, and no loops."""
        from scipy.sparse import csr_array  # noqa: PLC0415  (slow to import)

        seconds, across = self.seconds, self.from_node != self.to_node
        start, end = self.from_node[across], self.to_node[across]
        row = np.concatenate([start, end, self.nodes + service])
        column = np.concatenate([end, start, node])
        time_s = np.concatenate([seconds[across], seconds[across], access_s])
        order = np.lexsort((time_s, column, row))
        row, column, time_s = row[order], column[order], time_s[order]
        kept = np.ones(len(row), np.bool_)
        kept[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        size = self.nodes + self.services
        begins = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=size))])
        parts = (time_s[kept], column[kept].astype(np.int32), begins.astype(np.int32))
        return csr_array(parts, shape=(size, size))

    @property
    def seconds(self) -> Floats:
        """How long each edge takes."""
        return (self.to_m - self.from_m) / self.speed_mps

    def edge_of(self, piece: Ints, at_m: Floats) -> Ints:
        """Return the edge that holds each place of a piece; where two meet the later one."""
        edges, places = len(self.piece), len(piece)
        which = np.repeat([0, 1], [edges, places])
        order = np.lexsort((which, np.concatenate([self.from_m, at_m]), np.concatenate([self.piece, piece])))
        before = np.cumsum(order < edges) - 1
        edge = np.empty(places, np.int64)
        of_place = order >= edges
        edge[order[of_place] - edges] = before[of_place]
        return edge

    def parts(self) -> Ints:
        """Return the number of the connected part that each edge is in."""
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  (slow to import)

        number = connected_components(self.matrix, directed=False)[1]
        return np.asarray(number, np.int64)[self.from_node]

    def nearest(self) -> tuple[Floats, Ints]:
        """Return seconds from each node to the service that is nearest by time, infinite: none; its number, or -1."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415  (slow to import)

        if not self.services:
            return np.full(self.nodes, np.inf), np.full(self.nodes, -1, np.int64)
        starts = self.nodes + np.arange(self.services)
        seconds, _, source = dijkstra(self.matrix, indices=starts, min_only=True, return_predecessors=True)
        number = np.asarray(source[: self.nodes], np.int64) - self.nodes
        return seconds[: self.nodes], np.maximum(number, -1)

    def each(self, limit_s: float) -> Iterator[tuple[int, Floats]]:
        """Give seconds from services to each node, ``(services, nodes)``, some at once, with the first one's number.

        Infinite where it would take longer than the limit.
        """
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415  (slow to import)

        for first in range(0, self.services, _AT_ONCE):
            starts = self.nodes + np.arange(first, min(first + _AT_ONCE, self.services))
            yield first, dijkstra(self.matrix, indices=starts, limit=limit_s)[:, : self.nodes]


def nodes_of(pieces: StreetPieces) -> tuple[tuple[Ints, Ints], int]:
    """Return the nodes at which pieces begin and end, and how many there are.

    Ends of lines meet whatever their levels; where lines cross in between, those of one level do. An end at a barrier
    has a node of its own.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415  (slow to import)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    half = len(pieces)
    if not half:
        return (np.zeros(0, np.int64), np.zeros(0, np.int64)), 0
    ends = shapely.get_coordinates(
        np.concatenate([shapely.get_point(pieces.shapes, 0), shapely.get_point(pieces.shapes, -1)])
    )
    is_end = np.concatenate([pieces.start_m == 0, pieces.end_m == pieces.line_m])
    alike = np.column_stack([ends, np.tile(pieces.level, 2), is_end])
    points, number = np.unique(alike, axis=0, return_inverse=True)
    places = shapely.points(points[:, :2])
    first, second = shapely.STRtree(places).query(places, predicate="dwithin", distance=MEET_M)
    meets = (points[first, 2] == points[second, 2]) | ((points[first, 3] > 0) & (points[second, 3] > 0))
    pairs = (first[meets], second[meets])
    near = coo_array((np.ones(len(pairs[0])), pairs), shape=(len(points), len(points)))
    joined, label = connected_components(near, directed=False)
    nodes = np.asarray(label, np.int64)[number.ravel()]
    shut = ~np.concatenate([pieces.starts_open, pieces.ends_open])
    nodes[shut] = joined + np.arange(int(shut.sum()))
    used, nodes = np.unique(nodes, return_inverse=True)
    return (nodes[:half], nodes[half:]), len(used)
