"""The tiles in the definition of the interface: paths and their operations, as OGC API Tiles names them.

Tested by `tests/saas/web/test_tiles.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stcloud.saas.web.media import HTML, JSON, PROBLEM, TILE, Media
from stcloud.space.tilegrid import FINEST_ZOOM

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["tile_grid_paths", "tile_paths"]

_FAULT = {"400": "The request is wrong", "404": "There is no such thing", "410": "It was, and is no more"}
_GRID = {
    "name": "tileMatrixSet", "in": "path", "required": True, "description": "Tile grid",
    "schema": {"type": "string", "enum": ["WebMercatorQuad"]},
}  # fmt: skip


def tile_grid_paths() -> dict[str, Any]:
    """Return the paths of the tile grids."""
    return {
        "/tileMatrixSets": _get("getTileMatrixSetsList", "Tile grids", (JSON, HTML), []),
        "/tileMatrixSets/{tileMatrixSet}": _get("getTileMatrixSet", "Tile grid", (JSON, HTML), [_GRID]),
    }


def tile_paths(layer: Layer, parameters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the paths of a collection's tiles; ``parameters`` are those of a tile."""
    base, name = f"/collections/{layer.name}/tiles", layer.name
    place = [
        _whole("tileMatrix", "Zoom", FINEST_ZOOM), _whole("tileRow", "Row from the north"),
        _whole("tileCol", "Column from the west"),
    ]  # fmt: skip
    prefix = f"{name}.collection.vector."
    return {
        base: _get(f"{prefix}getTileSetsList", f"Tilesets of {name}", (JSON, HTML), []),
        f"{base}/{{tileMatrixSet}}": _get(f"{prefix}getTileSet", f"Tileset of {name}", (JSON, HTML), [_GRID]),
        f"{base}/{{tileMatrixSet}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
            f"{prefix}getTile", f"Tile of {name}", (TILE,), [_GRID, *place, *parameters]
        ),
    }


def _whole(name: str, about: str, most: int | None = None) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0} | ({} if most is None else {"maximum": most})
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _get(
    operation: str, summary: str, formats: Sequence[Media], parameters: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    content = {
        media.type.partition("; charset")[0]: {"schema": {"type": "object" if media is JSON else "string"}}
        for media in formats
    }
    names = [media.name for media in formats]
    form = {
        "name": "f", "in": "query", "required": False, "schema": {"type": "string", "enum": names},
        "description": "Format, before what Accept says",
    }  # fmt: skip
    fault = {"schema": {"$ref": "#/components/schemas/problem"}}
    responses: dict[str, Any] = {
        status: {"description": text, "content": {PROBLEM.type: fault}} for status, text in _FAULT.items()
    }
    responses["200"] = {"description": "The answer", "content": content}
    if TILE in formats:
        responses["204"] = {"description": "Nothing lies on the tile"}
    return {
        "get": {
            "operationId": operation, "summary": summary, "parameters": [*parameters, form], "responses": responses,
        }
    }  # fmt: skip
