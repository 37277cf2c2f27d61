"""The catalogue: a collection of records, one of each layer, as OGC API Records has it.

Its id is ``catalog``. A layer of this name comes first, and the catalogue is then ``catalog-``, or has as many signs
at its end as no layer has.

Tested by `tests/saas/web/test_records.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.store.folder import is_name
from stcloud.saas.web.call import CityRequest, Link, link
from stcloud.saas.web.extent import extent_of
from stcloud.saas.web.media import GEOJSON, HTML, Media
from stcloud.saas.web.parameter import iso_utc, read_datetime, read_limit
from stcloud.saas.web.record import PROFILE, figures_of, record_of
from stcloud.saas.web.recordfilter import SELECTING, RecordFilter

if TYPE_CHECKING:
    from stcloud.daas.entry import Layer

__all__ = [
    "CATALOGUE_JSON",
    "PAGING",
    "catalogue",
    "catalogue_id",
    "described_catalogue",
    "read_offset",
    "record",
    "records",
    "routed",
    "whole_box",
]

CATALOGUE_JSON = Media("json", "application/ogc-catalog+json", "JSON")
PAGING = ("limit", "offset")
_ID = "catalog"
_DEFAULT_ROWS = 100
_OFFERED = (GEOJSON, HTML)
_MOST_OFFSET_DIGITS = 100


def catalogue_id(call: CityRequest) -> str:
    """Return the id of the catalogue, which no layer has, or had before it was renamed."""
    name = _ID
    while _is_layer(call, name):
        name += "-"
    return name


def routed(
    of_layers: Callable[[CityRequest], Response], of_catalogue: Callable[[CityRequest], Response]
) -> Callable[[CityRequest], Response]:
    """Return the handler of a path that layers and the catalogue have."""

    @functools.wraps(of_layers)
    def handler(call: CityRequest) -> Response:
        name = call.segments["collection"]
        if name.rstrip("-") == _ID and name == catalogue_id(call):
            return of_catalogue(call)
        return of_layers(call)

    return handler


def catalogue(call: CityRequest) -> Response:
    """Return the catalogue as a collection."""
    call.known_parameters(())
    document = described_catalogue(call, call.city.layers())
    links = [made for made in document["links"] if made["rel"] != "self"]
    return call.document({**document, "links": links}, "catalog", (CATALOGUE_JSON, HTML))


def records(call: CityRequest) -> Response:
    """Return a page of records, by the names of their layers."""
    given = call.known_parameters((*SELECTING, *PAGING))
    media = call.media(*_OFFERED)
    wanted = RecordFilter.of(given, call.city.configuration.zone)
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    offset = read_offset(given.get("offset"))
    name = catalogue_id(call)
    pairs = [(layer, record_of(call, layer, name)) for layer in call.city.layers()]
    selected = [pair for pair in pairs if wanted.selects(pair[1], _span_us(call, pair[1]))]
    page = [_whole_record(call, layer, made, name) for layer, made in selected[offset : offset + limit]]
    links = [link(call.url("collections", name), "collection", CATALOGUE_JSON), *_profile("ogc-catalog")]
    if offset + limit < len(selected):
        links.append(link(call.again(offset=offset + limit), "next", media, "Next page"))
    document = {
        "type": "FeatureCollection",
        "timeStamp": iso_utc(call.now_us),
        "numberMatched": len(selected),
        "numberReturned": len(page),
        "features": page,
        "links": links,
    }
    return call.document(document, "records", _OFFERED)


def record(call: CityRequest) -> Response:
    """Return the record of one layer; `NotFound` ``unknown-layer``."""
    call.known_parameters(())
    name = call.segments["feature"]
    if not is_name(name):
        raise NotFound("unknown-layer", f"there is no record '{name[:80]}'")
    layer = call.city.layer(name)
    made = _with_figures(call, layer, record_of(call, layer, catalogue_id(call)))
    return call.document(made, "record", _OFFERED)


def described_catalogue(call: CityRequest, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the catalogue as the list of collections has it, with the extent of all layers."""
    name = catalogue_id(call)
    document: dict[str, Any] = {
        "id": name,
        "type": "Collection",
        "itemType": "record",
        "title": f"Catalogue of {call.city.name}",
        "description": "What there is in the city: a record of each layer",
        "conformsTo": [f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{part}" for part in _CLASSES],
        "links": [
            link(call.url("collections", name), "self", CATALOGUE_JSON, "This document"),
            *(
                link(
                    call.url("collections", name, "items", f=media.name),
                    "items",
                    media,
                    f"Records as {media.title}",
                )
                for media in _OFFERED
            ),
            *_profile("ogc-catalog"),
        ],
    }
    boxes = [
        extent["extent"]["spatial"]["bbox"][0]
        for layer in layers
        if "spatial" in (extent := extent_of(layer, call.city.configuration.crs)).get("extent", {})
    ]
    return document | ({"extent": {"spatial": {"bbox": [whole_box(boxes)]}}} if boxes else {})


_CLASSES = (
    "record-core",
    "record-collection",
    "record-core-query-parameters",
    "records-api",
    "searchable-catalog",
)


def whole_box(boxes: Sequence[Sequence[float]]) -> list[float]:
    """Return the box that holds all boxes, around the world where one crosses the meridian of 180 degrees."""
    across = any(box[0] > box[2] for box in boxes)
    west, east = (-180.0, 180.0) if across else (min(box[0] for box in boxes), max(box[2] for box in boxes))
    return [west, min(box[1] for box in boxes), east, max(box[3] for box in boxes)]


def _whole_record(call: CityRequest, layer: Layer, made: dict[str, Any], catalogue: str) -> dict[str, Any]:
    """Return a record as a page has it, with a link to itself."""
    own = link(call.url("collections", catalogue, "items", layer.name), "self", GEOJSON)
    return _with_figures(call, layer, made) | {"links": [own, *made["links"]]}


def _with_figures(call: CityRequest, layer: Layer, made: dict[str, Any]) -> dict[str, Any]:
    return made | {"properties": made["properties"] | {"quality": figures_of(call, layer)}}


def _span_us(call: CityRequest, made: dict[str, Any]) -> tuple[int, int | None] | None:
    """Return the interval of a record, UTC microseconds."""
    if made["time"] is None:
        return None
    interval = read_datetime("/".join(made["time"]["interval"]), call.city.configuration.zone)
    return None if interval.first_us is None else (interval.first_us, interval.last_us)


def _is_layer(call: CityRequest, name: str) -> bool:
    try:
        call.city.layer(name)
    except NotFound as error:
        return error.kind != "unknown-layer"
    return True


def _profile(name: str) -> list[Link]:
    return [link(f"{PROFILE}{name}", "profile")]


def read_offset(text: str | None) -> int:
    """Return how many records come before a page; `InvalidInput` ``bad-offset``."""
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_OFFSET_DIGITS:
        raise InvalidInput("bad-offset", f"offset={text[:40]} is no number of records that come before")
    return int(text)
