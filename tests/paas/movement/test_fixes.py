"""Fixes as arrays: tracks, segments, what was observed."""

import numpy as np
from hypothesis import given, settings

from stcloud.testing.examples import examples
from stcloud.testing.movers import SECOND, fixes_of, observed_moves, tracks_of, worlds


@settings(max_examples=examples(100))
@given(worlds())
def test_segments_join_fixes_that_follow_each_other(rows):
    fixes, tracks = fixes_of(rows), tracks_of(rows)
    assert fixes.movers.to_pylist() == list(tracks)
    assert len(fixes.segments) == len(rows) - len(tracks)
    for gap_us in (20 * SECOND, 100 * SECOND):
        moves = fixes.moves(fixes.observed(gap_us))
        expected = [pair for track in tracks.values() for pair in observed_moves(track, gap_us)]
        assert list(zip(*(column.tolist() for column in moves), strict=True)) == [
            (one[1], other[1], one[2], one[3], other[2], other[3]) for one, other in expected
        ]


def test_the_first_fix_of_a_track_has_made_no_step():
    fixes = fixes_of([("a", 0, 3.0, 4.0), ("a", 1, 0.0, 0.0), ("b", 0, 9.0, 9.0)])
    assert fixes.steps_m().tolist() == [0.0, 5.0, 0.0]
    assert repr(fixes) == "Fixes: 3 in 2 tracks of 2 movers"
    assert fixes_of([]).steps_m().tolist() == np.zeros(0).tolist()
