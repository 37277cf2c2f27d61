"""Vector files (GeoJSON, GeoPackage, Shapefile, FlatGeobuf, KML, GML, OSM, ...), as Arrow.

A zip file may hold a data set of any of these formats, in folders, among what archivers leave behind. A file is
read as what its name promises and as nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.source import gdal
from stcloud.iaas.source.archive import Scratch, check_zip, is_gzip, is_zip, unpack_gzip, unpack_zip
from stcloud.iaas.source.dbf import Dbf, decode, python_codec
from stcloud.iaas.source.geojson import GeoJsonSource, property_column
from stcloud.iaas.source.geopackage import readable_tables
from stcloud.iaas.source.geopackagevalues import Affinity
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.protocol import GEOMETRY, Batch, Reading, Source
from stcloud.iaas.source.text import declared, instants_as_text
from stcloud.iaas.source.undecodable import NUL, Illegible, is_text
from stcloud.iaas.source.wkb import straight
from stcloud.iaas.source.xml import plain_gml, refuse_entities

__all__ = ["VectorSource", "open_vector"]

_BATCH_ROWS = 16_384
_GEOJSON = {".geojson", ".geojsonl", ".geojsons", ".json"}
_DRIVERS = {
    ".gpkg": ("GPKG",), ".fgb": ("FlatGeobuf",), ".shp": ("ESRI Shapefile",), ".kml": ("LIBKML", "KML"),
    ".kmz": ("LIBKML",), ".gml": ("GML",), ".pbf": ("OSM",), ".osm": ("OSM",), ".gpx": ("GPX",),
    ".gdb": ("OpenFileGDB",),
}  # fmt: skip
"""The drivers that a suffix promises: none that reads other files, services or databases."""
_MARKUP = {".kml", ".gml", ".osm", ".gpx"}
_OPTIONS = {
    ".gml": {"WRITE_GFS": "NO", "DOWNLOAD_SCHEMA": "NO"},  # it would be written beside the source
    ".pbf": {"TAGS_FORMAT": "JSON"},
    ".osm": {"TAGS_FORMAT": "JSON"},
}
_RAW = {"ENCODING": ""}
"""A Shapefile's texts as they are."""
_PACKED = {".geojson", ".geojsonl", ".geojsons", *_DRIVERS} - {".osm", ".gpx"}
_MISREAD = re.compile(r"(?i)couldn't be converted correctly|recode from")


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of a data set: the data set's path and suffix, its name in an archive, the layer as GDAL has it."""

    path: Path
    suffix: str
    file: str
    name: str
    spatial: bool
    known: gdal.DataSetLayer | None

    @property
    def whole_name(self) -> str:
        return f"{self.file}/{self.name}" if self.file else self.name

    @property
    def names(self) -> set[str]:
        """All names that choose it."""
        return {self.name, self.whole_name, self.file, PurePosixPath(self.file).stem} - {""}


def open_vector(path: Path, reading: Reading) -> Source:
    """Open a layer of a vector file, or of one in a zip or gzip file.

    Raises
    ------
    InvalidInput
        ``unreadable-source``, ``several-layers``, ``wrong-encoding``, ``archive-bomb``.
    Unsupported
        ``unknown-format``: the name promises no format that is read.
    """
    folder = Scratch()
    layers = [
        layer
        for place, suffix, file in _data_sets(path, folder)
        for layer in _listed(path, place, suffix, file, folder)
    ]
    layer = _choose(layers, reading.layer, path)
    if layer.suffix in _GEOJSON:
        source: Source = GeoJsonSource(layer.path, str(path), reading)
        source.folder = folder  # type: ignore[attr-defined]
        return source
    return VectorSource(path, layer, reading, folder)


