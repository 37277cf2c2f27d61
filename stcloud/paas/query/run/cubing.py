"""Cubes: a question with cells and a step, counted by the engine and laid out by bins and cells.

Tested by `tests/paas/query/run/test_cubing.py` and `tests/paas/query/run/test_cube_states.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure, Joined
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.plan import By, Summary, by_name
from stcloud.paas.query.run.cube_cells import cells_of, read_cell
from stcloud.paas.query.run.cube_rows import counted, rated_by_bin, require_numbers
from stcloud.paas.query.run.cube_states import states_at
from stcloud.paas.query.run.cube_time import CubeTime, time_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import read_by
from stcloud.paas.query.run.rate import rated_us

__all__ = ["CubeShape", "Partial", "cubed"]

Partial = Literal["drop", "flag", "keep"]
"""What becomes of bins that the asked time begins or ends inside of."""

Ints = NDArray[np.int64]
_COUNTED = Measure("st_count", "count")
_OF_NOTHING = ("count", "distinct", "sum")
_JOINED: Mapping[str, Joined] = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}


@dataclass(frozen=True, slots=True)
class CubeShape:
    """What a cube is of.

    Parameters
    ----------
    cell
        ``100m``, ``1km``, ``unit``, ``community``, ``in:LAYER`` …
    every
        ``1h``, ``1D``, ``7D``, ``1W``, ``1M``, ``1Q``, ``1Y`` or ``hour`` … ``year``.
    by
        Classes.
    measures
        As of `Query.measure`.
    extent
        Cells of the lattice are those that meet it; None: the question's place, or the range of what there is.
    partial
        ``drop``, ``flag`` or ``keep`` bins that the time begins or ends inside of; of features, which are those at
        the start of each bin, only the first one may be partial.
    """

    cell: str
    every: str
    by: tuple[str, ...] = ()
    measures: tuple[str, ...] = ("count",)
    extent: BaseGeometry | None = None
    partial: Partial = "drop"


def cubed(inquiry: Inquiry, shape: CubeShape) -> Cube:
    """Return the cube of a question: of events in each bin, or of features at the start of each bin.

    Raises
    ------
    InvalidInput
        ``unknown-step``, ``no-cells``, ``several-spans``, ``no-events``, ``no-whole-step``, ``no-number``,
        ``which-time``; and as `Query.measure`.
    """
    subject = inquiry.subject
    time = time_of(inquiry, shape.every, drop=shape.partial == "drop")
    by = (read_cell(shape.cell, inquiry), *(read_by(text, inquiry) for text in shape.by))
    measures = tuple(Measure.read(text, subject.columns, subject.zone) for text in shape.measures)
    goal = Summary((time.bins.binning, *by), (_COUNTED, *measures))
    require_numbers(inquiry, goal)
    step, table = _rows(time, goal)
    occurring = pc.unique(table.column(1)).drop_null()
    cells = cells_of(inquiry, by[0], rated_us(inquiry), occurring, shape.extent)
    table = rated_by_bin(table, goal, time.inquiry, step, time.rated_us, cells.changes_us)
    axes = [_class_axis(by_name(group), table.column(2 + at)) for at, group in enumerate(by[1:])]
    cube = Cube(
        shape.every, time.edges_us, time.labels, time.whole[time.kept],
        cells, tuple(axis for axis, _ in axes), np.empty(0, np.int64), {}, time.known_us, subject.zone,
        subject.configuration.lattice.crs, {}, _facts(inquiry, goal.by), of_instants=time.of_instants,
    )  # fmt: skip
    return _filled(cube, table, step, [place for _, place in axes], measures, shape.measures)


def _rows(time: CubeTime, goal: Summary) -> tuple[Ints, pa.Table]:
    """Return the positions of bins, -1 for none of the cube, and a table of groups as they are shown and measures."""
    if not time.of_instants:
        table = counted(time.inquiry, goal, bare=1)
        return time.position(numbers_of(table.column(0))), table
    step, table = states_at(time.inquiry, replace(goal, by=goal.by[1:]), time.edges_us[:-1])
    return step, table.add_column(0, "g0", pa.array(step))


def _class_axis(name: str, column: pa.ChunkedArray) -> tuple[CubeClass, Ints]:
    """Return the values of a class, ascending and null last, and the position of each row among them."""
    codes = column.combine_chunks().dictionary_encode(null_encoding="encode")
    order = pc.array_sort_indices(codes.dictionary, null_placement="at_end")
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return CubeClass(name, codes.dictionary.take(order)), place[codes.indices.to_numpy()]


def _facts(inquiry: Inquiry, by: Sequence[By]) -> dict[str, str]:
    loads = [load.load for load in inquiry.subject.layer.loads if load.recorded_at_us <= inquiry.known_us]
    return {**inquiry.facts(), "pin": inquiry.pin(by).text, "loads": " ".join(loads)}


def _filled(
    cube: Cube, table: pa.Table, step: Ints, classes: Sequence[Ints], measures: Sequence[Measure],
    written: Sequence[str],
) -> Cube:  # fmt: skip
    """Return the cube with what the engine gave; rows that are in no known bin are counted."""
    counts = numbers_of(table.column(_COUNTED.name)).astype(np.int64)
    column = table.column(1).combine_chunks()
    cell = np.asarray(pc.fill_null(pc.index_in(column, value_set=cube.cells.names), -1), np.int64)
    known = np.zeros(len(step), np.bool_)
    there = (step >= 0) & (cell >= 0)
    known[there] = cube.known[step[there], cell[there]]
    unplaced = np.asarray(column.is_null())
    reasons = {
        "partial": step < 0,
        "unplaced": (step >= 0) & unplaced,
        "outside": (step >= 0) & ~unplaced & (cell < 0),
        "unknown": there & ~known,
    }
    axes = [step[known], cell[known], *(place[known] for place in classes)]
    at = np.ravel_multi_index(axes, cube.shape).astype(np.int64)
    order = np.argsort(at, kind="stable")
    rows = np.flatnonzero(known)[order]
    values = {
        measure.name: _measure(measure, text, table.column(measure.name), rows)
        for measure, text in zip(measures, written, strict=True)
    }
    lost = {reason: int(counts[chosen].sum()) for reason, chosen in reasons.items()}
    return replace(cube, at=at[order], measures=values, leftovers=lost)


def _measure(measure: Measure, written: str, column: pa.ChunkedArray, rows: Ints) -> CubeMeasure:
    values = np.asarray(column.to_numpy())[rows]
    nothing = 0.0 if measure.function in _OF_NOTHING or measure.is_rate else np.nan
    whole = not column.null_count and np.issubdtype(values.dtype, np.integer)
    joined = _JOINED.get(measure.function, "none")
    return CubeMeasure(written, values.astype(np.int64 if whole else np.float64), nothing, joined)
