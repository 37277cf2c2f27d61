"""Order: events tile by tile, and results back in the order of the events."""

import itertools
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stcloud.index.bins import Frame
from stcloud.index.order import gather, grown, note_places, sort_slice

FRAME = Frame(10.0, 20.0, 26.0, 36.0, 0.5, 8, 8)  # squares of 2 m
coordinates = st.one_of(st.integers(5, 40).map(float), st.just(math.nan))
events = st.lists(st.tuples(coordinates, coordinates, st.integers(0, 2)), max_size=40)


def tile_of(x, y, bits):
    """The tile of a point, plainly; those outside are with the first."""
    if not (10 <= x <= 26 and 20 <= y <= 36):
        return 0
    across = (FRAME.columns >> bits) + 1
    return (int((y - 20) / 2) >> bits) * across + (int((x - 10) / 2) >> bits)


@given(events, st.integers(0, 3), st.integers(0, 2), st.booleans())
def test_the_events_of_a_slice_come_tile_by_tile(happened, bits, number, is_sliced):
    x, y, slices = (
        (np.array(column) for column in zip(*happened, strict=True)) if happened else [np.empty(0)] * 3
    )
    at_us, slices = np.arange(len(x)) * 1000, slices.astype(np.int64)
    chosen = slices if is_sliced else np.empty(0, np.int64)
    which, *columns = sort_slice(x, y, at_us, chosen, number, FRAME, bits)
    wanted = [row for row in range(len(x)) if not is_sliced or slices[row] == number]
    assert which.tolist() == sorted(wanted, key=lambda row: tile_of(x[row], y[row], bits))
    for column, given_ in zip(columns, (x, y, at_us), strict=True):
        np.testing.assert_array_equal(column, given_[which])


@given(st.lists(st.integers(-9, 9), max_size=9), st.integers(0, 30))
def test_an_array_grows_only_when_it_is_full(values, at):
    given_ = np.array(values, np.int32)
    longer = grown(given_, at)
    assert len(longer) > at
    assert longer.dtype == np.int32
    assert longer[: len(values)].tolist() == values
    assert np.shares_memory(longer, given_) == (at < len(values))


@given(st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=12), st.randoms(use_true_random=False))
def test_what_was_found_in_any_order_is_gathered_by_event(matches, chance):
    """Search events in two slices, each in an order of its own."""
    order = list(range(len(matches)))
    chance.shuffle(order)
    where, counts, rows = np.zeros(len(matches), np.int64), np.zeros(len(matches), np.int32), []
    cut = len(matches) // 2
    for part in (order[:cut], order[cut:]):
        sizes = np.array([len(matches[event]) for event in part], np.int32)
        note_places(sizes, np.array(part, np.int32), len(rows), where, counts)
        rows += itertools.chain.from_iterable(matches[event] for event in part)
    names = np.array([70, 60, 50, 40, 30])
    event, named, places = gather(where, counts, np.array(rows, np.int32), 100, names)
    expected = [(100 + at, names[row]) for at, some in enumerate(matches) for row in some]
    assert list(zip(event.tolist(), named.tolist(), strict=True)) == expected
    assert [names[rows[place]] for place in places.tolist()] == named.tolist()
