"""Cells outside of or across their community: each that is planted is found, and nothing else."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples

ROWS = st.integers(0, 119)
RIM = st.sampled_from([row for row in range(120) if row % 12 in (0, 11) or row // 12 in (0, 9)])
BORDER = st.sampled_from([row for row in range(120) if row % 12 in (5, 6) or row // 12 in (4, 5)])
SMALL = settings(
    deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.filter_too_much]
)


def neighbours(clean, row, *, same):
    return [
        (middle, other)
        for middle, other in clean.beside(row)
        if other is not None and (clean.community(row) == clean.community(other)) == same
    ]


@given(BORDER, st.floats(0.01, 20))
@SMALL
def test_a_cell_that_takes_ground_of_another_community_is_across(clean, row, radius):
    near = neighbours(clean, row, same=False)
    assume(near)
    middle, other = near[0]
    taken = middle.buffer(radius) & clean.cells[other]
    cells = clean.changed(
        **{f"r{row}": clean.cells[row] | middle.buffer(radius), f"r{other}": clean.cells[other] - taken}
    )
    (fault,) = (one for one in clean.check(cells).faults if one.kind != "small-cell")
    assert (fault.kind, fault.codes) == ("across-community", (clean.codes[row],))
    assert fault.area_m2 == pytest.approx(taken.area, rel=0.01, abs=1e-6)
    assert clean.community(other) in fault.message


@given(BORDER, st.floats(0.01, 20))
@SMALL
def test_a_cell_that_overlaps_a_cell_of_another_community_is_both(clean, row, radius):
    near = neighbours(clean, row, same=False)
    assume(near)
    middle, _ = near[0]
    report = clean.check(clean.changed(**{f"r{row}": clean.cells[row] | middle.buffer(radius)}))
    assert sorted(fault.kind.removesuffix("-sliver") for fault in report.faults) == [
        "across-community",
        "overlap",
    ]


@given(RIM, st.floats(0.01, 20))
@SMALL
def test_a_cell_that_reaches_out_of_all_communities_is_outside(clean, row, radius):
    middle = next(middle for middle, other in clean.beside(row) if other is None)
    out = middle.buffer(radius) - shapely.union_all(clean.whole)
    (fault,) = clean.check(clean.changed(**{f"r{row}": clean.cells[row] | middle.buffer(radius)})).faults
    assert (fault.kind, fault.codes) == ("outside-community", (clean.codes[row],))
    assert fault.area_m2 == pytest.approx(out.area, rel=0.01, abs=1e-6)


@given(ROWS)
@SMALL
def test_a_cell_far_away_is_outside_and_leaves_a_gap(clean, row):
    far = shapely.affinity.translate(clean.cells[row], 50_000, 0)
    report = clean.check(clean.changed(**{f"r{row}": far}))
    assert report.counts == {"gap": 1, "outside-community": 1} | (
        {"numbering-order": 1} if "numbering-order" in report.counts else {}
    )
    assert [fault.codes for fault in report.faults if fault.kind == "outside-community"] == [
        (clean.codes[row],)
    ]
    assert report.faults[0].area_m2 == pytest.approx(clean.cells[row].area, rel=1e-6)


def test_a_cell_mostly_in_another_community_is_misnamed_and_across(clean):
    row = 29
    pair = clean.cells[row] | clean.cells[row + 1] | clean.cells[row + 2]
    cells = np.delete(clean.changed(**{f"r{row}": pair}), [row + 1, row + 2])
    codes = np.delete(clean.codes, [row + 1, row + 2])
    report = clean.check(cells, codes, most_m2=90_000)
    assert set(report.counts) == {"across-community", "wrong-community"}


def test_a_community_without_cells_is_a_gap(clean):
    kept = np.array([clean.community(row) != clean.names[1] for row in range(len(clean.cells))])
    (fault,) = clean.check(clean.cells[kept], clean.codes[kept]).faults
    assert fault.kind == "gap"
    assert fault.area_m2 == pytest.approx(clean.whole[1].area, rel=1e-6)


def test_communities_need_a_code_each(clean):
    from stcloud.paas.grid.check.community import Communities

    for codes in (["a"], ["a", "a", "b", "c"], None):
        with pytest.raises(InvalidInput) as caught:
            Communities.of(clean.whole, codes)
        assert caught.value.kind == "invalid-communities"
