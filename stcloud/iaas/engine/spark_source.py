"""Where an endpoint reads the files of a table: the Delta table itself, or the Parquet files that are named.

Endpoints without a source for Delta tables (Apache Spark as it is published) are given the very files that the
plan is left with. They must then be able to open them under the same path as this process.

Tested by ``tests/conformance/test_apache_spark.py``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from stcloud.errors import Unsupported
from stcloud.iaas.engine.model import Files
from stcloud.iaas.table.table import File

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SparkSource"]

_NO_SOURCE = "DATA_SOURCE_NOT_FOUND"
_FILE = "st_file_name"


class SparkSource:
    """The tables that a session can read.

    Parameters
    ----------
    session
        An open session.
    """

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._reads_delta: bool | None = None

    def frame(self, relation: Files, columns: Collection[str] | None) -> DataFrame:
        """Return the rows of files.

        Parameters
        ----------
        relation
            The files; where the endpoint reads the Delta table, it may read more of its version than these.
        columns
            What will be read of them; None: all.
        """
        return self._delta(relation) if self._has_delta(relation) else self._parquet(relation, columns)

    def narrowed(self, relation: Files) -> exp.Condition | None:
        """Return what holds in the partitions of the files alone; None: `frame` has no others."""
        if relation.snapshot.whole or not self._has_delta(relation):
            return None
        return _in_partitions(relation.files)

    def given(self, table: pa.Table) -> DataFrame:
        """Return rows that this process has."""
        if len(table):
            return self._session.createDataFrame(table)
        # A table without rows is refused, whatever its schema: a row of nulls tells the types.
        schema = pa.schema([field.with_nullable(True) for field in table.schema])  # noqa: FBT003
        row = pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)
        return self._session.createDataFrame(row).limit(0)

    def beside(self, table: pa.Table) -> DataFrame:
        """Return rows that this process has, which every task is given whole: no other row is moved for them.

        So a cell with a tenth of all events is joined in as many tasks as its rows are read in.
        """
        return self.given(table).hint("broadcast")  # `functions` would call this process's first endpoint

    def _has_delta(self, relation: Files) -> bool:
        """Return whether the endpoint reads Delta tables: it is asked once, and what has no such source says so."""
        if self._reads_delta is None:
            self._reads_delta = self._finds_delta(relation)
        return self._reads_delta

    def _finds_delta(self, relation: Files) -> bool:
        from pyspark.errors import PySparkException  # noqa: PLC0415  (an extra, heavy)

        try:
            self._delta(relation).schema  # noqa: B018  (asks)
        except PySparkException as error:
            if _NO_SOURCE in str(error):
                return False
            raise
        return True

    def _delta(self, relation: Files) -> DataFrame:
        snapshot = relation.snapshot
        reader = self._session.read.format("delta").option("versionAsOf", snapshot.version)
        return reader.load(snapshot.address)

    def _parquet(self, relation: Files, columns: Collection[str] | None) -> DataFrame:
        """Return rows of Parquet files: columns that a file lacks are null, those of its partition are the log's."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  (an extra, heavy)

        snapshot, files = relation.snapshot, relation.files
        if snapshot.in_bucket:
            raise Unsupported(
                "engine-lacks",
                "the engine has no source for Delta tables, so that it reads cities in folders only",
                hint="use Sail, or a Spark that has Delta Lake",
            )
        if not files:
            return self.given(snapshot.schema.empty_table())
        keys = [field for field in snapshot.schema if field.name in files[0].partition]
        stored = pa.schema([field for field in snapshot.schema if field.name not in files[0].partition])
        paths = [_literal(path) for path in snapshot.paths(files)]
        frame = self._session.read.schema(from_arrow_schema(stored)).parquet(*paths)
        wanted = [field for field in keys if columns is None or field.name in columns]
        return self._partitioned(frame, relation, wanted) if wanted else frame

    def _partitioned(self, frame: DataFrame, relation: Files, keys: list[pa.Field]) -> DataFrame:
        from pyspark.sql import functions  # noqa: PLC0415  (an extra, heavy)

        values: dict[str, Any] = {_FILE: pa.array([_name(file.path) for file in relation.files])}
        for key in keys:
            values[key.name] = pa.array([file.partition[key.name] for file in relation.files]).cast(key.type)
        named = frame.withColumn(_FILE, functions.col("_metadata.file_name"))
        whole = named.join(self.beside(pa.table(values)), _FILE)
        return whole.select(*relation.snapshot.schema.names)


def _in_partitions(files: Sequence[File]) -> exp.Condition:
    names = sorted({name for file in files for name in file.partition})
    parts = dict.fromkeys(tuple(file.partition.get(name) for name in names) for file in files)
    return exp.or_(
        exp.false(), *(exp.and_(*map(_has, names, part)) if names else exp.true() for part in parts)
    )


def _has(name: str, value: str | None) -> exp.Expression:
    column = exp.column(name, quoted=True)
    return column.is_(exp.null()) if value is None else column.eq(value)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _literal(path: str) -> str:
    """Return a path as it must be given, lest it be taken for a pattern."""
    return re.sub(r"([*?\[\]{}\\,])", r"\\\1", path)
