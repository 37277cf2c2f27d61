"""Codes and dates: each fault that is planted is found, and nothing else."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.testing.examples import examples

ROWS = st.integers(0, 119)
SMALL = settings(
    deadline=None, max_examples=examples(20), suppress_health_check=[HealthCheck.filter_too_much]
)
DAY = 86_400_000_000


def changed(codes, row, code):
    made = codes.copy()
    made[row] = code
    return made


@given(ROWS, ROWS, st.booleans())
@SMALL
def test_a_duplicate_code_is_found(clean, kinds, row, other, with_communities):
    assume(row != other)
    report = clean.check(
        codes=changed(clean.codes, row, clean.codes[other]), with_communities=with_communities
    )
    expected = {("duplicate-code", (clean.codes[other],) * 2): 1}
    if with_communities and clean.community(row) != clean.community(other):
        expected["wrong-community", (clean.codes[other],)] = 1
    assert kinds(report) == expected
    assert set(report.faults[-1].rows) == {row, other} or report.faults[-1].kind == "wrong-community"


@given(ROWS, st.integers(0, 14), st.sampled_from(["O", " ", "", "00"]))
@SMALL
def test_a_malformed_code_is_found(clean, row, position, instead):
    code = clean.codes[row]
    code = code[:position] + instead + code[position + 1 :]
    (fault,) = clean.check(codes=changed(clean.codes, row, code)).faults
    assert (fault.kind, fault.codes, fault.rows) == ("malformed-code", (code,), (row,))
    assert "character" in fault.message


@given(ROWS, st.sampled_from([None, "", float("nan")]))
@SMALL
def test_a_missing_code_is_found(clean, row, nothing):
    (fault,) = clean.check(codes=changed(clean.codes, row, nothing)).faults
    assert (fault.kind, fault.rows) == ("no-code", (row,))


@given(ROWS, st.integers(0, 3))
@SMALL
def test_a_code_of_another_community_is_found(clean, row, other):
    assume(clean.community(row) != clean.names[other])
    (fault,) = clean.check(codes=changed(clean.codes, row, clean.names[other] + "999")).faults
    assert (fault.kind, fault.rows) == ("wrong-community", (row,))


@given(ROWS)
@SMALL
def test_a_code_of_no_community_is_found(clean, row):
    (fault,) = clean.check(codes=changed(clean.codes, row, "110101001001001")).faults
    assert (fault.kind, fault.rows) == ("unknown-community", (row,))


@given(ROWS, st.integers(-400, 400), st.integers(1, 400))
@SMALL
def test_two_versions_of_a_cell_meet_or_leave_a_hole_or_overlap(clean, row, apart, end):
    cells, codes = np.append(clean.cells, clean.cells[row]), np.append(clean.codes, clean.codes[row])
    starts, ends = np.full(len(cells), 0), np.full(len(cells), FOREVER)
    ends[row], starts[-1] = 500 * DAY, (500 + apart) * DAY
    found = [(fault.kind, set(fault.rows)) for fault in clean.check(cells, codes, starts, ends).faults]
    kind = "hole-in-time" if apart > 0 else "overlapping-dates"
    assert found == ([] if apart == 0 else [(kind, {row, len(clean.cells)})])


@given(ROWS)
@SMALL
def test_a_period_that_ends_before_it_begins_is_found(clean, row):
    cells, codes = np.append(clean.cells, clean.cells[row]), np.append(clean.codes, clean.codes[row])
    starts, ends = np.full(len(cells), 0), np.full(len(cells), FOREVER)
    starts[-1], ends[-1] = 3 * DAY, 3 * DAY
    (fault,) = clean.check(cells, codes, starts, ends).faults
    assert (fault.kind, fault.rows) == ("empty-period", (len(clean.cells),))


def test_a_community_divided_anew_with_new_numbers_is_clean(clean):
    old = np.flatnonzero([clean.community(row) == clean.names[-1] for row in range(len(clean.cells))])
    count = len(old)
    renumbered = [clean.codes[row][:12] + f"{int(clean.codes[row][12:]) + count:03d}" for row in old]
    cells = np.concatenate((clean.cells, clean.cells[old]))
    codes = np.concatenate((clean.codes, renumbered))
    starts, ends = np.full(len(cells), ALWAYS), np.full(len(cells), FOREVER)
    ends[old], starts[len(clean.cells) :] = 9 * DAY, 9 * DAY
    report = clean.check(cells, codes, starts, ends)
    assert report.is_clean
    assert report.current == len(clean.cells)
    ends[old[0]] = 10 * DAY
    assert set(clean.check(cells, codes, starts, ends).counts) == {"overlap"}


def test_three_cells_of_one_code(clean, kinds):
    cells, codes = np.append(clean.cells, clean.cells[[4, 4]]), np.append(clean.codes, clean.codes[[4, 4]])
    report = clean.check(cells, codes)
    assert kinds(report) == {("duplicate-code", (clean.codes[4],) * 2): 2}
