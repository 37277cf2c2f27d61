"""Rows have one identity whatever pieces, layout or library they come in; what is spooled reads as a file of them."""

import contextlib
import datetime as dt
import tempfile
from pathlib import Path

import duckdb
import geopandas
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.iaas.source.memory.rows import in_blocks, rows_of
from stcloud.iaas.source.memory.spooling import ready
from stcloud.iaas.source.protocol import Reading, declared_types
from stcloud.iaas.source.registry import open_source
from stcloud.testing.examples import examples

SHANGHAI = pa.timestamp("us", "Asia/Shanghai")
TYPES = {
    "text": (pa.string(), st.text(st.characters(codec="utf-8"), max_size=5)),
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "small": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "number": (pa.float64(), st.floats(allow_nan=False)),
    "single": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "yes": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "at": (SHANGHAI, st.datetimes(dt.datetime(1902, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC))),
    "naive": (pa.timestamp("ms"), st.datetimes().map(lambda at: at.replace(microsecond=0))),
    "exact": (pa.decimal128(9, 2), st.decimals(-99999, 99999, places=2)),
    "list": (pa.list_(pa.int32()), st.lists(st.integers(-9, 9), max_size=2)),
    "pair": (pa.struct([("a", pa.string())]), st.fixed_dictionaries({"a": st.sampled_from(["", "北山"])})),
    "raw": (pa.binary(), st.binary(max_size=4)),
    "long": (pa.duration("s"), st.timedeltas(dt.timedelta(-9), dt.timedelta(9)).map(lambda t: t // 10**6 * 10**6)),
}  # fmt: skip


@st.composite
def tables(draw):
    """Draw a table of few rows with nulls in columns of every type."""
    count = draw(st.integers(0, 6))
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=6, unique=True))
    columns = {}
    for name in names:
        kind, values = TYPES[name]
        drawn = draw(st.lists(st.none() | values, min_size=count, max_size=count))
        columns[name] = pa.array(drawn, kind)
    return pa.table(columns)


