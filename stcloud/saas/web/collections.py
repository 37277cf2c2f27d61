"""Collections: the layers of a city, what each holds, and what may be asked of its columns.

Tested by `tests/saas/web/test_collections.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.saas.web.call import Call, Link, link
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON, SCHEMA
from stcloud.saas.web.parameter import iso_utc
from stcloud.saas.web.referencesystem import CRS84, reference_system, reference_systems

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.table.schema import Attribute

__all__ = ["collection", "collections", "queryable_schema", "queryables", "sortables"]

_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
_TYPES: dict[str, dict[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
}


def collections(call: Call) -> Response:
    """Return all collections that the principal may see."""
    call.known_parameters(())
    described = [_described(call, layer) for layer in _served(call)]
    return call.document({"collections": described, "links": []}, "collections")


def collection(call: Call) -> Response:
    """Return one collection."""
    call.known_parameters(())
    return call.document(_described(call, call.city.layer(call.segments["collection"])), "collection")


def queryables(call: Call) -> Response:
    """Return what may be named in filters, as a JSON schema."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    return _schema(call, layer, "queryables", queryable_schema(layer))


def sortables(call: Call) -> Response:
    """Return what rows may be sorted by, as a JSON schema."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    return _schema(call, layer, "sortables", _columns(layer))


def queryable_schema(layer: Layer) -> dict[str, dict[str, Any]]:
    """Return what may be named in filters, as properties of a JSON schema."""
    return _own_queryables(layer) | _columns(layer)


def _columns(layer: Layer) -> dict[str, dict[str, Any]]:
    """Return the columns of a layer as properties of a JSON schema."""
    return {attribute.name: _property(attribute) for attribute in layer.attributes}


def _own_queryables(layer: Layer) -> dict[str, dict[str, Any]]:
    """Return what every row has, as properties of a JSON schema."""
    own: dict[str, dict[str, Any]] = {
        "geometry": {"title": "Place", "format": _geometry_format(layer), "x-ogc-role": "primary-geometry"},
        "key": {"title": "Key", "type": "string"},
    }
    kind = kind_of(layer)
    instant = {"type": "string", "format": "date-time"}
    if not kind.versioned:
        own["time"] = {"title": "Time", **instant, "x-ogc-role": "primary-instant"}
    if kind.lasting:
        role = "primary-interval" if kind.versioned else "interval"
        own["period"] = {"title": "Period", "type": "array", "items": instant, "x-ogc-role": role}
    return own


def _property(attribute: Attribute) -> dict[str, Any]:
    named: dict[str, Any] = {"title": attribute.title} if attribute.title else {}
    if attribute.unit:
        named["x-ogc-unit"] = attribute.unit
    return {**_TYPES[attribute.type], **named}


def _geometry_format(layer: Layer) -> str:
    return "geometry-any" if kind_of(layer).versioned else "geometry-point"


def _schema(call: Call, layer: Layer, below: str, properties: dict[str, Any]) -> Response:
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": call.url("collections", layer.name, below),
        "type": "object",
        "title": layer.definition.title or layer.name,
        "properties": properties,
        "additionalProperties": False,
    }
    return call.document(document, "schema", (SCHEMA, HTML))


def _served(call: Call) -> Sequence[Layer]:
    return call.city.layers()


def _described(call: Call, layer: Layer) -> dict[str, Any]:
    """Return what a collection is: title, extent, CRSs, clocks, links."""
    configuration = call.city.configuration
    systems = reference_systems(configuration.crs)
    document: dict[str, Any] = {
        "id": layer.name,
        "title": layer.definition.title or layer.name,
        "itemType": "feature",
        "crs": [system.address for system in systems],
        "links": _links(call, layer),
    }
    stored = reference_system(configuration.crs)
    if stored is not None:
        document["storageCrs"] = stored.address
    document |= _extent(layer, configuration.crs)
    if kind_of(layer).versioned:
        document["versioning"] = {"timeAxis": "validity-time"}
    return document


def _links(call: Call, layer: Layer) -> list[Link]:
    name = layer.name
    items = [
        link(call.url("collections", name, "items", f=media.name), "items", media, f"{name} as {media.title}")
        for media in (GEOJSON, HTML, CSV)
    ]
    return [
        link(call.url("collections", name), "self", JSON, "This document"),
        *items,
        link(call.url("collections", name, "queryables"), f"{_RELATION}queryables", SCHEMA, "Queryables"),
        link(call.url("collections", name, "sortables"), f"{_RELATION}sortables", SCHEMA, "Sortables"),
        link(call.url("collections", name, "tiles"), f"{_RELATION}tilesets-vector", JSON, "Vector tiles"),
        link(call.url("collections", name, "loads"), "related", JSON, "Loads: when what was recorded"),
    ]


def _extent(layer: Layer, crs: str) -> dict[str, Any]:
    """Return a box and an interval that hold all rows, those that are no longer current, too."""
    extent: dict[str, Any] = {}
    if layer.extent is not None:
        extent["spatial"] = {"bbox": [_lonlat(layer.extent, crs)], "crs": CRS84.address}
    if layer.span_us is not None:
        first, last = (iso_utc(at_us) for at_us in layer.span_us)
        lasts = kind_of(layer).versioned or _ends(layer)
        extent["temporal"] = {
            "interval": [[first, None if lasts else last]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return {"extent": extent} if extent else {}


def _ends(layer: Layer) -> bool:
    return any("st_time_to" in file.high for file in layer.snapshot.files)


def _lonlat(bounds: tuple[float, float, float, float], crs: str) -> list[float]:
    """Return the box in degrees that holds a box of the city's CRS, rounded outwards."""
    import numpy as np  # noqa: PLC0415

    from stcloud.space import transformer  # noqa: PLC0415

    west, south, east, north = transformer(crs, CRS84.text).transform_bounds(*bounds, densify_pts=21)
    low = np.floor(np.array([west, south]) * 1e6) / 1e6
    high = np.ceil(np.array([east, north]) * 1e6) / 1e6
    return [*low.tolist(), *high.tolist()]
