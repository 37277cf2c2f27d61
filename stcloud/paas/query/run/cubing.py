"""Cubes of events: a question with cells and a step, counted once by the engine and laid out by bins and cells.

Tested by `tests/paas/query/run/test_cubing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
from stcloud.paas.query.compile.summary import measures_in
from stcloud.paas.query.measure.measure import COUNT, Measure
from stcloud.paas.query.plan.label import labelled
from stcloud.paas.query.plan.plan import By, Summary, by_name
from stcloud.paas.query.resolve.rows_of_kind import times_of
from stcloud.paas.query.run.cube_cells import cells_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.measuring import read_by, typed
from stcloud.paas.query.run.rate import rated, rated_us
from stcloud.time import Bin, Every, Span, Spans, TimeBins

__all__ = ["CubeShape", "Partial", "cubed"]

Partial = Literal["drop", "flag", "keep"]
"""What becomes of bins that the asked time begins or ends inside of."""

Ints = NDArray[np.int64]
_ADDED = ("count", "distinct", "sum")
_COUNTED = "st_count"


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


def cubed(inquiry: Inquiry, shape: CubeShape) -> Cube:
    """Return the cube of a question about events.

    Raises
    ------
    InvalidInput
        ``unknown-step``, ``no-cells``, ``several-spans``, ``no-events``, ``no-number``; and as `Query.measure`.
    Unsupported
        ``events-only``
    """
    subject = inquiry.subject
    if not subject.kind.indexed:
        raise Unsupported(
            "events-only",
            f"layer '{subject.layer.name}' has features: cubes are of events",
            hint="use timeline",
        )
    bins, whole = _bins(inquiry, shape.every)
    texts = (f"cell:{shape.cell}" if shape.cell[:1].isdigit() else shape.cell, *shape.by)
    cell, *classes = (read_by(text, inquiry) for text in texts)
    measures = tuple(Measure.read(text, subject.columns, subject.zone) for text in shape.measures)
    goal = Summary((bins.binning, cell, *classes), (COUNT, *measures))
    at_us = rated_us(inquiry)
    table = _table(inquiry, goal, at_us)
    occurring = pc.unique(table.column(1)).drop_null()
    cells = cells_of(inquiry, cell, at_us, occurring, shape.extent)
    kept = whole if shape.partial == "drop" else np.ones(len(whole), np.bool_)
    axes = [_class_axis(by_name(group), table.column(2 + at)) for at, group in enumerate(classes)]
    cube = Cube(
        shape.every, _edges(bins.edges_us, kept), tuple(np.array(bins.labels(), object)[kept].tolist()), whole[kept],
        cells, tuple(axis for axis, _ in axes), np.empty(0, np.int64), {}, _known_us(inquiry), subject.zone,
        subject.configuration.lattice.crs, {}, _facts(inquiry, goal.by),
    )  # fmt: skip
    step = np.concatenate((np.cumsum(kept) - 1, [-1]))[bins.position(numbers_of(table.column(0)))]
    step[~np.concatenate((kept, [False]))[bins.position(numbers_of(table.column(0)))]] = -1
    return _filled(cube, table, step, [place for _, place in axes], measures, shape.measures)


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
    (span,) = spans
    first = there[0] if span.start_us is None else span.start_us
    last = max(there[1], first) + 1 if span.end_us is None else span.end_us
    bins = Every.parse(every).cut(Span(first, last), inquiry.subject.zone)
    whole = bins.whole.copy()
    whole[:1] |= span.start_us is None  # nobody asked for a beginning inside of a bin
    whole[-1:] |= span.end_us is None
    return bins, whole


def _table(inquiry: Inquiry, goal: Summary, at_us: int) -> pa.Table:
    """Return numbers of bins, cells and classes as they are shown, and measures, rates among them."""
    zone = inquiry.subject.zone
    rows = inquiry.run(goal).read_all()
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
        _COUNTED,
        *(measure.name for measure in goal.measures[1:]),
    ]
    return rated(pa.Table.from_arrays([rows.column(0), *shown, *values], names), goal, inquiry, at_us)


def _class_axis(name: str, column: pa.ChunkedArray) -> tuple[CubeClass, Ints]:
    """Return the values of a class, ascending and null last, and the position of each row among them."""
    codes = column.combine_chunks().dictionary_encode(null_encoding="encode")
    order = pc.array_sort_indices(codes.dictionary, null_placement="at_end")
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return CubeClass(name, codes.dictionary.take(order)), place[codes.indices.to_numpy()]


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


def _filled(
    cube: Cube, table: pa.Table, step: Ints, classes: Sequence[Ints], measures: Sequence[Measure],
    written: Sequence[str],
) -> Cube:  # fmt: skip
    """Return the cube with what the engine gave; rows that are in no known bin are counted."""
    counts = numbers_of(table.column(_COUNTED)).astype(np.int64)
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
    nothing = 0.0 if measure.function in _ADDED or measure.is_rate else np.nan
    if column.null_count or not np.issubdtype(values.dtype, np.integer):
        return CubeMeasure(written, values.astype(np.float64), nothing)
    return CubeMeasure(written, values.astype(np.int64), nothing)
