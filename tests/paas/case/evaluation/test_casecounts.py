"""Counts by group: as dictionaries count, batch by batch."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.case.evaluation.casecounts import LANE_ROWS, CaseCounts, GroupsOfRows, counts_of, sums_of

KEY = st.one_of(st.integers(-3, 3), st.integers(-(10**6), 10**6), st.sampled_from([0, 2_000_000_000]))
ROW = st.tuples(
    KEY, KEY, st.booleans(), st.lists(st.booleans(), min_size=5, max_size=5), st.integers(-5, 2**51)
)


@pytest.mark.parametrize("width", [0, 1, 2])
@given(batches=st.lists(st.lists(ROW, max_size=12), max_size=4))
def test_counts_are_those_of_dictionaries(width, batches):
    counts, expected = CaseCounts(7), Counter()
    for rows in batches:
        keys = [np.array([row[place] for row in rows], np.int64) for place in range(width)]
        groups = GroupsOfRows(keys, np.array([row[2] for row in rows], np.bool_))
        masks = [np.array([row[3][place] for row in rows], np.bool_) for place in range(5)]
        values = np.array([row[4] for row in rows], np.int64)
        parts = np.column_stack([counts_of(groups, masks), sums_of(groups, masks[0], values)])
        counts.add(groups, np.arange(7), parts)
        for row in rows:
            if row[2]:
                expected[row[:width], "rows"] += 1
                expected[row[:width], "sum"] += row[4] * row[3][0]
                for place in range(5):
                    expected[row[:width], place] += row[3][place]
    result = dict(zip(map(tuple, counts.keys.tolist()), counts.counts.tolist(), strict=True))
    assert set(result) == {key for key, what in expected if what == "rows"}
    for key, numbers in result.items():
        assert numbers[:5] == [expected[key, place] for place in range(5)]
        assert (numbers[5] << 26) + numbers[6] == expected[key, "sum"]


def test_a_full_batch_in_one_group_is_counted_exactly():
    groups = GroupsOfRows([], np.ones(LANE_ROWS, np.bool_))
    masks = [np.ones(LANE_ROWS, np.bool_)] * 4
    assert counts_of(groups, masks).tolist() == [[LANE_ROWS] * 4]
    sums = sums_of(groups, masks[0], np.full(LANE_ROWS, 2**52 - 1))
    assert (int(sums[0, 0]) << 26) + int(sums[0, 1]) == LANE_ROWS * (2**52 - 1)


def test_groups_that_come_later_keep_the_counts_of_those_before():
    counts = CaseCounts(1)
    for start in range(0, 3000, 100):
        groups = GroupsOfRows([np.arange(start, start + 150)], np.ones(150, np.bool_))
        counts.add(groups, np.array([0]), counts_of(groups, [np.ones(150, np.bool_)]))
    listed = dict(zip(counts.keys[:, 0].tolist(), counts.counts[:, 0].tolist(), strict=True))
    assert listed == {
        number: 1 + (number >= 100 and number % 100 < 50 and number < 3000) for number in range(3050)
    }
