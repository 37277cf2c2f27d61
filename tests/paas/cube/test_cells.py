"""Cells of a cube: when they were there, one by one."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.testing.examples import examples

PIECES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(1, 10)), max_size=8)
EDGES = st.sets(st.integers(0, 30), min_size=2, max_size=8).map(sorted)


@given(PIECES, EDGES)
@settings(deadline=None, max_examples=examples(200))
def test_a_cell_is_known_in_bins_that_it_was_there_all_the_time(pieces, edges):
    """Law: a bin is one of a cell if and only if some piece of the cell's life holds each of its instants."""
    cell, begin, length = (
        (np.array(part, np.int64) for part in zip(*pieces, strict=True))
        if pieces
        else (np.empty(0, np.int64),) * 3
    )
    through = Lives(cell, begin, begin + length).through(np.array(edges, np.int64), 3)
    for step, (low, high) in enumerate(itertools.pairwise(edges)):
        for place in range(3):
            lives = {at for c, b, n in pieces if c == place for at in range(b, b + n)}
            assert through[step, place] == (set(range(low, high)) <= lives)


@given(PIECES, EDGES)
@settings(deadline=None, max_examples=examples(200))
def test_a_cell_is_there_at_instants_and_at_some_instant_of_a_bin(pieces, edges):
    """Law: `at` and `ever` are what plain membership of whole instants says."""
    cell, begin, length = (
        (np.array(part, np.int64) for part in zip(*pieces, strict=True))
        if pieces
        else (np.empty(0, np.int64),) * 3
    )
    lives = Lives(cell, begin, begin + length)
    instants = np.array(edges, np.int64)
    at, ever = lives.at(instants, 3), lives.ever(instants, 3)
    for place in range(3):
        there = {at for c, b, n in pieces if c == place for at in range(b, b + n)}
        assert at[:, place].tolist() == [instant in there for instant in edges]
        for step, (low, high) in enumerate(itertools.pairwise(edges)):
            assert ever[step, place] == (not there.isdisjoint(range(low, high)))


def cells(area_m2):
    count = len(area_m2)
    return CubeCells(
        "unit",
        pa.array([str(at) for at in range(count)]),
        np.zeros(count),
        np.zeros(count),
        np.array(area_m2),
    )


def test_cells_of_the_lattice_are_always_there_and_even():
    assert cells([1.0, 1.0]).through(np.array([0, 5, 9])).all()
    assert cells([1.0, 1.0]).is_even
    assert not cells([1.0, 2.0, np.nan]).is_even
    assert len(cells([1.0, 2.0])) == 2
