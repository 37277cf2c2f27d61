"""Vector tiles of a question: rows that lie on a tile, as points, clusters or shapes, with their columns.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.conversion import numbers_of, whole_numbers
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.answer.vector_tile import VectorTile
from stcloud.paas.query.condition.tiled import OnTile
from stcloud.paas.query.plan.plan import RowColumns
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.tile_columns import attributes_of, stored_columns
from stcloud.paas.tile.clusters import clusters_of
from stcloud.paas.tile.commands import Commands, commands_of_points
from stcloud.paas.tile.encoding import encode_layer, key_ids
from stcloud.paas.tile.tags import tags_of
from stcloud.paas.tile.tileshapes import BUFFER, shapes_on_tile
from stcloud.space import CellSize, parse_cell_size
from stcloud.space.tilegrid import Tile, cell_of_zoom
from stcloud.space.tilepixels import OFF_TILE, TilePixels

__all__ = ["MOST_FEATURES", "POINTS_FROM_ZOOM", "TileRequest", "tiled"]

POINTS_FROM_ZOOM = 14
"""From this zoom on events are points, each with its columns; below they are clustered."""
MOST_FEATURES = 50_000
"""Of more rows on a tile clusters are given."""
_PLACE = ("st_cell", "st_x", "st_y")


@dataclass(frozen=True, slots=True)
class TileRequest:
    """A tile, and what is wanted on it; see `Query.tile`."""

    tile: Tile
    columns: tuple[str, ...] | None = None
    layer_name: str | None = None
    cluster: bool | str | None = None

    def cell(self, *, below_zoom: int) -> CellSize | None:
        """Return the size of the cells by which points are clustered; None: they are not.

        ``below_zoom`` is the zoom below which they are, where the request does not say.
        """
        if isinstance(self.cluster, str):
            return parse_cell_size(self.cluster.removeprefix("cell:"))
        clustered = self.tile.z < below_zoom if self.cluster is None else self.cluster
        return cell_of_zoom(self.tile.z) if clustered else None


def tiled(inquiry: Inquiry, request: TileRequest) -> VectorTile:
    """Return what of a question's rows lies on a tile; see `Query.tile`."""
    pixels = TilePixels(inquiry.subject.configuration.crs, request.tile)
    goal = _Tiling(inquiry, request, pixels, inquiry.pin())
    shapes = "st_geom" in inquiry.subject.kind.own
    made = goal.of_shapes() if shapes else goal.of_points()
    return replace(made, facts=inquiry.facts())


@dataclass(frozen=True, slots=True)
class _Tiling:
    inquiry: Inquiry
    request: TileRequest
    pixels: TilePixels
    pin: Pin

    def of_points(self) -> VectorTile:
        """Return the tile of events."""
        size = self.request.cell(below_zoom=POINTS_FROM_ZOOM)
        columns = stored_columns(self.inquiry, self.request.columns)
        rows = self._rows(
            _PLACE if size is not None else (*_PLACE, *self.inquiry.row_keys, *columns.values())
        )
        across, down = self.pixels.units(numbers_of(rows["st_x"]), numbers_of(rows["st_y"]))
        held = np.flatnonzero(across != OFF_TILE)
        across, down, rows = across[held], down[held], rows.take(whole_numbers(held.astype(np.int64)))
        if size is not None or len(rows) > MOST_FEATURES:
            return self._clustered(numbers_of(rows["st_cell"]), (across, down), size)
        order = _in_order(rows, self.inquiry.row_keys)
        commands = commands_of_points(across[order], down[order])
        return self._layer(rows.take(whole_numbers(order)), columns, commands, len(rows))

    def of_shapes(self) -> VectorTile:
        """Return the tile of features: as shapes, whatever the zoom."""
        size = self.request.cell(below_zoom=0)
        columns = stored_columns(self.inquiry, self.request.columns)
        rows = self._rows(("st_geom", *self.inquiry.row_keys, *columns.values()))
        import shapely  # noqa: PLC0415  (slow to import)

        shapes = shapely.from_wkb(rows["st_geom"].to_numpy())
        if size is not None or len(rows) > MOST_FEATURES:
            return self._clustered_shapes(shapes, size)
        order = _in_order(rows, self.inquiry.row_keys)
        laid = shapes_on_tile(shapes[order], self.pixels)
        rows = rows.take(whole_numbers(order[laid.rows].astype(np.int64)))
        made = self._layer(rows, columns, laid.commands, len(np.unique(laid.rows)))
        return replace(made, invisible=laid.invisible)

    def _rows(self, names: tuple[str, ...]) -> pa.Table:
        """Return columns of the rows that may lie on the tile."""
        on_tile = OnTile(self.request.tile, BUFFER, roughly=True)
        narrowed = replace(self.inquiry, conditions=(*self.inquiry.conditions, on_tile))
        return narrowed.run(RowColumns(tuple(dict.fromkeys(names)))).read_all()

    def _layer(
        self, rows: pa.Table, columns: Mapping[str, str], commands: Commands, count: int
    ) -> VectorTile:
        if not len(commands):
            return self._made(b"")
        zone = self.inquiry.subject.zone
        attributes = attributes_of({name: rows[stored] for name, stored in columns.items()}, zone)
        ids = key_ids(rows["st_key"])
        content = encode_layer(self._name, commands, tags_of(attributes, len(commands)), ids)
        return self._made(content, len(commands), count)

    def _clustered_shapes(self, shapes: NDArray[np.object_], size: CellSize | None) -> VectorTile:
        """Cluster features by a place in each."""
        import shapely  # noqa: PLC0415

        there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        x, y = shapely.get_coordinates(shapely.point_on_surface(shapes[there])).T
        columns, rows = self.pixels.units(x, y)
        on_tile = np.flatnonzero(columns >= 0)
        cells = self.inquiry.subject.configuration.lattice.cells(x[on_tile], y[on_tile])
        return self._clustered(cells, (columns[on_tile], rows[on_tile]), size)

    def _clustered(
        self,
        cells: NDArray[np.int64],
        units: tuple[NDArray[np.int64], NDArray[np.int64]],
        size: CellSize | None,
    ) -> VectorTile:
        """Cluster points by cells; without a size by those of the zoom, because they are too many."""
        crowded, cell = size is None, size or cell_of_zoom(self.request.tile.z)
        if not len(cells):
            return self._made(b"")
        clusters = clusters_of(cells, *units, cell)
        count = len(clusters.cells)
        attributes = {
            "count": whole_numbers(clusters.counts),
            f"cell_{cell.label}": whole_numbers(clusters.cells),
        }
        if crowded:
            attributes["crowded"] = pa.repeat(pa.scalar(value=True), count)
        commands = commands_of_points(clusters.columns, clusters.rows)
        content = encode_layer(
            self._name, commands, tags_of(attributes, count), clusters.cells.astype(np.uint64)
        )
        made = self._made(content, count, int(clusters.counts.sum()))
        return replace(made, cell=cell.label, crowded=crowded)

    @property
    def _name(self) -> str:
        return self.request.layer_name or self.inquiry.subject.layer.name

    def _made(self, content: bytes, features: int = 0, count: int = 0) -> VectorTile:
        return VectorTile(content, self.pin, features=features, count=count)


def _in_order(rows: pa.Table, keys: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the rows' numbers, by the keys by which rows are always ordered."""
    return np.asarray(pc.sort_indices(rows, [(name, "ascending") for name in keys])).astype(np.int64)
