"""A batch is a source: its rows, what could not be read, and the columns that must be there."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.batch import FeedBatch, Unreadable, has_batch, open_batch, spool_batch
from stcloud.iaas.source.protocol import Reading


def spooled(tmp_path, *parts, name="a"):
    return spool_batch(FeedBatch(name, parts), tmp_path, lambda _: None)


def test_rows_and_refusals_have_their_numbers(tmp_path):
    file = spooled(tmp_path, {"a": "1"}, Unreadable("cut: why", "{"), {"b": "2", "a": None})
    source = open_batch(file.path, Reading(keys=("a", "id")))
    assert source.columns == ("a", "b", "id")
    (batch,) = source.batches()
    assert batch.rows.to_pylist() == [{"a": "1", "b": None, "id": None}, {"a": None, "b": "2", "id": None}]
    assert batch.numbers.tolist() == [1, 3]
    assert [(refusal.row, refusal.reason, refusal.value) for refusal in batch.refusals] == [
        (2, "cut: why", "{")
    ]
    assert (source.crs, source.position()) == (None, 0)


def test_a_batch_is_identified_by_its_name(tmp_path):
    contents = {spooled(tmp_path, {"a": "1"}, name=name).content for name in "aab"}
    assert len(contents) == 2


def test_many_rows_are_read_in_pieces(tmp_path):
    file = spooled(tmp_path, *({"a": str(n)} for n in range(40_000)), Unreadable("x", "y"))
    batches = list(open_batch(file.path, Reading()).batches())
    assert [batch.rows.num_rows for batch in batches] == [16_384, 16_384, 7_232]
    assert sum(len(batch.refusals) for batch in batches) == 1


def test_nothing_but_refusals(tmp_path):
    source = open_batch(spooled(tmp_path, Unreadable("x", "y")).path, Reading(keys=("id",)))
    (batch,) = source.batches()
    assert (batch.rows.num_rows, len(batch.refusals)) == (0, 1)


def test_another_file_is_no_batch(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(InvalidInput):
        open_batch(tmp_path / "x.csv", Reading())
    assert not has_batch([])
