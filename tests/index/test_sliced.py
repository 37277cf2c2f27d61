"""Sliced runs: the indexes of each time slice, built when first used, or taken from what was kept."""

import numpy as np
import pytest
import shapely

from stcloud.errors import FormatError, InternalError
from stcloud.index.sliced import SlicedRuns, kept_array
from stcloud.index.timeslice import runs_of

POINTS = shapely.points([[0, 0], [3, 4], [9, 9]])
AREAS = shapely.box([0, 1, 5], [0, 1, 5], [2, 4, 9], [2, 4, 9])


def sliced(shapes, features=1):
    """Return features that each have the shapes one after the other, from instant 0 on."""
    shapes = np.tile(np.array(shapes, object), features)
    versions = len(shapes) // features
    start = np.tile(np.arange(versions), features)
    return SlicedRuns(runs_of(np.repeat(np.arange(features), versions), start, start + 1, shapes), shapes)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("features", [1, 1200])
def test_what_was_kept_is_what_was_built(features):
    """1,200 features that change together make a slice for each instant."""
    built = sliced(AREAS, features)
    assert len(built.slices) == (1 if features == 1 else 3)
    _ = built.buckets
    kept = SlicedRuns(built.runs, None, built.arrays())
    assert kept.cuts_us.tolist() == built.cuts_us.tolist()
    assert [part.tolist() for part in kept.periods] == [part.tolist() for part in built.periods]
    assert kept.only_points == built.only_points
    assert kept.without_areas == built.without_areas
    for (bins, strips), (again_bins, again_strips) in zip(built.areas, kept.areas, strict=True):
        assert again_bins.frame == bins.frame
        assert same(strips, again_strips)
        assert same(bins[1:], again_bins[1:])
    for buckets, again in zip(built.buckets, kept.buckets, strict=True):
        assert again.frame == buckets.frame
        assert same(buckets[1:], again[1:])


def test_segments_are_kept_only_if_they_were_built():
    built = sliced(AREAS)
    assert built.has_segments
    without = SlicedRuns(built.runs, None, built.arrays())
    assert not without.has_segments
    assert len(without.areas) == 1
    with pytest.raises(InternalError) as caught:
        _ = without.buckets
    assert caught.value.kind == "not-ready"
    _ = built.buckets
    assert SlicedRuns(built.runs, None, built.arrays()).has_segments


@pytest.mark.parametrize(
    ("shapes", "is_barren", "is_points"),
    [
        (POINTS, True, True),
        (AREAS, False, False),
        ([POINTS[0], AREAS[0]], False, False),
        ([shapely.LineString([(0, 0), (1, 1)]), POINTS[0]], True, False),
        ([None, shapely.Polygon()], False, True),
        ([None, POINTS[0]], True, True),
    ],
)
def test_it_is_known_whether_there_are_areas_or_only_points(shapes, is_barren, is_points):
    built = sliced(shapes)
    assert built.without_areas == is_barren
    assert built.only_points == (is_points,)


def test_an_array_that_lacks_is_a_damaged_index():
    values = np.arange(3)
    kept = kept_array({"first": values}, "first")
    assert np.shares_memory(kept, values)
    assert not kept.flags.writeable
    with pytest.raises(FormatError) as caught:
        kept_array({"first": values}, "stop")
    assert caught.value.kind == "damaged-index"
