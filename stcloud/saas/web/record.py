"""The record of a layer: what OGC API Records says of a resource, from its description, its extent and its ledger.

Tested by `tests/saas/web/test_records.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.daas.describedvalue import is_url
from stcloud.saas.web.call import CityRequest, Link, link
from stcloud.saas.web.extent import extent_of
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON, SCHEMA
from stcloud.saas.web.parameter import iso_utc

if TYPE_CHECKING:
    from stcloud.daas.description import Description
    from stcloud.daas.entry import Layer
    from stcloud.daas.quality import LayerQuality

__all__ = ["PROFILE", "TYPE", "Box", "boxes_of", "figures_of", "quality_of_layer", "record_of"]

_RECORD_CORE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
PROFILE = "http://www.opengis.net/def/profile/OGC/0/"
TYPE = "dataset"
"""What kind of resource a layer is."""
_OTHER = "other"
_FORMATS = (GEOJSON, CSV, HTML)

Box = tuple[float, float, float, float]


def record_of(call: CityRequest, layer: Layer, catalogue: str) -> dict[str, Any]:
    """Return the record of a layer in the catalogue of a name, as GeoJSON, without figures and links to itself."""
    extent = extent_of(layer, call.city.configuration.crs).get("extent", {})
    interval = extent.get("temporal", {}).get("interval")
    return {
        "type": "Feature",
        "id": layer.name,
        "conformsTo": [_RECORD_CORE],
        "geometry": _geometry(extent),
        "time": {"interval": [at or ".." for at in interval[0]]} if interval else None,
        "properties": _properties(call, layer, catalogue, extent),
        "links": _links(call, layer, catalogue),
    }


def boxes_of(bounds: Box | list[float]) -> list[Box]:
    """Return a box in degrees as one box, or as two where it crosses the meridian of 180 degrees.

    >>> boxes_of([170.0, -40.0, -170.0, -30.0])
    [(170.0, -40.0, 180.0, -30.0), (-180.0, -40.0, -170.0, -30.0)]
    """
    west, south, east, north = bounds
    if west <= east:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def _geometry(extent: dict[str, Any]) -> dict[str, Any] | None:
    """Return the box of an extent as a polygon, counter-clockwise; None: it has none."""
    if "spatial" not in extent:
        return None
    rings = [
        [[[west, south], [east, south], [east, north], [west, north], [west, south]]]
        for west, south, east, north in boxes_of(extent["spatial"]["bbox"][0])
    ]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _properties(call: CityRequest, layer: Layer, catalogue: str, extent: dict[str, Any]) -> dict[str, Any]:
    description, city = layer.description, call.city
    recorded = layer.recorded_us
    instants = [*(recorded or ()), *([description.updated_us] if description.updated_us is not None else [])]
    language = city.configuration.language
    texts = {
        "description": description.description,
        "keywords": list(description.keywords),
        "themes": _themes(call, description, catalogue),
        "language": {"code": language} if language else None,
        "contacts": _contacts(description, city.name),
        "license": _licence(description),
        "created": iso_utc(recorded[0]) if recorded else None,
        "updated": iso_utc(max(instants)) if instants else None,
        "updateCycle": description.update_cycle,
        "lineage": description.lineage,
        "extent": extent,
        "personalColumns": list(layer.personal),
    }
    return {
        "type": TYPE,
        "title": layer.title or layer.name,
        **{name: value for name, value in texts.items() if value},
        "externalIds": [
            {"scheme": "stcloud", "value": f"{city.name}/{name}"} for name in (layer.name, *layer.former)
        ],
        "formats": [{"name": media.title, "mediaType": media.essence} for media in _FORMATS],
    }


def _themes(call: CityRequest, description: Description, catalogue: str) -> list[dict[str, Any]]:
    """Return themes as concepts of a scheme, which is the catalogue's own."""
    if not description.themes:
        return []
    concepts = [{"id": theme} for theme in description.themes]
    return [{"concepts": concepts, "scheme": call.url("collections", catalogue)}]


def _contacts(description: Description, city: str) -> list[dict[str, Any]]:
    if not description.owner and not description.contact:
        return []
    contact: dict[str, Any] = {
        "organization": description.owner or city,
        "roles": ["owner", "pointOfContact"],
    }
    if description.contact and is_url(description.contact):
        contact["links"] = [{"rel": "about", "type": "text/html", "href": description.contact}]
    elif description.contact:
        contact["emails"] = [{"value": description.contact}]
    return [contact]


def _licence(description: Description) -> str | None:
    """Return the identifier of SPDX; for a licence that has an address alone, that it is another."""
    return _OTHER if description.licence and is_url(description.licence) else description.licence


def quality_of_layer(call: CityRequest, layer: Layer) -> LayerQuality:
    """Return how good a layer's rows are; it is counted once for a version of the layer and its ledger."""
    key = (
        "quality", call.base, call.rights, call.principal, layer.name, layer.snapshot.version, layer.pin_us(),
        len(layer.loads),
    )  # fmt: skip
    quality: LayerQuality = call.service.kept.get(key, lambda: call.city.quality(layer.name))
    return quality


def figures_of(call: CityRequest, layer: Layer) -> dict[str, Any]:
    """Return figures of quality."""
    quality = quality_of_layer(call, layer)
    share, late_us = quality.rejected_share, quality.lateness_us
    return {
        "rows": quality.rows,
        "unplaced": quality.unplaced,
        "read": quality.read,
        "rejected": quality.rejected,
        "rejectedShare": None if share is None else round(share, 6),
        "completeTo": None if quality.complete_to_us is None else iso_utc(quality.complete_to_us),
        "latenessSeconds": None if late_us is None else round(late_us / 1e6, 3),
        "lastLoad": None if quality.last_load_us is None else iso_utc(quality.last_load_us),
    }


def _links(call: CityRequest, layer: Layer, catalogue: str) -> list[Link]:
    name, licence = layer.name, layer.description.licence
    links = [
        link(call.url("collections", catalogue), "collection", JSON, "The catalogue"),
        link(f"{PROFILE}ogc-record", "profile"),
        *(
            link(
                call.url("collections", name, "items", f=media.name),
                "items",
                media,
                f"{name} as {media.title}",
            )
            for media in _FORMATS
        ),
        link(call.url("collections", name), "about", JSON, "The collection"),
        link(call.url("collections", name, "queryables"), "describedby", SCHEMA, "Its columns"),
        link(call.url("collections", name, "loads"), "related", JSON, "Loads: when what was recorded"),
    ]
    if licence:
        address = licence if is_url(licence) else f"https://spdx.org/licenses/{licence}.html"
        links.append(link(address, "license", HTML, "Licence"))
    return links
