"""GeoJSON and features one a line, streamed.

Read here and not by GDAL: a linked CRS is refused and never fetched, ids are what they are, a property may be
called geometry, and a bad value is a fault of its row.

Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.source.jsontext import JsonText, check_columns
from stcloud.iaas.source.nested import read_canonical
from stcloud.iaas.source.protocol import GEOMETRY, Batch, Reading, Refusal
from stcloud.iaas.source.text import as_text, declared
from stcloud.iaas.source.undecodable import Illegible, is_text
from stcloud.iaas.source.wkb import geojson_to_wkb
from stcloud.space import read_crs

__all__ = ["GeoJsonSource", "property_column"]

ID = "id"
_BATCH_ROWS = 16_384
_BATCH_TEXT = 32 << 20
_SHOWN = 200
_EXACT, _LONGEST = 2**53, 2**63
_DECODER = json.JSONDecoder(strict=False)
_DEFAULT_CRS = "EPSG:4326"
_CODE_URL = re.compile(r"https?://www\.opengis\.net/(?:gml/srs/epsg\.xml#|def/crs/EPSG/[\d.]+/)(\d+)\Z")
_CRS84 = re.compile(
    r"(urn:ogc:def:crs:OGC:[\d.]*:CRS84|https?://www\.opengis\.net/def/crs/OGC/[\d.]+/CRS84)\Z"
)
_CODE_URN = re.compile(r"urn:(?:ogc|x-ogc):def:crs:EPSG:[\d.]*:(\d+)\Z")
_GEOMETRIES = {
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
}  # fmt: skip


def property_column(name: str) -> str:
    """Return the column of a property: its name, but for that of the geometry's column."""
    return f"{GEOMETRY}_property" if name == GEOMETRY else name


class _Kinds:
    """Kinds of values that a property has."""

    def __init__(self) -> None:
        self._types: set[type] = set()
        self._most = 0

    def add(self, value: Any) -> None:
        self._types.add(type(value))
        if type(value) is int and abs(value) > self._most:
            self._most = abs(value)

    @property
    def numbered(self) -> bool:
        """Whether all are integers."""
        return self._types == {int}

    def arrow(self) -> pa.DataType:
        """Return the type that holds all of them exactly."""
        types = self._types - {type(None)}
        if types == {bool}:
            return pa.bool_()
        if types == {int} and self._most < _LONGEST:
            return pa.int64()
        if types and types <= {int, float} and self._most <= _EXACT:
            return pa.float64()
        return pa.string()


