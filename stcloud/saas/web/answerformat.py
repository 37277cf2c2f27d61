"""Answers as bytes: JSON, CSV, GeoJSON, NDJSON, Arrow, Parquet. Tested by `tests/saas/web/test_questions.py`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import write_answer
from stcloud.saas.web.media import ARROW, CSV, GEOJSON, JSON, NDJSON, PARQUET, Media

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["OFFERED", "written"]

OFFERED = (JSON, GEOJSON, CSV, NDJSON, ARROW, PARQUET)
_TEXTS = {
    JSON: OutputFormat.JSON,
    GEOJSON: OutputFormat.GEOJSON,
    CSV: OutputFormat.CSV,
    NDJSON: OutputFormat.NDJSON,
}


def written(answer: Answer, media: Media) -> bytes:
    """Return an answer in a format; `Unsupported` ``no-geometry``: GeoJSON of groups without a place."""
    binary: Mapping[Media, Callable[[Answer], bytes]] = {ARROW: _arrow, PARQUET: _parquet}
    if media in binary:
        return binary[media](answer)
    sink = io.StringIO(newline="")
    write_answer(answer, _TEXTS[media], sink)
    return sink.getvalue().encode()


def _arrow(answer: Answer) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, answer.table.schema) as writer:
        writer.write_table(answer.table)
    return sink.getvalue()


def _parquet(answer: Answer) -> bytes:
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = io.BytesIO()
    if answer.shape_column is None:
        pq.write_table(answer.table, sink)
    else:
        answer.to_geopandas().to_parquet(sink)
    return sink.getvalue()
