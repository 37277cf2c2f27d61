"""Printing answers: tables for people; JSON, CSV, GeoJSON and Parquet for programs; vector files for GIS."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import Format
from stcloud.saas.cli.vectorfile import DRIVERS, write_vector

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.paas.query import Answer

__all__ = [
    "chosen_format", "note", "plain", "print_answer", "print_features", "print_records", "print_rows", "print_table",
    "print_to",
]  # fmt: skip

_TABLE_ROWS = 50
_BY_SUFFIX = {
    ".json": Format.JSON, ".ndjson": Format.NDJSON, ".jsonl": Format.NDJSON, ".csv": Format.CSV,
    ".geojson": Format.GEOJSON, ".parquet": Format.PARQUET, ".gpkg": Format.GPKG, ".fgb": Format.FGB,
}  # fmt: skip


def note(text: str) -> None:
    """Say something to the person, on stderr."""
    print(text, file=sys.stderr)  # noqa: T201


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: instants and days in ISO 8601, no NaN."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_answer(answer: Answer, form: Format | None, path: Path | None) -> None:
    """Print an answer in a format, to stdout or a file that is written whole or not at all.

    Raises
    ------
    InvalidInput
        ``file-needed``: a GeoPackage or FlatGeobuf was asked for, and no file named.
    Unsupported
        ``no-geometry``, ``same-names``: the answer does not go into this format.
    """
    chosen = chosen_format(form, path)
    if chosen in DRIVERS:
        if path is None:
            raise InvalidInput(
                "file-needed", f"{chosen} is not written to stdout", hint="name a file with --output"
            )
        write_vector(answer, chosen, path)
        return
    if chosen is Format.PARQUET:
        print_to(path, lambda sink: _parquet(answer, sink), binary=True)
        return
    writers: Mapping[Format, Callable[[Answer, TextIO], None]] = {
        Format.TABLE: lambda found, sink: print_table(
            found.plain.schema.names, _rows(found.plain), sink, len(found)
        ),
        Format.JSON: lambda found, sink: _array(found.plain, sink),
        Format.NDJSON: lambda found, sink: sink.writelines(_json(row) + "\n" for row in _rows(found.plain)),
        Format.CSV: _csv,
        Format.GEOJSON: lambda found, sink: print_features([found], sink),
    }
    print_to(path, lambda sink: writers[chosen](answer, sink))


def print_records(
    records: Sequence[Mapping[str, Any]], form: Format | None, path: Path | None = None
) -> None:
    """Print a few records; as JSON the whole list.

    Raises
    ------
    InvalidInput
        ``no-geometry``: GeoJSON or Parquet was asked of records that have no place.
    """
    chosen = chosen_format(form, path)
    names = list(dict.fromkeys(name for one in records for name in one))
    writers: Mapping[Format, Callable[[TextIO], None]] = {
        Format.TABLE: lambda sink: print_table(names, records, sink, len(records)),
        Format.CSV: lambda sink: _write_csv(names, records, sink),
        Format.NDJSON: lambda sink: sink.writelines(_json(one) + "\n" for one in records),
        Format.JSON: lambda sink: _joined("[", map(_json, records), "]", sink),
    }
    if chosen not in writers:
        raise InvalidInput(
            "no-geometry", f"this is not printed as {chosen}", hint="use table, json, ndjson or csv"
        )
    print_to(path, writers[chosen])


def print_rows(
    names: Sequence[str], rows: Iterable[Mapping[str, Any]], form: Format | None, path: Path | None
) -> None:
    """Print rows that keep coming, so that memory stays flat: CSV unless another format is asked for.

    Raises
    ------
    InvalidInput
        ``no-geometry``: another format than CSV, JSON or NDJSON was asked for.
    """
    chosen = form or (_BY_SUFFIX.get(path.suffix.lower(), Format.CSV) if path else Format.CSV)
    writers: Mapping[Format, Callable[[TextIO], None]] = {
        Format.CSV: lambda sink: _write_csv(names, rows, sink),
        Format.NDJSON: lambda sink: sink.writelines(_json(one) + "\n" for one in rows),
        Format.JSON: lambda sink: _joined("[", map(_json, rows), "]", sink),
    }
    if chosen not in writers:
        raise InvalidInput("no-geometry", f"this is not printed as {chosen}", hint="use csv, json or ndjson")
    print_to(path, writers[chosen])


def chosen_format(form: Format | None, path: Path | None) -> Format:
    """Return the format asked for, or else that of the file's name, or else a table."""
    return form or (_BY_SUFFIX.get(path.suffix.lower(), Format.TABLE) if path else Format.TABLE)


