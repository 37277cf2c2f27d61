"""Pieces of streets: cut where it is stated, and at barriers; nothing of the rest is lost."""

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import assume, given, settings

from stcloud.errors import InvalidInput
from stcloud.paas.reach.speedtable import SpeedTable
from stcloud.paas.reach.streetlines import StreetLines
from stcloud.paas.reach.streetpieces import StreetPieces, crossed_lines
from stcloud.paas.reach.walkrules import WalkRules
from stcloud.testing.examples import examples
from stcloud.testing.walking import SPEEDS, WalkStreet, WalkWorld, streets_table, walk_worlds

TABLE = SpeedTable(column="class", speed_mps=SPEEDS)


def cut(world):
    lines = StreetLines.of(streets_table(world), "streets", WalkRules.of(table=TABLE, level="level"))
    walls = np.empty(len(world.barriers), object)
    walls[:] = world.barriers
    return lines, StreetPieces.of(lines, walls, crossings=world.crossings)


def extents(world):
    pieces = cut(world)[1]
    return list(
        zip(
            pieces.start_m.tolist(), pieces.end_m.tolist(), pieces.starts_open.tolist(), pieces.ends_open.tolist(),
            strict=True,
        )
    )  # fmt: skip


def world(*streets, barriers=(), crossings=False):
    return WalkWorld(tuple(map(WalkStreet, streets)), barriers, (), (), crossings, 1.0, 1.0)


@settings(max_examples=examples(150))
@given(walk_worlds())
def test_pieces_are_what_barriers_leave(drawn):
    try:
        lines, pieces = cut(drawn)
    except InvalidInput:
        assume(False)
    barred = shapely.union_all(np.array([*drawn.barriers, shapely.Point()], object))
    for number in range(len(lines)):
        mine = pieces.line == number
        left = lines.shapes[number]
        if lines.level[number] == 0:
            left = shapely.difference(left, barred)
        whole = sum(
            shapely.length(shapely.difference(straight, barred) if lines.level[number] == 0 else straight)
            for straight in map(shapely.LineString, _straights(lines.shapes[number]))
        )
        assert np.isclose(pieces.length_m[mine].sum(), whole, atol=1e-6)
        assert np.isclose(shapely.length(pieces.shapes[mine]).sum(), whole, atol=1e-6)
        assert all(left.distance(piece) < 1e-6 for piece in pieces.shapes[mine])


def _straights(line):
    points = list(line.coords)
    return list(pairwise(points))


def test_a_barrier_shuts_what_it_touches():
    wall, box = shapely.LineString([(40, -5), (40, 5)]), shapely.box(60, -5, 80, 5)
    street = ((0.0, 0.0), (100.0, 0.0))
    assert extents(world(street, barriers=(wall, box))) == [
        (0, 40, True, False), (40, 60, False, False), (80, 100, False, True)
    ]  # fmt: skip
    assert extents(world(street, barriers=(shapely.box(-5, -5, 5, 5), box))) == [
        (5, 60, False, False), (80, 100, False, True)
    ]  # fmt: skip
    assert extents(world(street, barriers=(shapely.box(-5, -5, 500, 5),))) == []
    assert extents(world(street, barriers=(shapely.LineString([(0, 0), (0, 9)]),))) == [(0, 100, False, True)]


def test_lines_are_cut_where_they_cross_if_that_is_stated():
    lines = ((0.0, 0.0), (100.0, 0.0)), ((30.0, -10.0), (30.0, 10.0)), ((70.0, 0.0), (70.0, 10.0))
    assert len(extents(world(*lines))) == 3
    joined = extents(world(*lines, crossings=True))
    assert [part[:2] for part in joined] == [(0, 30), (30, 70), (70, 100), (0, 10), (10, 20), (0, 10)]
    assert all(part[2] and part[3] for part in joined)


def test_a_line_that_crosses_itself_is_cut_by_another_at_both_passes():
    eight = ((0.0, 0.0), (40.0, 40.0), (40.0, 0.0), (0.0, 40.0))
    pieces = extents(world(eight, ((20.0, 10.0), (20.0, 30.0)), crossings=True))
    first, second = np.hypot(20, 20), 3 * np.hypot(20, 20) + 40
    np.testing.assert_allclose([part[1] for part in pieces], [first, second, second + first, 10, 20])


def test_lines_that_cross_between_their_ends_are_counted():
    across, along = ((0.0, 0.0), (10.0, 0.0)), ((5.0, -5.0), (5.0, 5.0))
    joint, stem = ((10.0, 0.0), (20.0, 0.0)), ((8.0, 0.0), (8.0, 3.0))
    for streets, count in (((across, along), 2), ((across, joint), 0), ((across, stem), 1), ((across,), 0)):
        assert crossed_lines(cut(world(*streets))[0]) == count
