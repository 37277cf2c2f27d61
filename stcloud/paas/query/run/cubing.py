"""Cubes: a question with cells and a step, counted by the engine and laid out by bins and cells.

Tested by `tests/paas/query/run/test_cubing.py` and `tests/paas/query/run/test_cube_states.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import Cube, CubeClass
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.plan.plan import By, Summary, by_name
from stcloud.paas.query.run.cube_cells import cells_of, read_cell
from stcloud.paas.query.run.cube_layout import COUNTED, class_axis, laid_out, occurring
from stcloud.paas.query.run.cube_rows import counted, rated_by_bin, require_numbers
from stcloud.paas.query.run.cube_states import states_at
from stcloud.paas.query.run.cube_time import CubeTime, time_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import read_by
from stcloud.paas.query.run.rate import rated_us
from stcloud.time import TimeBins

__all__ = ["Counting", "CubeShape", "Partial", "cubed"]

Partial = Literal["drop", "flag", "keep"]
"""What becomes of bins that the asked time begins or ends inside of."""

Ints = NDArray[np.int64]


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


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """What is counted for a cube, and the bins that it is counted by.

    Parameters
    ----------
    inquiry, shape
        The question, and what the cube is of.
    time
        All bins that meet the asked time, which of them are asked for wholly, and what is known of them.
    by, measures
        The cell and the classes; the measures.
    at_us
        Instant at which areas are taken that changed, UTC microseconds.
    """

    inquiry: Inquiry
    shape: CubeShape
    time: CubeTime
    by: tuple[By, ...]
    measures: tuple[Measure, ...]
    at_us: int

    @classmethod
    def of(cls, inquiry: Inquiry, shape: CubeShape) -> Counting:
        """Read what a cube is of; raises what `cubed` does."""
        subject = inquiry.subject
        time = time_of(inquiry, shape.every, drop=shape.partial == "drop")
        by = (read_cell(shape.cell, inquiry), *(read_by(text, inquiry) for text in shape.by))
        measures = tuple(Measure.read(text, subject.columns, subject.zone) for text in shape.measures)
        require_numbers(inquiry, measures)
        return cls(inquiry, shape, time, by, measures, rated_us(inquiry))

    @property
    def bins(self) -> TimeBins:
        """All bins that the time meets."""
        return self.time.bins

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which bins are asked for wholly."""
        return self.time.whole

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which of the bins are those of the cube; they follow each other."""
        return self.time.kept

    @property
    def places(self) -> Ints:
        """The step of each bin in the cube; -1: it is not in it."""
        return self.time.places

    @property
    def digest(self) -> str:
        """A digest of the question and of what the cube is of, the same whatever is known."""
        shape, extent = self.shape, self.shape.extent
        parts = (shape.cell, shape.every, shape.by, shape.measures, shape.partial, extent and extent.wkb_hex)
        return self.inquiry.digest(repr(parts))

    def table(self, inquiry: Inquiry) -> pa.Table:
        """Return the groups of a question: the number of their bin, cell, classes, how many rows, measures.

        Of features these are those at the start of each bin of the cube, and the question has no time.
        """
        others = tuple(measure for measure in self.measures if measure != COUNT)
        goal = Summary(self.by, (COUNT, *others))
        if self.time.of_instants:
            step, groups = states_at(inquiry, goal, self.time.edges_us[:-1])
            numbers = self.bins.numbers[self.kept][step]
            table = groups.add_column(0, "bin", pa.array(numbers, pa.int64()))
        else:
            table = counted(inquiry, replace(goal, by=(self.bins.binning, *self.by)), bare=1)
        width = 1 + len(self.by)
        names = [f"g{at}" for at in range(width)] + [COUNTED, *(measure.name for measure in others)]
        table = table.rename_columns(names)
        return table.append_column(COUNT.name, table.column(COUNTED)) if COUNT in self.measures else table

    def cells(self, names: pa.Array) -> CubeCells:
        """Return the cells of the cube, given the names of those that have something."""
        return cells_of(self.inquiry, self.by[0], self.at_us, names, self.shape.extent)

    def axes(self, table: pa.Table) -> tuple[CubeClass, ...]:
        """Return the classes that groups have."""
        return tuple(class_axis(by_name(group), table.column(2 + at)) for at, group in enumerate(self.by[1:]))

    def frame(self, cells: CubeCells, classes: tuple[CubeClass, ...]) -> Cube:
        """Return the cube without values."""
        subject, time = self.inquiry.subject, self.time
        return Cube(
            self.shape.every, time.edges_us, time.labels, time.whole[time.kept], cells, classes,
            np.empty(0, np.int64), {}, time.known_us, subject.zone, subject.configuration.lattice.crs, {},
            self._facts() | {"digest": self.digest}, of_instants=time.of_instants,
        )  # fmt: skip

    @property
    def pin(self) -> Pin:
        """What the cube is pinned at: that until when all is known may be known since a later load than the rows."""
        pin, name = self.inquiry.pin(self.by), self.inquiry.subject.layer.name
        layers = dict(pin.layers)
        return Pin.of({**layers, name: max(layers[name], self.time.since_us)}, dict(pin.rules))

    def _facts(self) -> dict[str, str]:
        """Return what the question was, its pin, and the loads that were known."""
        pin, layer = self.pin, self.inquiry.subject.layer
        loads = [load.load for load in layer.loads if load.recorded_at_us <= pin.of_layer(layer.name)]
        return {**self.inquiry.facts(), "pin": pin.text, "loads": " ".join(loads)}

    def steps(self, table: pa.Table) -> Ints:
        """Return the step of each group; -1: the cube does not have it."""
        return self.time.position(numbers_of(table.column(0)))

    def filled(self, frame: Cube, table: pa.Table, step: Ints) -> Cube:
        """Return the cube with the values of groups, rates as areas and inhabitants were in each bin."""
        goal = Summary((self.bins.binning, *self.by), self.measures)
        rates = rated_by_bin(table, goal, self.inquiry, step, self.time.rated_us, frame.cells.changes_us)
        return laid_out(frame, rates, step, self.measures, self.shape.measures)


def cubed(inquiry: Inquiry, shape: CubeShape) -> Cube:
    """Return the cube of a question: of events in each bin, or of features at the start of each bin.

    Raises
    ------
    InvalidInput
        ``unknown-step``, ``no-cells``, ``several-spans``, ``no-events``, ``no-whole-step``, ``no-number``,
        ``which-time``; and as `Query.measure`.
    """
    counting = Counting.of(inquiry, shape)
    table = counting.table(counting.time.inquiry)
    with ThreadPoolExecutor(1) as pool:  # both take long, and numpy lets others compute meanwhile
        step = pool.submit(counting.steps, table)
        frame = counting.frame(counting.cells(occurring(table.column(1))), counting.axes(table))
        return counting.filled(frame, table, step.result())
