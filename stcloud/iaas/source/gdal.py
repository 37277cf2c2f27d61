"""GDAL behind one door: a file is opened by the drivers that its kind promises, without network, and no other.

pyogrio opens a file with whichever driver recognises its content: a file called GeoJSON that is a virtual data
set reads other files, a description of a service opens the network. GDAL itself takes a list of the drivers
that may try. It is called here through the library that pyogrio carries.

Tested by ``tests/iaas/source/test_vector.py``.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from ctypes import CFUNCTYPE, byref, c_char_p, c_int, c_ubyte, c_void_p
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stcloud.errors import Unsupported
from stcloud.iaas.process import SharedSetting

__all__ = ["DataSet", "DataSetLayer", "GdalError", "linear_wkb"]

_VECTOR, _VERBOSE_ERROR = 0x04, 0x40
_WARNING, _FAILURE = 2, 3
_NO_GEOMETRY = 100
_FAULT_OF_A_ROW = "Unable to read geometry"
"""Message of a GeoPackage's driver for a value that is no geometry: others can be read."""
_STREAM_BYTES = 5 * 8
"""An ArrowArrayStream is five pointers."""
_SETTINGS = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",  # elements that only link to others
    "GML_FIELDTYPES": "ALWAYS_STRINGS",  # as they are written
    "GML_SAVE_RESOLVED_TO": "NO",
    "LIBKML_EXTERNAL_STYLE": "NO",
    "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",  # its own one mixes up geometries after one that is missing
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OSM_COMPRESS_NODES": "NO",
}
_ErrorHandler = CFUNCTYPE(None, c_int, c_int, c_char_p)
_Fetch = CFUNCTYPE(c_void_p, c_char_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
_refuse_fetch = _Fetch(lambda *_: None)

_RETURNS: dict[str, Any] = {
    "CPLGetThreadLocalConfigOption": c_char_p, "CPLSetErrorHandler": c_void_p,
    "GDALOpenEx": c_void_p, "GDALDatasetGetLayer": c_void_p,
    "OGR_L_GetName": c_char_p, "OGR_L_GetSpatialRef": c_void_p, "OGR_L_GetLayerDefn": c_void_p,
    "OGR_L_GetFIDColumn": c_char_p, "GDALGetMetadataItem": c_char_p,
    "OGR_FD_GetFieldDefn": c_void_p, "OGR_Fld_GetNameRef": c_char_p,
    "OGR_L_GetArrowStream": ctypes.c_bool, "OSRGetAuthorityName": c_char_p, "OSRGetAuthorityCode": c_char_p,
    "OGR_G_GetLinearGeometry": c_void_p, "CPLGetLastErrorMsg": c_char_p,
}  # fmt: skip


_TYPES = {
    0: pa.int32(), 12: pa.int64(), 2: pa.float64(), 9: pa.date32(), 11: pa.timestamp("us"),
}  # fmt: skip
_SUBTYPES = {1: pa.bool_(), 2: pa.int16(), 3: pa.float32()}


class GdalError(Exception):
    """Raised when GDAL cannot open or read."""


@functools.cache
def _library() -> Any:
    """Return the GDAL that pyogrio carries."""
    import pyogrio._io as carrier  # noqa: PLC0415  (slow to import)

    library = ctypes.CDLL(carrier.__file__)
    try:
        for name, kind in _RETURNS.items():
            getattr(library, name).restype = kind
    except AttributeError as error:
        raise Unsupported(
            "no-gdal", "vector files cannot be read: GDAL's functions are not found in pyogrio",
            hint="install pyogrio from PyPI or conda-forge",
        ) from error  # fmt: skip
    return library


def _texts(options: dict[str, str]) -> Any:
    """Return options as a list of C strings."""
    lines = [f"{name}={value}".encode() for name, value in options.items()]
    return (c_char_p * (len(lines) + 1))(*lines, None)


def _quiet_elsewhere() -> Callable[[], None]:
    """Silence the threads that GDAL starts, which have no handler of their own."""
    library = _library()
    before = library.CPLSetErrorHandler(library.CPLQuietErrorHandler)

    def restore() -> None:
        library.CPLSetErrorHandler(c_void_p(before))

    return restore


_QUIET = SharedSetting(_quiet_elsewhere)


@contextlib.contextmanager
def _confined(warnings: list[str] | None = None, *, strict: bool = False) -> Iterator[list[str]]:
    """Call GDAL on this thread without network, with our settings; give the failures that it reports.

    Where ``strict``, a failure is raised.
    """
    library = _library()
    failures: list[str] = []

    def handle(level: int, _number: int, message: bytes | None) -> None:
        text = (message or b"").decode("utf-8", "replace")
        if level >= _FAILURE and text != _FAULT_OF_A_ROW:
            failures.append(text)
        elif level == _WARNING and warnings is not None:
            warnings.append(text)

    settings = {
        **_SETTINGS,
        "CPL_TMPDIR": tempfile.gettempdir(),
    }  # else the OSM driver spills into the folder
    before = {name: library.CPLGetThreadLocalConfigOption(name.encode(), None) for name in settings}
    handler = _ErrorHandler(handle)
    library.CPLPushErrorHandler(handler)
    library.CPLHTTPPushFetchCallback(_refuse_fetch, None)
    for name, value in settings.items():
        library.CPLSetThreadLocalConfigOption(name.encode(), value.encode())
    try:
        with _QUIET.held():
            yield failures
    except (pa.ArrowException, OSError) as error:
        raise GdalError(failures[0] if failures else str(error)) from error
    finally:
        for name, old in before.items():
            library.CPLSetThreadLocalConfigOption(name.encode(), old)
        library.CPLHTTPPopFetchCallback()
        library.CPLPopErrorHandler()
        library.CPLErrorReset()
    if strict and failures:
        raise GdalError(failures[0])


@dataclass(frozen=True, slots=True)
class DataSetLayer:
    """A layer of a data set.

    Attributes
    ----------
    number, name, spatial, crs
        Its number and name; whether it has geometry; its CRS.
    fields
        Names of its fields, as bytes: they are in the encoding of the data set.
    kinds
        The Arrow types that hold what its fields are declared to have.
    id_column
        The column of its ids, where it has one.
    encoding
        The encoding that a Shapefile declares.
    """

    number: int
    name: str
    spatial: bool
    crs: str | None
    fields: tuple[bytes, ...]
    kinds: tuple[pa.DataType, ...]
    id_column: str
    encoding: str | None


@dataclass(slots=True)
class DataSet:
    """A data set, opened by one of the drivers that may open it.

    Parameters
    ----------
    path
        A file or folder.
    drivers
        Short names of GDAL's drivers.
    options
        Of the driver.

    Raises
    ------
    GdalError
        None of the drivers can read it.
    """

    path: str
    drivers: Sequence[str]
    options: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _handle: int | None = None

    def __post_init__(self) -> None:
        library = _library()
        names = (c_char_p * (len(self.drivers) + 1))(*(name.encode() for name in self.drivers), None)
        with _confined(self.warnings) as failures:
            self._handle = library.GDALOpenEx(
                self.path.encode(), _VECTOR | _VERBOSE_ERROR, names, _texts(self.options), None
            )
        if not self._handle:
            raise GdalError(failures[0] if failures else "it is not in the format of its name")

    def close(self) -> None:
        """Close it; readers are closed before."""
        if self._handle:
            with contextlib.suppress(GdalError), _confined():
                _library().GDALClose(c_void_p(self._handle))
            self._handle = None

    def layers(self, allowed: Container[str] | None = None) -> list[DataSetLayer]:
        """Return its layers, or those with names that are allowed; others are not looked at."""
        library = _library()
        with _confined(self.warnings):
            numbers = range(library.GDALDatasetGetLayerCount(c_void_p(self._handle)))
            return [
                self._layer(number) for number in numbers if allowed is None or self._name(number) in allowed
            ]

    def layer(self, number: int) -> DataSetLayer:
        """Return a layer by its number."""
        with _confined(self.warnings):
            return self._layer(number)

    def _name(self, number: int) -> str:
        return str(_library().OGR_L_GetName(self._pointer(number)).decode("utf-8", "replace"))

    def _pointer(self, number: int) -> c_void_p:
        return c_void_p(_library().GDALDatasetGetLayer(c_void_p(self._handle), number))

    def _layer(self, number: int) -> DataSetLayer:
        library, layer = _library(), self._pointer(number)
        definition = c_void_p(library.OGR_L_GetLayerDefn(layer))
        fields = [
            c_void_p(library.OGR_FD_GetFieldDefn(definition, at))
            for at in range(library.OGR_FD_GetFieldCount(definition))
        ]
        spatial = library.OGR_L_GetGeomType(layer) != _NO_GEOMETRY
        return DataSetLayer(
            number, self._name(number), spatial,
            _crs(library.OGR_L_GetSpatialRef(layer)),
            tuple(bytes(library.OGR_Fld_GetNameRef(item)) for item in fields),
            tuple(_kind(library.OGR_Fld_GetType(item), library.OGR_Fld_GetSubType(item)) for item in fields),
            (library.OGR_L_GetFIDColumn(layer) or b"").decode("utf-8", "replace"),
            _encoding(layer),
        )  # fmt: skip

    def batches(self, number: int, rows: int) -> Iterator[pa.RecordBatch]:
        """Read a layer in order: its ids, its fields, then its geometry as WKB if it has any."""
        library = _library()
        stream = (c_ubyte * _STREAM_BYTES)()
        with _confined(self.warnings):
            # else some drivers drop the offset of an instant, and others take a missing one for UTC
            options = _texts(
                {"MAX_FEATURES_IN_BATCH": str(rows), "INCLUDE_FID": "YES", "DATETIME_AS_STRING": "YES"}
            )
            if not library.OGR_L_GetArrowStream(self._pointer(number), byref(stream), options):
                raise GdalError("its rows cannot be read")
            reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(stream))  # noqa: SLF001
        try:
            while True:
                with _confined(self.warnings, strict=True):
                    batch = next(reader, None)
                if batch is None:
                    return
                yield batch.rename_columns(
                    [str(at) for at in range(batch.num_columns)]
                )  # names may be no UTF-8
        finally:
            del reader


