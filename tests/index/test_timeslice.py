"""Slices: an instant's versions are in its number, with few others."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from stcloud.errors import InternalError
from stcloud.index import AsOfIndex

FEATURES = 1500
SPOT = shapely.Point(0, 0)


def made(start, end):
    """AsOfIndex of features that all move at each version."""
    versions = len(start)
    key = np.tile(np.arange(FEATURES), versions).astype(str)
    shapes = shapely.points(np.repeat(np.arange(versions), FEATURES), np.zeros(versions * FEATURES))
    return AsOfIndex.of(key, np.concatenate(start), np.concatenate(end), shapes)


def of_all_at_once():
    cuts = [np.full(FEATURES, 10 * one) for one in range(5)]
    return made(cuts[:-1], cuts[1:])


def of_each_for_itself():
    chance = np.random.default_rng(3)
    cuts = np.sort(chance.permuted(np.tile(np.arange(1000), (FEATURES, 1)), axis=1)[:, :7], axis=1).T
    return made(list(cuts[:-1]), list(cuts[1:]))


def test_a_layer_that_changes_as_a_whole_has_an_epoch_for_each_change():
    partners = of_all_at_once()
    assert partners.sliced.cuts_us.tolist() == [10, 20, 30]
    assert [len(one.shapes) for one in partners.sliced.slices] == [FEATURES] * 4


@pytest.mark.parametrize("partners", [of_all_at_once(), of_each_for_itself()])
def test_the_epoch_of_an_instant_has_all_versions_that_were_valid_then(partners):
    bounds = [-np.inf, *partners.sliced.cuts_us.tolist(), np.inf]
    for number, low, high in zip(partners.sliced.slices, bounds, bounds[1:], strict=False):
        here = partners.versions.order[
            np.concatenate([np.arange(*one) for one in zip(*number.runs[:2], strict=True)])
        ]
        meets = (partners.versions.start_us < high) & (partners.versions.end_us > low)
        assert sorted(here.tolist()) == np.flatnonzero(meets).tolist()


def test_epochs_together_hold_each_run_a_few_times_however_long_the_history():
    partners = of_each_for_itself()
    sizes = [len(one.shapes) for one in partners.sliced.slices]
    assert len(sizes) > 2
    assert sum(sizes) <= 3 * len(partners)
    assert max(sizes) <= 2 * FEATURES


def test_a_small_layer_has_one_epoch():
    partners = AsOfIndex.of(
        ["a"] * 9, np.arange(9), np.arange(1, 10), shapely.points(np.arange(9), np.zeros(9))
    )
    assert len(partners.sliced.slices) == 1


def test_distances_need_the_shapes_or_the_segments_that_were_kept():
    kept = replace(of_all_at_once().sliced, shapes=None)
    assert not kept.has_segments
    with pytest.raises(InternalError) as caught:
        _ = kept.buckets
    assert caught.value.kind == "not-ready"
