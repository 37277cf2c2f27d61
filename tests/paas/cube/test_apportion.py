"""Cells that are shared out by area: nothing is lost, and what is not wholly known is not known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.cube.apportion import CellShares
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import CubeClass
from tests.paas.cube.test_rollup import daily, total


def shared(cube):
    """Two others: the first has cell 0 and half of cell 1, the second a quarter of cell 1; cell 2 is in none."""
    cells = CubeCells("unit", pa.array(["a", "b"]), *np.zeros((2, 2)), np.array([15_000.0, 2_500.0]))
    shares = CellShares(
        cells,
        np.array([1, 0, 1, 2, 1]),
        np.array([0, 0, 1, -1, -1]),
        np.array([0.5, 1, 0.25, 1, 0.25]),
        np.ones(2),
    )
    return replace(cube, cells=replace(cube.cells, shares=lambda _: shares))


VALUES = np.array([[8, 4, 2], [0, 8, 0], [1, 4, 4]])


def test_what_a_cell_has_is_shared_out():
    cube = shared(daily(VALUES, np.ones((3, 3), bool)))
    rolled = cube.roll_up(cell="unit", by_area=True)
    assert rolled.dense().tolist() == [[10, 1], [4, 2], [3, 1]]
    assert rolled.leftovers["outside"] == cube.leftovers["outside"] + 6 + 4
    assert total(cube) == rolled.dense()[rolled.known].sum() + sum(rolled.leftovers.values())
    assert rolled.cells.noun == "unit"
    odd = shared(daily(VALUES + 1, np.ones((3, 3), bool))).roll_up(cell="unit", by_area=True)
    assert "outside 14.75" in repr(odd)  # 1, 3 + 1 + 5, and a quarter of 5, 9 and 5


def test_what_is_not_wholly_known_is_unknown_and_left_over():
    known = np.ones((3, 3), bool)
    known[1, 1] = known[2, 0] = False
    cube = shared(daily(VALUES, known))
    rolled = cube.roll_up(cell="unit", by_area=True)
    assert rolled.known.tolist() == [[True, True], [False, False], [False, True]]
    assert rolled.dense()[rolled.known].tolist() == [10, 1, 1]
    assert rolled.leftovers["unknown"] == cube.leftovers["unknown"] + 2
    kept = rolled.dense()[rolled.known].sum()
    assert kept + sum(rolled.leftovers.values()) == total(cube)


def test_cells_that_the_cube_covers_in_part_are_unknown():
    cube = shared(daily(VALUES, np.ones((3, 3), bool)))
    shares = replace(cube.cells.shares("unit"), covered=np.array([0.9, 1]))
    rolled = replace(cube, cells=replace(cube.cells, shares=lambda _: shares)).roll_up(
        cell="unit", by_area=True
    )
    assert rolled.known.tolist() == [[False, True]] * 3


def test_classes_stay_apart():
    axis = CubeClass("subject", pa.array(["noise", None]))
    values = np.stack([VALUES, VALUES * 2], axis=2)
    rolled = shared(daily(values, np.ones((3, 3), bool), classes=(axis,))).roll_up(cell="unit", by_area=True)
    assert (
        rolled.dense()[..., 1].tolist() == (rolled.dense()[..., 0] * 2).tolist() == [[20, 2], [8, 4], [6, 2]]
    )


def test_what_cannot_be_shared_out_is_refused():
    cube = shared(daily(VALUES, np.ones((3, 3), bool)))
    least = replace(cube, measures={"min(x)": replace(cube.measure(), written="min(x)", joined="min")})
    with pytest.raises(Unsupported) as caught:
        least.roll_up(cell="unit", by_area=True)
    assert caught.value.kind == "not-additive"
    with pytest.raises(InvalidInput) as refused:
        replace(cube, cells=replace(cube.cells, shares=None)).roll_up(cell="unit", by_area=True)
    assert refused.value.kind == "not-nested"