def _kind(kind: int, subtype: int) -> pa.DataType:
    return _SUBTYPES.get(subtype, _TYPES.get(kind, pa.string()))


def _encoding(layer: c_void_p) -> str | None:
    """Return the encoding that a Shapefile's companions declare."""
    for item in (b"ENCODING_FROM_CPG", b"ENCODING_FROM_LDID"):
        if declared := _library().GDALGetMetadataItem(layer, item, b"SHAPEFILE"):
            return str(declared.decode("latin-1"))
    return None


def _crs(reference: int | None) -> str | None:
    """Return the code of a CRS, else its WKT; None for none."""
    if not reference:
        return None
    library, pointer = _library(), c_void_p(reference)
    name, code = (read(pointer, None) for read in (library.OSRGetAuthorityName, library.OSRGetAuthorityCode))
    if name and code:
        return f"{name.decode()}:{code.decode()}"
    text = c_char_p()
    library.OSRExportToWkt(pointer, byref(text))
    try:
        return text.value.decode() if text.value else None
    finally:
        library.VSIFree(text)


def linear_wkb(wkb: bytes) -> bytes | None:
    """Return a geometry with its curves as lines; None if it cannot be read."""
    library = _library()
    with contextlib.suppress(GdalError), _confined():
        curved, lines = c_void_p(), c_void_p()
        failed = library.OGR_G_CreateFromWkb(wkb, None, byref(curved), c_int(len(wkb)))
        if failed or not curved:
            return None
        try:
            lines = c_void_p(library.OGR_G_GetLinearGeometry(curved, ctypes.c_double(0.0), None))
            size = library.OGR_G_WkbSize(lines)
            target = (c_ubyte * size)()
            library.OGR_G_ExportToIsoWkb(lines, c_int(1), target)
            return bytes(target)
        finally:
            for geometry in (curved, lines):
                library.OGR_G_DestroyGeometry(geometry)
    return None
