"""Vector tiles of groups: the areas of cells, units or features that a question is grouped by, with their measures.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import whole_numbers
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.vector_tile import VectorTile
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.plan.plan import by_name
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import Selection, measured, read_by
from stcloud.paas.query.run.tile_columns import attributes_of
from stcloud.paas.query.run.tiling import MOST_FEATURES, TileRequest
from stcloud.paas.tile.encoding import encode_layer, key_ids
from stcloud.paas.tile.tags import tags_of
from stcloud.paas.tile.tileshapes import BUFFER, shapes_on_tile
from stcloud.space import Block, CellSize, Lattice, Level
from stcloud.space.tilepixels import TilePixels

__all__ = ["groups_tiled"]

_MOST_CELLS = 4_096
"""Of more cells on a tile the question is answered as a whole."""


def groups_tiled(
    inquiry: Inquiry, request: TileRequest, by: Sequence[str], measures: Sequence[str]
) -> VectorTile:
    """Return what of a question's groups lies on a tile, with the measures of each whole group; see `Query.tile`.

    Raises
    ------
    InvalidInput
        ``crowded-tile``: more than 50,000 groups may lie on it.
    Unsupported
        ``no-geometry``: the groups have no place.
    """
    pixels = TilePixels(inquiry.subject.configuration.crs, request.tile)
    answer = measured(_near(inquiry, by, pixels), measures, by, None, Selection())
    shown = answer.shape_column
    if shown is not None:
        answer = replace(answer, table=answer.table.filter(answer.table[shown].is_valid()))
    shapes = answer.geometry()
    seen = _meeting(shapes, pixels)
    if len(seen) > MOST_FEATURES:
        raise InvalidInput(
            "crowded-tile", f"{len(seen):,} groups may lie on the tile, and at most {MOST_FEATURES:,} are drawn",
            hint="group by larger cells, or ask for a tile of a higher zoom",
        )  # fmt: skip
    laid = shapes_on_tile(shapes[seen], pixels)
    made = VectorTile(b"", inquiry.pin(tuple(read_by(text, inquiry) for text in by)), inquiry.facts())
    if not len(laid.rows):
        return replace(made, invisible=laid.invisible)
    table = answer.table.take(whole_numbers(seen[laid.rows].astype(np.int64)))
    columns = {name: table[name] for name in table.schema.names}
    count = len(laid.rows)
    tags = tags_of(attributes_of(columns, inquiry.subject.zone), count)
    ids = _ids(table, answer)
    content = encode_layer(request.layer_name or inquiry.subject.layer.name, laid.commands, tags, ids)
    return replace(made, content=content, features=count, count=count, invisible=laid.invisible)


def _ids(table: pa.Table, answer: Answer) -> NDArray[np.uint64] | None:
    """Return numbers of the features by the name of their place; None where it is not all that groups them."""
    column = answer.shape_column
    if column is None or len(answer.groups) != 1:
        return None
    return key_ids(table[column].cast(pa.string()))


def _meeting(shapes: NDArray[np.object_], pixels: TilePixels) -> NDArray[np.intp]:
    """Return the shapes whose bounds meet those of the tile and its buffer."""
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    box = pixels.buffered(BUFFER)
    if box is not None:
        west, south, east, north = box
        xmin, ymin, xmax, ymax = shapely.bounds(shapes).T
        with np.errstate(invalid="ignore"):
            there &= (xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south)
    return np.flatnonzero(there)


def _near(inquiry: Inquiry, by: Sequence[str], pixels: TilePixels) -> Inquiry:
    """Return the question about the cells alone that meet the tile, where events are grouped by few cells."""
    first = read_by(by[0], inquiry)
    box = pixels.buffered(BUFFER)
    if not (inquiry.subject.kind.indexed and isinstance(first, CellSize)) or box is None or box[0] > box[2]:
        return inquiry
    cells = _cells(box, first, inquiry.subject.configuration.lattice)
    if cells is None:
        return inquiry
    place = Place(None, tuple(cells.tolist()), f"cells of {by_name(first)}")
    return replace(inquiry, conditions=(*inquiry.conditions, place))


def _cells(
    box: tuple[float, float, float, float], size: CellSize, lattice: Lattice
) -> NDArray[np.int64] | None:
    """Return the cells or blocks of a size that meet a box; None: too many."""
    side = size.side_m
    low, high = box[:2], box[2:]
    axes = []
    for axis in (0, 1):
        start = lattice.origin[axis]
        first, last = ((end - start) // side for end in (low[axis], high[axis]))
        axes.append(start + (np.arange(first, last + 1) + 0.5) * side)
    if len(axes[0]) * len(axes[1]) > _MOST_CELLS:
        return None
    x, y = (grid.ravel() for grid in np.meshgrid(*axes))
    held = lattice.contains(x, y)
    small = lattice.cells(x[held], y[held])
    return size.of(small) if isinstance(size, Block) else small // 10 ** (Level.M10.digits - size.digits)
