"""Cells that moves pass: where their edges are, and which one holds a place at an instant, as they were then.

Tested by `tests/paas/movement/test_dwell.py` and `tests/paas/movement/test_origindestination.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.index.crossing import Cuts, Moves, cuts_by_edges, cuts_by_instants, cuts_by_lines
from stcloud.index.segment import segments_of
from stcloud.paas.movement.fixes import Floats, Ints
from stcloud.paas.query.parse.units import needed_index
from stcloud.paas.query.plan.plan import By, FeatureGroup, Part, by_name
from stcloud.paas.query.run.cube_cells import read_cell
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.space import CellSize, Level

__all__ = ["PlacedCells", "cells_named"]

Names: TypeAlias = Callable[[Floats, Floats, Ints], pa.Array]
Cutting: TypeAlias = Callable[[Moves], list[Cuts]]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedCells:
    """Cells of a lattice, of a unit grid, or features of a layer.

    Parameters
    ----------
    group
        What they are.
    names
        Gives the name of the cell that held each place, metres, at its instant; null where none did.
    cuts
        Gives where moves pass from one of them to another, and perhaps more.
    """

    group: By
    names: Names
    cuts: Cutting

    @property
    def noun(self) -> str:
        """What a column of their names is called."""
        return by_name(self.group)


def cells_named(text: str, inquiry: Inquiry, pinned: dict[str, int]) -> PlacedCells:
    """Read what cells are: ``100m``, ``unit``, ``community``, ``in:LAYER``.

    Parameters
    ----------
    text, inquiry
        The cells, and the question.
    pinned
        Recorded instants of layers that are read, by name; written.

    Raises
    ------
    InvalidInput
        ``no-cells``: the group has no place; ``not-indexed``; what reading a group raises
    """
    group = read_cell(text, inquiry)
    if isinstance(group, Part):
        return _units(group, inquiry, pinned)
    if isinstance(group, FeatureGroup):
        return _features(group, inquiry, pinned)
    if not isinstance(group, CellSize):
        raise InvalidInput(
            "no-cells",
            f"'{text}' is no cell that a mover may be in",
            hint="use 100m, 1km, unit, community or in:LAYER",
        )
    lattice, size = inquiry.subject.configuration.lattice, group

    def names(x: Floats, y: Floats, _: Ints) -> pa.Array:
        cells = lattice.cells(x, y, size if isinstance(size, Level) else Level.M10)
        return pa.array(cells if isinstance(size, Level) else size.of(cells))

    return PlacedCells(group, names, lambda moves: cuts_by_lines(moves, lattice.origin, size.side_m))


def _units(group: Part, inquiry: Inquiry, pinned: dict[str, int]) -> PlacedCells:
    """Return cells of the unit grid that the events are indexed on, or parts of their codes."""
    index = needed_index(inquiry.subject.index, inquiry.subject.layer.name)
    known_us = index.pinned_us(inquiry.known)
    units, versions = index.grid.units(known_us), index.grid.versions(known_us)
    pinned[index.grid.name] = known_us

    def names(x: Floats, y: Floats, at_us: Ints) -> pa.Array:
        codes = units.code_of(units.locate(x, y, at_us)).cast(pa.string())
        return pc.utf8_slice_codeunits(codes, 0, group.length)

    return PlacedCells(group, names, _cutting(versions.shapes, versions.start_us, versions.end_us))


def _features(group: FeatureGroup, inquiry: Inquiry, pinned: dict[str, int]) -> PlacedCells:
    """Return features of a layer, by their keys or by a column."""
    from stcloud.paas.query.resolve.holders import holders_of  # noqa: PLC0415  (slow to import)
    from stcloud.paas.query.resolve.scope import Scope  # noqa: PLC0415

    layer, known_us = inquiry.resolver.layer(group.layer), inquiry.resolver.known_us(group.layer)
    holders = holders_of(layer, group, known_us, Scope(ALWAYS, FOREVER))
    believed = layer.table.believed(layer.snapshot, known_us)
    start_us, end_us = believed.start_us, believed.end_us
    if group.at_us is not None:  # the areas of one instant, whenever a mover was there
        believed = believed.take(np.flatnonzero((start_us <= group.at_us) & (group.at_us < end_us)))
        start_us, end_us = (np.full(len(believed.row), end) for end in (ALWAYS, FOREVER))
    wkb = layer.table.content(layer.snapshot, believed.row, ["st_geom"])["st_geom"].to_numpy()
    pinned[group.layer] = known_us

    def names(x: Floats, y: Floats, at_us: Ints) -> pa.Array:
        instants = pa.array(at_us).cast(pa.timestamp("us", "UTC"))
        return holders(pa.RecordBatch.from_pydict({"st_x": x, "st_y": y, "st_time": instants}))

    return PlacedCells(group, names, _cutting(shapely.from_wkb(wkb), start_us, end_us))


def _cutting(shapes: NDArray[Any], start_us: Ints, end_us: Ints) -> Cutting:
    edges = np.unique(segments_of(np.asarray(shapes, object)).ends, axis=0)
    changes_us = np.unique(np.concatenate([start_us, end_us]))

    def cuts(moves: Moves) -> list[Cuts]:
        return [*cuts_by_edges(moves, edges), cuts_by_instants(moves, changes_us)]

    return cuts
