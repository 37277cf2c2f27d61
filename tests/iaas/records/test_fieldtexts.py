"""Fields of many entries: what is parsed at once is what each text says."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import FormatError
from stcloud.iaas.records.fieldtexts import FieldTexts
from stcloud.iaas.records.values import canonical

TYPES = {"text": pa.string(), "count": pa.int64(), "size": pa.float64()}
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
STRANGE = st.none() | st.booleans() | NUMBERS | WORDS
USUAL = {"text": WORDS, "count": st.integers(-(2**63), 2**63 - 1), "size": NUMBERS, "other": STRANGE}


def expected(fields, name):
    value = fields.get(name)
    if name == "text":
        return None if value is None else str(value)
    if isinstance(value, bool) or not isinstance(value, int if name == "count" else int | float):
        return None
    return value if name == "count" else float(value)


@given(
    st.lists(
        st.fixed_dictionaries({}, optional=USUAL)
        | st.fixed_dictionaries({}, optional=dict.fromkeys(USUAL, STRANGE)),
        max_size=8,
    )
)
def test_fields_of_many_entries_are_those_of_each(entries):
    fields = FieldTexts.of(pa.array([canonical(each) for each in entries], pa.string()), TYPES)
    for name in TYPES:
        values = [expected(each, name) for each in entries]
        assert fields.take(name, np.arange(len(entries))).to_pylist() == values
        assert fields.rows(name).tolist() == [at for at, value in enumerate(values) if value is not None]
        assert fields.take(name, np.array([-1])).to_pylist() == [None] if entries else True


def test_a_text_is_parsed_once():
    fields = FieldTexts.of(pa.array(['{"text":"a"}'] * 1000 + ["{}"]), TYPES)
    assert [len(column) for column in fields.columns.values()] == [2, 2, 2]
    assert fields.is_stated("text").sum() == 1000


def test_long_texts_are_parsed_too():
    words = ["x" * size for size in (1, 3_000_000, 7)]
    texts = pa.array([json.dumps({"text": word}) for word in words])
    assert FieldTexts.of(texts, TYPES).take("text", np.arange(3)).to_pylist() == words


def test_what_is_no_json_is_damaged():
    with pytest.raises(FormatError) as refused:
        FieldTexts.of(pa.array(['{"text":"a"}', "{"]), TYPES)
    assert refused.value.kind == "damaged-records"
