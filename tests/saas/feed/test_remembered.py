"""What is remembered is what a set and a dictionary remember, in bounded memory."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.saas.feed.remembered import Hashes, Ranges

NUMBERS = st.lists(st.integers(0, 40), max_size=12)


@given(st.lists(NUMBERS, max_size=8), st.integers(1, 5))
def test_ranges_hold_what_a_set_holds_or_its_highest_part(pieces, most):
    known, bounded, whole = Ranges(100), Ranges(most), set()
    for piece in pieces:
        known.add(np.array(piece, np.int64))
        bounded.add(np.array(piece, np.int64))
        whole |= set(piece)
    every = np.arange(-1, 43)
    assert known.has(every).tolist() == [n in whole for n in every]
    assert (np.diff(known.starts) > 1).all()
    assert set(every[bounded.has(every)]) <= whole
    assert len(bounded.starts) <= most
    again = Ranges(100, known.starts, known.ends)
    assert again.has(every).tolist() == known.has(every).tolist()


@given(st.lists(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 9)), max_size=6), max_size=40))
def test_hashes_have_their_greatest_numbers(pieces):
    known, model = Hashes(1000), {}
    for piece in pieces:
        hashes, numbers = (np.array([pair[at] for pair in piece], np.int64) for at in (0, 1))
        known.add(hashes, numbers)
        for key, number in piece:
            model[key] = max(number, model.get(key, -1))
    every = np.arange(-6, 7)
    assert known.greatest(every, otherwise=-1).tolist() == [model.get(n, -1) for n in every]
    again = Hashes(1000)
    for generation in known.generations:
        again.add(*generation)
    assert again.greatest(every, otherwise=-1).tolist() == known.greatest(every, otherwise=-1).tolist()


def test_the_last_hashes_are_kept_and_memory_is_bounded():
    known = Hashes(1_000)
    for start in range(0, 20_000, 100):
        known.add(np.arange(start, start + 100), np.ones(100, np.int64))
        last = np.arange(max(0, start - 899), start + 100)
        assert (known.greatest(last, otherwise=0) == 1).all()
        assert sum(len(hashes) for hashes, _ in known.generations) <= 2_000
    assert known.greatest(np.array([5]), otherwise=0)[0] == 0
