"""Ranking: by whole micrometres, then by row, as a plain sort has it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.index.ranking import place_among, rank

METRES = [0.0, 1.0, 1.0 + 1e-10, 1.000001, 2.5, 20.0, 20.000000000000004]
partners = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(METRES)), max_size=80)


def ordered(pairs):
    """Rows by distance in whole micrometres, then row."""
    return sorted(pairs, key=lambda pair: (round(pair[1] * 1e6), pair[0]))


@given(st.lists(st.sampled_from(METRES), max_size=80), st.randoms(use_true_random=False))
def test_rank_sorts_by_micrometres_then_row(metres, chance):
    rows = list(range(len(metres)))
    chance.shuffle(rows)
    pairs = list(zip(rows, metres, strict=True))
    rows, metres = np.array(rows, np.int32), np.array(metres)
    rank(rows, metres)
    assert list(zip(rows.tolist(), metres.tolist(), strict=True)) == ordered(pairs)


@given(partners, st.integers(1, 5))
def test_the_nearest_are_the_first_of_all_each_at_its_least_distance(pairs, most):
    best, best_m, count = np.empty(most, np.int32), np.empty(most), 0
    for row, metres in pairs:
        count = place_among(row, metres, best, best_m, count)
    least = {}
    for row, metres in pairs:
        least[row] = min(metres, least.get(row, np.inf))
    expected = [(row, round(metres * 1e6)) for row, metres in ordered(least.items())][:most]
    kept = [(row, round(metres * 1e6)) for row, metres in zip(best.tolist(), best_m.tolist(), strict=True)]
    assert kept[:count] == expected
