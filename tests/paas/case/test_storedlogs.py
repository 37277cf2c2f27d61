"""Logs as the store hands them: the same columns as of actions."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.case.logcolumns import LogColumns
from stcloud.testing.caselogs import handled_case, logs, stored_logs


@given(st.lists(logs(), min_size=1, max_size=4), st.data())
def test_columns_of_stored_logs_are_those_of_their_actions(drawn, data):
    made = [
        [dataclasses.replace(action, case=f"N{number}") for action in log.actions]
        for number, log in enumerate(drawn)
    ]
    stored, plain = stored_logs(made), LogColumns.of(made)
    assert stored.numbers.to_pylist() == [f"N{number}" for number in range(len(made))]
    assert_equal(stored.columns, plain)
    chosen = sorted(data.draw(st.sets(st.sampled_from(range(len(made))))))
    taken = stored.take(np.array(chosen, dtype=np.int64))
    few = LogColumns.of([made[number] for number in chosen])
    assert taken.numbers.to_pylist() == [f"N{number}" for number in chosen]
    assert [taken.columns.names[code] for code in taken.columns.action] == [
        few.names[code] for code in few.action
    ]
    assert taken.columns.case.tolist() == few.case.tolist()
    taken.columns.check()


def assert_equal(columns, plain):
    for field in dataclasses.fields(LogColumns):
        mine, theirs = getattr(columns, field.name), getattr(plain, field.name)
        assert list(np.atleast_1d(mine)) == list(np.atleast_1d(theirs)), field.name


@pytest.mark.parametrize("post", [None, "desk"])
def test_posts_are_those_of_the_actions(post):
    made = [dataclasses.replace(action, post=post) for action in handled_case().actions]
    assert stored_logs([made]).posts.to_pylist() == [post] * len(made)
