"""Reached streets: each piece wholly in reach or out of it, and nothing of a street lost."""

import numpy as np
import shapely
from hypothesis import assume, given, settings

from stcloud.errors import InvalidInput
from stcloud.paas.reach.reachedstreets import ReachedStreets
from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.reach.streetlines import StreetLines
from stcloud.paas.reach.streetpieces import StreetPieces
from stcloud.paas.reach.walkgraph import WalkGraph
from stcloud.paas.reach.walkrules import WalkRules
from stcloud.paas.reach.walks import Walks
from stcloud.testing.examples import examples
from stcloud.testing.walking import SPEED_MPS, SPEEDS, WalkStreet, WalkWorld, streets_table, walk_worlds

TABLE = SpeedTable(column="class", speed_mps=SPEEDS)


def shapes_of(made):
    shapes = np.empty(len(made), object)
    shapes[:] = made
    return shapes


def reached_in(world):
    rules = WalkRules.of(world.minutes, SPEED_MPS, table=TABLE, snap=world.snap_m, level="level")
    lines = StreetLines.of(streets_table(world), "streets", rules)
    pieces = StreetPieces.of(lines, shapes_of(world.barriers), crossings=world.crossings)
    services = SnappedPlaces.of(shapes_of([shapely.Point(at) for at in world.services]), pieces, world.snap_m)
    graph = WalkGraph.of(pieces, lines.speed_mps[pieces.line], services, SPEED_MPS)
    return ReachedStreets.of(graph, pieces, rules.limit_s), pieces, graph, rules


@settings(max_examples=examples(150))
@given(walk_worlds())
def test_law_of_pieces(world):
    try:
        parts, pieces, graph, rules = reached_in(world)
    except InvalidInput:
        assume(False)
    assert np.isclose(parts.length_m.sum(), pieces.length_m.sum())
    np.testing.assert_allclose(shapely.length(parts.shapes), parts.length_m, atol=1e-6)
    from_m = np.zeros(len(parts.piece))
    for number in range(len(pieces)):
        mine = parts.piece == number
        from_m[mine] = np.cumsum(parts.length_m[mine]) - parts.length_m[mine]
    for share in (0.25, 0.5, 0.75):
        places = SnappedPlaces(parts.piece, from_m + share * parts.length_m, np.zeros(len(parts.piece)))
        seconds = Walks.of(graph, places, np.ones(len(parts.piece)), rules).seconds
        assert (seconds[parts.reached] <= rules.limit_s + 1e-6).all()
        assert (seconds[~parts.reached] >= rules.limit_s - 1e-6).all()


def test_areas_lie_beside_each_other():
    world = WalkWorld((WalkStreet(((0.0, 0.0), (400.0, 0.0))),), (), ((100.0, 0.0),), (), False, 1.0, 10.0)
    parts = reached_in(world)[0]
    assert parts.reached.tolist() == [False, True, True, False]
    assert parts.length_m.tolist() == [25, 75, 75, 225]
    (near, other), area_m2 = parts.areas()
    assert shapely.area(shapely.intersection(near, other)) < 1e-6
    assert np.isclose(area_m2.sum(), shapely.area(shapely.union(near, other)))
    assert shapely.covers(near, parts.shapes[1])
