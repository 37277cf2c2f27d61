"""What rows change, on numbers alone: which row stands, what ends, what begins; each case by hand."""

import numpy as np
import pytest

from stcloud.daas.table.changeset import DatedRows, contradicted, decide_changes, matches, pairs, select_rows
from stcloud.daas.table.timeline import ABSENT, Pieces

NONE = np.empty(0, np.int64)
NOTHING = Pieces(NONE, NONE, NONE, NONE)


def dated(*rows):
    """Rows of (key, start, end, digest, number)."""
    key, start, end, digest, number = np.array(rows, np.int64).reshape(-1, 5).T
    return DatedRows(key, start, end, np.stack([digest, digest], 1).astype(np.uint64), number)


@pytest.mark.parametrize(
    ("rule", "selected", "conflicting", "duplicates"),
    [
        ("last", [False, True, True, False], [False] * 4, 2),
        ("first", [True, False, True, False], [False] * 4, 2),
        ("refuse", [False, False, True, False], [True, True, False, False], 1),
    ],
)
def test_of_rows_that_overlap_one_stands_or_none(rule, selected, conflicting, duplicates):
    rows = dated((1, 0, 10, 7, 1), (1, 5, 9, 8, 2), (2, 0, 10, 7, 3), (2, 0, 10, 7, 4))
    found = select_rows(rows, rule)
    first = found.selected.tolist()
    assert first[:2] == selected[:2]
    assert sum(first[2:]) == 1, "rows that say the same are one"
    assert found.conflicting.tolist() == conflicting
    assert found.duplicates == duplicates


def test_rows_of_one_key_that_touch_all_stand():
    found = select_rows(dated((1, 0, 5, 7, 1), (1, 5, 9, 8, 2)), "refuse")
    assert found.selected.all()
    assert found.duplicates == 0


def test_a_correction_within_a_period_ends_one_version_and_begins_three():
    changes = decide_changes(
        dated((1, 20, 30, 6, 1)), dated((1, 0, 100, 5, 77)), (NONE, NONE), NOTHING, absent=False
    )
    assert changes.ended.tolist() == [77]
    assert [piece[1:3] for piece in changes.begun.to_list()] == [(0, 20), (20, 30), (30, 100)]
    assert changes.row.tolist() == [-1, 1, -1]
    assert changes.belief.tolist() == [77, -1, 77]
    assert (changes.new.tolist(), changes.unchanged.tolist()) == ([False], [False])


def test_what_is_believed_already_changes_nothing_even_in_other_words():
    rows, beliefs = dated((1, 0, 50, 6, 1)), dated((1, 0, 100, 5, 77))
    same = (np.array([0]), np.array([0]))
    changes = decide_changes(rows, beliefs, same, NOTHING, absent=False)
    assert (len(changes.ended), len(changes.begun)) == (0, 0)
    assert changes.unchanged.tolist() == [True]


def test_a_key_that_is_gone_ends():
    gone = Pieces(np.array([1]), np.array([40]), np.array([100]), np.array([ABSENT]))
    changes = decide_changes(dated(), dated((1, 0, 100, 5, 77)), (NONE, NONE), gone, absent=False)
    assert changes.ended.tolist() == [77]
    assert [piece[1:3] for piece in changes.begun.to_list()] == [(0, 40)]
    assert contradicted(changes.lost, changes.begun, (40, 100)).tolist() == [True]
    assert contradicted(changes.lost, changes.begun, (0, 40)).tolist() == [False]


def test_pairs_to_look_at_closely_are_those_of_one_key_that_meet_and_differ():
    rows = dated((1, 0, 10, 6, 1), (1, 50, 60, 5, 2), (2, 0, 10, 6, 3))
    beliefs = dated((1, 10, 100, 5, 7), (3, 0, 100, 6, 8))
    row, belief = pairs(rows, beliefs)
    assert (row.tolist(), belief.tolist()) == ([0], [0]), (
        "the second row has the digest of a version it meets"
    )


def test_matches_finds_every_place_where_a_number_is_wanted():
    wanted = np.array([5, 3, 5])
    place, at = matches(wanted, np.argsort(wanted, kind="stable"), np.array([1, 5, 3]))
    assert sorted(zip(place.tolist(), at.tolist(), strict=True)) == [(1, 0), (1, 2), (2, 1)]
