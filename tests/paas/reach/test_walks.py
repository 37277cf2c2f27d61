"""Walks are those of networkx, on streets with loops, parallel edges, bridges, barriers and parts without a way."""

from dataclasses import replace

import numpy as np
import shapely
from hypothesis import assume, example, given, settings

from stcloud.errors import InvalidInput
from stcloud.paas.reach.snappedplaces import SnappedPlaces
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.reach.streetlines import StreetLines
from stcloud.paas.reach.streetpieces import StreetPieces
from stcloud.paas.reach.walkgraph import WalkGraph
from stcloud.paas.reach.walkrules import WalkRules
from stcloud.paas.reach.walks import Walks, straight_m
from stcloud.testing.examples import examples
from stcloud.testing.walking import (
    SPEED_MPS,
    SPEEDS,
    WalkStreet,
    WalkWorld,
    streets_table,
    walk_worlds,
    walks_by_rule,
)

TABLE = SpeedTable(column="class", speed_mps=SPEEDS)


def rules_of(world):
    return WalkRules.of(
        world.minutes, SPEED_MPS, table=TABLE, snap=world.snap_m, crossings=world.crossings, level="level"
    )


def points(places):
    made = np.empty(len(places), object)
    made[:] = [shapely.Point(place) for place in places]
    return made


def walked(world):
    """Return places, services and walks of a world; None where no street can be walked."""
    rules = rules_of(world)
    try:
        lines = StreetLines.of(streets_table(world), "streets", rules)
    except InvalidInput:
        return None
    walls = np.empty(len(world.barriers), object)
    walls[:] = world.barriers
    pieces = StreetPieces.of(lines, walls, crossings=world.crossings)
    services, places = (
        SnappedPlaces.of(points(some), pieces, world.snap_m) for some in (world.services, world.places)
    )
    graph = WalkGraph.of(pieces, lines.speed_mps[pieces.line], services, SPEED_MPS)
    weights = np.arange(1.0, len(world.places) + 1)
    return places, services, Walks.of(graph, places, weights, rules), rules


LOOP = WalkStreet(((0, 0), (100, 0), (100, 100), (0, 0)))
STREET = WalkStreet(((0, 0), (400, 0)))


@settings(max_examples=examples(400))
@given(walk_worlds())
@example(
    WalkWorld((LOOP, WalkStreet(((0, 0), (0, 0))), LOOP), (), ((100, 0),), ((50, 50), (0, 0)), False, 4, 100)
)
@example(
    WalkWorld((STREET,), (shapely.box(100, 0, 200, 50),), ((90, 0),), ((100, 0), (300, 0)), False, 8, 100)
)
def test_law_of_the_quickest_walk(world):
    done = walked(world)
    assume(done is not None)
    places, services, walks, _ = done
    plain = walks_by_rule(world)
    assert places.placed.tolist() == plain.places
    assert services.placed.tolist() == plain.services
    quickest = plain.seconds.min(axis=1, initial=np.inf)
    np.testing.assert_allclose(walks.seconds, quickest, atol=1e-6)
    for place, service in enumerate(walks.service.tolist()):
        assert (service < 0) == np.isinf(quickest[place])
        if service >= 0:
            assert np.isclose(plain.seconds[place, service], quickest[place], atol=1e-6)


@settings(max_examples=examples(300))
@given(walk_worlds())
def test_law_of_each_service(world):
    done = walked(world)
    assume(done is not None)
    _, _, walks, rules = done
    within = walks_by_rule(world).seconds <= rules.limit_s + 5e-7
    assert walks.services.tolist() == within.sum(axis=1).tolist()
    assert walks.places.tolist() == within.sum(axis=0).tolist()
    weights = np.arange(1.0, len(world.places) + 1)
    np.testing.assert_allclose(walks.weight, weights @ within)
    assert ((walks.services > 0) == walks.within(rules)).all()


@settings(max_examples=examples(100))
@given(walk_worlds())
def test_law_of_the_straight_line(world):
    done = walked(world)
    assume(done is not None)
    straight_s = straight_m(points(world.places), points(world.services)) / SPEED_MPS
    assert (done[2].seconds >= straight_s - 1e-6).all()


