"""Places of the groups of a question: cells of a unit grid, duty grids, features of a layer, as they were known.

Tested by `tests/paas/query/run/test_placing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.grid import UnitGrid
from stcloud.paas.grid.units import Versions
from stcloud.paas.query.answer.group_place import CommunityOf, GroupPieces, GroupPlace
from stcloud.paas.query.plan.plan import By, DutyGroup, FeatureGroup, Part, by_name, restated_in
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.space import CellSize

__all__ = ["community_of_cells", "place_of_groups"]

Floats = NDArray[np.float64]

_COMMUNITY, _MOST_UNITS = "community", 200_000


def place_of_groups(inquiry: Inquiry, by: Sequence[By], at_us: int) -> GroupPlace | None:
    """Return the place of the first group that has one; None for cells of the lattice, which are their own place.

    Parameters
    ----------
    inquiry, by
        The question and its groups. Nothing is read before the geometry is needed; then it is read as the question
        is pinned.
    at_us
        Instant at which the places are taken, UTC microseconds; where that of the grid or of features is fixed, this.
    """
    placed = [group for group in by if isinstance(group, CellSize | Part | DutyGroup | FeatureGroup)]
    if not placed or isinstance(placed[0], CellSize):
        return None
    group = placed[0]
    if isinstance(group, FeatureGroup):
        fixed = group.at_us
        return GroupPlace(
            by_name(group), partial(_features, inquiry, group), at_us if fixed is None else fixed
        )
    restated = restated_in(inquiry.conditions)
    if restated is not None and restated.at_us is not None:
        at_us = restated.at_us
    read = partial(_units, inquiry, group) if isinstance(group, Part) else partial(_duties, inquiry, group)
    return GroupPlace(by_name(group), read, at_us)


def community_of_cells(inquiry: Inquiry, by: Sequence[By], at_us: int) -> CommunityOf | None:
    """Return what gives the communities that points lie in, where rows are counted by cells of the lattice.

    That is the community of the unit whose cell holds the point, of the grid that the events are indexed on, as it
    was known at the question's pin. None: they are not indexed, or not counted by cells, or by communities too. Of a
    grid of more than 200,000 versions of cells none is given, since that would take longer than the answer.

    Parameters
    ----------
    inquiry, by
        The question and its groups. Nothing is read before a community is needed.
    at_us
        As for `place_of_groups`.
    """
    index = inquiry.subject.index
    part = None if index is None else index.parts.get(_COMMUNITY)
    if index is None or part is None or _COMMUNITY in map(by_name, by):
        return None
    if not any(isinstance(group, CellSize) for group in by):
        return None
    restated = restated_in(inquiry.conditions)
    if restated is not None and restated.at_us is not None:
        at_us = restated.at_us
    return partial(_communities, index.grid, index.pinned_us(inquiry.known), part.length, at_us)


def _communities(grid: UnitGrid, known_us: int, length: int, at_us: int, x: Floats, y: Floats) -> pa.Array:
    if grid.layer.rows > _MOST_UNITS:
        return pa.nulls(len(x), pa.string())
    units = grid.units_near(x, y, known_us)
    codes = units.code_of(units.locate(x, y, at_us)).cast(pa.string())
    return pc.utf8_slice_codeunits(codes, 0, length)


def _features(inquiry: Inquiry, group: FeatureGroup) -> GroupPieces:
    layer, known_us = inquiry.resolver.layer(group.layer), inquiry.resolver.known_us(group.layer)
    believed = layer.table.believed(layer.snapshot, known_us)
    stored = {attribute.name: attribute.stored for attribute in layer.attributes}
    named = [stored[group.column]] if group.column else []
    content = layer.table.content(layer.snapshot, believed.row, ["st_geom", *named])
    names = content[named[0]].combine_chunks() if named else believed.key
    shapes = shapely.from_wkb(content["st_geom"].to_numpy())
    return GroupPieces(names.cast(pa.string()), shapes, believed.start_us, believed.end_us)


def _units(inquiry: Inquiry, group: Part) -> GroupPieces:
    cells = _cells(inquiry)
    names = pa.array([str(code)[: group.length] for code in cells.codes], pa.string())
    return GroupPieces(names, cells.shapes, cells.start_us, cells.end_us)


def _duties(inquiry: Inquiry, group: DutyGroup) -> GroupPieces:
    """Return the cells of duty grids, each for as long as the duty grid had it and the cell had that shape."""
    index, cells = inquiry.subject.index, _cells(inquiry)
    assert index is not None  # noqa: S101  (who groups by duty grids has one)
    members = index.duties(group.layer).members(inquiry.resolver.known_us(group.layer))
    of_code: dict[str, list[int]] = {}
    for row, code in enumerate(cells.codes):
        of_code.setdefault(str(code), []).append(row)
    pairs = [
        (at, row) for at, unit in enumerate(members["unit"].to_pylist()) for row in of_code.get(unit, ())
    ]
    member, version = np.array(pairs, np.int64).reshape(-1, 2).T
    start_us = np.maximum(micros(members["since"], ALWAYS)[member], cells.start_us[version])
    end_us = np.minimum(micros(members["until"], FOREVER)[member], cells.end_us[version])
    names = members["duty"].combine_chunks().take(pa.array(member))
    there = start_us < end_us
    return GroupPieces(
        names.filter(pa.array(there)), cells.shapes[version][there], start_us[there], end_us[there]
    )


def _cells(inquiry: Inquiry) -> Versions:
    index = inquiry.subject.index
    assert index is not None  # noqa: S101  (who groups by units has one)
    return index.grid.versions(index.pinned_us(inquiry.known))
