"""Relations of intervals: the laws of Allen's algebra, and what it means by sets of instants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.time import Relation

ALLEN = [one for one in Relation if one not in (Relation.INTERSECTS, Relation.DISJOINT)]
INTERVALS = st.tuples(st.integers(-6, 6), st.integers(1, 6)).map(lambda at: (at[0], at[0] + at[1]))


@given(INTERVALS, INTERVALS)
def test_exactly_one_of_the_thirteen_holds(one, other):
    assert sum(relation.holds(*one, *other) for relation in ALLEN) == 1


@pytest.mark.parametrize("relation", Relation)
@given(INTERVALS, INTERVALS)
def test_a_relation_is_the_inverse_of_its_inverse(relation, one, other):
    assert relation.holds(*one, *other) == relation.inverse.holds(*other, *one)
    assert relation.inverse.inverse is relation


@given(INTERVALS, INTERVALS)
def test_relations_mean_what_sets_of_instants_say(one, other):
    mine, theirs = set(range(*one)), set(range(*other))
    gap = set(range(min(one[0], other[0]), max(one[1], other[1]))) - mine - theirs
    said = {relation for relation in Relation if relation.holds(*one, *other)}
    assert (Relation.INTERSECTS in said) == bool(mine & theirs)
    assert (Relation.DISJOINT in said) == (not mine & theirs)
    assert (Relation.EQUALS in said) == (mine == theirs)
    assert (Relation.BEFORE in said) == (max(mine) < min(theirs) and bool(gap))
    assert (Relation.MEETS in said) == (max(mine) < min(theirs) and not gap)
    proper = mine < theirs
    assert (Relation.STARTS in said) == (proper and min(mine) == min(theirs))
    assert (Relation.FINISHES in said) == (proper and max(mine) == max(theirs))
    assert (Relation.DURING in said) == (proper and min(mine) > min(theirs) and max(mine) < max(theirs))
    assert (Relation.OVERLAPS in said) == (
        bool(mine & theirs) and min(mine) < min(theirs) and max(mine) < max(theirs)
    )


@given(st.lists(st.tuples(INTERVALS, INTERVALS), min_size=1, max_size=5))
def test_arrays_are_answered_one_by_one(pairs):
    ends = [np.array(column) for column in zip(*(one + other for one, other in pairs), strict=True)]
    for relation in Relation:
        found = relation.holds(*ends)
        assert found.tolist() == [relation.holds(*one, *other) for one, other in pairs]


@given(INTERVALS, INTERVALS)
def test_closed_intervals_share_the_instant_they_meet_at(one, other):
    ends = (*one, *other)
    closed = all(ends[left] <= ends[right] for left, _, right in Relation.INTERSECTS.comparisons(closed=True))
    assert closed == bool(set(range(one[0], one[1] + 1)) & set(range(other[0], other[1] + 1)))


def test_names_are_read_as_cql2_and_people_write_them():
    for text in ("metBy", "MET_BY", "met-by", "METBY"):
        assert Relation.parse(text) is Relation.MET_BY
    with pytest.raises(InvalidInput, match="use during") as told:
        Relation.parse("durring")
    assert told.value.kind == "unknown-relation"
