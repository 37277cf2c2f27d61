"""Columns of codes: what people read instead of them, and what stays for programs."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumn, labelled, named
from stcloud.space import Lattice

NAMES = {("thing", "1"): "Oak", ("deed", "1"): "Felled oak", (None, "2"): "Elm", ("thing", "2"): "Elm"}
PLAIN = CodedColumn(lambda kind, code: NAMES.get((kind, code)))
KINDED = CodedColumn(lambda kind, code: NAMES.get((kind, code)), "kind")


def texts(table, column):
    return table[column].to_pylist()


def test_a_code_has_its_name_before_it_and_one_without_a_name_stays():
    table = pa.table({"code": ["2", "9", None, ""], "count": [1, 2, 3, 4]})
    shown = labelled(table, {"code": PLAIN})
    assert texts(shown, "code") == ["Elm (2)", "9", None, ""]
    assert texts(shown, "count") == [1, 2, 3, 4]


def test_another_column_says_what_a_code_is_of():
    table = pa.table({"kind": ["thing", "deed", None], "code": ["1", "1", "1"]})
    assert texts(labelled(table, {"code": KINDED}), "code") == ["Oak (1)", "Felled oak (1)", "1"]
    assert texts(labelled(table.drop_columns(["kind"]), {"code": KINDED}), "code") == ["1", "1", "1"]


def test_names_come_beside_their_codes():
    table = pa.table({"a": [1, 2], "code": ["2", "9"], "b": [3, 4]})
    shown = named(table, {"code": PLAIN})
    assert shown.schema.names == ["a", "code", "code_name", "b"]
    assert texts(shown, "code_name") == ["Elm", None]
    assert texts(shown, "code") == ["2", "9"]


def test_names_have_no_place_where_a_column_is_called_so():
    with pytest.raises(InvalidInput) as refused:
        named(pa.table({"code": ["2"], "code_name": ["x"]}), {"code": PLAIN})
    assert refused.value.kind == "column-exists"


@pytest.mark.parametrize("values", [pa.array([1, 2]), pa.array([b"2"]), pa.array([None, None])])
def test_what_is_no_text_is_no_code(values):
    table = pa.table({"code": values})
    assert labelled(table, {"code": PLAIN}) == table
    assert named(table, {"code": PLAIN}) == table


def test_codes_in_a_dictionary_have_names():
    table = pa.table({"code": pa.array(["2", "2", "9"]).dictionary_encode()})
    assert texts(labelled(table, {"code": PLAIN}), "code") == ["Elm (2)", "Elm (2)", "9"]


kinds = st.sampled_from([None, "thing", "deed"])


@given(st.lists(st.tuples(kinds, st.none() | st.text("123", max_size=2))))
def test_every_row_is_labelled_as_if_it_were_alone(rows):
    table = pa.table({"kind": pa.array([kind for kind, _ in rows], pa.string()),
                      "code": pa.array([code for _, code in rows], pa.string())})  # fmt: skip
    expected = [None if code is None else KINDED.label(code, kind) for kind, code in rows]
    assert texts(labelled(table, {"code": KINDED}), "code") == expected
    assert labelled(table, {}) == table


def test_an_answer_shows_names_and_keeps_codes():
    table = pa.table({"code": ["2", "9"], "count": [1, 2]})
    answer = Answer(table, Lattice.for_crs("EPSG:4548"), groups=("code",), coded={"code": PLAIN})
    assert "Elm (2)" in repr(answer)
    assert "Elm (2)" in answer._repr_html_()
    assert answer.to_records() == [{"code": "2", "count": 1}, {"code": "9", "count": 2}]
    assert answer.labelled().to_records()[0] == {"code": "Elm (2)", "count": 1}
    assert answer.labelled().labelled().to_records() == answer.labelled().to_records()
    assert answer.with_names().to_records()[0] == {"code": "2", "code_name": "Elm", "count": 1}
