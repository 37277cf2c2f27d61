"""Encounters of straight moves: all pairs of a plain loop, whatever the slots and trees are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.index.crossing import Moves
from stcloud.index.encounter import encounters
from stcloud.testing.examples import examples

METRE = st.one_of(st.sampled_from([0.0, 50.0, 100.0]), st.floats(-150, 150))
ROW = st.tuples(st.integers(0, 400), st.sampled_from([0, 1, 30, 300]), METRE, METRE, METRE, METRE)
ROWS = st.lists(ROW, max_size=6)
SECOND = 1_000_000


def moves_of(rows):
    columns = list(zip(*rows, strict=True)) or [()] * 6
    begin = np.array(columns[0], np.int64) * SECOND
    metres = [np.array(column, np.float64) for column in columns[2:]]
    still = np.array(columns[1]) == 0 if rows else np.zeros(0, bool)
    metres[2], metres[3] = np.where(still, metres[0], metres[2]), np.where(still, metres[1], metres[3])
    return Moves(begin, begin + np.array(columns[1], np.int64) * SECOND, *metres)


def near(left, right, one, other, at_us):
    x, y = (left.at(np.array([one]), at_us)), (right.at(np.array([other]), at_us))
    return np.hypot(x[0] - y[0], x[1] - y[1])


@settings(max_examples=examples(200))
@given(ROWS, ROWS, st.sampled_from([0.0, 50.0, 120.0]), st.sampled_from([1, 3, 10**6]))
def test_all_pairs_of_a_plain_loop_are_met(left_rows, right_rows, within_m, at_once):
    left, right = moves_of(left_rows), moves_of(right_rows)
    found = encounters(left, right, within_m, at_once=at_once)
    periods = {
        (one, other): span for one, other, *span in zip(*(column.tolist() for column in found), strict=True)
    }
    assert len(periods) == len(found.left)
    for one in range(len(left_rows)):
        for other in range(len(right_rows)):
            begin = max(left.from_us[one], right.from_us[other])
            end = min(left.to_us[one], right.to_us[other])
            if begin > end:
                assert (one, other) not in periods
                continue
            instants = np.unique(np.linspace(begin, end, 41).astype(np.int64))
            far = np.array([near(left, right, one, other, at).item() for at in instants])
            if (one, other) not in periods:
                assert (far > within_m - 1e-6).all()
                continue
            first, last, least_m = periods[one, other]
            assert begin <= first <= last <= end
            within = (instants >= first) & (instants <= last)
            assert (far[within] <= within_m + 1e-4).all()
            assert (far[~within] >= within_m - 1e-4).all()
            assert least_m <= within_m + 1e-5
            assert least_m <= far.min() + 1e-6


def test_movers_that_pass_each_other_between_their_fixes_meet():
    left, right = moves_of([(0, 300, -100.0, 0.0, 100.0, 0.0)]), moves_of([(0, 300, 100.0, 1.0, -100.0, 1.0)])
    met = encounters(left, right, 50.0)
    assert met.least_m.tolist() == [1.0]
    assert (met.to_us - met.from_us).item() / SECOND == pytest.approx(74.985, abs=1e-3)


def test_two_moves_meet_once_however_many_slots_they_lie_in():
    short = [(at, 1, 900.0, 900.0, 900.0, 900.0) for at in range(50)]
    left, right = (moves_of([(0, 300, 0.0, 0.0, 9.0, 0.0), *short]) for _ in range(2))
    met = encounters(left, right, 1.0)
    assert [(one, other) for one, other in zip(met.left, met.right, strict=True) if one == 0] == [(0, 0)]


def test_a_slot_that_only_others_lie_in_gives_no_pair_twice():
    left = moves_of([(0, 1, 0.0, 0.0, 0.0, 0.0), (184, 0, 0.0, 0.0, 0.0, 0.0)])
    right = moves_of([(0, 300, 0.0, 0.0, 0.0, 0.0), *[(at, 1, 9.0, 9.0, 9.0, 9.0) for at in range(9)]])
    met = encounters(left, right, 1.0)
    assert list(zip(met.left.tolist(), met.right.tolist(), strict=True)) == [(0, 0), (1, 0)]
