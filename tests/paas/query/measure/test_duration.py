"""Durations of measures: what is none is refused, and a column that is only text is named."""

import pytest

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput
from stcloud.paas.query.measure.duration import read_duration

TYPES = {"opened": "instant", "closed": "text", "due": "text"}
COLUMNS = {name: Attribute(name, name, kind) for name, kind in TYPES.items()}


def between(first, second):
    return {"op": "hours", "args": [{"op": "-", "args": [{"property": first}, {"property": second}]}]}


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (between("closed", "opened"), "'closed' is a text: load with a definition that gives it type = \"instant\""),
        (between("closed", "due"), "'closed' and 'due' are texts: load with a definition"),
        ({"op": "hours", "args": [3]}, "e.g. hours(closed - opened)"),
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_and_texts_are_named(tree, said):
    with pytest.raises(InvalidInput) as refused:
        read_duration(tree, COLUMNS)
    assert refused.value.kind == "wrong-type"
    assert said in refused.value.hint
