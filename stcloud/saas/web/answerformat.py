"""Answers as bytes: JSON, CSV, GeoJSON, NDJSON, Arrow, Parquet. Tested by `tests/saas/web/test_questions.py`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import write_answer
from stcloud.saas.plaintext import visible_json
from stcloud.saas.web.call import encoded
from stcloud.saas.web.media import ARROW, CSV, GEOJSON, JSON, NDJSON, PARQUET, Media

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

__all__ = ["OFFERED", "json_rows", "written"]

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


def json_rows(answer: Answer) -> bytes:
    """Return the rows of an answer as JSON: of groups column by column, which takes a tenth of the time."""
    table = answer.table
    if not answer.groups or not all(map(_is_plain, table.schema.types)):
        return written(answer, JSON).strip()
    names, columns = table.schema.names, [column.to_pylist() for column in table.columns]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return visible_json(encoded(rows).decode()).encode()


def _is_plain(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_float64, pa.types.is_string, pa.types.is_boolean)
    return True in {bool(test(kind)) for test in tests}


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
