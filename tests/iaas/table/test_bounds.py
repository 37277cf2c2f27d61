"""What the log has of a file's texts: a value that a file holds is never outside, whatever characters it has."""

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stcloud.iaas.table.log import entry_path
from stcloud.iaas.table.logstate import log_state_path
from stcloud.iaas.table.table import Table

SCHEMA = pa.schema([("word", pa.string())])
words = st.lists(st.text(st.sampled_from("az京𐀀😀𠀀𠮷𪜀𰀀"), min_size=1, max_size=3), min_size=1, max_size=3)


def written(root, texts):
    table = Table(root)
    table.create(SCHEMA)
    table.commit(add=[table.write(pa.table({"word": texts}, SCHEMA), {}, bounded=["word"])], after=0)
    return table


def escape(root):
    """Write an entry as older versions did: characters outside of ASCII as escapes."""
    path = entry_path(root, 1)
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["stats"] = json.dumps(json.loads(action["add"]["stats"]))
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))
    log_state_path(root).unlink()


@given(texts=words)
def test_bounds_of_texts_are_exact(tmp_path_factory, texts):
    root = written(tmp_path_factory.mktemp("t") / "t", texts).root
    log_state_path(root).unlink()  # so that delta-rs reads the log
    (file,) = Table(root).snapshot().files
    assert (file.low["word"], file.high["word"]) == (min(texts), max(texts))


@given(texts=words)
def test_a_text_is_not_passed_over_where_the_log_is_of_an_older_version(tmp_path_factory, texts):
    root = written(tmp_path_factory.mktemp("t") / "t", texts).root
    escape(root)
    (file,) = Table(root).snapshot().files
    assert all(file.may_hold("word", text, text) for text in texts)


def test_a_text_beyond_the_bounds_is_passed_over(tmp_path):
    (file,) = written(tmp_path / "t", ["b", "京"]).snapshot().files
    assert not file.may_hold("word", "人", "人")
    assert not file.may_hold("word", "a", "a")
