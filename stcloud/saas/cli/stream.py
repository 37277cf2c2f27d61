"""Printing rows that keep coming: memory holds a batch, whatever the format, but for those that are written whole.

Tested by `tests/saas/cli/test_features.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.output import (
    print_answer,
    print_features,
    print_readable,
    print_rows,
    print_table,
    print_to,
)
from stcloud.saas.cli.target import STREAMED, Target

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.paas.query.answer.coded import CodedColumns
    from stcloud.space import Lattice

__all__ = ["print_stream"]

_SHOWN = 50
_NO_CODES: CodedColumns = MappingProxyType({})


def print_stream(
    rows: pa.RecordBatchReader, lattice: Lattice, target: Target, coded: CodedColumns = _NO_CODES
) -> None:
    """Print rows of events in a format, as `print_answer` does; ``coded`` are their columns that hold codes.

    GeoPackage and FlatGeobuf are written of all rows at once.
    """
    import pyarrow as pa  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415

    names, path = rows.schema.names, target.path
    if target.form in STREAMED:
        print_rows(names, _dicts(rows), target)
    elif target.form is OutputFormat.TABLE and path is None:
        _shown(rows, lattice, coded)
    elif target.form is OutputFormat.TABLE:
        print_to(path, lambda sink: print_table(names, _dicts(rows), sink, 0, whole=True))
    elif target.form is OutputFormat.GEOJSON:
        answers = (Answer(pa.Table.from_batches([batch]), lattice) for batch in rows)
        print_to(path, lambda sink: print_features(answers, sink))
    elif target.form is OutputFormat.PARQUET:
        print_to(path, lambda sink: _parquet(rows, lattice, sink), binary=True)
    else:
        print_answer(Answer(rows.read_all(), lattice), target)


def _dicts(rows: pa.RecordBatchReader) -> Iterator[dict[str, Any]]:
    for batch in rows:
        for at in range(0, batch.num_rows, 4096):
            yield from batch.slice(at, 4096).to_pylist()


def _shown(rows: pa.RecordBatchReader, lattice: Lattice, coded: CodedColumns) -> None:
    """Print the first rows, once all are counted."""
    import pyarrow as pa  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415

    first: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        if count <= _SHOWN:
            first.append(batch.slice(0, _SHOWN + 1 - count))
        count += batch.num_rows
    answer = Answer(pa.Table.from_batches(first, rows.schema), lattice, coded=coded)
    print_to(None, lambda sink: print_readable(answer, sink, count))


def _parquet(rows: pa.RecordBatchReader, lattice: Lattice, sink: Any) -> None:
    """Write GeoParquet: points as WKB in the city's CRS."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415
    import pyproj  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415

    column = {"encoding": "WKB", "geometry_types": ["Point"], "crs": pyproj.CRS(lattice.crs).to_json_dict()}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    schema = rows.schema.append(pa.field("geometry", pa.binary())).with_metadata({"geo": json.dumps(geo)})
    with pq.ParquetWriter(sink, schema) as writer:
        for batch in rows:
            table = pa.Table.from_batches([batch])
            shapes = pa.array(shapely.to_wkb(Answer(table, lattice).geometry()), pa.binary())
            writer.write_table(table.append_column("geometry", shapes).cast(schema))
