"""Search: whatever is found for an event comes back under its own number, in any slices and with any workers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.index.bins import Frame
from stcloud.index.search import Events, Search
from stcloud.testing.examples import examples

FRAME = Frame(0.0, 0.0, 100.0, 100.0, 0.25, 26, 26)


def matches_of(number, x, at):
    """What is found for an event: as many rows as its x says, which depend on its slice and instant."""
    return [(number + at + k) % 5 for k in range(int(x) % 3)]


def find(number, x, y, at):
    """Search a slice, event by event."""
    parts = [matches_of(number, *event) for event in zip(x.tolist(), at.tolist(), strict=True)]
    rows = np.array([row for part in parts for row in part], np.int32)
    far = np.array([float(event) for event, part in zip(y, parts, strict=True) for _ in part])
    return np.array([len(part) for part in parts], np.int32), rows, far


def searched(x, y, at, cuts, workers, bits=2):
    search = Search(
        find, np.array(cuts, np.int64), [FRAME] * (len(cuts) + 1), bits, np.array([50, 40, 30, 20, 10])
    )
    return search.pairs(Events.of(x, y, at), workers)


def expected(x, y, at, cuts):
    names = [50, 40, 30, 20, 10]
    slices = [sum(cut <= instant for cut in cuts) for instant in at]
    return [
        (event, names[row], float(y[event]))
        for event in range(len(x))
        for row in matches_of(slices[event], x[event], at[event])
    ]


def listed(pairs):
    return list(zip(pairs.event.tolist(), pairs.version.tolist(), pairs.distance_m.tolist(), strict=True))


whole = st.integers(0, 120)


@settings(max_examples=examples(60))
@given(
    st.lists(st.tuples(whole, whole, st.integers(0, 20)), max_size=30),
    st.lists(st.integers(0, 20), unique=True, max_size=3).map(sorted),
    st.integers(0, 4),
)
def test_pairs_are_what_is_found_event_by_event(happened, cuts, bits):
    x, y, at = zip(*happened, strict=True) if happened else ((), (), ())
    pairs = searched(np.array(x, float), np.array(y, float), np.array(at, np.int64), cuts, 2, bits)
    assert listed(pairs) == expected(x, y, at, cuts)
    assert len(pairs) == len(pairs.event)


@pytest.mark.parametrize("workers", [1, 3])
def test_many_events_are_searched_in_parts_side_by_side(workers):
    chance = np.random.default_rng(1)
    x, y = chance.integers(0, 120, (2, 100_000)).astype(float)
    at = chance.integers(0, 20, 100_000)
    pairs = searched(x, y, at, [5, 11], workers)
    assert listed(pairs) == expected(x.tolist(), y.tolist(), at.tolist(), [5, 11])


def test_one_instant_serves_all_events():
    events = Events.of([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 7)
    assert events.at_us.tolist() == [7, 7, 7]
    part = events.part(1, 3)
    assert (part.x.tolist(), part.y.tolist(), part.at_us.tolist(), len(part)) == (
        [2.0, 3.0],
        [2.0, 3.0],
        [7, 7],
        2,
    )


@pytest.mark.parametrize(
    ("x", "y", "at"), [([1.0], [1.0, 2.0], 0), (1.0, 1.0, 0), ([1.0], [1.0], [0, 1]), ([[1.0]], [[1.0]], 0)]
)
def test_columns_of_several_lengths_are_refused(x, y, at):
    with pytest.raises(InvalidInput) as caught:
        Events.of(x, y, at)
    assert caught.value.kind == "events-differ"
