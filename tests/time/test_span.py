"""Span and Spans against sets of whole numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.time import spans
from stcloud.time import Span, Spans, Zone

LOOKED = np.arange(-110, 110)
few = {"low_us": -100, "high_us": 100}
some = settings(deadline=None, max_examples=examples(100))
many = st.lists(spans(**few), max_size=8)


def inside(parts):
    return {int(at) for at in LOOKED if any(part.contains(int(at)) for part in parts)}


@given(many)
@some
def test_spans_hold_what_their_parts_hold_and_are_in_order(parts):
    """Spans.of neither adds nor loses an instant, and leaves a gap between its parts."""
    united = Spans.of(parts)
    assert inside(united) == inside(parts)
    assert set(LOOKED[united.contains(LOOKED)].tolist()) == inside(parts)
    assert all(
        one.end_us < other.start_us for one, other in zip(united.parts, united.parts[1:], strict=False)
    )
    assert Spans.of(reversed(united.parts)) == united


@given(many, many)
@some
def test_union_intersection_and_complement_are_those_of_sets(one, other):
    """The algebra of sets holds."""
    a, b, world = Spans.of(one), Spans.of(other), set(LOOKED.tolist())
    assert inside(a.union(b)) == inside(a) | inside(b)
    assert inside(a.intersect(b)) == inside(a) & inside(b)
    assert inside(a.complement()) == world - inside(a)
    assert a.complement().complement() == a
    assert a.union(a.complement()) == Spans.always()


@given(spans(**few), spans(**few))
@some
def test_the_intersection_of_two_spans_is_what_both_hold(one, other):
    """Half-open spans that touch share nothing."""
    shared = one.intersect(other)
    assert inside([shared] if shared else []) == inside([one]) & inside([other])


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5)])
def test_an_empty_span_is_not_born(start, end):
    """A span holds time, or it is an error."""
    with pytest.raises(InvalidInput) as caught:
        Span(start, end)
    assert caught.value.kind == "empty-span"


@pytest.mark.parametrize(
    "parts", [(Span(5, 9), Span(0, 3)), (Span(0, 3), Span(3, 6)), (Span(0, None), Span(3, 6))]
)
def test_spans_out_of_order_are_not_born(parts):
    """Parts that overlap, touch or are unsorted must go through Spans.of."""
    with pytest.raises(InvalidInput) as caught:
        Spans(parts)
    assert caught.value.kind == "unordered-spans"


def test_no_time_at_all_says_so():
    """An empty set is a value, and its text is not empty."""
    assert Spans.of([]).text(Zone("UTC")) == "never"
    assert Spans.always().text(Zone("UTC")) == "../.."
    assert not Spans(()).contains(np.array([0])).any()
