"""Cell ids: the algebra of prefixes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.space import NO_CELL, Level, children, descendants, level_of, parent, parse_cell
from stcloud.testing.examples import examples
from stcloud.testing.space import cell_ids, levels


def test_levels_are_named_by_their_side():
    named = {str(level): (level.side_m, level.digits) for level in Level}
    assert named == {
        "1000km": (1_000_000, 3),
        "100km": (100_000, 5),
        "10km": (10_000, 7),
        "1km": (1_000, 9),
        "100m": (100, 11),
        "10m": (10, 13),
    }
    assert [Level.parse(str(level)) for level in Level] == list(Level)


def test_unknown_level_lists_the_levels():
    with pytest.raises(InvalidInput, match="10m, 100m, 1km, 10km, 100km, 1000km") as caught:
        Level.parse("500m")
    assert caught.value.kind == "unknown-level"


@given(cell_ids())
@settings(deadline=None, max_examples=examples(200))
def test_number_of_digits_is_the_level(cell):
    assert level_of(cell) == len(str(cell))
    assert parse_cell(str(cell)) == cell


@given(cell_ids(coarsest=Level.KM100))
@settings(deadline=None, max_examples=examples(200))
def test_parent_is_the_id_without_its_last_pair(cell):
    assert parent(cell) == int(str(cell)[:-2])
    assert cell in children(parent(cell))


@given(cell_ids(finest=Level.M100), levels())
@settings(deadline=None, max_examples=examples(200))
def test_descendants_are_contiguous(cell, level):
    if level < level_of(cell):
        with pytest.raises(InvalidInput) as caught:
            descendants(cell, level)
        assert caught.value.kind == "cell-too-fine"
        return
    first, stop = descendants(cell, level)
    assert stop - first == 100 ** ((level - level_of(cell)) // 2)
    for inside in (first, (first + stop) // 2, stop - 1):
        assert parent(inside, level_of(cell)) == cell
    for outside in (first - 1, stop):
        if len(str(outside)) == level and str(outside)[0] == "1":
            assert parent(outside, level_of(cell)) != cell


@given(st.lists(cell_ids(coarsest=Level.KM10), min_size=1, max_size=8))
@settings(deadline=None, max_examples=examples(60))
def test_arrays_of_mixed_levels_do_as_each_cell_alone(cells):
    ids = np.array([*cells, NO_CELL])
    assert parent(ids, Level.KM100).tolist() == [parent(cell, Level.KM100) for cell in cells] + [NO_CELL]
    assert parent(ids).tolist() == [parent(cell) for cell in cells] + [NO_CELL]
    first, stop = descendants(ids[:-1])
    assert list(zip(first.tolist(), stop.tolist(), strict=True)) == [descendants(cell) for cell in cells]


@pytest.mark.parametrize(("cell", "level"), [(135, None), (13507, Level.KM10), (135, Level.KM100)])
def test_no_parent_above_or_below(cell, level):
    with pytest.raises(InvalidInput) as caught:
        parent(cell, level)
    assert caught.value.kind == "cell-too-coarse"


def test_finest_cells_have_no_children():
    with pytest.raises(InvalidInput) as caught:
        children(1350742931805)
    assert caught.value.kind == "cell-too-fine"
    assert children(135).size == 100


@pytest.mark.parametrize("cell", [0, -135, 1, 13, 1234, 235, 10**14])
def test_what_is_no_id_has_no_level(cell):
    with pytest.raises(InvalidInput) as caught:
        level_of(cell)
    assert caught.value.kind == "unknown-cell"


@pytest.mark.parametrize(
    "text", ["", "0", "1", "1350", "235", "13x", "-135", "1 35", "１35", "1" * 15, "1.5e10"]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(InvalidInput, match="is not a cell id") as caught:
        parse_cell(text)
    assert caught.value.kind == "unknown-cell"
