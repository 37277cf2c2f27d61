"""Readings that changed, put together by time."""

import numpy as np

from stcloud.paas.episode.changedreadings import ChangedReadings


def test_changes_that_are_near_in_time_are_one_cluster():
    changed = ChangedReadings(np.array(["a", "b", "a", "a", "b"], object), np.array([1, 3, 5, 100, 103]))
    assert list(changed.clusters(10)) == [{"a": (1, 5), "b": (3, 3)}, {"a": (100, 100), "b": (103, 103)}]
    assert list(changed.clusters(2**62)) == [{"a": (1, 100), "b": (3, 103)}]
    assert len(changed) == 5


def test_no_change_is_no_cluster():
    assert list(ChangedReadings(np.empty(0, object), np.empty(0, np.int64)).clusters(10)) == []
