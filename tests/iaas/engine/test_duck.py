"""The embedded engine: stages over files and tables, streamed; what is wrong with a file is told."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from stcloud.errors import FormatError, InternalError
from stcloud.iaas.engine.connections import connect, literal
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import STAGE, Files, Refine, Sql
from stcloud.iaas.table.table import Table


@pytest.fixture
def duck():
    engine = Duck(memory="256MB")
    yield engine
    engine.close()


def sql(text, **values):
    return Sql(sqlglot.parse_one(text, dialect="duckdb"), values)


def ask(duck, *stages, **relations):
    return duck.run(stages, relations).read_all().to_pylist()


@pytest.fixture
def files(tmp_path):
    """Two files of a table: the second has a column that came later."""
    table = Table(tmp_path / "it's 100 *?")
    table.create(pa.schema([("n", pa.int64()), ("part", pa.string())]), partition_by=["part"])
    table.commit(add=[table.write(pa.table({"n": [1, 2]}), {"part": "a"})], after=0)
    table.add_columns([pa.field("more", pa.string())])
    later = pa.table({"n": [3], "more": ["m"]})
    table.commit(add=[table.write(later, {"part": "b"})], after=1)
    snapshot = table.snapshot()
    return Files(snapshot, snapshot.files)


def test_values_are_bound_and_never_become_text(duck):
    evil = "'; DROP TABLE x; --"
    assert ask(duck, sql("SELECT $a AS a, $b + 1 AS b", a=evil, b=1)) == [{"a": evil, "b": 2}]


def test_stages_run_in_order_over_what_came_before(duck):
    def double(batch):
        return pa.RecordBatch.from_pydict(
            {"n": pa.compute.multiply(batch.column("n"), 2), "hidden": batch.column("hidden")}
        )

    numbers = pa.table({"n": [1, 2, 3], "hidden": ["x", "y", "z"]})
    first = sql("SELECT n, hidden FROM numbers WHERE n > $least", least=1)
    last = sql(f"SELECT sum(n)::BIGINT AS total FROM {STAGE}")
    assert ask(duck, first, Refine(double), last, numbers=numbers) == [{"total": 10}]
    assert ask(duck, first, Refine(double), numbers=numbers) == [
        {"n": 4, "hidden": "y"},
        {"n": 6, "hidden": "z"},
    ]


def test_files_are_read_as_one_relation_and_older_ones_give_nulls(duck, files):
    found = ask(duck, sql("SELECT n, more FROM layer ORDER BY n"), layer=files)
    assert found == [{"n": 1, "more": None}, {"n": 2, "more": None}, {"n": 3, "more": "m"}]
    twice = sql("SELECT count(*) AS n FROM layer AS a JOIN layer AS b ON a.n = b.n")
    assert ask(duck, twice, layer=files) == [{"n": 3}]


def test_no_files_are_an_empty_relation(duck, files):
    assert ask(duck, sql("SELECT n, more FROM layer"), layer=Files(files.snapshot, ())) == []


def test_an_answer_comes_in_batches(duck):
    reader = duck.run([sql("SELECT i FROM range(200000) AS r(i)")], {})
    sizes = [batch.num_rows for batch in reader]
    assert sum(sizes) == 200_000
    assert len(sizes) > 1


def test_many_refined_rows_are_set_aside_on_disk():
    """More than memory may hold: the engine spills what a function gave, again and again on one connection."""
    duck = Duck(memory="64MB", small_rows=1000)

    def wide(batch):
        return pa.RecordBatch.from_arrays(
            [*batch.columns, pa.array(["x" * 100] * batch.num_rows)], schema=schema
        )

    schema = pa.schema([("i", pa.int64()), ("text", pa.string())])
    step = Refine(wide, (schema.field("text"),))
    told = sql(f"SELECT count(*) AS n, sum(length(text))::BIGINT AS m FROM {STAGE} WHERE i % $two = 0", two=2)
    for rows in (2_000_000, 10, 300_000):
        found = ask(duck, sql(f"SELECT i FROM range({rows}) AS r(i)"), step, told)
        assert found == [{"n": rows // 2, "m": rows * 50}]
    duck.close()


def test_two_questions_may_be_open_at_once(duck, files):
    first = duck.run([sql("SELECT i FROM range(200000) AS r(i)")], {})
    assert ask(duck, sql("SELECT count(*) AS n FROM layer"), layer=files) == [{"n": 3}]
    del first


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda path: path.unlink(), FormatError),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), FormatError),
        (lambda path: path.write_bytes(b""), FormatError),
    ],
)
def test_what_is_wrong_with_a_file_is_told(duck, files, damage, error):
    damage(files.snapshot.root / files.files[0].path)
    with pytest.raises(error):
        ask(duck, sql("SELECT n FROM layer"), layer=files)


def test_a_plan_without_sql_is_our_fault(duck):
    with pytest.raises(InternalError):
        duck.run([], {})


def test_nothing_is_downloaded_and_the_clock_is_utc():
    with connect() as connection:
        found = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
        assert found["autoinstall_known_extensions"] == found["autoload_known_extensions"] == "false"
        assert found["TimeZone"] == "UTC"


@pytest.mark.parametrize("name", ["a", "a[1]", "a*", "a?", "[[]", "{a,b}"])
def test_a_literal_path_is_no_pattern(tmp_path, name):
    for one in (name, "a1", "ax", "["):
        (tmp_path / f"{one}.csv").write_text(f'name\n"{one}"\n')
    with connect() as connection:
        path = literal(tmp_path / f"{name}.csv")
        found = connection.execute("SELECT DISTINCT name FROM read_csv($path, header = true)", {"path": path})
        assert found.fetchall() == [(name,)]


def test_a_plan_has_at_least_one_stage(duck):
    with pytest.raises(InternalError) as caught:
        duck.run([], {})
    assert caught.value.kind == "no-stage"


def test_blocks_that_came_later_are_read(tmp_path):
    """A file of a bucket is filled as columns are wanted: what was a hole is not remembered as such."""
    whole, path = tmp_path / "whole.parquet", tmp_path / "filled.parquet"
    table = pa.table({name: np.random.default_rng(1).random(50_000) for name in "abc"})
    pq.write_table(table, whole, row_group_size=8192, use_dictionary=False)
    metadata, content = pq.read_metadata(whole), bytearray(whole.read_bytes())
    holes = bytearray(content)
    for group in range(metadata.num_row_groups):
        chunk = metadata.row_group(group).column(1)
        start, length = chunk.data_page_offset, chunk.total_compressed_size
        holes[start : start + length] = bytes(length)
    path.write_bytes(holes)
    with connect() as connection:
        connection.execute(f"SELECT sum(a), sum(c) FROM '{path}'").fetchall()
        with path.open("r+b") as file:
            file.write(content)
        (total,) = connection.execute(f"SELECT sum(b) FROM '{path}'").fetchone()
    assert total == pytest.approx(table["b"].to_numpy().sum())
