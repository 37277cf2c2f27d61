"""Rows of an endpoint come as they are read: with the types of a table, and errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

from stcloud.errors import StcloudError, Unsupported
from stcloud.iaas.engine.model import Refine, Sql
from stcloud.testing.sparkserver import sail_server

pytest.importorskip("pyspark.sql.connect.session", reason="pyspark is not installed")
pytest.importorskip("pysail", reason="pysail is not installed")

from stcloud.iaas.engine.spark import Spark
from stcloud.iaas.engine.spark_stream import streamed

ROWS = 200_000
TYPES = """
SELECT 1 AS a, TIMESTAMP '2024-04-07 12:30:00' AS b, CAST('x' AS BINARY) AS c, 'x' AS e,
    array(1, 2) AS f, CAST(NULL AS DOUBLE) AS g
"""


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    with sail_server() as url:
        engine = Spark(url)
        yield engine
        engine.close()


@pytest.mark.parametrize("rows", ["1 = 1", "1 = 0"])
def test_rows_have_the_types_of_a_table(spark: Spark, rows: str) -> None:
    frame = spark.session.sql(f"SELECT * FROM ({TYPES}) WHERE {rows}")
    table = streamed(frame, spark.url).read_all()
    assert table.equals(frame.toArrow())


def test_rows_come_before_all_of_them_are_there(spark: Spark) -> None:
    """An answer that is left early was not fetched, and what it was made of is gone at the endpoint."""
    query = sqlglot.parse_one("SELECT a FROM layer ORDER BY a")
    reader = spark.run([Sql(query, {})], {"layer": pa.table({"a": range(ROWS)})})
    first = reader.read_next_batch()
    assert 0 < first.num_rows < ROWS / 2
    assert not [table.name for table in spark.session.catalog.listTables() if table.isTemporary]
    other = spark.run([Sql(sqlglot.parse_one("SELECT 1 AS a"), {})], {}).read_all()
    assert other.to_pylist() == [{"a": 1}]  # two answers at once
    rest = reader.read_all()
    assert [*first["a"].to_pylist(), *rest["a"].to_pylist()] == list(range(ROWS))


def test_what_fails_after_the_first_rows_is_one_line(spark: Spark) -> None:
    def fail(batch: pa.RecordBatch) -> pa.RecordBatch:
        if batch.column(0)[0].as_py() > ROWS // 2:
            raise ValueError("of no use")
        return batch

    def read() -> Any:
        query = sqlglot.parse_one("SELECT a FROM layer")
        return spark.run([Sql(query, {}), Refine(fail)], {"layer": pa.table({"a": range(ROWS)})}).read_all()

    with pytest.raises(StcloudError) as caught:
        read()
    assert isinstance(caught.value, Unsupported)
    assert (caught.value.kind, "\n" in str(caught.value)) == ("engine-failed", False)
    assert "of no use" in str(caught.value)