class VectorSource:
    """Features of one layer that GDAL reads; the geometry is WKB in the column `GEOMETRY`.

    Curves come as lines. A layer that has no geometry has no such column, and ``geometry`` is None.
    """

    def __init__(self, path: Path, layer: _Layer, reading: Reading, folder: Scratch) -> None:
        self._name = str(path)
        self.folder = folder
        """What was unpacked goes with its reader."""
        self._layer = layer
        known = layer.known
        if known is None:
            raise _unreadable(self._name, "no layer was found in it")
        self._encoding = _encoding(layer.suffix, known.encoding, reading.encoding)
        raw = layer.suffix == ".shp" and self._encoding is not None
        self._options = _RAW if raw else _OPTIONS.get(layer.suffix, {})
        self._number = known.number
        self.crs = known.crs
        self.geometry = GEOMETRY if known.spatial else None
        check_columns(path, len(known.fields))
        fields = self._names(known.fields)
        self._written = self._as_written(known, fields)
        self._with_id = bool(known.id_column) and known.id_column in reading.keys
        self._with_id &= known.id_column not in fields
        ids = (known.id_column,) if self._with_id else ()
        self._fields = tuple(map(property_column, (*ids, *fields)))
        whole = self._written.whole() if isinstance(self._written, Dbf) else {}
        own = [whole.get(at, kind) for at, kind in enumerate(known.kinds)]
        kinds = (*[pa.int64() for _ in ids], *own)
        self.types = {name: declared(kind) for name, kind in zip(self._fields, kinds, strict=True)}
        self.columns = (*self._fields, *((GEOMETRY,) if self.geometry else ()))
        if len(set(self.columns)) < len(self.columns):
            twice = next(name for name, count in Counter(self.columns).items() if count > 1)
            raise InvalidInput("repeated-column", f"{path} has two columns called {twice!r}")

    def position(self) -> int:
        """Return 0: it is not known for vector files."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        start = 1
        with _data_set(self._name, self._layer.path, self._layer.suffix, self._options) as opened:
            reader = opened.batches(self._number, _BATCH_ROWS)
            while True:
                try:
                    rows = next(reader, None)
                except gdal.GdalError as error:
                    raise _unreadable(self._name, str(error)) from error
                _refuse_misread(self._name, opened.warnings)
                if rows is None:
                    return
                yield self._batch(rows, np.arange(start, start + rows.num_rows, dtype=np.int64))
                start += rows.num_rows

    def _as_written(self, known: gdal.DataSetLayer, fields: tuple[str, ...]) -> Affinity | Dbf | None:
        """Return the reader of what is written where GDAL reads something else."""
        if self._layer.suffix == ".shp":
            return Dbf(self._layer.path)
        if self._layer.suffix == ".gpkg":
            return Affinity(self._layer.path, known.name, known.id_column, fields, known.kinds)
        return None

    def _names(self, raw: tuple[bytes, ...]) -> tuple[str, ...]:
        names = [decode(name, self._encoding or "utf-8")[0] for name in raw]
        if not all(map(is_text, names)):
            raise _misread(self._name, "the name of a column is no text in it")
        return tuple(names)

    def _batch(self, rows: pa.RecordBatch, numbers: np.ndarray) -> Batch:
        """Return text columns and WKB; the first column that GDAL gives are ids."""
        illegible = Illegible(numbers)
        first = 0 if self._with_id else 1
        columns = [
            self._column(at, name, rows, illegible) for at, name in enumerate(self._fields, start=first)
        ]
        if self.geometry is not None:
            wkb = rows.column(first + len(self._fields)).cast(pa.binary())
            if isinstance(self._written, Affinity):
                wkb = self._written.shapes(rows.column(0).to_numpy(), wkb)
            columns.append(straight(wkb))
        return illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)))

    def _column(self, at: int, name: str, rows: pa.RecordBatch, illegible: Illegible) -> pa.Array:
        values = rows.column(at)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            fixed = self._layer.suffix == ".shp"
            texts = illegible.decoded(name, values.cast(pa.string()), self._encoding or "utf-8", fixed=fixed)
            if isinstance(self._written, Dbf):
                for row, value in self._written.beyond_nul(at - 1, rows.column(0).to_numpy()):
                    illegible.refuse(row, name, decode(value, self._encoding or "utf-8")[0], NUL)
            return instants_as_text(texts) if self.types[name].type == "instant" else texts
        texts = illegible.texts(name, values)
        if self._written is not None:
            texts = self._written.written(at - 1, rows.column(0).to_numpy(), texts)
        return texts


class _data_set:  # noqa: N801  (a context manager)
    """A data set opened by the drivers of its suffix; errors of GDAL are one line of ours."""

    def __init__(self, name: str, path: Path, suffix: str, options: dict[str, str]) -> None:
        self._name = name
        self._args = (str(path), _DRIVERS[suffix], options)

    def __enter__(self) -> gdal.DataSet:
        try:
            self._opened = gdal.DataSet(*self._args)
        except gdal.GdalError as error:
            raise _unreadable(self._name, str(error)) from error
        return self._opened

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def _data_sets(path: Path, folder: Scratch) -> Iterator[tuple[Path, str, str]]:
    """Give each data set: its path on disk, its suffix, its name in a zip file."""
    suffix = path.suffix.lower()
    if is_zip(path):
        yield from _members(path, folder.path)
    elif is_gzip(path):
        suffix = Path(path.stem).suffix.lower() if suffix == ".gz" else suffix
        place = path if suffix in _GEOJSON else unpack_gzip(path, folder.path)
        yield place, _promised(place, suffix), ""
    else:
        yield path, _promised(path, suffix), ""


def _members(path: Path, folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Give the data sets of a zip file; a KMZ file is one itself."""
    if path.suffix.lower() == ".kmz":
        check_zip(path)
        yield path, ".kmz", ""
        return
    for member in unpack_zip(path, folder, _PACKED):
        suffix = member.path.suffix.lower()
        if suffix == ".kmz":
            check_zip(member.path)
        yield member.path, suffix, member.name


