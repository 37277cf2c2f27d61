"""Vector files that GDAL reads (GeoJSON, GeoPackage, Shapefile, FlatGeobuf, KML, GML, OSM, ...), as Arrow.

A zip file may hold a data set of any of these formats, in folders, among what archivers leave behind.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from stcloud.errors import InvalidInput
from stcloud.iaas.source import GEOMETRY, Batch, Reading
from stcloud.iaas.text import Declared, as_text, declared, instants_as_text

__all__ = ["VectorSource"]

_BATCH_ROWS = 16_384
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_ZIPPED_FORMATS = {".kmz", ".xlsx", ".ods"}
_DATA_SETS = {
    ".shp", ".geojson", ".geojsonl", ".geojsons", ".gpkg", ".fgb", ".kml", ".kmz", ".gml", ".pbf", ".gdb",
}  # fmt: skip
_OPTIONS = {
    "GeoJSON": {"DATE_AS_STRING": "YES"},  # as it is written
    "GeoJSONSeq": {"DATE_AS_STRING": "YES"},
    "GML": {"WRITE_GFS": "NO"},  # it would be written beside the source
    "OSM": {"TAGS_FORMAT": "JSON"},
}
_UNREADABLE = (
    DataSourceError, DataLayerError, pa.ArrowException, UnicodeDecodeError, OSError, zipfile.BadZipFile,
)  # fmt: skip
_MISREAD = re.compile(r"(?i)couldn't be converted correctly|recode from")
_CURVES = (8, 9, 10, 11, 12, 13, 14)  # kinds of WKB, see ISO 13249-3
_HEAD_BYTES = 5
"""Byte order and type begin every WKB."""
_COLLECTION = 7


class VectorSource:
    """Features of one layer of a vector file; the geometry is WKB in the column `GEOMETRY`.

    Curves come as lines. A layer that has no geometry has no such column, and ``geometry`` is None.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self._name = str(path)
        if pyogrio.get_gdal_config_option("CPL_TMPDIR") is None:  # else the OSM driver spills where we stand
            pyogrio.set_gdal_config_options({"CPL_TMPDIR": tempfile.gettempdir()})
        with self._told():
            self._layer = _choose(_layers(_data_sets(path)), reading.layer, path)
        self._options = _options(self._layer.path, reading.encoding)
        info = self._info()
        if info["driver"] in _OPTIONS and not self._options:
            self._options = _OPTIONS[info["driver"]]
            info = self._info()
        self.crs: str | None = info["crs"]
        self.geometry = None if info["geometry_type"] is None else GEOMETRY
        self._fields = tuple(map(str, info["fields"]))
        self.columns = (*self._fields, *((GEOMETRY,) if self.geometry else ()))
        self.types = _types(info)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidInput("repeated-column", f"{path} has two columns of one name")

    def position(self) -> int:
        """Not known for vector files."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        start = 1
        with contextlib.ExitStack() as held:
            with self._told():
                _, reader = held.enter_context(self._opened())
            while True:
                with self._told():
                    rows = next(reader, None)
                    plain = None if rows is None else self._plain(rows, start)
                if plain is None:
                    return
                numbers = np.arange(start, start + plain.num_rows, dtype=np.int64)
                yield Batch(plain, numbers)
                start += plain.num_rows

    def _info(self) -> dict[str, Any]:
        with self._told():
            found: dict[str, Any] = pyogrio.read_info(
                self._layer.path, layer=self._layer.name, **self._options
            )
        return found

    def _opened(self) -> Any:
        return pyogrio.open_arrow(
            self._layer.path,
            layer=self._layer.name,
            batch_size=_BATCH_ROWS,
            use_pyarrow=True,
            datetime_as_string=True,  # else some drivers drop the offset, and others take a missing one for UTC
            **self._options,
        )

    def _plain(self, rows: pa.RecordBatch, start: int) -> pa.RecordBatch:
        """Text columns and WKB; ``start`` is the number of the first row."""
        columns = [self._text(rows.column(at), name) for at, name in enumerate(self._fields)]
        for column in columns:
            column.validate(full=True)  # GDAL takes a file's word for its encoding
        if self.geometry is not None:
            wkb = rows.column(len(self._fields)).cast(pa.binary())
            columns.append(self._straight(start, len(wkb)) if _has_curves(wkb) else wkb)
        return pa.RecordBatch.from_arrays(columns, list(self.columns))

    def _text(self, values: pa.Array, name: str) -> pa.Array:
        texts = as_text(values)
        written = self.types[name].type == "instant" and pa.types.is_string(texts.type)
        return instants_as_text(texts) if written else texts

    def _straight(self, start: int, count: int) -> pa.Array:
        """Read the geometry of some rows once more, curves as lines: GDAL's Arrow has curves as they are."""
        _, _, wkb, _ = pyogrio.raw.read(
            self._layer.path,
            layer=self._layer.name,
            columns=[],
            skip_features=start - 1,
            max_features=count,
            **self._options,
        )
        return pa.array(wkb, pa.binary())

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell in one line of ours why GDAL cannot read; its other warnings are seen in the geometry."""
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", RuntimeWarning)
                yield
        except _UNREADABLE as error:
            raise _unreadable(self._name, error) from error
        for one in said:
            if _MISREAD.search(str(one.message)):
                raise _misread(self._name, str(one.message).split(".", maxsplit=1)[0])


_TYPES = {
    "OFTInteger": pa.int32(), "OFTInteger64": pa.int64(), "OFTReal": pa.float64(), "OFTDate": pa.date32(),
    "OFTDateTime": pa.timestamp("us"),
}  # fmt: skip
_SUBTYPES = {"OFSTBoolean": pa.bool_(), "OFSTFloat32": pa.float32()}


def _types(info: dict[str, Any]) -> dict[str, Declared]:
    """Return the type that the file gives each field."""
    given = zip(info["fields"], info["ogr_types"], info["ogr_subtypes"], strict=True)
    kinds = {str(name): _SUBTYPES.get(sub, _TYPES.get(kind, pa.string())) for name, kind, sub in given}
    return {name: declared(kind) for name, kind in kinds.items()}


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of a data set: its path for GDAL, the path inside a zip file, whether it has geometry."""

    path: str
    file: str
    name: str
    spatial: bool

    @property
    def whole_name(self) -> str:
        return f"{self.file}/{self.name}" if self.file else self.name

    @property
    def names(self) -> set[str]:
        """All by which it may be asked for."""
        return {self.name, self.whole_name, self.file, PurePosixPath(self.file).stem} - {""}


