"""The distributed engine: any Spark Connect endpoint (Sail, Apache Spark, Databricks).

The endpoint reads the table's files itself, at the version that was planned on, so it must see the city's
folder under the same path. A refinement runs there too, in ``mapInArrow``.

Tested by ``tests/conformance/test_engines.py`` and ``tests/conformance/test_apache_spark.py``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from stcloud.errors import InternalError
from stcloud.iaas.engine.model import STAGE, Fetch, Files, Refine, Relation, Sql, Stage, Tell
from stcloud.iaas.engine.spark_dialect import in_spark, refuse_lacking
from stcloud.iaas.engine.spark_session import endpoint_errors, open_session, shown_url
from stcloud.iaas.engine.spark_source import SparkSource
from stcloud.iaas.engine.spark_stream import streamed
from stcloud.iaas.engine.target import leave_schema, parquet_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Spark"]


class Spark:
    """A Spark Connect session.

    Parameters
    ----------
    url
        ``sc://host:port``.

    Raises
    ------
    MissingExtra
        ``missing-spark``: pyspark is not installed.
    StorageError
        ``engine-unreachable``: nothing answers at ``url``.
    """

    stretch_rows = 1 << 21

    def __init__(self, url: str) -> None:
        self.url = shown_url(url)
        self._session = open_session(url)
        self._source = SparkSource(self._session)

    @property
    def name(self) -> str:
        """What the engine is called in explanations."""
        return f"spark ({self.url})"

    @property
    def session(self) -> SparkSession:
        """The session, for work that is no question."""
        return self._session

    def run(self, stages: Sequence[Stage], relations: Mapping[str, Relation]) -> pa.RecordBatchReader:
        """Run stages over named relations and stream the rows of the last one.

        Raises
        ------
        Unsupported
            ``engine-lacks``: a statement has what the endpoint lacks; nothing was run. ``engine-failed``
        StorageError
            ``engine-unreachable``
        """
        made: list[str] = []
        with endpoint_errors(self.url):
            try:
                return streamed(self._frame(stages, relations, made), self.url)
            finally:
                for view in made:
                    self._session.catalog.dropTempView(view)

    def write(self, stages: Sequence[Stage], relations: Mapping[str, Relation], target: str) -> None:
        """Let the endpoint write rows as Parquet files into a folder; raises as `run`, and ``target-exists``."""
        made: list[str] = []
        with parquet_folder(target) as folder, endpoint_errors(self.url):
            try:
                frame = self._frame(stages, relations, made)
                frame.write.mode("error").parquet(folder)
                leave_schema(folder, lambda: frame.limit(0).toArrow().schema)
            finally:
                for view in made:
                    self._session.catalog.dropTempView(view)

    def close(self) -> None:
        """End the session."""
        self._session.stop()

    def _frame(
        self, stages: Sequence[Stage], relations: Mapping[str, Relation], made: list[str]
    ) -> DataFrame:
        """Return what stages give, not yet run; views that are ``made`` for it are to be dropped."""
        written = [stage if isinstance(stage, Refine) else _written(stage) for stage in stages]
        for stage in written:
            if isinstance(stage, Sql):
                refuse_lacking(stage.query, self.name)
        columns = _columns(stage.query for stage in written if isinstance(stage, Sql))
        frame: DataFrame | None = None
        for stage in written:
            if isinstance(stage, Sql):
                frame = self._sql(stage, relations, frame, made, columns)
            elif frame is not None:
                frame = _refine(stage, frame)
        if frame is None:
            raise InternalError("no-stage", "a plan gave no SQL stage to run")
        return frame

    def _sql(
        self, stage: Sql, relations: Mapping[str, Relation], previous: DataFrame | None, made: list[str],
        columns: set[str] | None,
    ) -> DataFrame:  # fmt: skip
        query = stage.query.copy()
        for table in list(query.find_all(exp.Table)):
            relation = previous if table.name == STAGE else relations.get(table.name)
            if relation is None:
                continue
            view = f"st_{uuid.uuid4().hex}"
            self._read(relation, columns).createOrReplaceTempView(view)
            made.append(view)
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
            shown = exp.Table(this=exp.to_identifier(view))
            condition = self._source.narrowed(relation) if isinstance(relation, Files) else None
            if condition is None:
                shown.set("alias", alias)
                table.replace(shown)
            else:
                table.replace(exp.Subquery(this=exp.select("*").from_(shown).where(condition), alias=alias))
        return self._session.sql(in_spark(query), args=dict(stage.values))

    def _read(self, relation: Relation | DataFrame, columns: set[str] | None) -> DataFrame:
        if isinstance(relation, pa.Table):
            return self._source.beside(relation)
        return self._source.frame(relation, columns) if isinstance(relation, Files) else relation


def _written(stage: Fetch | Tell | Sql) -> Sql:
    return stage if isinstance(stage, Sql) else stage.query()


def _columns(queries: Iterator[exp.Query]) -> set[str] | None:
    """Return the names of all columns that statements read; None: all that there are."""
    names: set[str] = set()
    for query in queries:
        if any(not isinstance(star.parent, exp.Count) for star in query.find_all(exp.Star)):
            return None
        names |= {column.name for column in query.find_all(exp.Column)}
    return names


def _refine(stage: Refine, frame: DataFrame) -> DataFrame:
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  (an extra, heavy)
    from pyspark.sql.types import StructType  # noqa: PLC0415

    added = from_arrow_schema(pa.schema(stage.adds)).fields if stage.adds else []
    return frame.mapInArrow(_batchwise(stage.function), StructType([*frame.schema.fields, *added]))


def _batchwise(
    function: Callable[[pa.RecordBatch], pa.RecordBatch],
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[Any]:
        for batch in batches:
            yield function(batch)

    return apply