def _promised(path: Path, suffix: str) -> str:
    if suffix in (".zip", ".kmz"):
        raise _unreadable(str(path), "it is no zip file")
    if suffix in _GEOJSON or suffix in _DRIVERS:
        return suffix
    raise Unsupported(
        "unknown-format", f"the name of {path} promises no vector format that is read",
        hint=f"name it by its format: {', '.join(sorted({*_GEOJSON, *_DRIVERS}))}",
    )  # fmt: skip


def _listed(path: Path, place: Path, suffix: str, file: str, folder: Scratch) -> Iterator[_Layer]:
    """Give the layers of a data set; it is looked at before GDAL opens it."""
    if suffix in _GEOJSON:
        yield _Layer(
            place,
            suffix,
            file,
            PurePosixPath(file or path.name.removesuffix(".gz")).stem,
            spatial=True,
            known=None,
        )
        return
    allowed = readable_tables(place, str(path)) if suffix == ".gpkg" else None
    if suffix in _MARKUP:
        refuse_entities(place, str(path))
    if suffix == ".gml":
        place = plain_gml(place, folder.path / "gml" / file)
    with _data_set(
        str(path), place, suffix, _RAW if suffix == ".shp" else _OPTIONS.get(suffix, {})
    ) as opened:
        for known in opened.layers(allowed):
            yield _Layer(place, suffix, file, known.name, known.spatial, known)


def _choose(layers: list[_Layer], wanted: str | None, path: Path) -> _Layer:
    """Return the layer that is wanted, or the only one that has geometry."""
    if not layers:
        raise _unreadable(str(path), "no layer was found in it")
    fit = (
        [layer for layer in layers if wanted in layer.names]
        if wanted
        else [layer for layer in layers if layer.spatial]
    )
    if not wanted and not fit:
        fit = layers
    if len(fit) == 1:
        return fit[0]
    repeated = Counter(layer.name for layer in layers)
    names = ", ".join(layer.whole_name if repeated[layer.name] > 1 else layer.name for layer in layers)
    if wanted and not fit:
        raise InvalidInput("unreadable-source", f"{path} has no layer {wanted!r} (found: {names})")
    raise InvalidInput(
        "several-layers",
        f"{path} holds several layers: {names}",
        hint="name one with --source-layer, or as read.layer in the definition",
    )


def _encoding(suffix: str, declared: str | None, stated: str) -> str | None:
    """Return the encoding of a Shapefile's texts: the stated one, or the one that it declares."""
    if suffix != ".shp":
        return None
    if stated == Reading().encoding:
        return python_codec(declared) if declared else "utf-8"
    if python_codec(stated) is None:
        raise InvalidInput("unknown-encoding", f"there is no encoding {stated!r}", hint="e.g. utf-8, gb18030")
    return python_codec(stated)


def _refuse_misread(path: str, warnings: list[str]) -> None:
    for warning in warnings:
        if _MISREAD.search(warning):
            raise _misread(path, warning)


def _unreadable(path: str, why: str) -> InvalidInput:
    line = (why.split(";", maxsplit=1)[0].splitlines() or ["it is damaged"])[0].rstrip(".")
    if "UTF8" in line:
        return _misread(path, line)
    return InvalidInput("unreadable-source", f"{path} cannot be read: {line}")


def _misread(path: str, why: str) -> InvalidInput:
    return InvalidInput(
        "wrong-encoding",
        f"{path} is not in the encoding that it declares, or that is stated: {why.split('.', maxsplit=1)[0]}",
        hint="state another one as read.encoding",
    )
