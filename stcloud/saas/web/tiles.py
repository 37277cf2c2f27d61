"""Vector tiles of collections, OGC API Tiles, Part 1: the tile grid, tilesets, and tiles.

Tested by `tests/saas/web/test_tiles.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.errors import InvalidInput, NotFound
from stcloud.saas.web.call import CityRequest, link
from stcloud.saas.web.collections import queryable_schema
from stcloud.saas.web.media import JSON, TILE
from stcloud.saas.web.parameter import read_names
from stcloud.saas.web.personal import personal_of
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.selection import ItemSelection
from stcloud.space.tilegrid import FINEST_ZOOM, HALF_SIDE_M, Tile

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.paas.query.answer.vector_tile import VectorTile

__all__ = [
    "DRAWING",
    "GRID",
    "TRUTHS",
    "tile",
    "tile_grid",
    "tile_grids",
    "tile_place",
    "tileset",
    "tilesets",
]

GRID = "WebMercatorQuad"
DRAWING = ("properties", "cluster", "by", "measures")
"""Parameters of a tile, beside those that select rows."""
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
_GRID_ADDRESS = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{GRID}"
_SCALE_SET = "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"
_CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
_ABOUT = "Squares of Web Mercator, halved from zoom to zoom: row and column are counted from the north-west"
_PIXELS, _PIXEL_M = 256, 0.00028
_NUMBER = re.compile(r"\d{1,9}")
TRUTHS: dict[str, bool] = {"true": True, "false": False}


def tile_grids(call: CityRequest) -> Response:
    """Return the tile grids: there is one."""
    call.known_parameters(())
    own = call.url("tileMatrixSets", GRID)
    described = {
        "id": GRID,
        "title": "Web Mercator",
        "uri": _GRID_ADDRESS,
        "crs": _CRS,
        "links": [link(own, "self", JSON)],
    }
    return call.document(
        {"title": "Tile grids", "description": _ABOUT, "tileMatrixSets": [described]}, "document"
    )


def tile_grid(call: CityRequest) -> Response:
    """Return the definition of a tile grid."""
    call.known_parameters(())
    _require_grid(call)
    document = {
        "id": GRID,
        "title": "Web Mercator",
        "description": _ABOUT,
        "uri": _GRID_ADDRESS,
        "crs": _CRS,
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": _SCALE_SET,
        "tileMatrices": [_matrix(z) for z in range(FINEST_ZOOM + 1)],
    }
    return call.document(document, "document")


def _matrix(z: int) -> dict[str, Any]:
    cell_m = Tile(z, 0, 0).side_m / _PIXELS
    return {
        "id": str(z), "scaleDenominator": cell_m / _PIXEL_M, "cellSize": cell_m, "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-HALF_SIDE_M, HALF_SIDE_M], "tileWidth": _PIXELS, "tileHeight": _PIXELS,
        "matrixWidth": 1 << z, "matrixHeight": 1 << z,
    }  # fmt: skip


def tilesets(call: CityRequest) -> Response:
    """Return the tilesets of a collection: there is one."""
    call.known_parameters(())
    layer = call.city.layer(call.segments["collection"])
    title = layer.definition.title or layer.name
    document = {"title": f"Tiles of {title}", "description": _ABOUT, "tilesets": [_described(call, layer)]}
    return call.document(document, "document")


def tileset(call: CityRequest) -> Response:
    """Return the tileset of a collection, with the template of its tiles."""
    call.known_parameters(())
    _require_grid(call)
    layer = call.city.layer(call.segments["collection"])
    document = _described(call, layer)
    links = [part for part in document.pop("links") if part["rel"] != "self"]
    schema = queryable_schema(layer)
    properties = {attribute.name: {"type": schema[attribute.name]["type"]} for attribute in layer.attributes}
    document |= {
        "layers": [
            {
                "id": layer.name,
                "title": layer.definition.title or layer.name,
                "dataType": "vector",
                "propertiesSchema": {"type": "object", "properties": properties},
            }
        ],
        "links": [*links, _template(call, layer.name)],
    }
    return call.document(document, "document")


def tile(call: CityRequest) -> Response:
    """Return a tile; 204 where nothing lies on it."""
    media = call.media(TILE)
    place = tile_place(call)
    selection = ItemSelection.of(call, *DRAWING)
    tag = tag_of(call, media, moving=selection.moving)
    unchanged = not_modified(call, tag)
    if unchanged is not None:
        return unchanged
    made = _drawn(call, selection, place)
    personal = _personal(call, selection) if made.features else frozenset()
    call.given.update(rows=made.features, pin=made.pin.text, personal=personal)
    if tag is None:
        call.extra["Content-Location"] = call.again(known=made.pin.text, **selection.settled(call))
    return call.reply(made.content, TILE, 200 if made.content else 204)


def _personal(call: CityRequest, selection: ItemSelection) -> frozenset[str]:
    """Return the personal columns that a tile may hold: those that are named, or all."""
    given, layer = call.parameters, selection.layer
    names = (
        given["properties"].split(",") if "properties" in given else [each.name for each in layer.attributes]
    )
    return personal_of(layer, [*names, "st_key"], [given.get("by", ""), given.get("measures", "")])


def _drawn(call: CityRequest, selection: ItemSelection, place: Tile) -> VectorTile:
    own = {attribute.name for attribute in selection.layer.attributes}
    given = {
        name: value for name, value in call.parameters.items() if name == "properties" or name not in own
    }
    names = None
    if "properties" in given:
        names = read_names(given["properties"], sorted(own), "properties")
    cluster = given.get("cluster")
    return selection.query.vector_tile(
        place.z, place.x, place.y, columns=names,
        cluster=None if cluster is None else TRUTHS.get(cluster, cluster),
        by=_parts(given.get("by")), measures=_parts(given.get("measures")),
    )  # fmt: skip


def _parts(text: str | None) -> tuple[str, ...]:
    """Return texts between commas that stand in no parentheses."""
    return tuple(part.strip() for part in re.split(r",(?![^(]*\))", text or "") if part.strip())


def tile_place(call: CityRequest) -> Tile:
    """Return the tile that an address names; `NotFound` ``unknown-tile-grid``, `InvalidInput` ``unknown-tile``."""
    _require_grid(call)
    z, row, column = (_number(call, name) for name in ("tileMatrix", "tileRow", "tileCol"))
    return Tile(z, column, row)


def _number(call: CityRequest, name: str) -> int:
    """Return a part of a tile's address; `InvalidInput` ``unknown-tile``: it is no number."""
    text = call.segments[name]
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(
            "unknown-tile", f"{name} {text[:40]!r} is no number", hint="write …/{zoom}/{row}/{column}"
        )
    return int(text)


def _require_grid(call: CityRequest) -> None:
    name = call.segments["tileMatrixSet"]
    if name != GRID:
        raise NotFound("unknown-tile-grid", f"there is no tile grid '{name[:80]}'", hint=f"use {GRID}")


def _described(call: CityRequest, layer: Layer) -> dict[str, Any]:
    title = layer.definition.title or layer.name
    links = [
        link(call.url("collections", layer.name, "tiles", GRID), "self", JSON, f"Tileset of {title}"),
        link(call.url("tileMatrixSets", GRID), f"{_RELATION}tiling-scheme", JSON, "The tile grid"),
        link(_GRID_ADDRESS, f"{_RELATION}tiling-scheme", None, "The tile grid, as it is registered"),
        link(call.url("collections", layer.name), f"{_RELATION}geodata", JSON, title),
    ]
    return {
        "title": f"Tiles of {title}",
        "description": _ABOUT,
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": _GRID_ADDRESS,
        "links": links,
    }


def _template(call: CityRequest, layer: str) -> dict[str, Any]:
    address = call.url("collections", layer, "tiles", GRID)
    made: dict[str, Any] = dict(
        link(f"{address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", TILE, "Tiles")
    )
    return {**made, "templated": True}
