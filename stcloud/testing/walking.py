"""Small worlds of streets, and a plain rule that says how long walks in them take, by networkx.

Every place is a node of its own in the rule's graph, and what a barrier touches is no edge.

Tested by `tests/paas/reach/test_walks.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pyarrow as pa
import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

__all__ = [
    "SPEEDS",
    "SPEED_MPS",
    "PlainWalks",
    "WalkStreet",
    "WalkWorld",
    "streets_table",
    "walk_worlds",
    "walks_by_rule",
]

Point: TypeAlias = tuple[float, float]

SPEED_MPS = 1.25
SPEEDS = {"steps": 0.5, "motorway": 0.0}
_MEET_M, _SAME_M = 0.01, 1e-6


@dataclass(frozen=True, slots=True)
class WalkStreet:
    """A street: its vertices, metres; its class, None or ``steps`` or ``motorway``; its level."""

    points: tuple[Point, ...]
    kind: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class WalkWorld:
    """Streets, barriers, services, those who want them, and rules."""

    streets: tuple[WalkStreet, ...]
    barriers: tuple[BaseGeometry, ...]
    services: tuple[Point, ...]
    places: tuple[Point, ...]
    crossings: bool
    minutes: float
    snap_m: float


@dataclass(frozen=True, slots=True)
class PlainWalks:
    """Seconds from each place to each service, infinite where there is no walk; whether each has a street."""

    seconds: np.ndarray
    places: list[bool]
    services: list[bool]


def _grid(most: int, step: int) -> st.SearchStrategy[Point]:
    part = st.integers(0, most).map(lambda number: float(number * step))
    return st.tuples(part, part)


@st.composite
def walk_worlds(draw: Any) -> WalkWorld:
    """Draw worlds with loops, parallel edges, edges without length, parts without a way, bridges and barriers."""
    corner = _grid(4, 100)
    kinds = st.sampled_from([None, None, "steps", "motorway"])
    bends = st.lists(corner, min_size=2, max_size=4).filter(_is_plain).map(tuple)
    street = st.builds(WalkStreet, bends, kinds, st.sampled_from([0, 0, 0, 1]))
    wall = st.tuples(_grid(8, 50), _grid(8, 50), st.booleans()).map(_wall)
    place = _grid(45, 10)
    return WalkWorld(
        tuple(draw(st.lists(street, min_size=1, max_size=9))),
        tuple(draw(st.lists(wall, max_size=2))),
        tuple(draw(st.lists(place, max_size=4))),
        tuple(draw(st.lists(place, min_size=1, max_size=6))),
        draw(st.booleans()),
        draw(st.sampled_from([1.0, 4.0, 8.0])),
        draw(st.sampled_from([30.0, 100.0])),
    )


def _is_plain(points: list[Point]) -> bool:
    """Tell whether a line does not run back along itself: which of two ways a place is at would not be stated."""
    line = shapely.LineString(points)
    return math.isclose(line.length, shapely.unary_union(line).length)


def _wall(drawn: tuple[Point, Point, bool]) -> BaseGeometry:
    """Return a line along an axis, or a box."""
    (x, y), (east, north), solid = drawn
    if solid and x != east and y != north:
        return shapely.box(min(x, east), min(y, north), max(x, east), max(y, north))
    return shapely.LineString([(x, y), (x, north if north != y else y + 50.0)])


def streets_table(world: WalkWorld) -> pa.Table:
    """Return the streets as rows of a layer."""
    lines = [shapely.LineString(street.points) for street in world.streets]
    return pa.table({
        "st_key": [f"s{number:02}" for number in range(len(lines))],
        "class": pa.array([street.kind for street in world.streets], pa.string()),
        "level": [street.level for street in world.streets],
        "st_geom": pa.array(shapely.to_wkb(np.array(lines, object)), pa.binary()),
    })  # fmt: skip


@dataclass(slots=True)
class _Way:
    """A line that can be walked, and the places along it where something is."""

    line: BaseGeometry
    speed_mps: float
    level: int
    breaks: list[float]
    joints: list[float]
    """Where it may be joined with others."""

    def straights(self) -> Iterator[tuple[float, BaseGeometry]]:
        base = 0.0
        for start, end in pairwise(self.line.coords):
            if start != end:
                yield base, shapely.LineString([start, end])
                base += math.dist(start, end)

    def touches(self, other: BaseGeometry) -> list[float]:
        """Return where it begins and ends to share points with another shape, metres."""
        return [
            base + straight.project(shapely.Point(point))
            for base, straight in self.straights()
            for part in shapely.get_parts(straight.intersection(other))
            for point in part.coords
        ]

    def is_shut(self, at_m: float, barriers: Sequence[BaseGeometry]) -> bool:
        point = self.line.interpolate(at_m)
        return self.level == 0 and any(wall.distance(point) < _SAME_M for wall in barriers)

    def stretches(self, barriers: Sequence[BaseGeometry]) -> Iterator[tuple[float, float]]:
        """Give what lies between breaks and is no part of a barrier."""
        places: list[float] = []
        for at in sorted(self.breaks):
            if not places or at - places[-1] > _SAME_M:
                places.append(at)
        for start, end in pairwise(places):
            if not self.is_shut((start + end) / 2, barriers):
                yield start, end


def walks_by_rule(world: WalkWorld) -> PlainWalks:
    """Return how long walks take, each place a node of a graph."""
    ways = _ways(world)
    services, places = (_snapped(points, ways, world) for points in (world.services, world.places))
    graph = _graph(ways, world.barriers)
    for kind, snapped in (("service", services), ("place", places)):
        for number, street in enumerate(snapped):
            if street is not None:
                way, at, far = street
                graph.add_edge((kind, number), _node(ways, way, at, world.barriers), seconds=far / SPEED_MPS)
    seconds = np.full((len(places), len(services)), math.inf)
    for number, street in enumerate(services):
        if street is None:
            continue
        others = [("service", other) for other in range(len(services)) if other != number]
        seen = nx.restricted_view(graph, [node for node in others if node in graph], [])
        times = nx.single_source_dijkstra_path_length(seen, ("service", number), weight="seconds")
        for place in range(len(places)):
            seconds[place, number] = times.get(("place", place), math.inf)
    return PlainWalks(
        seconds, [street is not None for street in places], [street is not None for street in services]
    )


def _ways(world: WalkWorld) -> list[_Way]:
    ways = []
    for street in world.streets:
        line = shapely.LineString(street.points)
        speed = SPEEDS.get(street.kind or "", SPEED_MPS)
        if line.length > 0 and speed > 0:
            ways.append(_Way(line, speed, street.level, [0.0, line.length], [0.0, line.length]))
    if world.crossings:
        for one_way, other in combinations(ways, 2):
            if one_way.level == other.level:
                for way, crossed in ((one_way, other), (other, one_way)):
                    at = [place for _, straight in crossed.straights() for place in way.touches(straight)]
                    way.breaks += at
                    way.joints += at
    for way in ways:
        if way.level == 0:
            for wall in world.barriers:
                way.breaks += way.touches(wall)
    return ways


def _snapped(
    points: Sequence[Point], ways: Sequence[_Way], world: WalkWorld
) -> list[tuple[int, float, float] | None]:
    """Return the street of each point: its number, metres along it, metres from it; and make it a break."""
    from shapely.ops import substring  # noqa: PLC0415

    stretches = [
        (number, start, substring(way.line, start, end))
        for number, way in enumerate(ways)
        for start, end in way.stretches(world.barriers)
    ]
    snapped: list[tuple[int, float, float] | None] = []
    for place in map(shapely.Point, points):
        near = [(round(part.distance(place), 6), number, start, part) for number, start, part in stretches]
        far, number, start, part = min(near, key=lambda each: each[:3], default=(math.inf, 0, 0.0, place))
        snapped.append(
            None if far > world.snap_m else (number, start + part.project(place), part.distance(place))
        )
    for street in snapped:
        if street is not None:
            ways[street[0]].breaks.append(street[1])
    return snapped


def _graph(ways: Sequence[_Way], barriers: Sequence[BaseGeometry]) -> nx.MultiGraph:
    graph = nx.MultiGraph()
    joints = []
    for number, way in enumerate(ways):
        for start, end in way.stretches(barriers):
            seconds = (end - start) / way.speed_mps
            sides = [_side(way, number, at, away, barriers) for at, away in ((start, 1), (end, -1))]
            graph.add_edge(*sides, seconds=seconds)
        joints += [(number, at) for at in way.joints if not way.is_shut(at, barriers)]
    for one_joint, other in combinations(joints, 2):
        if _meet(ways, one_joint, other):
            graph.add_edge(*(_name(number, at) for number, at in (one_joint, other)), seconds=0.0)
    return graph


def _meet(ways: Sequence[_Way], one_joint: tuple[int, float], other: tuple[int, float]) -> bool:
    first, second = ways[one_joint[0]], ways[other[0]]
    ends = all(
        min(at, way.line.length - at) < _MEET_M for way, at in ((first, one_joint[1]), (second, other[1]))
    )
    near = first.line.interpolate(one_joint[1]).distance(second.line.interpolate(other[1])) <= _MEET_M
    return near and (ends or first.level == second.level)


def _name(number: int, at_m: float) -> Any:
    return ("street", number, round(at_m, 4))


def _side(way: _Way, number: int, at_m: float, away: int, barriers: Sequence[BaseGeometry]) -> Any:
    """Return the node of an end of a stretch: at a barrier one for each of its sides."""
    name = _name(number, at_m)
    return (*name, away) if way.is_shut(at_m, barriers) else name


def _node(ways: Sequence[_Way], number: int, at_m: float, barriers: Sequence[BaseGeometry]) -> Any:
    """Return the node of a snapped place; at a barrier that of the side that was chosen."""
    way, name = ways[number], _name(number, at_m)
    if not way.is_shut(at_m, barriers):
        return name
    sides = [away for away in (-1, 1) if any(
        abs((end if away < 0 else start) - at_m) <= _SAME_M for start, end in way.stretches(barriers)
    )]  # fmt: skip
    return (*name, sides[0])