def _data_sets(path: Path) -> Iterator[tuple[str, str]]:
    """Path for GDAL, and path inside a zip file, of each data set."""
    with path.open("rb") as file:
        head = file.read(2)
    if head == _GZIP:
        yield f"/vsigzip/{path.resolve()}", ""
    elif head == _ZIP and path.suffix.lower() not in _ZIPPED_FORMATS:
        root = f"/vsizip/{{{path.resolve()}}}/"
        yield from ((root + file, file) for file in _packed(_members(path, root)))
    else:
        yield str(path), ""


def _members(path: Path, root: str) -> list[str]:
    """Return the names in a zip file as GDAL spells them."""
    try:
        return [name.removeprefix(root) for name in pyogrio.vsi_listtree(root)]
    except NotADirectoryError:  # a zip file of one file is that file to GDAL
        with zipfile.ZipFile(path) as packed:
            return packed.namelist()


def _packed(names: Iterable[str]) -> list[str]:
    """Choose the data sets among the names in a zip file; a file geodatabase is a folder of it."""
    found: dict[str, None] = {}
    for name in names:
        parts = PurePosixPath(name).parts
        if not any(part == "__MACOSX" or part.startswith(".") for part in parts):
            ends = (
                at
                for at, part in enumerate(parts, start=1)
                if PurePosixPath(part).suffix.lower() in _DATA_SETS
            )
            found.update({"/".join(parts[:at]): None for at in list(ends)[:1]})
    return sorted(found)


def _layers(data_sets: Iterable[tuple[str, str]]) -> list[_Layer]:
    return [
        _Layer(path, file, str(name), kind is not None)
        for path, file in data_sets
        for name, kind in _listed(path)
    ]


