"""The formats of source files by name and suffix, and the opening of a file by its format.

A format names its reader as ``module:function`` and loads it when the first file of it is opened. So the registry
imports no reader, a reader imports the protocol alone, and a command that reads no file pays for no reader.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from stcloud.errors import InvalidInput, NotFound, Unsupported
from stcloud.iaas.source.archive import is_zip
from stcloud.iaas.source.packed import is_packed_table
from stcloud.iaas.source.protocol import Reading, Source
from stcloud.iaas.source.rejected import is_of_rejected_rows
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["Format", "format_named", "formats", "open_source", "register"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of source files.

    Parameters
    ----------
    name
        As in ``read.format`` of a definition.
    suffixes
        Of the names of its files, in lower case; a file may be compressed besides (``.csv.gz``).
    reader
        Opens a file of it: ``module:function``, called with the path and a `Reading`.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str

    def open(self, path: Path, reading: Reading) -> Source:
        """Open a file of the format."""
        module, _, function = self.reader.partition(":")
        opener: Callable[[Path, Reading], Source] = getattr(importlib.import_module(module), function)
        return opener(path, reading)


_VECTOR = (
    ".geojson", ".geojsonl", ".geojsons", ".gpkg", ".fgb", ".shp", ".kml", ".kmz", ".gml", ".pbf", ".zip",
)  # fmt: skip
_ROOM = "stcloud.iaas.source"
_FORMATS: dict[str, Format] = {}


def register(entry: Format) -> None:
    """Add a format, or replace the one of its name.

    Raises
    ------
    ValueError
        One of its suffixes belongs to another format.
    """
    for other in _FORMATS.values():
        shared = set(other.suffixes) & set(entry.suffixes)
        if other.name != entry.name and shared:
            raise ValueError(f"{', '.join(sorted(shared))} belongs to the format '{other.name}'")
    _FORMATS[entry.name] = entry


for _entry in (
    Format("csv", (".csv", ".tsv", ".txt"), f"{_ROOM}.delimited:DelimitedSource"),
    Format("json", (".ndjson", ".jsonl", ".json"), f"{_ROOM}.jsonrows:open_json"),
    Format("xlsx", (".xlsx",), f"{_ROOM}.workbook:open_workbook"),
    Format("vector", _VECTOR, f"{_ROOM}.vector:open_vector"),
    Format("parquet", (".parquet", ".pq"), f"{_ROOM}.parquet:open_parquet"),
    Format("feed", (), "stcloud.iaas.feed.batch:open_batch"),
    Format("raster", (".tif", ".tiff", ".nc", ".nc4"), "stcloud.iaas.raster.source:open_raster"),
):
    register(_entry)


def formats() -> tuple[Format, ...]:
    """Return the formats that are registered, in the order in which they were."""
    return tuple(_FORMATS.values())


def format_named(name: str) -> tuple[str, str]:
    """Return a format and the suffix of its files, by its own name or by a suffix without the dot.

    Raises
    ------
    Unsupported
        ``unknown-format``, with the names that are known.

    Examples
    --------
    >>> format_named("geojson"), format_named("csv")
    (('vector', '.geojson'), ('csv', '.csv'))
    """
    text = name.lower().lstrip(".")
    for entry in _FORMATS.values():
        if f".{text}" in entry.suffixes:
            return entry.name, f".{text}"
    if text in _FORMATS:
        return text, ""
    known = ", ".join(suffix[1:] for entry in _FORMATS.values() for suffix in entry.suffixes)
    raise Unsupported("unknown-format", f"there is no format {name!r}", hint=f"name one of {known}")


def open_source(path: Path, reading: Reading) -> Source:
    """Open a source file by its format.

    Raises
    ------
    NotFound
        ``no-source``: there is no such file.
    InvalidInput
        ``not-a-file``, ``empty-source``, ``unreadable-source``, ``wrong-encoding``.
    Unsupported
        ``unknown-format``: neither the name nor the definition gives the format.
    """
    if not path.exists():
        raise NotFound("no-source", f"there is no file {path}")
    if not path.is_file():
        raise InvalidInput("not-a-file", f"{path} is not a file", hint="name one file, or several")
    with storage_errors(f"read {path}"):
        if path.stat().st_size == 0:
            raise InvalidInput("empty-source", f"{path} is empty")
        if is_of_rejected_rows(path):  # ours, whatever form the source had that they came from
            reading = replace(reading, format="csv", encoding="utf-8", delimiter=None)
        return _format(path, reading).open(path, reading)


def _format(path: Path, reading: Reading) -> Format:
    if reading.format in _FORMATS:
        return _FORMATS[reading.format]
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    if suffixes[-1:] == [".zip"] and is_zip(path) and is_packed_table(path, _FORMATS["vector"].suffixes):
        return _FORMATS["csv"]
    for entry in _FORMATS.values():
        if suffixes and suffixes[-1] in entry.suffixes:
            return entry
    raise Unsupported(
        "unknown-format",
        f"the name of {path} does not tell its format",
        hint="name it .csv, .ndjson, .json, .geojson, .gpkg or .parquet, or state --source-format, e.g. csv",
    )