@settings(max_examples=examples(100))
@given(walk_worlds())
def test_law_of_monotony(world):
    done = walked(world)
    assume(done is not None)
    walks, rules = done[2:]
    longer = walked(replace(world, minutes=world.minutes * 2))
    assert (longer[2].within(longer[3]) >= walks.within(rules)).all()
    more = walked(replace(world, services=(*world.services, (200.0, 200.0))))
    assert (more[2].within(rules) >= walks.within(rules)).all()


def test_law_of_crossings():
    """A bridge crosses a street: nobody steps down, but where levels are alike and it is stated."""
    for level, crossings, reached in ((0, False, False), (0, True, True), (1, True, False)):
        world = WalkWorld(
            (STREET, WalkStreet(((200, -100), (200, 100)), level=level)), (), ((10.0, 0.0),), ((200.0, 90.0),),
            crossings, 8.0, 5.0,
        )  # fmt: skip
        assert walked(world)[2].within(rules_of(world)).tolist() == [reached]


def test_law_of_barriers():
    """A river with a bridge: the street is cut, the way over the bridge is longer."""
    river = shapely.LineString([(200, -50), (200, 300)])
    way = (WalkStreet(((0, 0), (0, 100))), WalkStreet(((400, 100), (400, 0))))
    world = WalkWorld(
        (STREET, *way), (river,), ((100.0, 0.0),), ((300.0, 0.0), (200.0, 10.0)), False, 8.0, 50.0
    )
    assert walked(world)[2].seconds.tolist() == [np.inf, 110 / SPEED_MPS]
    for level, seconds in ((1, 800 / SPEED_MPS), (0, np.inf)):
        bridge = WalkStreet(((0, 100), (400, 100)), level=level)
        crossed = walked(replace(world, streets=(*world.streets, bridge)))
        assert np.isclose(crossed[2].seconds[0], seconds)


def test_a_node_on_a_barrier_joins_nothing():
    wall = shapely.LineString([(200, -50), (200, 50)])
    streets = (WalkStreet(((0, 0), (200, 0))), WalkStreet(((200, 0), (400, 0))))
    world = WalkWorld(streets, (wall,), ((100.0, 0.0),), ((300.0, 0.0),), False, 8.0, 50.0)
    assert np.isinf(walked(world)[2].seconds[0])
    assert np.isfinite(walked(replace(world, barriers=()))[2].seconds[0])


def test_no_place_and_no_street_left():
    world = WalkWorld(
        (STREET,), (shapely.box(-10, -10, 500, 10),), ((100.0, 0.0),), ((300.0, 0.0),), False, 8.0, 50.0
    )
    places, services, walks, _ = walked(world)
    assert not places.placed.any()
    assert not services.placed.any()
    assert np.isinf(walks.seconds).all()
    assert np.isnan(places.distance_m).all()


def test_of_parallel_edges_the_quickest_counts():
    bow = WalkStreet(((100, 0), (100, 100), (200, 0)))
    ends = (WalkStreet(((0, 0), (100, 0))), WalkStreet(((200, 0), (300, 0))))
    middle = WalkStreet(((200, 0), (100, 0)))
    for streets in (
        (*ends, bow, middle),
        (middle, *ends, bow),
        (*ends, bow, WalkStreet(middle.points, "steps"), middle),
    ):
        world = WalkWorld(streets, (), ((300.0, 0.0),), ((0.0, 0.0),), False, 8.0, 5.0)
        assert np.isclose(walked(world)[2].seconds[0], 300 / SPEED_MPS)


def test_what_crosses_at_two_levels_of_one_place_is_joined_level_by_level():
    low = WalkStreet(((0, 100), (200, 100))), WalkStreet(((100, 0), (100, 200)))
    high = WalkStreet(((0, 0), (200, 200)), level=1), WalkStreet(((0, 200), (200, 0)), level=1)
    places = ((150.0, 100.0), (50.0, 150.0))
    world = WalkWorld((*low, *high), (), ((100.0, 20.0),), places, True, 8.0, 5.0)
    assert np.isclose(walked(world)[2].seconds[0], 130 / SPEED_MPS)
    assert np.isinf(walked(replace(world, places=((170.0, 170.0),)))[2].seconds[0])
