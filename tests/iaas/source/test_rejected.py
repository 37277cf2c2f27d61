"""Rows set aside come back as they were, and a file of them is recognised by its header."""

import numpy as np
import pyarrow as pa
import pytest

from stcloud.iaas.source.rejected import RowsAside, is_of_rejected_rows


def test_rows_come_back_by_number_with_every_value_as_text(tmp_path):
    aside = RowsAside(tmp_path / "rows")
    words = pa.array(["道路", None, 'a"b\n']).dictionary_encode()
    rows = pa.RecordBatch.from_arrays([words, pa.array([b"\x01", b"", None])], ["a", "geometry"])
    aside.add(rows.slice(0, 0), np.array([], np.int64))
    aside.add(rows, np.array([3, 5, 8]))
    aside.add(rows.slice(0, 1), np.array([11]))
    assert aside.numbers == {3, 5, 8, 11}
    assert list(aside.read()) == [
        (3, {"a": "道路", "geometry": "01"}),
        (5, {"a": None, "geometry": ""}),
        (8, {"a": 'a"b\n', "geometry": None}),
        (11, {"a": "道路", "geometry": "01"}),
    ]
    assert list(RowsAside(tmp_path / "none").read()) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("head", "ours"),
    [
        ("st_row,st_field,st_reason,st_value,id\n", True),
        ("\ufeffst_row;st_field;st_reason;st_value;id\r\n", True),
        ('"st_row","st_field","st_reason","st_value"\n', True),
        ("id,st_row,st_field,st_reason,st_value\n", False),
        ("st_row,note\n", False),
        ("", False),
    ],
)
def test_the_header_says_so(tmp_path, head, ours):
    (tmp_path / "a.txt").write_text(head, encoding="utf-8")
    assert is_of_rejected_rows(tmp_path / "a.txt") is ours
