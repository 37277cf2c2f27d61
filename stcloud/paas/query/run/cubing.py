"""Cubes of events: a question with cells and a step, counted once by the engine and laid out by bins and cells.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import Cube, CubeClass
from stcloud.paas.query.compile.summary import measures_in
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.plan.label import labelled
from stcloud.paas.query.plan.plan import By, Summary, by_name
from stcloud.paas.query.resolve.rows_of_kind import times_of
from stcloud.paas.query.run.cube_cells import cells_of
from stcloud.paas.query.run.cube_layout import COUNTED, class_axis, laid_out, occurring
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import read_by, typed
from stcloud.paas.query.run.rate import rated, rated_us
from stcloud.time import Bin, Every, Span, Spans, TimeBins

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
        ``drop``, ``flag`` or ``keep`` bins that the time begins or ends inside of.
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
    bins, whole
        All bins that meet the asked time, and which of them are asked for wholly.
    by, measures
        The cell and the classes; the measures.
    at_us
        Instant at which areas are taken that changed, UTC microseconds.
    """

    inquiry: Inquiry
    shape: CubeShape
    bins: TimeBins
    whole: NDArray[np.bool_]
    by: tuple[By, ...]
    measures: tuple[Measure, ...]
    at_us: int

    @classmethod
    def of(cls, inquiry: Inquiry, shape: CubeShape) -> Counting:
        """Read what a cube is of; raises what `cubed` does."""
        subject = inquiry.subject
        if not subject.kind.indexed:
            raise Unsupported(
                "events-only",
                f"layer '{subject.layer.name}' has features: cubes are of events",
                hint="use timeline",
            )
        bins, whole = _bins(inquiry, shape.every)
        texts = (f"cell:{shape.cell}" if shape.cell[:1].isdigit() else shape.cell, *shape.by)
        by = tuple(read_by(text, inquiry) for text in texts)
        measures = tuple(Measure.read(text, subject.columns, subject.zone) for text in shape.measures)
        return cls(inquiry, shape, bins, whole, by, measures, rated_us(inquiry))

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which of the bins are those of the cube; they follow each other."""
        return self.whole if self.shape.partial == "drop" else np.ones(len(self.whole), np.bool_)

    @property
    def places(self) -> Ints:
        """The step of each bin in the cube; -1: it is not in it."""
        return np.where(self.kept, np.cumsum(self.kept) - 1, -1)

    @property
    def digest(self) -> str:
        """A digest of the question and of what the cube is of, the same whatever is known."""
        shape, extent = self.shape, self.shape.extent
        parts = (shape.cell, shape.every, shape.by, shape.measures, shape.partial, extent and extent.wkb_hex)
        return self.inquiry.digest(repr(parts))

    def table(self, inquiry: Inquiry) -> pa.Table:
        """Return the groups of a question: the number of their bin, cell, classes, how many rows, measures."""
        others = tuple(measure for measure in self.measures if measure != COUNT)
        goal = Summary((self.bins.binning, *self.by), (COUNT, *others))
        table = _table(inquiry, goal, self.at_us)
        return table.append_column(COUNT.name, table.column(COUNTED)) if COUNT in self.measures else table

    def cells(self, names: pa.Array) -> CubeCells:
        """Return the cells of the cube, given the names of those that have something."""
        return cells_of(self.inquiry, self.by[0], self.at_us, names, self.shape.extent)

    def axes(self, table: pa.Table) -> tuple[CubeClass, ...]:
        """Return the classes that groups have."""
        return tuple(class_axis(by_name(group), table.column(2 + at)) for at, group in enumerate(self.by[1:]))

    def frame(self, cells: CubeCells, classes: tuple[CubeClass, ...]) -> Cube:
        """Return the cube without values."""
        subject, kept = self.inquiry.subject, self.kept
        return Cube(
            self.shape.every, _edges(self.bins.edges_us, kept),
            tuple(np.array(self.bins.labels(), object)[kept].tolist()), self.whole[kept], cells, classes,
            np.empty(0, np.int64), {}, _known_us(self.inquiry), subject.zone,
            subject.configuration.lattice.crs, {}, _facts(self.inquiry, self.by) | {"digest": self.digest},
        )  # fmt: skip

    def filled(self, frame: Cube, table: pa.Table) -> Cube:
        """Return the cube with the values of groups."""
        step = np.append(self.places, -1)[self.bins.position(numbers_of(table.column(0)))]
        return laid_out(frame, table, step, self.measures, self.shape.measures)


def cubed(inquiry: Inquiry, shape: CubeShape) -> Cube:
    """Return the cube of a question about events.

    Raises
    ------
    InvalidInput
        ``unknown-step``, ``no-cells``, ``several-spans``, ``no-events``, ``no-number``; and as `Query.measure`.
    Unsupported
        ``events-only``
    """
    counting = Counting.of(inquiry, shape)
    table = counting.table(inquiry)
    frame = counting.frame(counting.cells(occurring(table.column(1))), counting.axes(table))
    return counting.filled(frame, table)


def _bins(inquiry: Inquiry, every: str) -> tuple[TimeBins, NDArray[np.bool_]]:
    """Return the bins that meet the asked time, or else what there is, and which of them it holds wholly."""
    spans = reduce(Spans.intersect, times_of(inquiry.conditions), Spans.always()).parts
    if len(spans) > 1:
        raise InvalidInput(
            "several-spans", f"the time has {len(spans)} spans, and a cube has one",
            hint="make one cube of the whole time, or one of each span",
        )  # fmt: skip
    there = inquiry.subject.layer.span_us
    if not spans or there is None:
        raise InvalidInput("no-events", "there is nothing at the asked time", hint="ask for another time")
    (asked,) = spans
    first = there[0] if asked.start_us is None else asked.start_us
    last = max(there[1], first) + 1 if asked.end_us is None else asked.end_us
    bins = Every.parse(every).cut(Span(first, last), inquiry.subject.zone)
    whole = bins.whole.copy()
    whole[:1] |= asked.start_us is None  # nobody asked for a beginning inside of a bin
    whole[-1:] |= asked.end_us is None
    return bins, whole


def _table(inquiry: Inquiry, goal: Summary, at_us: int) -> pa.Table:
    """Return numbers of bins, cells and classes as they are shown, and measures, rates among them."""
    zone = inquiry.subject.zone
    rows = inquiry.run(goal, ordered=False).read_all()
    kinds = [measure.type_of(inquiry.subject.columns, zone) for measure in goal.measures]
    for measure, kind in zip(goal.measures, kinds, strict=True):
        if kind not in ("integer", "number"):
            raise InvalidInput(
                "no-number",
                f"'{measure.name}' is {kind}, and a cube holds numbers",
                hint="e.g. count, mean(x)",
            )
    shown = [labelled(rows.column(at), group, zone) for at, group in enumerate(goal.by) if at]
    values = (typed(part, kind, zone) for part, kind in zip(measures_in(rows, goal), kinds, strict=False))
    names = [
        *(f"g{at}" for at in range(len(goal.by))),
        COUNTED,
        *(measure.name for measure in goal.measures[1:]),
    ]
    return rated(pa.Table.from_arrays([rows.column(0), *shown, *values], names), goal, inquiry, at_us)


def _edges(edges_us: Ints, kept: NDArray[np.bool_]) -> Ints:
    """Return the edges of the bins that are kept, which follow each other."""
    at = np.flatnonzero(kept)
    if not len(at):
        raise InvalidInput(
            "no-whole-step", "the asked time holds no whole step",
            hint="ask for a longer time, shorter steps, or partial='keep'",
        )  # fmt: skip
    return edges_us[at[0] : at[-1] + 2]


def _known_us(inquiry: Inquiry) -> tuple[int, int]:
    """Return since when, and until when, all that happened is known: from the first day to the last load."""
    subject = inquiry.subject
    assert subject.layer.span_us is not None  # noqa: S101  (refused before)
    (day,) = Bin.DAY.numbers(np.array(subject.layer.span_us[:1]), subject.zone).tolist()
    loads = [load.recorded_at_us for load in subject.layer.loads]
    limit = inquiry.known_us if inquiry.known is not None else max(loads, default=inquiry.known_us)
    return Bin.DAY.start(day, subject.zone), max([at for at in loads if at <= limit], default=limit)


def _facts(inquiry: Inquiry, by: Sequence[By]) -> dict[str, str]:
    loads = [load.load for load in inquiry.subject.layer.loads if load.recorded_at_us <= inquiry.known_us]
    return {**inquiry.facts(), "pin": inquiry.pin(by).text, "loads": " ".join(loads)}