@st.composite
def pieces(draw, table):
    """Draw record batches that hold the rows of a table, some of them empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(table)), max_size=5)))
    bounds = zip([0, *cuts], [*cuts, len(table)], strict=True)
    batches = []
    for start, end in bounds:
        rows = table.slice(start, end - start).combine_chunks().to_batches()
        batches += rows or [pa.RecordBatch.from_pylist([], table.schema)]
    return pa.RecordBatchReader.from_batches(table.schema, batches)


@contextlib.contextmanager
def spooled(given, form=None):
    with tempfile.TemporaryDirectory() as place:
        folder = contextlib.nullcontext(Path(place))
        with ready(given, lambda: folder, lambda _: None, form) as source:
            yield source


def identity(given):
    with spooled(given) as source:
        return source.fingerprint()


def read(source):
    """Return columns, types, rows and refusals of an opened source."""
    batches = list(source.batches())
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    faults = [fault for batch in batches for fault in (*batch.refusals, *batch.faults)]
    numbers = [number for batch in batches for number in batch.numbers.tolist()]
    return source.columns, dict(declared_types(source)), rows, numbers, faults


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_the_pieces_of_rows_do_not_matter(data):
    table = data.draw(tables())
    assert identity(data.draw(pieces(table))) == identity(data.draw(pieces(table))) == identity(table)


@settings(max_examples=examples(60), deadline=None)
@given(tables(), st.integers(0, 5), st.data())
def test_every_value_matters(table, row, data):
    if not len(table):
        return
    row %= len(table)
    name = data.draw(st.sampled_from(table.schema.names))
    other = data.draw(st.none() | TYPES[name][1])
    values = table[name].combine_chunks()
    changed = pa.concat_arrays([values[:row], pa.array([other], values.type), values[row + 1 :]])
    at = table.schema.get_field_index(name)
    same = repr(changed.to_pylist()) == repr(values.to_pylist()) or changed.equals(values)
    assert (identity(table.set_column(at, name, changed)) == identity(table)) == same


def test_the_crs_and_which_column_is_the_geometry_matter():
    shapes = geopandas.GeoSeries([shapely.Point(1, 2)])
    frame = geopandas.GeoDataFrame({"a": shapes.set_crs(4326), "b": shapes.set_crs(4326)}, geometry="a")
    others = [
        frame.set_geometry("b"),
        frame.assign(a=shapes.set_crs(4490)).set_geometry("a"),
        frame.assign(a=shapes.translate(1).set_crs(4326)).set_geometry("a"),
    ]
    assert identity(frame) == identity(frame.copy())
    assert len({identity(given) for given in (frame, *others)}) == 4


@settings(max_examples=examples(60), deadline=None)
@example(pa.table({"small": pa.array([], pa.uint64())}))
@given(tables())
def test_what_is_spooled_reads_as_a_file_of_the_rows(table):
    with tempfile.TemporaryDirectory() as place, spooled(table) as source:
        file = Path(place, "rows.parquet")
        pq.write_table(table, file)
        assert read(source.open(Reading(format="csv"))) == read(open_source(file, Reading()))


def test_the_same_rows_of_every_library_are_the_same():
    frame = pd.DataFrame(
        {
            "id": ["a", "b", None],
            "n": pd.array([1, None, 3], dtype="Int64"),
            "at": pd.to_datetime(["2024-03-01", None, "2024-03-03"]).tz_localize("Asia/Shanghai"),
            "kind": pd.Categorical(["x", "y", "x"]),
        }
    )
    table = pa.Table.from_pandas(frame)
    encoded = table.set_column(0, "id", table["id"].cast(pa.string()).dictionary_encode())
    runs = table.set_column(3, "kind", pa.RunEndEncodedArray.from_arrays([1, 2, 3], ["x", "y", "x"]))
    relation = duckdb.connect().from_arrow(table)
    batch = table.combine_chunks().to_batches()[0]
    same = [frame, table, table.to_reader(), batch, encoded, runs, pl.from_arrow(table), relation]
    assert len({identity(given) for given in same}) == 1
    assert identity(frame.set_index("id")) == identity(frame)
    assert identity(frame.iloc[::-1]) != identity(frame)
    assert identity(frame.rename(columns={"n": "m"})) != identity(frame)
    assert identity(frame.astype({"n": "float64"})) != identity(frame)


def test_blocks_have_one_size_whatever_comes():
    table = pa.table({"n": range(10)})
    for size in (1, 3, 4, 10, 99):
        blocks = list(in_blocks(table.to_reader(max_chunksize=size), 4))
        assert [block.num_rows for block in blocks] == [4, 4, 2]
        assert pa.Table.from_batches(blocks).equals(table)


def test_a_stream_is_read_piece_by_piece():
    held, most = [], 0

    def batches():
        for at in range(400):
            held.append(pa.record_batch({"n": np.arange(at * 4096, (at + 1) * 4096)}))
            yield held.pop()

    before = pa.total_allocated_bytes()

    def watch(_):
        nonlocal most
        most = max(most, pa.total_allocated_bytes() - before)

    schema = pa.schema({"n": pa.int64()})
    with tempfile.TemporaryDirectory() as place, ready(
        pa.RecordBatchReader.from_batches(schema, batches()), lambda: contextlib.nullcontext(Path(place)), watch
    ) as source:  # fmt: skip
        assert source.name == "RecordBatchReader of 1,638,400 rows"
    assert most < 8 << 20  # of 13 MB


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (5, "unknown-source", "int"),
        (b"id\n1\n", "unknown-source", "bytes"),
        (["a.csv", "b.csv"], "unknown-source", "list"),
        ({"a": [1]}, "unknown-source", "neither a FeatureCollection nor a Feature"),
        (pl.Series([1]), "unreadable-source", "Series"),
        (pa.table([[1], [2]], ["a", "a"]), "repeated-column", "'a'"),
        (pa.table({"a": pa.array([None], pa.month_day_nano_interval())}), "unsupported-column", "'a'"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(given, kind, words):
    with pytest.raises(InvalidInput, match=words) as refused, spooled(given):
        pass
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


def test_a_format_is_stated_only_of_what_does_not_know_its_own():
    with pytest.raises(InvalidInput) as refused, spooled(pa.table({"a": [1]}), "csv"):
        pass
    assert refused.value.kind == "known-format"


def test_a_stream_that_breaks_off_says_where():
    def batches():
        yield pa.record_batch({"n": [1]})
        raise pa.ArrowInvalid("the line went dead")

    broken = pa.RecordBatchReader.from_batches(pa.schema({"n": pa.int64()}), batches())
    with pytest.raises(InvalidInput, match="the line went dead"), spooled(broken):
        pass


def test_types_that_libraries_give_become_plain():
    view = pa.table({"a": pa.array(["x"], pa.string_view()), "b": pa.array([b"x"], pa.binary_view())})
    assert rows_of(view).schema.types == [pa.large_string(), pa.large_binary()]
