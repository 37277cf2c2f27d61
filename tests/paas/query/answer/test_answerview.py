"""A result that can be looked at as an answer gives what the answer gives, in every form."""

import pandas as pd
import pyarrow as pa
import pytest

from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.answerview import AnswerView
from stcloud.space import Lattice


class Found(AnswerView):
    def answer(self):
        return Answer(
            pa.table({"key": ["a", "b"], "count": [1, 2]}),
            Lattice("EPSG:4548", (0.0, 0.0)),
            {"layer": "calls"},
        )


def test_it_gives_what_its_answer_gives():
    found, answer = Found(), Found().answer()
    assert found.to_arrow() == pa.table(found) == answer.table
    assert found.to_records() == [*found] == [{"key": "a", "count": 1}, {"key": "b", "count": 2}]
    pd.testing.assert_frame_equal(found.to_pandas(), answer.to_pandas())
    assert len(found) == 2
    assert (repr(found), found._repr_html_()) == (repr(answer), answer._repr_html_())


def test_what_has_no_answer_is_no_view():
    with pytest.raises(TypeError, match="answer"):
        AnswerView()
