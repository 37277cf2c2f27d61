"""Rows of a Spark Connect endpoint as a stream: neither side holds the whole answer.

pyspark itself gives Arrow only as one table. An endpoint keeps some batches that it has sent, in case the connection
breaks; the client releases each that it has read.

Tested by ``tests/iaas/engine/test_spark_stream.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.errors import Unsupported
from stcloud.iaas.engine.spark_session import endpoint_errors

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["streamed"]


def streamed(frame: DataFrame, url: str) -> pa.RecordBatchReader:
    """Run a frame, and return its rows as they come; they have the types that ``DataFrame.toArrow`` gives.

    The endpoint has planned it and given its first rows when this returns: views that it reads may be dropped then.

    Parameters
    ----------
    frame
        A frame of a Spark Connect session.
    url
        The endpoint's, for errors.

    Raises
    ------
    Unsupported
        ``engine-lacks``; ``engine-failed``: here, or while rows are read.
    StorageError
        ``engine-unreachable``: here, or while rows are read.
    """
    with endpoint_errors(url):
        parts = _parts(frame)
        schema = next(parts, None)
        if not isinstance(schema, pa.Schema):
            raise Unsupported(
                "engine-failed", f"the engine at {url} failed: it gave rows without their types"
            )
        first = list(itertools.islice(parts, 1))
    return pa.RecordBatchReader.from_batches(schema, _rest(first, parts, schema, url))


def _parts(frame: DataFrame) -> Iterator[pa.Schema | pa.Table]:
    """Give the schema, then tables: each is one response of the endpoint."""
    from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415  (an extra, heavy)

    connected: Any = frame
    client, plan = connected.sparkSession.client, connected._plan  # noqa: SLF001  (as its own methods do)
    for part in client.to_table_as_iterator(plan.to_proto(client), plan.observations):
        if isinstance(part, pa.Table):
            yield part
        else:
            yield to_arrow_schema(part, error_on_duplicated_field_names_in_struct=True, timezone="UTC")


def _rest(first: list[Any], parts: Iterator[Any], schema: pa.Schema, url: str) -> Iterator[pa.RecordBatch]:
    with endpoint_errors(url):
        for part in itertools.chain(first, parts):
            if isinstance(part, pa.Table):
                yield from part.cast(schema).to_batches()
