"""Ranks with ties, compared with scipy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from stcloud.errors import InvalidInput
from stcloud.paas.indicator.tiedranks import TIES, tied_ranks
from stcloud.testing.examples import examples

SCORES = st.lists(st.one_of(st.just(np.nan), st.integers(0, 5).map(lambda number: number / 3)), max_size=12)


@given(SCORES, st.sampled_from(TIES))
@settings(max_examples=examples(80))
def test_ranks_are_those_of_scipy(scores, ties):
    scores = np.array(scores, float)
    ranks, known = tied_ranks(scores, ties), ~np.isnan(scores)
    assert ranks[known].tolist() == rankdata(-scores[known], method=ties).tolist()
    assert np.isnan(ranks[~known]).all()


def test_scores_that_differ_by_rounding_alone_are_tied():
    assert tied_ranks(np.array([0.1 + 0.2, 0.3, 0.0, -0.0])).tolist() == [1, 1, 3, 3]


def test_an_unknown_way_is_refused():
    with pytest.raises(InvalidInput) as refused:
        tied_ranks(np.array([1.0]), "ordinal")
    assert refused.value.kind == "unknown-ties"
