"""Collections: the layers of a city, what each holds, and what may be asked of its columns.

Tested by `tests/saas/web/test_collections.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, Link, link
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.extent import extent_of
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON, SCHEMA
from stcloud.saas.web.records import described_catalogue
from stcloud.saas.web.referencesystem import reference_system, reference_systems

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.table.schema import Attribute

__all__ = ["collection", "collections", "queryable_schema", "queryables", "schema_of", "sortables"]

_PERSONAL = "x-personal"
"""Says of a column in a schema that it holds what is personal."""
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
_TYPES: dict[str, dict[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "instant": {"type": "string", "format": "date-time"},
}


def collections(call: CityRequest) -> Response:
    """Return all collections that the principal may see, and the catalogue that describes them."""
    call.known_parameters(())
    layers = _served(call)
    described = [*(_described(call, layer) for layer in layers), described_catalogue(call, layers)]
    return call.document({"collections": described, "links": []}, "collections")


def collection(call: CityRequest) -> Response:
    """Return one collection."""
    call.known_parameters(())
    return call.document(_described(call, call.city.layer(call.segments["collection"])), "collection")


def queryables(call: CityRequest) -> Response:
    """Return what may be named in filters, as a JSON schema."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    return _schema(call, layer, "queryables", queryable_schema(layer))


def sortables(call: CityRequest) -> Response:
    """Return what rows may be sorted by, as a JSON schema."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    return _schema(call, layer, "sortables", schema_of(layer))


def queryable_schema(layer: Layer) -> dict[str, dict[str, Any]]:
    """Return what may be named in filters, as properties of a JSON schema."""
    return _own_queryables(layer) | schema_of(layer)


def schema_of(layer: Layer) -> dict[str, dict[str, Any]]:
    """Return the columns of a layer as properties of a JSON schema."""
    personal = layer.personal
    return {
        attribute.name: _property(attribute) | ({_PERSONAL: True} if attribute.name in personal else {})
        for attribute in layer.attributes
    }


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


def _schema(call: CityRequest, layer: Layer, below: str, properties: dict[str, Any]) -> Response:
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": call.url("collections", layer.name, below),
        "type": "object",
        "title": layer.title or layer.name,
        "properties": properties,
        "additionalProperties": False,
    }
    return call.document(document, "schema", (SCHEMA, HTML))


def _served(call: CityRequest) -> Sequence[Layer]:
    return call.city.layers()


def _described(call: CityRequest, layer: Layer) -> dict[str, Any]:
    """Return what a collection is: title, extent, CRSs, clocks, links."""
    configuration = call.city.configuration
    systems = reference_systems(configuration.crs)
    document: dict[str, Any] = {
        "id": layer.name,
        "title": layer.title or layer.name,
        "itemType": "feature",
        "crs": [system.address for system in systems],
        "links": _links(call, layer),
    }
    stored = reference_system(configuration.crs)
    if stored is not None:
        document["storageCrs"] = stored.address
    document |= extent_of(layer, configuration.crs)
    if layer.personal:
        document["personalColumns"] = list(layer.personal)
    if kind_of(layer).versioned:
        document["versioning"] = {"timeAxis": "validity-time"}
    return document


def _links(call: CityRequest, layer: Layer) -> list[Link]:
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
