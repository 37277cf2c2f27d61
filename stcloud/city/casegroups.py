"""Areas of an evaluation: which unit cell, duty grid and place belong to cases and to groups of them.

Tested by `tests/city/test_evaluating.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.case.facts import UNIT_PARTS, unit_parts
from stcloud.paas.query.answer.group_place import GroupPieces, GroupPlace
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.city.parts import CityParts
    from stcloud.paas.grid.grid import UnitGrid

__all__ = ["on_grid_at", "only_grid", "place_of", "with_duty_grids"]

_DEGREES = "EPSG:4326"
_CELL_LENGTH = 64


def only_grid(parts: CityParts, needed_for: str) -> UnitGrid:
    """Return the only unit grid of a city; `InvalidInput` ``which-grid``: it has none, or several."""
    grids = parts.grids.grids()
    if len(grids) != 1:
        raise InvalidInput(
            "which-grid", f"{needed_for} needs the unit grid, and the city has {len(grids) or 'none'}",
            hint="load one layer of a unit grid",
        )  # fmt: skip
    return parts.grids.grid(grids[0])


def place_of(parts: CityParts, by: Sequence[str], known_us: int, at_us: int) -> GroupPlace | None:
    """Return the place of the first group that is an area of the unit grid; None: there is none, or no grid."""
    lengths = {"cell": _CELL_LENGTH, **UNIT_PARTS}
    area = next((name for name in by if name in lengths), None)
    if area is None or len(parts.grids.grids()) != 1:
        return None
    grid = only_grid(parts, "a map")
    return GroupPlace(area, partial(_pieces, grid, lengths[area], known_us), at_us)


def _pieces(grid: UnitGrid, length: int, known_us: int) -> GroupPieces:
    cells = grid.versions(known_us)
    names = pa.array([str(code)[:length] for code in cells.codes], pa.string())
    return GroupPieces(names, cells.shapes, cells.start_us, cells.end_us)


def on_grid_at(batch: pa.RecordBatch, grid: UnitGrid, crs: str, at_us: int) -> pa.RecordBatch:
    """Return facts whose places are located on the grid of one instant; a case without a place is in no cell."""
    lon, lat = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("lon", "lat"))
    x, y = project(lon, lat, _DEGREES, crs)
    placed = np.isfinite(x) & np.isfinite(y)
    codes = grid.locate(np.where(placed, x, 0.0), np.where(placed, y, 0.0), np.full(len(x), at_us))
    cell = pc.if_else(pa.array(placed), codes.cast(pa.string()), pa.scalar(None, pa.string()))
    return _replaced(batch, {"cell": cell, **unit_parts(cell)})


def with_duty_grids(batch: pa.RecordBatch, members: pa.Table) -> pa.RecordBatch:
    """Return facts with the duty grid that had the cell of each case when it was reported.

    ``members``: who has which cell when (`DutyGrids.members`). Of several the first by name.
    """
    cells, reported = (
        batch.column("cell").to_pylist(),
        micros(pa.chunked_array([batch.column("reported_at")]), ALWAYS),
    )
    wanted = members.filter(pc.is_in(members["unit"], pa.array(set(cells) - {None}, pa.string())))
    since, until = micros(wanted["since"], ALWAYS).tolist(), micros(wanted["until"], FOREVER).tolist()
    of_cell: dict[str, list[tuple[str, int, int]]] = {}
    for unit, duty, start, end in zip(
        wanted["unit"].to_pylist(), wanted["duty"].to_pylist(), since, until, strict=True
    ):
        of_cell.setdefault(unit, []).append((duty, start, end))
    duties = [
        min((duty for duty, start, end in of_cell.get(cell, ()) if start <= at < end), default=None)
        for cell, at in zip(cells, reported.tolist(), strict=True)
    ]
    return _replaced(batch, {"duty_grid": pa.array(duties, pa.string())})


def _replaced(batch: pa.RecordBatch, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    arrays = [
        columns.get(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)
