"""Moves are cut where they cross lines, edges and instants; the pieces of a move are the whole of it."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.crossing import Moves, cut, cuts_by_edges, cuts_by_instants, cuts_by_lines
from stcloud.testing.examples import examples

METRE = st.one_of(st.sampled_from([0.0, 100.0, -100.0, 300.0]), st.floats(-400, 400))
MOVES = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), METRE, METRE, METRE, METRE), max_size=8
)  # fmt: skip


def moves_of(rows):
    columns = list(zip(*rows, strict=True)) or [()] * 6
    start, lasted, *metres = columns
    from_us = np.array(start, np.int64)
    return Moves(
        from_us, from_us + np.array(lasted, np.int64), *(np.array(part, np.float64) for part in metres)
    )


def lengths(parts, count):
    return np.bincount(parts.move, parts.to_us - parts.from_us, count).astype(np.int64)


@settings(max_examples=examples(300))
@given(MOVES, st.lists(st.integers(0, 2 * 10**9), max_size=4))
def test_the_pieces_of_a_move_are_the_whole_of_it(rows, instants):
    moves = moves_of(rows)
    edges = np.array([[-50.0, -400.0, -50.0, 400.0], [-400.0, 0.0, 400.0, 0.0]])
    edge_cuts = cuts_by_edges(moves, edges)
    cuts = [
        *cuts_by_lines(moves, (0, 0), 100),
        cuts_by_instants(moves, np.sort(np.array(instants, np.int64))),
    ]
    parts = cut(moves, [*cuts, *edge_cuts])
    assert (parts.to_us > parts.from_us).all()
    assert lengths(parts, len(rows)).tolist() == (moves.to_us - moves.from_us).tolist()
    again = np.flatnonzero(np.diff(parts.move) == 0)
    assert (parts.from_us[again + 1] == parts.to_us[again]).all()


PLACE = st.tuples(*[st.integers(-4000, 4000).map(lambda dm: dm / 10 + 0.03)] * 2)


@settings(max_examples=examples(200))
@given(PLACE, PLACE)
def test_pieces_are_as_long_as_what_shapely_cuts(start, end):
    lasted = 10**9
    moves = Moves(np.array([0]), np.array([lasted]), *(np.array([value]) for value in (*start, *end)))
    parts = cut(moves, cuts_by_lines(moves, (0, 0), 100))
    line = shapely.LineString([start, end])
    if line.length < 1e-6:
        return
    x, y = moves.at(parts.move, (parts.from_us + parts.to_us) / 2)
    for cell in set(zip((x // 100).tolist(), (y // 100).tolist(), strict=True)):
        west, south = cell[0] * 100, cell[1] * 100
        expected = (
            shapely.intersection(line, shapely.box(west, south, west + 100, south + 100)).length / line.length
        )
        mine = (x // 100 == cell[0]) & (y // 100 == cell[1])
        assert (parts.to_us - parts.from_us)[mine].sum() == pytest.approx(expected * lasted, abs=2)


def test_a_move_along_an_edge_is_cut_at_its_ends():
    moves = Moves(np.array([0]), np.array([100]), *(np.array([value]) for value in (0.0, 0.0, 10.0, 0.0)))
    parts = cut(moves, cuts_by_edges(moves, np.array([[2.0, 0.0, 5.0, 0.0]])))
    assert parts.from_us.tolist() == [0, 20, 50]


def test_where_a_move_ends_it_is_exactly_there():
    moves = Moves(np.array([0]), np.array([3]), *(np.array([value]) for value in (0.1, 0.0, 0.3, 0.7)))
    x, y = moves.at(np.array([0]), np.array([3]))
    assert (x.item(), y.item()) == (0.3, 0.7)
