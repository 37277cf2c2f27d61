"""The definition of the interface, OpenAPI 3.1, made of the catalogue and the definitions of layers.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

import stcloud
from stcloud.saas.web.apioperation import body_schema, get_of, operation, query_parameter
from stcloud.saas.web.apischemas import SCHEMAS, STRING
from stcloud.saas.web.apivalues import (
    BOX,
    CURSOR,
    DATETIME,
    FILTER,
    INSTANT,
    KNOWN,
    column_value,
    names_of,
    order_of,
)
from stcloud.saas.web.boardpaths import board_paths
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.casepaths import case_paths
from stcloud.saas.web.collectionkind import PROFILES, kind_of
from stcloud.saas.web.collections import queryable_schema
from stcloud.saas.web.items import PAGING
from stcloud.saas.web.loadpaths import LOAD_ID, load_of
from stcloud.saas.web.media import (
    ARROW,
    CSV,
    GEOJSON,
    HTML,
    JSON,
    LINK_FORMAT,
    NDJSON,
    OPENAPI,
    OPENAPI_30,
    PARQUET,
    SCHEMA,
    Media,
)  # fmt: skip
from stcloud.saas.web.openapi30 import as_openapi_30
from stcloud.saas.web.questionpaths import address_operation, question_paths
from stcloud.saas.web.records import CATALOGUE_JSON, catalogue_id
from stcloud.saas.web.referencesystem import reference_systems
from stcloud.saas.web.selection import SELECTING
from stcloud.saas.web.sharingpaths import sharing_paths
from stcloud.saas.web.tilepaths import tile_grid_paths, tile_paths
from stcloud.saas.web.trackroutes import has_movers

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["definition"]

_OFFERED = (OPENAPI, OPENAPI_30, HTML)


def definition(call: CityRequest) -> Response:
    """Return the definition of what the principal may use."""
    call.known_parameters(())
    media = call.media(*_OFFERED)
    document = _document(call)
    if media is HTML:
        paths = [
            {"path": path, "method": method.upper(), "summary": operation["summary"]}
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]
        return call.document({"title": document["info"]["title"], "paths": paths}, "api", _OFFERED)
    return call.reply(encoded(as_openapi_30(document) if media is OPENAPI_30 else document), media)


def _document(call: CityRequest) -> dict[str, Any]:
    layers = call.city.layers()
    paths: dict[str, Any] = {
        "/": get_of("Landing page", (JSON, HTML), {"$ref": "#/components/schemas/landingPage"}),
        "/conformance": get_of(
            "Conformance classes", (JSON, HTML), {"$ref": "#/components/schemas/confClasses"}
        ),
        "/api": get_of("This definition", _OFFERED, {"type": "object"}),
        "/functions": get_of("Functions of filters", (JSON, HTML), {"type": "object"}),
        "/collections": get_of(
            "Collections", (JSON, HTML), {"$ref": "#/components/schemas/collections"}, [_KNOWN]
        ),
    }
    paths |= tile_grid_paths()
    for layer in layers:
        paths |= _collection_paths(layer, call)
        paths |= tile_paths(layer, _tile_parameters(layer))
    paths |= _catalogue_paths(call) | board_paths(call) | _document_paths() | case_paths(call)
    paths |= sharing_paths(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": call.city.name,
            "version": stcloud.__version__,
            "description": "Time-stamped layers of a city: what was so, and what was known of it, at any instant.",
        },
        "servers": [{"url": call.base}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _collection_paths(layer: Layer, call: CityRequest) -> dict[str, Any]:
    name, base = layer.name, f"/collections/{layer.name}"
    versioned = kind_of(layer).versioned
    schema, document = {"type": "object"}, (JSON, HTML)
    feature = {"$ref": "#/components/schemas/feature"}
    key = {
        "name": "featureId", "in": "path", "required": True, "schema": {"type": "string"},
        "description": "Key of a feature",
    }  # fmt: skip
    crs = _crs_parameters(call)
    of_feature = [key, _KNOWN, crs["crs"], *([_AT] if versioned else [])]
    paths = {
        base: get_of(
            f"Collection {name}", document, {"$ref": "#/components/schemas/collection"}, [_KNOWN]
        ),
        f"{base}/queryables": get_of(f"Queryables of {name}", (SCHEMA, HTML), schema, [_KNOWN]),
        f"{base}/sortables": get_of(f"Sortables of {name}", (SCHEMA, HTML), schema, [_KNOWN]),
        f"{base}/loads": get_of(f"Loads of {name}", document, schema) | load_of(layer, call),
        f"{base}/loads/{{loadId}}": get_of(f"Load of {name}", document, schema, [LOAD_ID]),
        f"{base}/diff": get_of(f"Differences of {name}", (GEOJSON, HTML), schema, _difference(versioned=versioned)),
        f"{base}/items": get_of(
            f"Features of {name}", (GEOJSON, HTML, CSV), {"$ref": "#/components/schemas/featureCollection"},
            _item_parameters(layer, crs, call.service.settings.most_rows, versioned=versioned),
        ),
        f"{base}/items/{{featureId}}": get_of(f"Feature of {name}", (GEOJSON, HTML), feature, of_feature),
    }  # fmt: skip
    if has_movers(layer):
        parameters = _item_parameters(layer, crs, call.service.settings.most_rows, versioned=versioned)
        selecting = [parameter for parameter in parameters if parameter["name"] not in PAGING]
        paths[f"{base}/tracks"] = get_of(f"Tracks of {name}", (JSON,), schema, selecting)
    if versioned:
        formats = (JSON, HTML, LINK_FORMAT)
        paths[f"{base}/items/{{featureId}}/versions"] = get_of(
            f"Versions of {name}", formats, schema, [key, _KNOWN]
        )
    return paths


def _catalogue_paths(call: CityRequest) -> dict[str, Any]:
    base = f"/collections/{catalogue_id(call)}"
    limit = {"type": "integer", "minimum": 1, "default": 100}
    parameters = [
        query_parameter(
            "q", STRING, "Words that a text of a record has, in this order; commas between alternatives"
        ),
        query_parameter("type", STRING, "Types of resources, with commas between them"),
        query_parameter("ids", STRING, "Ids of records, with commas between them"),
        query_parameter(
            "externalIds", STRING, "External ids: value, scheme:value or scheme:, with commas between them"
        ),
        query_parameter("bbox", BOX, "West, south, east, north in degrees"),
        _DATETIME,
        query_parameter("limit", limit, "Most records of a page"),
        query_parameter(
            "offset", {"type": "integer", "minimum": 0, "default": 0}, "Records that come before the page"
        ),
    ]
    key = {
        "name": "recordId",
        "in": "path",
        "required": True,
        "schema": STRING,
        "description": "Id of a record",
    }
    return {
        base: get_of("The catalogue", (CATALOGUE_JSON, HTML), {"$ref": "#/components/schemas/collection"}),
        f"{base}/items": get_of(
            "Records of layers",
            (GEOJSON, HTML),
            {"$ref": "#/components/schemas/featureCollection"},
            parameters,
        ),
        f"{base}/items/{{recordId}}": get_of(
            "Record of a layer", (GEOJSON, HTML), {"$ref": "#/components/schemas/feature"}, [key]
        ),
    }


def _item_parameters(
    layer: Layer, crs: dict[str, dict[str, Any]], most: int, *, versioned: bool
) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "default": 100}
    names = [attribute.name for attribute in layer.attributes]
    parameters = [
        query_parameter("bbox", BOX, "West, south, east, north; with heights six numbers"),
        crs["bbox-crs"],
        _DATETIME,
        _KNOWN,
        query_parameter("limit", limit, f"Most features of a page, {most:,} at most"),
        query_parameter("after", CURSOR, "Where the page before ended; links to next pages have it"),
        query_parameter("filter", FILTER, "CQL2"),
        query_parameter(
            "filter-lang", {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
            "Language of the filter",
        ),
        crs["filter-crs"],
        query_parameter("sortby", order_of(names), "Names, with - before them for descending order; each once"),
        query_parameter("properties", names_of(names), "Names of the properties that are wanted"),
        query_parameter("skipGeometry", {"type": "boolean", "default": False}, "Leave the places out"),
        crs["crs"],
    ]  # fmt: skip
    if versioned:
        parameters.append(
            query_parameter("profile", {"type": "string", "enum": list(PROFILES)}, "How versions are given")
        )
    taken = {parameter["name"] for parameter in parameters} | {*SELECTING, "profile", "f"}
    parameters += [
        query_parameter(name, column_value(schema), "Its value")
        for name, schema in queryable_schema(layer).items()
        if name not in taken and schema.get("type") not in (None, "array")
    ]
    return parameters


def _tile_parameters(layer: Layer) -> list[dict[str, Any]]:
    """Return what a tile may be asked with."""
    names = [attribute.name for attribute in layer.attributes]
    text = {"type": "string"}
    language = {"type": "string", "enum": ["cql2-text", "cql2-json"]}
    return [
        _DATETIME, _KNOWN, query_parameter("filter", FILTER, "CQL2"),
        query_parameter("filter-lang", language, "Language of the filter"),
        query_parameter("properties", names_of(names), "Names of the properties that are wanted"),
        query_parameter("cluster", _CLUSTER, "Points by cell: true, false, or the size of the cells, such as 250m"),
        query_parameter("by", text, "Groups instead of features: cell:1km, in:LAYER, unit"),
        query_parameter("measures", text, "Measures of the groups; default: count"),
    ]  # fmt: skip


def _crs_parameters(call: CityRequest) -> dict[str, dict[str, Any]]:
    addresses = [system.address for system in reference_systems(call.city.configuration.crs)]
    schema = {"type": "string", "format": "uri", "enum": addresses, "default": addresses[0]}
    about = {"crs": "CRS of places", "bbox-crs": "CRS of bbox", "filter-crs": "CRS of places in the filter"}
    return {name: query_parameter(name, schema, text) for name, text in about.items()}


def _document_paths() -> dict[str, Any]:
    from stcloud.paas.query import Question  # noqa: PLC0415
    from stcloud.saas.web.evaluations import (  # noqa: PLC0415
        EVALUATION_FORMATS,
        CountedCasesDocument,
        EvaluationDocument,
    )
    from stcloud.saas.web.questiondocument import (  # noqa: PLC0415
        CubeDocument,
        HotspotDocument,
        JoinDocument,
        SituationDocument,
    )
    from stcloud.saas.web.seriesroutes import (  # noqa: PLC0415
        EPISODE_FORMATS,
        SERIES_FORMATS,
        EpisodesDocument,
        SeriesDocument,
    )

    formats = (JSON, GEOJSON, CSV, NDJSON, ARROW, PARQUET)
    documents: dict[str, tuple[Any, str, tuple[Media, ...]]] = {
        "/questions": (Question, "Answer a question", formats),
        "/joins": (JoinDocument, "Answer a join", formats),
        "/cubes": (CubeDocument, "Answer a cube", formats),
        "/hotspots": (HotspotDocument, "Answer hot and cold spots", formats),
        "/series": (SeriesDocument, "Answer what stations measured", SERIES_FORMATS),
        "/episodes": (EpisodesDocument, "Answer the episodes of a rule", EPISODE_FORMATS),
        "/evaluations": (EvaluationDocument, "Answer an evaluation of cases", EVALUATION_FORMATS),
        "/evaluations/cases": (CountedCasesDocument, "Answer the cases of a number", (JSON,)),
        "/situation": (SituationDocument, "Answer what is known of a place", (JSON, GEOJSON)),
    }
    paths = {
        path: {"post": operation(summary, media, {}, []) | {
            "requestBody": {
                "required": True,
                "content": {JSON.type: {"schema": body_schema(model)}},
            },
        }}
        for path, (model, summary, media) in documents.items()
    }  # fmt: skip
    paths["/questions"]["get"] = address_operation()
    return paths | question_paths()


def _difference(*, versioned: bool) -> list[dict[str, Any]]:
    """Return what differences may be asked with: of events, which have no instants of their own, two beliefs."""
    instants = [
        query_parameter("from", INSTANT, "The earlier instant, with to"),
        query_parameter("to", INSTANT, "The later instant, with from"),
    ]
    earlier = query_parameter("from-known", KNOWN, "The earlier belief: an instant or a pin")
    return [
        *(instants if versioned else []),
        earlier if versioned else earlier | {"required": True},
        query_parameter("to-known", KNOWN, "The later belief; default: what is known now"),
        _AT if versioned else _DATETIME,
        query_parameter("filter", FILTER, "CQL2"),
        query_parameter("filter-lang", {"type": "string", "enum": ["cql2-text"]}, "Language of the filter"),
    ]


_CLUSTER = {"type": "string", "pattern": "^(?:true|false|[1-9][0-9]*k?m)$", "example": "250m"}
_DATETIME = query_parameter(
    "datetime", DATETIME, "An instant of RFC 3339 or a day, or a closed interval: A/B, A/.., ../B"
)
_AT = query_parameter("datetime", INSTANT, "An instant of RFC 3339")
_KNOWN = query_parameter("known", KNOWN, "As it was known at this instant, or at the pin of an answer")
