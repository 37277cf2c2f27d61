"""Vector tiles of groups: the areas of cells, units or features that a question is grouped by, with their measures.

Tested by `tests/paas/query/run/test_tiling.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import whole_numbers
from stcloud.paas.query.answer.vector_tile import VectorTile
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.plan.plan import by_name
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import Selection, read_by
from stcloud.paas.query.run.tile_columns import attributes_of
from stcloud.paas.query.run.tiling import MOST_FEATURES, TileRequest
from stcloud.paas.query.run.wholegroups import WholeGroups, whole_groups
from stcloud.paas.tile.encoding import encode_layer, key_ids
from stcloud.paas.tile.tags import tags_of
from stcloud.paas.tile.tileshapes import BUFFER, shapes_on_tile
from stcloud.space import Block, CellSize, Lattice, Level
from stcloud.space.tilepixels import TilePixels
from stcloud.time import Instant

__all__ = ["groups_tiled"]

_MOST_CELLS = 4_096
"""Of more cells on a tile the question is answered as a whole."""


def groups_tiled(
    inquiry: Inquiry, request: TileRequest, by: Sequence[str], measures: Sequence[str],
    until: Instant | None = None, wanted: Selection | None = None,
) -> VectorTile:  # fmt: skip
    """Return what of a question's groups lies on a tile, with the measures of each whole group; see `Query.tile`.

    Raises
    ------
    InvalidInput
        ``crowded-tile``: more than 50,000 groups may lie on it.
    Unsupported
        ``no-geometry``: the groups have no place.
    """
    pixels = TilePixels(inquiry.subject.configuration.crs, request.tile)
    wanted = wanted or Selection()
    place = None if wanted.limit is not None else _near(inquiry, by, pixels)
    if place is None:
        groups = whole_groups(inquiry, measures, by, until, wanted)
    else:
        groups = WholeGroups.of(inquiry.beside(place), measures, by, until, wanted.near(place))
    seen = groups.meeting(pixels.buffered(BUFFER))
    if len(seen) > MOST_FEATURES:
        raise InvalidInput(
            "crowded-tile", f"{len(seen):,} groups may lie on the tile, and at most {MOST_FEATURES:,} are drawn",
            hint="group by larger cells, or ask for a tile of a higher zoom",
        )  # fmt: skip
    laid = shapes_on_tile(groups.shapes[seen], pixels)
    made = VectorTile(b"", groups.pin, inquiry.facts())
    if not len(laid.rows):
        return replace(made, invisible=laid.invisible)
    table = groups.table.take(whole_numbers(seen[laid.rows].astype(np.int64)))
    columns = {name: table[name] for name in table.schema.names}
    count = len(laid.rows)
    tags = tags_of(attributes_of(columns, inquiry.subject.zone), count)
    ids = None if groups.named is None else key_ids(table[groups.named].cast(pa.string()))
    content = encode_layer(request.layer_name or inquiry.subject.layer.name, laid.commands, tags, ids)
    return replace(made, content=content, features=count, count=count, invisible=laid.invisible)


def _near(inquiry: Inquiry, by: Sequence[str], pixels: TilePixels) -> Place | None:
    """Return the cells that meet the tile, where events are grouped by cells, and these are few."""
    first = read_by(by[0], inquiry)
    box = pixels.buffered(BUFFER)
    if not (inquiry.subject.kind.indexed and isinstance(first, CellSize)) or box is None or box[0] > box[2]:
        return None
    cells = _cells(box, first, inquiry.subject.configuration.lattice)
    if cells is None:
        return None
    return Place(None, tuple(cells.tolist()), f"cells of {by_name(first)}")


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
