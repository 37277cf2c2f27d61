"""The distributed engine: any Spark Connect endpoint (Sail, Apache Spark, Databricks).

The endpoint reads the Delta table itself, at the version that was planned on, so it must see the city's
folder under the same path. A refinement runs there too, in ``mapInArrow``.

Tested by ``tests/conformance/test_engines.py``.
"""

from __future__ import annotations

import socket
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pyarrow as pa
from sqlglot import exp

from stcloud.errors import InternalError, MissingExtra, StorageError
from stcloud.iaas.engine.model import STAGE, Fetch, Files, Refine, Relation, Sql, Stage, Tell

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Spark"]

_PORT, _PATIENCE_S = 15002, 10.0
_PLAIN = ("grpc.compression_enabled_algorithms_bitset", 1)
"""Rows travel as they are: a server that may would gzip them, and take six times as long."""


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

    streams = False

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = _session(url)

    @property
    def name(self) -> str:
        """What the engine is called in explanations."""
        return f"spark ({self.url})"

    @property
    def session(self) -> SparkSession:
        """The session, for work that is no question."""
        return self._session

    def run(self, stages: Sequence[Stage], relations: Mapping[str, Relation]) -> pa.RecordBatchReader:
        """Run stages over named relations; the answer is fetched whole."""
        frame: DataFrame | None = None
        made: list[str] = []
        try:
            for stage in stages:
                if isinstance(stage, Fetch | Tell | Sql):
                    written = stage if isinstance(stage, Sql) else stage.query()
                    frame = self._sql(written, relations, frame, made)
                elif frame is not None:
                    frame = _refine(stage, frame)
            if frame is None:
                raise InternalError("no-stage", "a plan gave no SQL stage to run")
            return frame.toArrow().to_reader()
        finally:
            for view in made:
                self._session.catalog.dropTempView(view)

    def close(self) -> None:
        """End the session."""
        self._session.stop()

    def _sql(
        self, stage: Sql, relations: Mapping[str, Relation], previous: DataFrame | None, made: list[str]
    ) -> DataFrame:
        query = stage.query.copy()
        for share in list(query.find_all(exp.PercentileCont)):  # Spark's name is PERCENTILE
            share.replace(exp.Quantile(this=share.this, quantile=share.expression))
        for table in list(query.find_all(exp.Table)):
            relation = previous if table.name == STAGE else relations.get(table.name)
            if relation is None:
                continue
            view = f"st_{uuid.uuid4().hex}"
            self._frame(relation).createOrReplaceTempView(view)
            made.append(view)
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
            table.replace(exp.Table(this=exp.to_identifier(view), alias=alias))
        return self._session.sql(query.sql(dialect="spark"), args=dict(stage.values))

    def _of(self, table: pa.Table) -> DataFrame:
        if len(table):
            return self._session.createDataFrame(table)
        # A table without rows is refused, whatever its schema: a row of nulls tells the types.
        row = pa.table([pa.nulls(1, field.type) for field in table.schema], schema=_nullable(table.schema))
        return self._session.createDataFrame(row).limit(0)

    def _frame(self, relation: Relation | DataFrame) -> DataFrame:
        if isinstance(relation, pa.Table):
            return self._of(relation)
        if isinstance(relation, Files):
            snapshot = relation.snapshot
            reader = self._session.read.format("delta").option("versionAsOf", snapshot.version)
            return reader.load(str(snapshot.root.absolute()))
        return relation


def _session(url: str) -> SparkSession:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyspark warns of pandas 3, which it does not use here
            from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415  (an extra, heavy)
            from pyspark.sql.connect.session import SparkSession as Session  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "missing-spark", "the engine 'sc://…' needs pyspark", hint="pip install 'stcloud[spark]'"
        ) from error
    try:
        _touch(url)
        channel = DefaultChannelBuilder(url, channelOptions=[_PLAIN])
        session: Any = Session.builder.channelBuilder(channel).create()
        session.conf.set("spark.sql.session.timeZone", "UTC")
    except Exception as error:
        raise StorageError("engine-unreachable", f"no Spark Connect endpoint answers at {url}") from error
    return cast("SparkSession", session)


def _touch(url: str) -> None:
    """Fail soon where nothing listens: pyspark itself tries for more than a minute, and prints warnings."""
    place = urlsplit(url)
    if place.hostname:
        socket.create_connection((place.hostname, place.port or _PORT), timeout=_PATIENCE_S).close()


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


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in schema])  # noqa: FBT003
