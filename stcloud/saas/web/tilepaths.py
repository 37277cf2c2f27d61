"""The tiles in the definition of the interface: paths and their operations, as OGC API Tiles names them.

Tested by `tests/saas/web/test_tiles.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stcloud.saas.web.apioperation import get_of
from stcloud.saas.web.media import HTML, JSON, TILE
from stcloud.space.tilegrid import FINEST_ZOOM

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["place_parameters", "tile_grid_paths", "tile_paths"]

_GRID = {
    "name": "tileMatrixSet", "in": "path", "required": True, "description": "Tile grid",
    "schema": {"type": "string", "enum": ["WebMercatorQuad"]},
}  # fmt: skip


def tile_grid_paths() -> dict[str, Any]:
    """Return the paths of the tile grids."""
    formats, schema = (JSON, HTML), {"type": "object"}
    return {
        "/tileMatrixSets": get_of("Tile grids", formats, schema, name="getTileMatrixSetsList"),
        "/tileMatrixSets/{tileMatrixSet}": get_of("Tile grid", formats, schema, [_GRID], "getTileMatrixSet"),
    }


def tile_paths(layer: Layer, parameters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the paths of a collection's tiles; ``parameters`` are those of a tile."""
    base, name = f"/collections/{layer.name}/tiles", layer.name
    prefix, formats, schema = f"{name}.collection.vector.", (JSON, HTML), {"type": "object"}
    tile = get_of(f"Tile of {name}", (TILE,), schema, [*place_parameters(), *parameters], f"{prefix}getTile")
    tile["get"]["responses"]["204"] = {"description": "Nothing lies on the tile"}
    return {
        base: get_of(f"Tilesets of {name}", formats, schema, name=f"{prefix}getTileSetsList"),
        f"{base}/{{tileMatrixSet}}": get_of(
            f"Tileset of {name}", formats, schema, [_GRID], f"{prefix}getTileSet"
        ),
        f"{base}/{{tileMatrixSet}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": tile,
    }


def place_parameters() -> list[dict[str, Any]]:
    """Return the parts of an address that name a tile."""
    return [
        _GRID, _whole("tileMatrix", "Zoom", FINEST_ZOOM), _whole("tileRow", "Row from the north"),
        _whole("tileCol", "Column from the west"),
    ]  # fmt: skip


def _whole(name: str, about: str, most: int | None = None) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0} | ({} if most is None else {"maximum": most})
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}