def print_table(
    names: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    sink: TextIO,
    count: int,
    *,
    header: bool = True,
    widths: Mapping[str, int] | None = None,
) -> None:
    """Print a table for people: at most fifty rows; a note tells of the rest.

    ``header`` is False for the lines that follow others; ``widths`` are the least ones of columns.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False, show_header=header)
    for name in names:
        table.add_column(name, overflow="fold", min_width=max(len(name), (widths or {}).get(name, 0)))
    for number, row in enumerate(rows):
        if number == _TABLE_ROWS:
            note(f"{count:,} rows; the first {_TABLE_ROWS} are shown (--format csv, json … give all)")
            break
        table.add_row(*("" if row.get(name) is None else str(plain(row[name])) for name in names))
    width = None if sink.isatty() else 200
    Console(file=sink, width=width).print(table, markup=False) if names else None


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(_plain(row), ensure_ascii=False)


def _array(table: pa.Table, sink: TextIO) -> None:
    _joined("[", map(_json, _rows(table)), "]", sink)


def _joined(head: str, parts: Iterable[str], tail: str, sink: TextIO) -> None:
    sink.write(head)
    for number, part in enumerate(parts):
        sink.write(("," if number else "") + "\n" + part)
    sink.write(f"\n{tail}\n" if tail else "\n")


def _csv(answer: Answer, sink: TextIO) -> None:
    """Columns and, of features, the geometry as WKT in the city's CRS, exactly."""
    rows, names = _rows(answer.plain), answer.plain.schema.names
    if answer.shape_column == "st_geom":
        import shapely  # noqa: PLC0415

        texts = shapely.to_wkt(answer.geometry(), rounding_precision=-1)
        rows = ({**row, "geometry": text} for row, text in zip(rows, texts, strict=True))
        names = [*names, "geometry"]
    _write_csv(names, rows, sink)


def _write_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]], sink: TextIO) -> None:
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([plain(row.get(name)) for name in names] for row in rows)


def print_features(answers: Iterable[Answer], sink: TextIO) -> None:
    """Print answers as one collection of RFC 7946, in longitude and latitude."""
    features = (text for answer in answers for text in _features(answer))
    first = list(itertools.islice(features, 1))  # what has no place is refused before anything is written
    _joined('{"type": "FeatureCollection", "features": [', itertools.chain(first, features), "]}", sink)


def _features(answer: Answer) -> Iterator[str]:
    """Write each row as a feature; those without a place have a null geometry."""
    import geopandas  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    shapes = geopandas.GeoSeries(answer.geometry(), crs=answer.lattice.crs).to_crs("OGC:CRS84")
    rounded = shapely.set_precision(shapes.to_numpy(), 1e-9)
    texts = shapely.to_geojson(shapely.orient_polygons(rounded))
    for text, row in zip(texts, _rows(answer.plain), strict=True):
        yield f'{{"type": "Feature", "geometry": {text or "null"}, "properties": {_json(row)}}}'


def _parquet(answer: Answer, sink: Any) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    if answer.shape_column is None:
        pq.write_table(answer.table, sink)
    else:
        answer.to_geopandas().to_parquet(sink)


def print_to(path: Path | None, write: Callable[[Any], None], *, binary: bool = False) -> None:
    """Let something be written to stdout, or to a file that is whole or not there."""
    if path is None:
        if binary:  # a pipe cannot be sought in
            memory = io.BytesIO()
            write(memory)
            sys.stdout.buffer.write(memory.getvalue())
        else:
            write(sys.stdout)
        sys.stdout.flush()
        return
    from stcloud.iaas.folder import storage_errors  # noqa: PLC0415

    temporary = path.with_name(f".{path.name}.part")
    with storage_errors(f"write {path}"), contextlib.ExitStack() as stack:
        stack.callback(temporary.unlink, missing_ok=True)
        with temporary.open("wb") if binary else temporary.open("w", encoding="utf-8", newline="") as sink:
            write(sink)
        temporary.replace(path)
