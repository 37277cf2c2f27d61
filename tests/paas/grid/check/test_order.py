"""Numbering order: the cells that must be numbered anew are found, and no others."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.paas.grid.numbering import centres, standard_order
from stcloud.testing.examples import examples

ROWS = st.integers(0, 119)


def swapped(codes, one, other):
    made = codes.copy()
    made[[one, other]] = codes[[other, one]]
    return made


@given(ROWS, st.data())
@settings(deadline=None, max_examples=examples(40))
def test_two_cells_with_swapped_codes_are_found(clean, row, data):
    others = [one for one in range(120) if one != row and clean.community(one) == clean.community(row)]
    other = data.draw(st.sampled_from(others))
    apart = abs(int(clean.codes[row][12:]) - int(clean.codes[other][12:]))
    report = clean.check(codes=swapped(clean.codes, row, other))
    assert set(report.counts) == {"numbering-order"}
    assert report.is_sound
    rows = {fault.rows[0] for fault in report.faults}
    if apart > 2:
        assert rows == {row, other}
    else:
        assert len(rows) == apart


@given(ROWS)
@settings(deadline=None, max_examples=examples(25))
def test_a_cell_with_the_last_number_is_found_alone(clean, row):
    codes = clean.codes.copy()
    codes[row] = clean.community(row) + "999"
    faults = clean.check(codes=codes).faults
    last = max(code for code in clean.codes if code.startswith(clean.community(row))) == clean.codes[row]
    assert [fault.rows for fault in faults] == ([] if last else [(row,)])


@given(st.lists(ROWS, min_size=1, max_size=100, unique=True), st.booleans())
@settings(deadline=None, max_examples=examples(25))
def test_what_is_in_order_stays_so_when_cells_are_left_out(clean, rows, with_communities):
    report = clean.check(clean.cells[rows], clean.codes[rows], with_communities=with_communities)
    assert "numbering-order" not in report.counts


@given(st.permutations(range(40)))
@settings(deadline=None, max_examples=examples(25))
def test_standard_order_does_not_depend_on_the_order_of_the_input(clean, order):
    x, y = centres(clean.cells[:40])
    names = np.array([clean.community(row) for row in range(40)])
    moved = np.array(order)
    assert (moved[standard_order(x[moved], y[moved], names[moved])] == standard_order(x, y, names)).all()


def test_a_number_left_out_is_no_fault(clean):
    assert clean.check(np.delete(clean.cells, 50), np.delete(clean.codes, 50)).counts == {"gap": 1}
