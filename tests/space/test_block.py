"""Blocks of 250 m and 500 m: exactly the squares of floor division, by numbers of their own."""

import math
from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import (
    NO_CELL,
    Block,
    Lattice,
    Level,
    level_of,
    parent,
    parse_cell,
    parse_cell_size,
)
from stcloud.space.block import ranges
from stcloud.testing.examples import examples
from stcloud.testing.space import cell_ids, lattices, points

PLAIN = Lattice("EPSG:32618", (0, 0))
SIZES = st.sampled_from(list(Block))


@given(st.data(), lattices(), SIZES)
@settings(deadline=None, max_examples=examples(300))
def test_a_block_is_the_square_of_floor_division(data, lattice, size):
    x, y = data.draw(points(lattice))  # often on an edge, or right beside one; negative ones among them
    block = int(size.of(lattice.cells(x, y)))
    west, south = (math.floor(at) // size.side_m * size.side_m for at in (x, y))
    assert lattice.bounds(block) == (west, south, west + size.side_m, south + size.side_m)
    assert lattice.polygon(block).equals(shapely.box(west, south, west + size.side_m, south + size.side_m))


@given(st.data(), lattices(), SIZES)
@settings(deadline=None, max_examples=examples(100))
def test_points_share_a_block_if_they_share_its_square(data, lattice, size):
    x, y = data.draw(points(lattice))
    near = st.integers(-2, 2).map(lambda steps: steps * size.side_m / 2)
    start, limit = lattice.origin, 10_000_000
    beside = [
        min(max(at + data.draw(near), low), low + limit - 1) for at, low in zip((x, y), start, strict=True)
    ]
    blocks = [int(size.of(lattice.cells(*place))) for place in ((x, y), beside)]
    squares = [tuple(math.floor(at) // size.side_m for at in place) for place in ((x, y), beside)]
    assert (blocks[0] == blocks[1]) == (squares[0] == squares[1])


@given(st.lists(cell_ids(coarsest=Level.M10), min_size=1, max_size=60))
@settings(deadline=None, max_examples=examples(100))
def test_counts_by_500_m_are_counts_by_100_m_summed(cells):
    ids = np.array(cells)
    of_100_m = Counter(parent(ids, Level.M100).tolist())
    summed = Counter()
    for cell, count in of_100_m.items():
        summed[int(Block.M500.of(np.int64(cell * 100)))] += count
    assert summed == Counter(Block.M500.of(ids).tolist())


def test_numbers_of_blocks_keep_the_pairs_of_their_kilometre():
    cell = int(PLAIN.cells(583_960.0, 4_507_351.0))
    square_kilometre = str(parent(cell, Level.KM1))
    assert str(Block.M500.of(np.int64(cell))) == f"5{square_kilometre[1:]}10"
    assert str(Block.M250.of(np.int64(cell))) == f"2{square_kilometre[1:]}31"


def test_no_cell_is_in_no_block():
    assert [int(size.of(np.int64(NO_CELL))) for size in Block] == [NO_CELL, NO_CELL]


@given(cell_ids(coarsest=Level.M10), SIZES)
@settings(deadline=None, max_examples=examples(100))
def test_numbers_are_read_back_and_are_those_of_no_level(cell, size):
    block = int(size.of(np.int64(cell)))
    assert parse_cell(str(block)) == parse_cell(block) == block
    with pytest.raises(InvalidInput) as caught:
        level_of(block)
    assert caught.value.kind == "unknown-cell"


@given(cell_ids(coarsest=Level.M10), SIZES)
@settings(deadline=None, max_examples=examples(30))
def test_ranges_are_the_cells_of_a_block(cell, size):
    block = int(size.of(np.int64(cell)))
    cells = np.concatenate([np.arange(*ends) for ends in ranges(block)])
    assert len(cells) == (size.side_m // 10) ** 2
    assert (np.diff(cells) > 0).all()
    assert set(size.of(cells).tolist()) == {block}
    assert all(stop < start for (_, stop), (start, _) in zip(ranges(block), ranges(block)[1:], strict=False))


def test_bounds_of_levels_and_blocks_may_be_mixed():
    ids = np.array([[100000000, 50000000001], [20000000030, 1000000000000]])
    sides = PLAIN.bounds(ids)[2] - PLAIN.bounds(ids)[0]
    assert sides.tolist() == [[1000, 500], [250, 10]]
    assert PLAIN.bounds(ids)[0].tolist() == [[0, 0], [750, 0]]
    assert PLAIN.bounds(ids)[1].tolist() == [[0, 500], [0, 0]]


@pytest.mark.parametrize("text", ["50000000002", "50000000020", "20000000004", "20000000040", "5000000001"])
def test_what_is_no_block_is_refused(text):
    with pytest.raises(InvalidInput, match="is not a cell id") as caught:
        parse_cell(text)
    assert caught.value.kind == "unknown-cell"
    with pytest.raises(InvalidInput, match="is not a cell id"):
        PLAIN.bounds(int(text))


def test_sizes_are_levels_and_blocks():
    assert [parse_cell_size(str(size)) for size in (*Level, *Block)] == [*Level, *Block]


@pytest.mark.parametrize("text", ["300m", "0.5km", "500", "2km", ""])
def test_other_sizes_are_refused_with_those_there_are(text):
    with pytest.raises(InvalidInput, match="10m, 100m, 250m, 500m, 1km, 10km, 100km, 1000km") as caught:
        parse_cell_size(text)
    assert caught.value.kind == "unknown-level"
