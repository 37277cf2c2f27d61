"""Features and records in memory: GeoJSON-like mappings, objects with a ``__geo_interface__``, iterables of both.

Tested by `tests/iaas/source/memory/test_features.py`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.iaas.source.sourcefile import SourceFile

__all__ = ["feature_items", "has_features", "spool_features"]

_GEOMETRIES = {
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
}  # fmt: skip
_REPORTED_EVERY = 4096


def has_features(given: object) -> bool:
    """Return whether an object is GeoJSON, has a ``__geo_interface__``, or gives mappings one by one."""
    if hasattr(given, "__geo_interface__") or isinstance(given, Mapping):
        return True
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        return not given or _is_item(given[0])
    return isinstance(given, Iterator) and not hasattr(given, "read")


def _is_item(value: object) -> bool:
    return isinstance(value, Mapping) or hasattr(value, "__geo_interface__")


def spool_features(given: Any, folder: Path, tell: Callable[[int], object]) -> SourceFile:
    """Write features to a GeoJSON file, records to JSON lines; memory holds one of them.

    Raises
    ------
    InvalidInput
        ``empty-source``: there is none; ``unsupported-value``: a value that JSON cannot have; ``unknown-source``: a
        mapping that is no GeoJSON.
    """
    items, crs = feature_items(given)
    kind = "FeatureCollection" if isinstance(_mapping(given), Mapping) else type(given).__name__
    first = next(items, None)
    if first is None:
        raise InvalidInput("empty-source", f"the {kind} holds no features and no records")
    is_feature = isinstance(first, Mapping) and first.get("type") == "Feature"
    write = _write_features if is_feature else _write_records
    path = folder / ("features.geojson" if is_feature else "records.ndjson")
    digest = hashlib.blake2b(
        json.dumps(["features" if is_feature else "records", crs]).encode(), digest_size=16
    )
    count = write(path, _chained(first, items), crs, digest, tell)
    noun = "feature" if is_feature else "record"
    name = f"{kind} of {count:,} {noun}{'s' * (count != 1)}"
    return SourceFile(path, name, f"{noun}s:{digest.hexdigest()}", "vector" if is_feature else "json")


def feature_items(given: Any) -> tuple[Iterator[Any], Any]:
    """Return features or records one by one, and the ``crs`` member of a collection of them, if it has one.

    Raises
    ------
    InvalidInput
        ``unknown-source``: a mapping that is no GeoJSON.
    """
    whole = _mapping(given)
    if isinstance(whole, Mapping):
        return map(_mapping, _features_of(whole)), whole.get("crs")
    return map(_mapping, whole), None


def _mapping(given: Any) -> Any:
    if isinstance(given, Mapping):
        return given
    return getattr(given, "__geo_interface__", given)


def _features_of(given: Mapping[str, Any]) -> Iterable[Any]:
    if given.get("type") == "FeatureCollection" and isinstance(given.get("features"), Iterable):
        features: Iterable[Any] = given["features"]
        return features
    if given.get("type") == "Feature":
        return [given]
    if given.get("type") in _GEOMETRIES:
        return [{"type": "Feature", "properties": {}, "geometry": given}]
    raise InvalidInput(
        "unknown-source", "the mapping is neither a FeatureCollection nor a Feature",
        hint="of columns make a table: pyarrow.table(...) or pandas.DataFrame(...)",
    )  # fmt: skip


def _chained(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


def _write_features(
    path: Path, items: Iterator[Any], crs: Any, digest: Any, tell: Callable[[int], object]
) -> int:
    """Write a FeatureCollection, a feature a line."""
    head = {"type": "FeatureCollection"} | ({} if crs is None else {"crs": crs})
    count = 0
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        file.write(f'{json.dumps(head)[:-1]}, "features": [')
        for text in _texts(items, digest, tell):
            file.write(f",\n{text}" if count else f"\n{text}")
            count += 1
        file.write("\n]}\n")
    return count


def _write_records(
    path: Path, items: Iterator[Any], _crs: Any, digest: Any, tell: Callable[[int], object]
) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for text in _texts(items, digest, tell):
            file.write(f"{text}\n")
            count += 1
    return count


def _texts(items: Iterator[Any], digest: Any, tell: Callable[[int], object]) -> Iterator[str]:
    """Give each item as JSON; the digest takes it with its members in order."""
    for number, item in enumerate(items, start=1):
        try:
            text = json.dumps(item, default=_plain)
            digest.update(json.dumps(item, default=_plain, sort_keys=True).encode() + b"\n")
        except (TypeError, ValueError) as error:
            raise InvalidInput(
                "unsupported-value", f"item {number:,} holds a value that JSON cannot have: {error}",
                hint="make it text, a number, a date or an instant first",
            ) from error  # fmt: skip
        if number % _REPORTED_EVERY == 0:
            tell(number)
        yield text


def _plain(value: Any) -> Any:
    """Return what JSON has for a value that it does not have."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "__geo_interface__"):
        return value.__geo_interface__
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy
        return value.tolist()
    raise TypeError(f"{value!r:.80} of type {type(value).__name__}")
