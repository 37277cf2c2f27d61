"""Ranks with ties."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from stcloud.paas.case.evaluation.standing import competition_ranks


@given(scores=st.lists(st.one_of(st.integers(0, 5).map(float), st.just(float("nan"))), max_size=20))
def test_ranks_are_those_of_pandas(scores):
    expected = pd.Series(scores, dtype=float).rank(method="min", ascending=False)
    assert competition_ranks(np.array(scores, np.float64)) == [
        None if pd.isna(rank) else int(rank) for rank in expected
    ]
