"""The routes of boards in the definition of the interface: layers, grids, classes, the calendar, who is signed in.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stcloud.saas.web.apioperation import get_of, query_parameter
from stcloud.saas.web.apischemas import STRING
from stcloud.saas.web.apivalues import BOX, INSTANT, names_of
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.media import GEOJSON, JSON, PNG

__all__ = ["board_paths", "layer_in_path"]

_OBJECT = {"type": "object"}
_DAY = {"type": "string", "format": "date"}


def board_paths(call: CityRequest) -> dict[str, Any]:
    """Return the paths of what boards show that is no collection, question or case."""
    paging = [
        query_parameter("limit", {"type": "integer", "minimum": 1, "default": 100}, "Most layers of a page"),
        query_parameter(
            "offset", {"type": "integer", "minimum": 0, "default": 0}, "Layers that come before the page"
        ),
    ]
    layers = call.city.layers()
    names = [layer.name for layer in layers]
    series = [layer.name for layer in layers if layer.definition.is_series]
    kinds = {"type": "string", "enum": ["component", "matter"]}
    known = query_parameter("known", INSTANT, "As it was known at this instant")
    return {
        "/console.json": get_of("What a page needs at its start", (JSON,), _OBJECT),
        "/session": get_of("Who is signed in", (JSON,), _OBJECT),
        "/layers": get_of("Layers, with columns and quality", (JSON,), _OBJECT, paging),
        "/layers/{collection}": get_of(
            "Layer, with its loads", (JSON,), _OBJECT, [layer_in_path(names, "A layer")]
        ),
        "/series/{collection}": get_of(
            "What a layer of readings measures", (JSON,), _OBJECT, [layer_in_path(series, "A layer of readings")]
        ),
        "/series/{collection}/stations": get_of(
            "Stations of a layer of readings", (GEOJSON,), {"$ref": "#/components/schemas/featureCollection"},
            [
                layer_in_path(series, "A layer of readings"),
                query_parameter("at", INSTANT, "As they were at this instant"), known,
            ],
        ),
        **_scene_paths([layer.name for layer in layers if layer.definition.raster_reading is not None], known),
        "/classes": get_of(
            "Classes of components and matters", (JSON,), _OBJECT,
            [
                query_parameter("kind", kinds, "Only of this kind"),
                query_parameter("at", _DAY, "Only those that are valid on this day"), known,
            ],
        ),
        "/calendar": get_of(
            "Days of the calendar", (JSON,), _OBJECT,
            [
                query_parameter("year", {"type": "integer", "minimum": 1, "maximum": 9999}, "Only days of this year"),
                query_parameter("from", _DAY, "First day of a span; default: its last"),
                query_parameter("to", _DAY, "Last day of a span of 1,100 days at most; default: its first"), known,
            ],
        ),
        "/grids": get_of(
            "Unit grids", (JSON,), _OBJECT, [query_parameter("at", INSTANT, "Cells as they were at this instant")]
        ),
    }  # fmt: skip


def _scene_paths(names: list[str], known: dict[str, Any]) -> dict[str, Any]:
    """Return the paths of scenes and of their pictures."""
    layer = layer_in_path(names, "A layer of scenes")
    scene = {
        "name": "scene",
        "in": "path",
        "required": True,
        "schema": STRING,
        "description": "Id of a scene",
    }
    at = query_parameter("at", INSTANT, "Scenes that hold at this instant")
    picture = [
        query_parameter("width", {"type": "integer", "minimum": 1, "maximum": 2_048, "default": 1_024}, "Columns"),
        query_parameter("bbox", BOX, "West, south, east, north in degrees; default: all of it"),
        query_parameter("bands", names_of(()), "Three as red, green and blue, or one as grey"), known,
    ]  # fmt: skip
    base, limit = "/scenes/{collection}", {"type": "integer", "minimum": 1, "default": 1_000}
    collection = {"$ref": "#/components/schemas/featureCollection"}
    paths = {
        base: get_of(
            "Scenes with their footprints", (GEOJSON,), collection,
            [layer, at, known, query_parameter("limit", limit, "Most scenes")],
        ),
    }  # fmt: skip
    for below, of, parameters in (
        ("", "scenes of an instant", [layer, at]), ("/{scene}", "a scene", [layer, scene]),
    ):  # fmt: skip
        paths[f"{base}{below}/image"] = get_of(f"Picture of {of}", (PNG,), _OBJECT, [*parameters, *picture])
        paths[f"{base}{below}/image.json"] = get_of(
            f"Where the picture of {of} lies", (JSON,), _OBJECT, [*parameters, *picture]
        )
    return paths


def layer_in_path(names: Iterable[str], about: str) -> dict[str, Any]:
    """Return the part of a path that names a layer, one of these."""
    known = list(names)
    schema = {**STRING, "enum": known} if known else STRING
    return {"name": "collection", "in": "path", "required": True, "schema": schema, "description": about}
