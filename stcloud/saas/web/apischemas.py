"""Schemas of documents that the definition of the interface refers to. Tested by `tests/saas/web/test_openapi.py`."""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMAS", "STRING"]

_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
STRING = {"type": "string"}
SCHEMAS: dict[str, Any] = {
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {"href": STRING, "rel": STRING, "type": STRING, "title": STRING},
    },
    "landingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": STRING, "description": STRING, "links": _LINKS},
    },
    "confClasses": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": STRING}},
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
    "collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            "id": STRING, "title": STRING, "links": _LINKS, "extent": {"type": "object"},
            "itemType": STRING, "crs": {"type": "array", "items": STRING}, "storageCrs": STRING,
            "versioning": {"type": "object", "properties": {"timeAxis": {"enum": ["validity-time"]}}},
        },
    },
    "featureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": _LINKS, "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0}, "numberReturned": {"type": "integer", "minimum": 0},
            "pin": {"type": ["string", "null"]},
        },
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"enum": ["Feature"]}, "id": STRING, "geometry": {"type": ["object", "null"]},
            "properties": {"type": ["object", "null"]}, "time": {"type": "object"}, "links": _LINKS,
            "geometries": {"type": "object"},
        },
    },
    "problem": {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": STRING, "status": {"type": "integer"}, "detail": STRING, "hint": STRING,
            "faults": {"type": "array", "items": STRING},
        },
    },
    "sharingError": {
        "type": "object",
        "required": ["errorCode", "message"],
        "properties": {"errorCode": STRING, "message": STRING},
    },
}  # fmt: skip
