"""Printing answers: tables for people; JSON, CSV, GeoJSON and Parquet for programs; vector files for GIS.

Tested by `tests/reliability/test_output.py`.
"""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from stcloud.errors import StorageError
from stcloud.saas.cli.option import OutputFormat
from stcloud.saas.cli.readable import readable
from stcloud.saas.cli.table import show_table, write_table
from stcloud.saas.cli.target import Target
from stcloud.saas.cli.vectorfile import DRIVERS, write_vector
from stcloud.saas.cli.workbookfile import write_workbook
from stcloud.saas.plaintext import hides, visible, visible_json, visible_lines
from stcloud.saas.wholefile import whole_file

if TYPE_CHECKING:
    import pyarrow as pa

    from stcloud.paas.query import Answer

__all__ = [
    "note", "plain", "print_answer", "print_features", "print_readable", "print_records", "print_rows",
    "print_table", "print_text", "print_to", "write_answer",
]  # fmt: skip

_TABLE_ROWS = 50
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, or skip before one; full-width forms too."""


def note(text: str) -> None:
    """Say something to the person, on stderr."""
    print(visible_lines(text), file=sys.stderr)  # noqa: T201


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: instants, days, times and durations in ISO 8601, bytes in Base64, no NaN."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, timedelta):
        return f"PT{Decimal(value // timedelta(microseconds=1)) / 1_000_000:f}S"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def print_answer(answer: Answer, target: Target | None = None, *, every_column: bool = False) -> None:
    """Print an answer: a table on stdout, unless a target says otherwise; a file is written whole or not at all.

    A table on stdout is for people: `readable` says what it leaves out, unless ``every_column``.

    Raises
    ------
    Unsupported
        ``no-geometry``, ``same-names``: the answer does not go into this format.
    """
    target = target or Target()
    if target.form in DRIVERS and target.path is not None:
        write_vector(answer, target.form, target.path)
        return
    if target.form is OutputFormat.PARQUET:
        print_to(target.path, lambda sink: _parquet(answer, sink), binary=True)
        return
    if target.form is OutputFormat.XLSX and target.path is not None:
        _workbook(answer, target.path)
        return
    if target.form is OutputFormat.TABLE:
        print_to(target.path, lambda sink: _table(answer, sink, target, every_column=every_column))
    else:
        print_to(target.path, lambda sink: write_answer(answer, target.form, sink, safe=target.safe_csv))


def write_answer(answer: Answer, form: OutputFormat, sink: TextIO, *, safe: bool = False) -> None:
    """Write an answer as JSON, NDJSON, CSV or GeoJSON; ``safe``: no spreadsheet computes what CSV has.

    Raises
    ------
    Unsupported
        ``no-geometry``: GeoJSON of groups without a place.
    """
    writers: Mapping[OutputFormat, Callable[[], object]] = {
        OutputFormat.JSON: lambda: _joined("[", map(_json, _rows(answer.plain)), "]", sink),
        OutputFormat.NDJSON: lambda: sink.writelines(_json(row) + "\n" for row in _rows(answer.plain)),
        OutputFormat.CSV: lambda: _csv(answer, sink, safe=safe),
        OutputFormat.GEOJSON: lambda: print_features([answer], sink),
    }
    writers[form]()


def print_readable(answer: Answer, sink: TextIO, count: int, *, every_column: bool = False) -> None:
    """Print the first of ``count`` rows as a person reads them; see `readable`."""
    shown = readable(answer, _shown, every_column=every_column, most=_TABLE_ROWS)
    print_table(shown.names, shown.rows(), sink, count, text=shown.text)


def _table(answer: Answer, sink: TextIO, target: Target, *, every_column: bool) -> None:
    if target.path is None:
        print_readable(answer, sink, len(answer), every_column=every_column)
    else:
        print_table(answer.plain.schema.names, _rows(answer.plain), sink, len(answer), whole=True)


def print_records(
    records: Sequence[Mapping[str, Any]], target: Target | None = None, names: Sequence[str] = ()
) -> None:
    """Print a few records, in one of the formats `RECORDS`; as JSON the whole list.

    ``names`` are columns that there are even where there is no record.
    """
    target = target or Target()
    names = list(dict.fromkeys([*names, *(name for record in records for name in record)]))
    if target.form is OutputFormat.TABLE:
        whole = target.path is not None
        print_to(target.path, lambda sink: print_table(names, records, sink, len(records), whole=whole))
    else:
        print_rows(names, records, target)


def print_rows(names: Sequence[str], rows: Iterable[Mapping[str, Any]], target: Target) -> None:
    """Print rows that keep coming, in one of the formats `STREAMED`, so that memory stays flat."""
    writers: Mapping[OutputFormat, Callable[[TextIO], None]] = {
        OutputFormat.CSV: lambda sink: _write_csv(names, rows, sink, safe=target.safe_csv),
        OutputFormat.NDJSON: lambda sink: sink.writelines(_json(row) + "\n" for row in rows),
        OutputFormat.JSON: lambda sink: _joined("[", map(_json, rows), "]", sink),
    }
    print_to(target.path, writers[target.form])


def print_text(text: str, path: Path | None = None) -> None:
    """Print a text as it is, its hidden characters written out where a terminal would obey them."""
    print_to(path, lambda sink: sink.write(visible_lines(text) if sink.isatty() else text))


def print_table(
    names: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    sink: TextIO,
    count: int,
    *,
    whole: bool = False,
    header: bool = True,
    widths: Mapping[str, int] | None = None,
    text: Callable[[Any], str] | None = None,
) -> None:
    """Print a table for people: all of it into a file, else at most fifty rows; a note counts the rest.

    ``header`` is False for the lines that follow others; ``widths`` are the least ones of columns; ``text`` returns
    a value as text, by default in full.
    """
    text = text or _shown
    if count > _TABLE_ROWS and not whole:
        note(f"{count:,} rows; the first {_TABLE_ROWS} are shown (--format csv, json … give all)")
    shown = rows if whole else itertools.islice(rows, _TABLE_ROWS)
    if names and sink.isatty():
        from rich.console import Console  # noqa: PLC0415  (keeps --help light)

        show_table(names, shown, sink, text, Console(file=sink).width, header=header, widths=widths)
    elif names:
        written = write_table(names, shown, sink, text, header=header, widths=widths)
        if written > _TABLE_ROWS:
            note(f"{written:,} rows, all of them written")


def _shown(value: Any) -> str:
    shown = plain(value)
    return json.dumps(shown, ensure_ascii=False) if isinstance(shown, dict | list) else str(shown)


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _json(row: Mapping[str, Any]) -> str:
    return visible_json(json.dumps(_plain(row), ensure_ascii=False))


def _joined(head: str, parts: Iterable[str], tail: str, sink: TextIO) -> None:
    sink.write(head)
    for number, part in enumerate(parts):
        sink.write(("," if number else "") + "\n" + part)
    sink.write(f"\n{tail}\n" if tail else "\n")


def _csv(answer: Answer, sink: TextIO, *, safe: bool) -> None:
    """Return the columns and, of features, the geometry as WKT in the city's CRS, exactly."""
    rows, names = _rows(answer.plain), answer.plain.schema.names
    if answer.shape_column == "st_geom":
        import shapely  # noqa: PLC0415

        texts = shapely.to_wkt(answer.geometry(), rounding_precision=-1)
        rows = ({**row, "geometry": text} for row, text in zip(rows, texts, strict=True))
        names = [*names, "geometry"]
    _write_csv(names, rows, sink, safe=safe)


