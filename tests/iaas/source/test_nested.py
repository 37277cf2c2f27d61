"""Values of Parquet that are no plain ones: a text for each, bad bytes are faults of their rows."""

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Reading, declared_types
from stcloud.iaas.source.registry import open_source

FAR = pa.array([2**62, 0, None], pa.timestamp("us"))
BAD = pa.py_buffer(b"\xff\xfeab")
ID = uuid.UUID(int=2**127 + 5)
UUIDS = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([ID.bytes, None, ID.bytes], pa.binary(16)))
BOOLEANS = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
CASES = {
    "durations in seconds": (pa.array([5, -5, None], pa.duration("s")), ["PT5S", "-PT5S", None]),
    "durations in nanoseconds": (
        pa.array([5_000_000_000, -500_000_000, 1], pa.duration("ns")), ["PT5S", "-PT0.5S", "PT0.000000001S"],
    ),
    "UUIDs": (UUIDS, [str(ID), None, str(ID)]),
    "booleans of eight bits": (BOOLEANS, ["true", "false", None]),
    "bytes of one width": (pa.array([b"\xff\xfe", None, b"ab"], pa.binary(2)), [b"\xff\xfe", None, b"ab"]),
    "views of bytes": (pa.array([b"\xff", None, b"ab"], pa.binary_view()), [b"\xff", None, b"ab"]),
    "lists of floats": (pa.array([[340102001001.0, float("nan"), 1.5], None, []]),
                        ["[340102001001, null, 1.5]", None, "[]"]),
    "lists of decimals": (pa.array([[Decimal("1.50"), Decimal("12345678901234567890.12")], None, []]),
                          ['[1.5, "12345678901234567890.12"]', None, "[]"]),
    "lists of instants": (pa.ListArray.from_arrays([0, 1, 2, 3], FAR),
                          ['["<value out of range: 4611686018427387904>"]', '["1970-01-01 00:00:00"]', "[null]"]),
    "lists of nanoseconds": (pa.array([[1_000], None, []], pa.list_(pa.timestamp("ns"))),
                             ['["1970-01-01 00:00:00.000001"]', None, "[]"]),
    "lists of dates": (pa.array([[dt.date(1582, 10, 10)], None, []]), ['["1582-10-10"]', None, "[]"]),
    "lists of bytes": (pa.array([[b"\xff"], None, []]), ['["ff"]', None, "[]"]),
    "structures": (pa.array([{"a": 1.0, "b": [True]}, None, {"a": None, "b": None}]),
                   ['{"a": 1, "b": [true]}', None, '{"a": null, "b": null}']),
    "maps": (pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())), ['[["a", 1]]', None, "[]"]),
    "lists of one length": (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)), ["[1, 2]", None, "[3, 4]"]),
}  # fmt: skip


def opened(folder, values):
    file = folder / "rows.parquet"
    pq.write_table(pa.table({"x": values}), file)
    return open_source(file, Reading())


@pytest.mark.parametrize("name", CASES)
def test_a_value_has_one_text(tmp_path, name):
    values, texts = CASES[name]
    batches = list(opened(tmp_path, values).batches())
    assert [one.rows.column("x").to_pylist() for one in batches] == [texts]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("nested", [False, True])
def test_bytes_that_are_no_text_are_a_fault_of_their_row(tmp_path, kind, nested):
    width = np.int64 if kind == pa.large_string() else np.int32
    texts = pa.Array.from_buffers(kind, 3, [None, pa.py_buffer(np.array([0, 2, 3, 4], width)), BAD])
    values = pa.ListArray.from_arrays([0, 1, 2, 3], texts) if nested else texts
    (batch,) = opened(tmp_path, values).batches()
    assert [(one.row, one.reason) for one in batch.faults] == [(1, "undecodable-text")]
    assert batch.rows.column("x").to_pylist()[1:] == (['["a"]', '["b"]'] if nested else ["a", "b"])


def test_booleans_of_eight_bits_are_booleans(tmp_path):
    assert declared_types(opened(tmp_path, BOOLEANS))["x"].type == "boolean"


def test_a_file_of_too_many_levels_is_bad_input(tmp_path):
    values = pa.array([1, 2, None])
    for _ in range(60):
        values = pa.ListArray.from_arrays([0, 1, 2, 3], values)
    with pytest.raises(InvalidInput, match="cannot be read"):
        opened(tmp_path, values)