def _listed(path: str) -> Iterable[tuple[str, str | None]]:
    """Name of each layer, and its kind of geometry or None."""
    if not path.lower().endswith(".gml"):
        yield from pyogrio.list_layers(path)
        return
    with contextlib.suppress(DataLayerError):  # there is no such number: the last one was read
        for number in range(1_000):
            info = pyogrio.read_info(path, layer=number, **_OPTIONS["GML"])
            yield info["layer_name"], info["geometry_type"]


def _choose(layers: list[_Layer], wanted: str | None, path: Path) -> _Layer:
    """Return the layer that is wanted, or the only one that has geometry."""
    if not layers:
        raise InvalidInput("unreadable-source", f"{path} cannot be read: no layer was found in it")
    fit = [one for one in layers if wanted in one.names] if wanted else [one for one in layers if one.spatial]
    if not wanted and not fit:
        fit = layers
    if len(fit) == 1:
        return fit[0]
    repeated = Counter(one.name for one in layers)
    names = ", ".join(one.whole_name if repeated[one.name] > 1 else one.name for one in layers)
    if wanted and not fit:
        raise InvalidInput("unreadable-source", f"{path} has no layer {wanted!r} (found: {names})")
    raise InvalidInput(
        "several-layers",
        f"{path} holds several layers: {names}",
        hint="name one with --source-layer, or as read.layer in the definition",
    )


def _options(path: str, encoding: str) -> dict[str, str]:
    """Return what must be said before a driver opens a file.

    A Shapefile is read by its own word unless another encoding is stated.
    """
    if path.lower().endswith(".gml"):
        return _OPTIONS["GML"]
    if not path.lower().endswith(".shp") or encoding == Reading().encoding:
        return {}
    try:
        return {"ENCODING": codecs.lookup(encoding).name}
    except LookupError as error:
        raise InvalidInput(
            "unknown-encoding", f"there is no encoding {encoding!r}", hint="e.g. utf-8, gb18030"
        ) from error


def _has_curves(wkb: pa.Array) -> bool:
    """Tell whether some WKB is a curve, or a collection with one."""
    raw = wkb.drop_null()
    kinds = _kinds(raw)
    if np.isin(kinds, _CURVES).any():
        return True
    collections = raw.filter(pa.array(kinds == _COLLECTION)).to_numpy(zero_copy_only=False)
    try:
        shapely.from_wkb(collections, on_invalid="ignore")
    except NotImplementedError:
        return True
    return False


def _kinds(wkb: pa.Array) -> NDArray[np.uint32]:
    """Return the geometry type code of each WKB, without what says Z, M or SRID; 0 of what is too short."""
    starts = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    data = np.frombuffer(wkb.buffers()[2] or b"", np.uint8)
    whole = np.diff(starts) >= _HEAD_BYTES
    first = starts[:-1][whole]
    head = data[first[:, None] + np.arange(_HEAD_BYTES)].astype(np.uint32)
    little, big = (
        sum(head[:, at] << np.uint32(8 * place) for place, at in enumerate(order))
        for order in ((1, 2, 3, 4), (4, 3, 2, 1))
    )
    codes = np.zeros(len(wkb), np.uint32)
    codes[whole] = np.where(head[:, 0] == 1, little, big)
    return np.asarray((codes & 0x0FFFFFFF) % 1000, np.uint32)


def _unreadable(path: str, error: Exception) -> InvalidInput:
    why = (str(error).split(";", maxsplit=1)[0].splitlines() or [type(error).__name__])[0].rstrip(".")
    if isinstance(error, UnicodeDecodeError) or "UTF8" in why:
        return _misread(path, why)
    return InvalidInput("unreadable-source", f"{path} cannot be read: {why}")


def _misread(path: str, why: str) -> InvalidInput:
    return InvalidInput(
        "wrong-encoding",
        f"{path} is not in the encoding that it declares, or that is stated: {why.split('.', maxsplit=1)[0]}",
        hint="state another one as read.encoding",
    )