def _write_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]], sink: TextIO, *, safe: bool) -> None:
    """Write values exactly; but for a spreadsheet, or for a terminal, text that either would obey is guarded."""
    cell: Callable[[Any], Any] = _csv_value
    if safe:
        cell = _guarded
    if sink.isatty():
        cell = _on_terminal(cell)
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow([cell(name) for name in names])
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)


def _csv_value(value: Any) -> Any:
    cell = plain(value)
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell


def _guarded(value: Any) -> Any:
    """Return a cell that no spreadsheet computes: such text gets an apostrophe before it; numbers stay numbers."""
    cell = _csv_value(value)
    return f"'{cell}" if isinstance(value, str) and value.startswith(_FORMULA) else cell


def _on_terminal(cell: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def shown(value: Any) -> Any:
        text = cell(value)
        return visible(text) if isinstance(text, str) and hides(text) else text

    return shown


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


def _workbook(answer: Answer, path: Path) -> None:
    """Write all columns but the geometry, for which a sheet has no form."""
    schema = answer.plain.schema
    zones = {field.name: field.type.tz for field in schema if getattr(field.type, "tz", None)}
    write_workbook(schema.names, _rows(answer.plain), path, zones, plain)


def _parquet(answer: Answer, sink: Any) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    if answer.shape_column is None:
        pq.write_table(answer.table, sink)
    else:
        answer.to_geopandas().to_parquet(sink)


def print_to(path: Path | None, write: Callable[[Any], object], *, binary: bool = False) -> None:
    """Let something be written to stdout, or to a file that is whole or not there.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    if path is None:
        _to_stdout(write, binary=binary)
        return
    with (
        whole_file(path) as whole,
        whole.open("wb") if binary else whole.open("w", encoding="utf-8", newline="") as sink,
    ):
        write(sink)


def _to_stdout(write: Callable[[Any], object], *, binary: bool) -> None:
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415

    memory = io.BytesIO()  # a pipe cannot be sought in
    if binary:
        write(memory)
    try:
        if binary:
            sys.stdout.buffer.write(memory.getbuffer())
        else:
            write(sys.stdout)
        sys.stdout.flush()
    except (BrokenPipeError, StorageError):
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush goes nowhere
        with storage_errors("write to stdout"):
            raise error from None
