"""Source files, whatever their format: text columns in batches, in file order, with row numbers.

Values arrive as text exactly as written (a typed value, as of Parquet or GeoPackage, in its canonical text; see
`stcloud.iaas.text`), so one way of cleaning serves all formats; `declared_types` says which types they had.
A row that cannot be read at all is a `Refusal`.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from stcloud.errors import Conflict, InvalidInput, NotFound, Unsupported
from stcloud.iaas.encoding import marked_encoding
from stcloud.iaas.folder import storage_errors
from stcloud.iaas.text import Declared

__all__ = [
    "GEOMETRY",
    "Batch",
    "Reading",
    "Refusal",
    "Source",
    "declared_types",
    "fingerprint",
    "geometry_column",
    "open_source",
    "remarks_of",
    "watch",
]

GEOMETRY = "geometry"
"""Name of the WKB column that geometry-carrying formats give."""

_FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".ndjson": "json", ".jsonl": "json", ".json": "json",
    ".geojson": "vector", ".geojsonl": "vector", ".geojsons": "vector", ".gpkg": "vector", ".fgb": "vector",
    ".shp": "vector", ".kml": "vector", ".kmz": "vector", ".gml": "vector", ".pbf": "vector", ".zip": "vector",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


_HEAD_BYTES = 4096
_GEOJSON = re.compile(rb'"type"\s*:\s*"Feature(Collection)?"')


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file does not say about itself.

    Parameters
    ----------
    format
        ``csv``, ``json``, ``vector`` or ``parquet``; None: from the file's name.
    encoding
        Of text files; a UTF-8 byte order mark is dropped. A Shapefile tells its own: it is read by any other
        than the default that is stated here.
    delimiter
        Of CSV; None: from the header line.
    layer
        Of vector files that hold several; in a zip file also a data set's name or path.
    keys
        Columns that identify rows: the ids that a format keeps beside its columns (``id`` of GeoJSON, ``fid``
        of a GeoPackage) serve where no column has the name.
    identity
        Columns of the key, of which no digit may be lost.
    """

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    layer: str | None = None
    keys: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one value of it, that was refused. ``row`` counts from 1, the header not counted."""

    row: int
    field: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: text columns (binary for geometry), their numbers, and rows beyond reading.

    ``faults`` name values that make rows of the batch refusals, ``repairs`` values that are kept in another form
    than they came in.
    """

    rows: pa.RecordBatch
    numbers: np.ndarray
    refusals: tuple[Refusal, ...] = ()
    repairs: tuple[Refusal, ...] = ()
    faults: tuple[Refusal, ...] = ()


class Source(Protocol):
    """An opened file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in file order."""

    @property
    def crs(self) -> str | None:
        """CRS that the file declares for its geometry, as WKT or authority code."""

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""

    def position(self) -> int:
        """Bytes of the file read so far, as far as known."""


def open_source(path: Path, reading: Reading) -> Source:
    """Open a source file by its format.

    Raises
    ------
    NotFound
        ``no-source``: there is no such file.
    InvalidInput
        ``not-a-file``, ``empty-source``, ``unreadable-source``, ``wrong-encoding``.
    Unsupported
        ``unknown-format``: neither the name nor the definition tells the format.
    """
    if not path.exists():
        raise NotFound("no-source", f"there is no file {path}")
    if not path.is_file():
        raise InvalidInput("not-a-file", f"{path} is not a file", hint="name one file, or several")
    with storage_errors(f"read {path}"):
        if path.stat().st_size == 0:
            raise InvalidInput("empty-source", f"{path} is empty")
        return _open(path, reading)


def _open(path: Path, reading: Reading) -> Source:
    from stcloud.iaas import columnar, delimited, jsonrows, vector  # noqa: PLC0415  (they import this file)

    kind = reading.format or _format(path)
    if kind == "json" and _is_geojson(path):
        kind = "vector"
    if kind == "csv":
        return delimited.DelimitedSource(path, reading)
    if kind == "json":
        return jsonrows.JsonSource(path, reading)
    if kind == "vector":
        return vector.open_vector(path, reading)
    return columnar.ParquetSource(path)


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = _FORMATS.get(suffixes[-1]) if suffixes else None
    if kind is None:
        raise Unsupported(
            "unknown-format",
            f"the name of {path} does not tell its format",
            hint="name it .csv, .ndjson, .json, .geojson, .gpkg or .parquet, or set read.format in the definition",
        )
    return kind


def _is_geojson(path: Path) -> bool:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            head = file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    if marked := marked_encoding(head):
        head = head.decode(marked, "ignore").encode("utf-8", "ignore")
    return head.lstrip().startswith(b"{") and _GEOJSON.search(head) is not None


def geometry_column(source: Source) -> str | None:
    """Return the name of the column that a source declares to be its geometry, as WKB.

    It is `GEOMETRY` in vector files and the primary column of GeoParquet; text formats declare none.
    """
    found: str | None = getattr(source, "geometry", None)
    return found


def declared_types(source: Source) -> Mapping[str, Declared]:
    """Return the types that a source gives its columns; text formats give none."""
    found: Mapping[str, Declared] = getattr(source, "types", {})
    return found


def remarks_of(source: Source) -> tuple[str, ...]:
    """Return what a source says of the rows that were read, for people: what of them was cut or kept otherwise."""
    remarks: tuple[str, ...] = getattr(source, "remarks", ())
    return remarks


def watch(path: Path) -> Callable[[], None]:
    """Return a check that raises `Conflict` ``source-changed`` when the file was written to since."""

    def state() -> tuple[int, int]:
        with storage_errors(f"read {path}"):
            found = path.stat()
        return found.st_size, found.st_mtime_ns

    before = state()

    def check() -> None:
        if state() != before:
            raise Conflict(
                "source-changed", f"{path} was written to while it was being read; nothing was loaded",
                hint="load it again when it is whole",
            )  # fmt: skip

    return check


def fingerprint(path: Path) -> str:
    """Return a digest of the file's content (BLAKE2b, 32 hexadecimal digits)."""
    with storage_errors(f"read {path}"), path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
