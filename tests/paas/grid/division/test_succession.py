import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.grid.division.succession import Earlier, coded, predecessors, unchanged

PLACE = "420106001001"
CELLS = np.array([shapely.box(x, 0, x + 100, 100) for x in (0, 100, 200)])


def earlier(cells, numbers, retired=()):
    codes = np.array([f"{PLACE}{number:03d}" for number in numbers], dtype="U15")
    return Earlier(np.array(cells, dtype=object), codes, np.isin(numbers, retired))


def of(cells):
    return np.full(len(cells), PLACE)


def test_a_cell_keeps_its_code_through_noise_and_new_vertices():
    """A millimetre and a vertex more are no change; a metre is."""
    noisy = shapely.Polygon([(0, 0.0005), (50, 0), (100, 0), (100, 100), (0, 100)])
    moved = shapely.box(101, 0, 200, 100)
    kept = unchanged(np.array([noisy, moved, CELLS[2]]), of(CELLS), earlier(CELLS, [7, 8, 9], retired=[9]))
    assert kept.tolist() == [f"{PLACE}007", "", ""]


def test_a_cell_that_moved_to_another_community_gets_a_new_code():
    """The code begins with the community's."""
    other = np.array(["420106001002"] * 3)
    assert unchanged(CELLS, other, earlier(CELLS, [1, 2, 3])).tolist() == [""] * 3


@given(st.sets(st.integers(1, 990), max_size=30), st.integers(1, 9))
def test_codes_are_never_used_again(numbers, count):
    """New codes differ from every earlier one, go on after the last, and run from west to east."""
    used = sorted(numbers)
    past = earlier([shapely.box(0, 900, 1, 901)] * len(used), used, retired=used)
    cells = np.array([shapely.box(x * 100, 0, x * 100 + 100, 100) for x in range(count)])
    codes = coded(cells, of(cells), np.full(count, "", dtype="U15"), past, 100.0)
    last = max(used, default=0)
    assert [int(code[12:]) for code in codes] == list(range(last + 1, last + 1 + count))


def test_gaps_below_the_last_code_are_used_at_the_end():
    """When no number is left above, those never given are."""
    past = earlier([shapely.box(0, 900, 1, 901)] * 2, [2, 999])
    codes = coded(CELLS, of(CELLS), np.full(3, "", dtype="U15"), past, 100.0)
    assert [code[12:] for code in codes] == ["001", "003", "004"]


def test_predecessors_by_area():
    """Those a new cell took ground from, the largest first; slivers and ended cells are none."""
    cells = np.array([shapely.box(99.5, 0, 250, 100), CELLS[0]])
    past = earlier([*CELLS, shapely.box(100, 0, 200, 100)], [1, 2, 3, 4], retired=[4])
    kept = np.array(["", f"{PLACE}001"])
    assert predecessors(cells, kept, past) == ((f"{PLACE}002", f"{PLACE}003"), ())


def test_earlier_cells_are_born_valid():
    """bad-earlier-cells."""
    with pytest.raises(InvalidInput) as error:
        Earlier(CELLS, np.array(["1", "2", "3"]), np.zeros(3, dtype=bool))
    assert error.value.kind == "bad-earlier-cells"