class GeoJsonSource:
    """Features of a GeoJSON file; the geometry is WKB in the column `GEOMETRY`.

    Columns are all properties met in the file, which is therefore read twice. Ids that are not all integers are
    a column ``id``, others are one where the reader wants it as a key, unless a property has that name.

    Parameters
    ----------
    path
        The file.
    name
        What to call it in errors.
    reading
        What the file does not declare.

    Raises
    ------
    InvalidInput
        ``unreadable-source``, ``too-many-columns``, ``repeated-column``.
    """

    geometry = GEOMETRY

    def __init__(self, path: Path, name: str, reading: Reading) -> None:
        self._path, self._name, self._identity = path, name, reading.identity
        self.crs: str | None = _DEFAULT_CRS
        self._kinds: dict[str, _Kinds] = {}
        ids = _Kinds()
        with_id = 0
        for feature, _ in self._features():
            if not _is_feature(feature):
                continue
            if feature.get(ID) is not None:
                ids.add(feature[ID])
                with_id += 1
            self._scan(feature.get("properties") or {})
        self._has_id = ID not in self._kinds and with_id > 0 and (not ids.numbered or ID in reading.keys)
        kinds = ({ID: ids} if self._has_id else {}) | self._kinds
        self.columns = (*map(property_column, kinds), GEOMETRY)
        if len(set(self.columns)) < len(self.columns):
            raise InvalidInput(
                "repeated-column", f"{name} has properties '{GEOMETRY}' and '{property_column(GEOMETRY)}'",
                hint="rename one of them",
            )  # fmt: skip
        self._arrow = {column: kind.arrow() for column, kind in kinds.items()}
        self.types = {property_column(column): declared(kind) for column, kind in self._arrow.items()}

    def position(self) -> int:
        """Return 0: it is not known for GeoJSON."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        held: list[dict[str, Any]] = []
        shapes: list[bytes | None] = []
        numbers: list[int] = []
        refusals: list[Refusal] = []
        size = 0
        for number, (feature, text) in enumerate(self._features(), start=1):
            size += len(text)
            if _is_feature(feature):
                shapes.append(_wkb(feature.pop("geometry", None)))  # lists of vertices take much memory
                held.append(feature)
                numbers.append(number)
            else:
                refusals.append(Refusal(number, None, text[:_SHOWN], "malformed-row: not a GeoJSON feature"))
            if len(held) + len(refusals) >= _BATCH_ROWS or size >= _BATCH_TEXT:
                yield self._batch(held, shapes, numbers, refusals)
                held, shapes, numbers, refusals, size = [], [], [], [], 0
        if held or refusals:
            yield self._batch(held, shapes, numbers, refusals)

    def _batch(
        self,
        held: list[dict[str, Any]],
        shapes: list[bytes | None],
        numbers: list[int],
        refusals: list[Refusal],
    ) -> Batch:
        illegible = Illegible(np.array(numbers, np.int64))
        properties = [feature.get("properties") or {} for feature in held]
        columns = []
        for at, (name, kind) in enumerate(self._arrow.items()):
            rows = held if self._has_id and at == 0 else properties
            values = [row.get(name) for row in rows]
            if kind == pa.string() and property_column(name) in self._identity:
                _refuse_inexact(name, values, illegible)
            text = kind == pa.string()
            columns.append(
                illegible.strings(name, _texts(values)) if text else as_text(pa.array(values, kind))
            )
        columns.append(pa.array(shapes, pa.binary()))
        return illegible.batch(pa.RecordBatch.from_arrays(columns, list(self.columns)), refusals)

    def _scan(self, properties: dict[str, Any]) -> None:
        kinds = self._kinds
        for name, value in properties.items():
            kind = kinds.get(name)
            if kind is None:
                if not is_text(name):
                    raise InvalidInput(
                        "unreadable-source", f"{self._name} cannot be read: a property's name is no text"
                    )
                kind = kinds[name] = _Kinds()
                check_columns(self._name, len(kinds))
            kind.add(value)

    def _features(self) -> Iterator[tuple[Any, str]]:
        """Give each feature and its text."""
        with JsonText(self._path, self._name, _DECODER) as text:
            alone = yield from self._object(text)
            while text.peek():
                if not alone:
                    raise text.unreadable("something follows its features")
                yield text.line()

    def _object(self, text: JsonText) -> Generator[tuple[Any, str], None, bool]:
        """Give the features of the first object; return whether it is one feature, which others may follow."""
        text.take("{")
        members: dict[str, Any] = {}
        listed = False
        for name in text.members():
            if name == "features" and text.peek() == "[":
                text.take("[")
                listed = True
                yield from text.elements()
            else:
                members[name] = text.value()[0]
        if "crs" in members:
            self.crs = self._declared(members["crs"])
        kind = members.get("type")
        if listed and kind == "FeatureCollection":
            return False
        if kind == "Feature" and not listed:
            yield members, ""
            return True
        if isinstance(kind, str) and kind in _GEOMETRIES and not listed:
            yield {"type": "Feature", "geometry": members}, ""
            return False
        raise text.unreadable("it is no GeoJSON: neither features nor a geometry")

    def _declared(self, crs: Any) -> str | None:
        """Return the CRS that the file names; a link is never followed."""
        if crs is None:
            return None
        kind, properties = (
            crs.get(name) if isinstance(crs, dict) else None for name in ("type", "properties")
        )
        if isinstance(properties, dict):
            if kind == "name" and isinstance(properties.get("name"), str):
                return self._code(properties["name"])
            if kind == "EPSG" and isinstance(properties.get("code"), int):
                return f"EPSG:{properties['code']}"
        raise InvalidInput(
            "unreadable-source", f"{self._name} cannot be read: its CRS is a link or no name; links are not followed",
            hint='name the CRS in it, e.g. {"type": "name", "properties": {"name": "EPSG:4548"}}',
        )  # fmt: skip

    def _code(self, name: str) -> str:
        if _CRS84.match(name):
            return _DEFAULT_CRS
        match = _CODE_URL.match(name) or _CODE_URN.match(name)
        code = f"EPSG:{match[1]}" if match else name
        if not re.match(r"[A-Za-z]+:[A-Za-z0-9_.]+\Z|urn:ogc:def:crs:\S+\Z", code):
            raise InvalidInput(
                "unreadable-source", f"{self._name} cannot be read: its CRS is named in no known form",
                hint="name it by its code, e.g. EPSG:4548",
            )  # fmt: skip
        read_crs(code)
        return code


def _is_feature(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "Feature"
        and isinstance(value.get("properties") or {}, dict)
    )


def _wkb(geometry: Any) -> bytes | None:
    try:
        return geojson_to_wkb(geometry)
    except ValueError:
        return b"\x00"  # no WKB: what becomes of the row is for the layer to say


def _texts(values: list[Any]) -> list[str | None]:
    """Return values as text; numbers in canonical form, nested ones as JSON."""
    numbers = [value if type(value) is float else None for value in values]
    plain = as_text(pa.array(numbers, pa.float64())).to_pylist() if float in map(type, values) else numbers
    return [
        value if value is None or type(value) is str else text if type(value) is float else _json(value)
        for value, text in zip(values, plain, strict=True)
    ]


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(read_canonical(text), ensure_ascii=False) if type(value) in (list, dict) else text


def _refuse_inexact(name: str, values: list[Any], illegible: Illegible) -> None:
    """Refuse keys that are floats which may have lost digits, in a column of values of several kinds."""
    for at, value in enumerate(values):
        if type(value) is float and math.isfinite(value) and abs(value) >= _EXACT:
            illegible.refuse(at, name, repr(value), "inexact-key")
