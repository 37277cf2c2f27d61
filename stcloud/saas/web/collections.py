"""Collections: the layers of a city, what each holds, and what may be asked of its columns.

Tested by `tests/saas/web/test_collections.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.saas.web.call import CityRequest, Link, link
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.extent import extent_of
from stcloud.saas.web.knownlayers import is_purged, known_layer, known_layers, known_us_of, tagged
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
    """Return all collections that the principal may see, and the catalogue that describes them.

    With ``known``, those that were there, as they were known then.
    """
    call.known_parameters(("known",))
    layers = known_layers(call)
    described = [
        *(_described(call, layer) for layer in layers),
        described_catalogue(call, call.city.layers()),
    ]
    return tagged(call, {"collections": described, "links": []}, "collections", (JSON, HTML), layers)


def collection(call: CityRequest) -> Response:
    """Return one collection; with ``known``, as it was known then."""
    call.known_parameters(("known",))
    layer = known_layer(call)
    refuse_purged(layer, known_us_of(call, layer), call.city.configuration.zone, columns=frozenset())
    return tagged(call, _described(call, layer), "collection", (JSON, HTML), [layer])


def queryables(call: CityRequest) -> Response:
    """Return what may be named in filters, as a JSON schema."""
    call.known_parameters(("known",))
    layer = known_layer(call)
    return _schema(call, layer, "queryables", queryable_schema(layer))


def sortables(call: CityRequest) -> Response:
    """Return what rows may be sorted by, as a JSON schema."""
    call.known_parameters(("known",))
    layer = known_layer(call)
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
        "$id": call.url("collections", layer.name, below, known=call.parameters.get("known")),
        "type": "object",
        "title": layer.title or layer.name,
        "properties": properties,
        "additionalProperties": False,
    }
    return tagged(call, document, "schema", (SCHEMA, HTML), [layer])


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
    if not is_purged(layer, known_us_of(call, layer)):
        document |= extent_of(layer, configuration.crs)
    if layer.personal:
        document["personalColumns"] = list(layer.personal)
    if kind_of(layer).versioned:
        document["versioning"] = {"timeAxis": "validity-time"}
    return document


def _links(call: CityRequest, layer: Layer) -> list[Link]:
    name, known = layer.name, call.parameters.get("known")

    def below(*path: str, **given: Any) -> str:
        return call.url("collections", name, *path, **given, known=known)

    items = [
        link(below("items", f=media.name), "items", media, f"{name} as {media.title}")
        for media in (GEOJSON, HTML, CSV)
    ]
    return [
        link(below(), "self", JSON, "This document"),
        *items,
        link(below("queryables"), f"{_RELATION}queryables", SCHEMA, "Queryables"),
        link(below("sortables"), f"{_RELATION}sortables", SCHEMA, "Sortables"),
        link(call.url("collections", name, "tiles"), f"{_RELATION}tilesets-vector", JSON, "Vector tiles"),
        link(call.url("collections", name, "loads"), "related", JSON, "Loads: when what was recorded"),
    ]
