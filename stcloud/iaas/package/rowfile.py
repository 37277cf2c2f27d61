"""Rows of a package as GeoParquet 1.1, with as few bytes beside the values as can be.

A package of an hour has a few rows, and a Parquet file names each of its columns four times. So there are no
statistics and no second schema; columns without a value are left out; and the CRS is ``null`` ("not stated"), since
as PROJJSON it has more bytes than a hundred rows: the manifest states it.

Tested by `tests/iaas/package/test_rowfile.py`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stcloud.errors import StcloudError
from stcloud.iaas.package.packagefile import Refusal, RowMember, packed
from stcloud.iaas.parquetstream import open_streamed
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["read_rows", "write_rows"]

_GROUP_ROWS = 1 << 16
_SMALL_BYTES = 1 << 20
"""Of so few, names and sizes of columns are as many as values: they are compressed with them."""
_RATIO, _FREE_BYTES = 200, 256 << 20
_BOMB = f"its rows unpack to more than {_RATIO} times its size"


def write_rows(
    pieces: Iterable[pa.Table], path: Path, geometry: str, encoding: str, types: list[str]
) -> tuple[RowMember | None, int]:
    """Write pieces of rows as one file; return it, None where there are no rows, and how many there are.

    Parameters
    ----------
    pieces
        Of one schema.
    path
        Where; a small file is compressed as a whole, and its name ends with ``.gz`` then.
    geometry, encoding, types
        Column of the geometry, how it is written (``WKB``, ``point``) and of which types it is.
    """
    groups = _groups(pieces)
    first = next(groups, None)
    if first is None:
        return None, 0
    second = next(groups, None)
    if second is None:  # all rows are at hand: what has no value need not be there
        first = first.select([name for name in first.schema.names if first[name].null_count < len(first)])
    column = {"encoding": encoding, "geometry_types": types, "crs": None}
    geo = json.dumps({"version": "1.1.0", "primary_column": geometry, "columns": {geometry: column}})
    metadata = {"geo": geo} if geometry in first.schema.names else {}
    count, small = 0, second is None and first.nbytes <= _SMALL_BYTES
    with storage_errors("write rows of a package"), pq.ParquetWriter(
        path, first.schema, compression="none" if small else "zstd",
        use_dictionary=False,
        write_statistics=False, store_schema=False, write_page_index=False,
    ) as writer:  # fmt: skip
        for piece in chain([first], [] if second is None else [second], groups):
            count += piece.num_rows
            writer.write_table(piece, row_group_size=_GROUP_ROWS)
        writer.add_key_value_metadata(metadata)
    return RowMember.of(packed(path) if small else path), count


def _groups(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Give the same rows in pieces of at least so many as a row group has, but for the last."""
    held: list[pa.Table] = []
    for piece in pieces:
        held += [piece] if piece.num_rows else []
        if sum(map(len, held)) >= _GROUP_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def read_rows(path: Path, schema: pa.Schema, rows: int, refused: Refusal) -> Iterator[pa.RecordBatch]:
    """Stream rows in a schema; columns that the file lacks are nulls.

    Parameters
    ----------
    path, schema
        The file, and what its columns must be.
    rows
        How many rows it must have.
    refused
        Makes the error for a file that is another one.
    """
    with storage_errors("read rows of a package"), _damages(refused), open_streamed(path) as source:
        _check(source, path, schema, rows, refused)
        left = _most_bytes(path)
        for batch in source.iter_batches(1 << 14):
            there = set(batch.schema.names)
            columns = [
                batch.column(field.name).cast(field.type)
                if field.name in there
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            whole = pa.RecordBatch.from_arrays(columns, schema=schema)
            whole.validate(full=True)
            left -= whole.nbytes
            if left < 0:
                raise refused(_BOMB)
            yield whole


def _check(source: pq.ParquetFile, path: Path, schema: pa.Schema, rows: int, refused: Refusal) -> None:
    metadata = source.metadata
    if metadata.num_rows != rows:
        raise refused(f"it has {metadata.num_rows:,} rows, and its manifest says {rows:,}")
    sizes = (metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if sum(sizes) > _most_bytes(path):
        raise refused(_BOMB)
    chunks = (
        metadata.row_group(number).column(place)
        for number in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
    )
    if any("DICTIONARY" in encoding for chunk in chunks for encoding in chunk.encodings):
        raise refused("its values are in dictionaries, which may unpack to anything")
    known = {field.name: field for field in schema}
    for field in source.schema_arrow:
        if field.name not in known:
            raise refused(f"it has a column {field.name[:80]!r} that its manifest does not name")
        if field.type != known[field.name].type:
            raise refused(f"its column {field.name[:80]!r} is of type {field.type}")


def _most_bytes(path: Path) -> int:
    return max(_FREE_BYTES, _RATIO * path.stat().st_size)


@contextlib.contextmanager
def _damages(refused: Refusal) -> Iterator[None]:
    try:
        yield
    except StcloudError:
        raise
    except (pa.ArrowException, UnicodeDecodeError, EOFError, ValueError) as error:
        raise refused(f"its rows cannot be read ({type(error).__name__})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise refused("its rows cannot be read") from error
