"""Bodies by their media type: values are the texts that files give."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, StcloudError, Unsupported
from stcloud.iaas.feed.body import read_body
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source


@pytest.mark.parametrize(
    ("body", "media", "rows"),
    [
        (b'{"a": 1.10, "b": null, "c": true}', None, [{"a": "1.1", "b": None, "c": "true"}]),
        (b'\xef\xbb\xbf[{"a": 1}, {"b": [1, 2]}]', "application/json", [{"a": "1"}, {"b": "[1, 2]"}]),
        (b'{"a": 1}\n{"a": 2}\n', "application/x-ndjson", [{"a": "1"}, {"a": "2"}]),
        (b'{"a": 1}', "application/vnd.city+json; charset=utf-8", [{"a": "1"}]),
        (b"[]", None, []),
        (b" ", None, []),
        (b"a,b\n1.10,x\n", "text/csv", [{"a": "1.10", "b": "x"}]),
        (b"a\tb\n1\tx\n", "text/tab-separated-values", [{"a": "1", "b": "x"}]),
    ],
)
def test_bodies_are_read_by_their_media_type(tmp_path, body, media, rows):
    assert read_body(body, media, None, tmp_path) == rows


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"{", None), (b"[{}", None), (b"[{}] x", None), (b"5", None), (b'[{"a": 1}, 5]', None), (b"\xff", None),
        (b'{"a": "\\u0000"}', None), (b"[" * 100_000, None), (b"", "text/csv"), (b'a,b\n"1', "text/csv"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path, body, media):
    with pytest.raises(InvalidInput):
        read_body(body, media, None, tmp_path)


def test_other_media_types_have_no_rows_unless_it_is_said(tmp_path):
    with pytest.raises(Unsupported) as refused:
        read_body(b"{}", "image/png", None, tmp_path)
    assert refused.value.kind == "unknown-media-type"
    assert read_body(b'{"a": 1}', "image/png", "json", tmp_path) == [{"a": "1"}]


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
ROW = st.dictionaries(st.sampled_from("abc"), LEAF | st.lists(LEAF, max_size=2), min_size=1)


@given(st.lists(ROW, min_size=1, max_size=4))
def test_rows_of_messages_are_those_of_files(tmp_path_factory, rows):
    body = json.dumps(rows).encode()
    path = tmp_path_factory.mktemp("body") / "rows.json"
    path.write_bytes(body)
    source = open_source(path, Reading())
    filed = [row for batch in source.batches() for row in batch.rows.to_pylist()]
    read = read_body(body, None, None, path.parent)
    assert [{name: row.get(name) for name in source.columns} for row in read] == filed


@given(
    st.binary(max_size=60), st.sampled_from([None, "text/csv", "application/x-ndjson", "text/csv; charset=x"])
)
def test_any_bytes_are_rows_or_refused(tmp_path_factory, body, media):
    try:
        rows = read_body(body, media, None, tmp_path_factory.mktemp("body"))
    except StcloudError:
        return
    assert all(isinstance(row, dict) for row in rows)
