"""Cells that pixels are summarised by: of the lattice, of a unit grid, or features of a layer, as they were known.

Tested by `tests/paas/scene/test_bycell.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
import xxhash
from numpy.typing import NDArray

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.cache import Cache
from stcloud.paas.query.answer.group_place import GroupPieces, GroupPlace
from stcloud.paas.query.answer.pin import Known, known_us
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.paas.query.run.cube_cells import cells_in_box
from stcloud.space import parse_cell_size

if TYPE_CHECKING:
    from stcloud.iaas.store.arrays import ArrayFolder
    from stcloud.paas.grid.indexer import Indexer
    from stcloud.paas.query.resolve.features import Features

__all__ = ["CellSource", "SceneCells"]

Box = tuple[float, float, float, float]
_MOST_CELLS = 5_000_000
_PARTS = ("unit", "community", "street", "district")


@dataclass(frozen=True, eq=False)
class SceneCells:
    """Cells by name, with their shapes in the city's CRS.

    Parameters
    ----------
    noun
        The field that names them, as in answers: ``cell_100m``, ``unit``, ``in_communities``.
    names
        ``(c,)`` int64 or text, ascending.
    shapes
        ``(c,)`` polygons.
    known
        Recorded instant of each layer that was read, UTC microseconds.
    home
        The layer whose cells they are; None: cells of the lattice.
    """

    noun: str
    names: pa.Array
    shapes: NDArray[Any]
    known: Mapping[str, int] = field(default_factory=dict)
    home: str | None = None

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digest(self) -> str:
        """128 bits as hexadecimal text: the same for the same names and shapes, whenever they held."""
        state = xxhash.xxh3_128(self.noun.encode())
        for text in (self.names.cast(pa.string()).to_pylist(), shapely.to_wkb(self.shapes)):
            for part in text:
                state.update(part.encode() if isinstance(part, str) else part or b"")
                state.update(b"\0")
        return state.hexdigest()

    def take(self, kept: NDArray[np.bool_]) -> SceneCells:
        """Return some of the cells."""
        return SceneCells(
            self.noun, self.names.filter(pa.array(kept)), self.shapes[kept], self.known, self.home
        )

    @property
    def place(self) -> GroupPlace | None:
        """What gives answers the shapes of the cells; None: their names tell where they are."""
        if self.home is None:
            return None
        start, end = np.full(len(self), ALWAYS), np.full(len(self), FOREVER)
        return GroupPlace(self.noun, lambda: GroupPieces(self.names, self.shapes, start, end), 0)


@dataclass(frozen=True, slots=True, eq=False)
class CellSource:
    """Gives cells of a city.

    Parameters
    ----------
    configuration, memory
        The city's.
    grids
        The city's unit grids.
    features
        Gives a layer of features by name.
    place
        Gives the folder of what is made ready of a layer and rasters, by the layer's name.
    """

    configuration: CityConfiguration
    memory: Cache
    grids: Indexer
    features: Callable[[str], Features]
    place: Callable[[str], ArrayFolder]

    def cells(self, by: str, at_us: int, known: Known, extent: Box) -> SceneCells:
        """Return cells as they were at an instant.

        Parameters
        ----------
        by
            ``100m`` (any size of the lattice), ``unit``, ``community``, ``street``, ``district``, ``in:LAYER``,
            ``in:LAYER.COLUMN``.
        at_us, known
            Valid time, UTC microseconds; recorded instant, pin, or None: now.
        extent
            Cells of the lattice are those that meet it: west, south, east, north in the city's CRS.

        Raises
        ------
        InvalidInput
            ``unknown-group``, ``unknown-level``, ``too-many-cells``, ``which-grid``, ``not-features``
        NotFound
            ``unknown-layer``, ``unknown-column``
        """
        if by.startswith("in:"):
            return self._features(by, at_us, known)
        if by in _PARTS:
            return self._units(by, at_us, known)
        size = by.removeprefix("cell:")
        if not size[:1].isdigit():
            raise InvalidInput(
                "unknown-group",
                f"'{by}' is no kind of cell",
                hint="use 100m, 1km, unit, community or in:LAYER",
            )
        return self._lattice(size, extent)

    def _lattice(self, text: str, extent: Box) -> SceneCells:
        size, lattice = parse_cell_size(text), self.configuration.lattice
        west, south, east, north = extent
        count = (east - west) * (north - south) / size.side_m**2
        if count > _MOST_CELLS:
            raise InvalidInput(
                "too-many-cells", f"the scenes cover about {count:,.0f} cells of {size.label}",
                hint="take larger cells, or name a box",
            )  # fmt: skip
        names = cells_in_box(lattice, size, extent)
        squares = np.asarray(shapely.box(*lattice.bounds(names)), object)
        return SceneCells(f"cell_{size.label}", pa.array(names), squares)

    def _units(self, by: str, at_us: int, known: Known) -> SceneCells:
        names = self.grids.grids()
        if len(names) != 1:
            have = f"it has several: {', '.join(names)}" if names else "it has none"
            raise InvalidInput(
                "which-grid",
                f"city '{self.configuration.name}' has no one unit grid ({have})",
                hint="write in:LAYER",
            )
        grid = self.grids.grid(names[0])
        grid_us = known_us(grid.layer, known)
        refuse_purged(grid.layer, grid_us, self.configuration.zone)

        def make() -> SceneCells:
            versions = grid.versions(grid_us)
            length = grid.scheme.length if by == "unit" else grid.scheme.prefix_length(by)
            codes = pa.array([str(code)[:length] for code in versions.codes], pa.string())
            pieces = GroupPieces(codes, versions.shapes, versions.start_us, versions.end_us)
            return _united(by, pieces.at(at_us), {grid.name: grid_us}, grid.name)

        return self._kept((by, grid.name, grid_us, grid.layer.snapshot.sequence, at_us), make)

    def _features(self, by: str, at_us: int, known: Known) -> SceneCells:
        name, _, column = by.removeprefix("in:").partition(".")
        layer = self.features(name)
        stored = {attribute.name: attribute.stored for attribute in layer.attributes}
        if column and column not in stored:
            raise NotFound(
                "unknown-column", f"layer '{name}' has no column '{column}' (there are: {', '.join(stored)})",
                nearest=nearest(column, list(stored)),
            )  # fmt: skip
        layer_us = known_us(layer, known)
        refuse_purged(layer, layer_us, self.configuration.zone)

        def make() -> SceneCells:
            believed = layer.table.believed(layer.snapshot, layer_us)
            named = [stored[column]] if column else []
            content = layer.table.content(layer.snapshot, believed.row, ["st_geom", *named])
            names = content[named[0]].combine_chunks() if named else believed.key
            shapes = np.asarray(shapely.from_wkb(content["st_geom"].to_numpy()), object)
            pieces = GroupPieces(names.cast(pa.string()), shapes, believed.start_us, believed.end_us)
            noun = f"in_{name}_{column}" if column else f"in_{name}"
            return _united(noun, pieces.at(at_us), {layer.name: layer_us}, layer.name)

        return self._kept((by, layer.name, layer_us, layer.snapshot.sequence, at_us), make)

    def _kept(self, key: tuple[Any, ...], make: Callable[[], SceneCells]) -> SceneCells:
        return self.memory.once(("scene cells", *key), make, lambda cells: 200 * len(cells))


def _united(noun: str, pieces: GroupPieces, known: Mapping[str, int], home: str) -> SceneCells:
    """Return cells of pieces that were there; pieces of one name are one cell."""
    names = pc.unique(pieces.names).drop_null()
    names = names.take(pc.array_sort_indices(names))
    held = GroupPieces(
        pieces.names, pieces.shapes, np.full(len(pieces.shapes), ALWAYS), np.full(len(pieces.shapes), FOREVER)
    )
    place = GroupPlace(noun, lambda: held, 0)
    shapes = place.shapes(pa.chunked_array([names]))
    there = ~shapely.is_missing(shapes)
    return SceneCells(noun, names.filter(pa.array(there)), shapes[there], known, home)
