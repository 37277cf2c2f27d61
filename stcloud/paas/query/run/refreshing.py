"""Cubes made new after loads: only the bins that were touched are counted again, and the rest is taken over.

A row is new or gone since a cube was made if its belief began or ended after the cube's pin; the bins of these rows,
and those of which it has become known what happened, are all that can differ. Where more may differ, or it cannot be
known, the whole cube is counted.

Tested by `tests/paas/query/run/test_refreshing.py`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cube import Cube
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.condition.during import During
from stcloud.paas.query.plan.plan import by_name
from stcloud.paas.query.run.cube_layout import COUNTED
from stcloud.paas.query.run.cube_renewal import CubeRenewal
from stcloud.paas.query.run.cubing import Counting, CubeShape, cubed
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.paas.query.run.rate import rated_us
from stcloud.space import CellSize
from stcloud.time import Span, Spans, When

__all__ = ["refreshed"]

_FROM, _TO, _TIME = "st_recorded_from", "st_recorded_to", "st_time"
_MARGIN_US = 26 * 3_600_000_000
"""Rows of a bin lie at most so far from its span: a wall clock that was set back shows an earlier day again."""
_MOST_SPANS = 64
"""So many separate times are asked for at once."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def refreshed(cube: Cube, inquiry: Inquiry, shape: CubeShape) -> Cube:
    """Return the cube of a question as it is known now, given the one that it had at an earlier pin.

    Parameters
    ----------
    cube
        What `cubed` gave for the same question and shape.
    inquiry, shape
        The question, and what the cube is of.

    Returns
    -------
    What `cubed` returns now, to the byte. All is counted anew where most bins were touched, where other layers or
    rules that the question reads have changed, where rows were purged, and where cells or classes may have vanished.

    Raises
    ------
    InvalidInput
        ``other-cube``: the cube is that of another question; and as `cubed`.
    """
    counting = Counting.of(inquiry, shape)
    if not _is_of(cube, counting):
        raise InvalidInput(
            "other-cube", "the cube is that of another question, or of other cells, steps or measures",
            hint="refresh it by the query and with the arguments that it was made with",
            in_shell="refresh it in the words that it was made with, or leave --refresh out to write it anew",
        )  # fmt: skip
    before = None if counting.time.of_instants else _inquiry_before(cube, counting)
    touched = None if before is None else _touched(cube, counting, before.known_us)
    if before is None or touched is None:
        return cubed(inquiry, shape)
    if not touched.any():
        cells = counting.cells(cube.cells.names) if cube.cells.shapes is None else cube.cells
        frame = counting.frame(cells, cube.classes)
        return replace(frame, at=cube.at, measures=cube.measures, leftovers=cube.leftovers)
    during = During(When(_spans(counting, touched), inquiry.subject.zone))
    kept = _groups_in(cube, counting, touched)
    with ThreadPoolExecutor(2) as pool:
        questions = (inquiry, *([before] if kept is None else []))
        now, *was = pool.map(lambda question: _table(counting, question, during, touched), questions)
    renewal = CubeRenewal(
        cube, counting, _slots(cube, counting), touched, was[0] if kept is None else kept, now
    )
    return renewal.cube() or cubed(inquiry, shape)


def _is_of(cube: Cube, counting: Counting) -> bool:
    """Tell whether a cube is of this question; those that are made of it carry its digest, too."""
    names = (cube.every, cube.cells.noun, *cube.measures)
    return (
        cube.facts.get("digest") == counting.digest
        and cube.mask is None
        and names
        == (counting.shape.every, by_name(counting.by[0]), *(measure.name for measure in counting.measures))
    )


def _inquiry_before(cube: Cube, counting: Counting) -> Inquiry | None:
    """Return the question as the cube answered it; None: more has changed since than rows of its layer."""
    inquiry, layer = counting.inquiry, counting.inquiry.subject.layer
    own = (layer.name, *layer.former)
    pins = (Pin.read(cube.facts["pin"]), counting.pin)
    others = [[(name, at_us) for name, at_us in pin.layers if name not in own] for pin in pins]
    since_us = pins[0].of_layer(*own)
    if others[0] != others[1] or pins[0].rules != pins[1].rules or since_us > pins[1].of_layer(*own):
        return None
    if any(purge.recorded_at_us > since_us for purge in layer.purges):
        return None
    before = Inquiry.of(inquiry.subject, inquiry.conditions, pins[0])
    even = isinstance(counting.by[0], CellSize)
    return before if even or rated_us(before) == counting.at_us else None


def _slots(cube: Cube, counting: Counting) -> Ints:
    """Return the step that each of all bins has in a cube; -1: it is not in it."""
    starts, ends = counting.bins.edges_us[:-1], counting.bins.edges_us[1:]
    slot = np.minimum(np.searchsorted(cube.edges_us[:-1], starts), len(cube.labels) - 1)
    there = counting.kept & (cube.edges_us[slot] == starts) & (cube.edges_us[slot + 1] == ends)
    return np.where(there, slot, -1)


def _touched(cube: Cube, counting: Counting, since_us: int) -> Flags | None:
    """Return which of all bins must be counted again; None: all of them."""
    slots = _slots(cube, counting)
    there = slots >= 0
    if there.sum() != len(cube.labels) or (cube.whole[slots[there]] != counting.whole[there]).any():
        return None  # bins of the cube are no bins now
    now = replace(cube, edges_us=counting.time.edges_us, known_us=counting.time.known_us).known_steps
    touched = counting.kept & ~there
    touched[there] = now[counting.places[there]] != cube.known_steps[slots[there]]
    touched |= _reached_since(counting, since_us)
    return touched if 2 * np.count_nonzero(touched) <= len(touched) else None


def _reached_since(counting: Counting, since_us: int) -> Flags:
    """Return the bins that have rows of the layer whose belief began or ended after an instant."""
    reached = np.zeros(len(counting.bins) + 1, np.bool_)  # the last is of all time beyond
    snapshot, zone = counting.inquiry.subject.layer.snapshot, counting.inquiry.subject.zone
    first = pa.scalar(since_us + 1, pa.int64()).cast(pa.timestamp("us", "UTC"))
    since: datetime = first.as_py()
    files = [
        file for file in snapshot.files if file.may_hold(_FROM, low=since) or file.may_hold(_TO, low=since)
    ]
    for batch in snapshot.batches(files, (_TIME, _FROM, _TO)):
        began, ended = (
            pc.fill_null(pc.greater_equal(batch.column(name), first), fill_value=False)
            for name in (_FROM, _TO)
        )
        times = batch.column(_TIME).filter(pc.or_(began, ended)).cast(pa.int64())
        reached[counting.bins.position(counting.bins.binning.numbers(numbers_of(times), zone))] = True
    return reached[:-1]


def _groups_in(cube: Cube, counting: Counting, touched: Flags) -> pa.Table | None:
    """Return the groups that touched bins had, without measures; None: the cube does not know all of them.

    A cube without leftovers has all rows of its bins, so that they need not be counted as they were.
    """
    at, slots = np.flatnonzero(touched), _slots(cube, counting)[touched]
    if (slots < 0).any() or any(count for reason, count in cube.leftovers.items() if reason != "partial"):
        return None
    stride = int(np.prod(cube.shape[1:], dtype=np.int64))
    first, stop = np.searchsorted(cube.at, slots * stride), np.searchsorted(cube.at, (slots + 1) * stride)
    inside = [cube.at[low:high] for low, high in zip(first.tolist(), stop.tolist(), strict=True)]
    _, cell, *places = np.unravel_index(np.concatenate([cube.at[:0], *inside]), cube.shape)
    axes = [cube.cells.names, *(axis.values for axis in cube.classes)]
    groups = [names.take(pa.array(place)) for names, place in zip(axes, [cell, *places], strict=True)]
    numbers = pa.array(np.repeat(counting.bins.numbers[at], stop - first), pa.int64())
    names = [f"g{number}" for number in range(1 + len(groups))]
    return pa.table([numbers, *groups, pa.array(np.zeros(len(cell), np.int64))], [*names, COUNTED])


def _spans(counting: Counting, touched: Flags) -> Spans:
    """Return times that hold all rows of bins; a few long ones where there would be many."""
    edges_us, at = counting.bins.edges_us, np.flatnonzero(touched)
    first = np.concatenate((at[:1], at[1:][np.diff(at) > 1]))
    last = np.concatenate((at[:-1][np.diff(at) > 1], at[-1:]))
    if len(first) > _MOST_SPANS:
        first, last = first[:1], last[-1:]
    return Spans.of(
        Span(start - _MARGIN_US, end + _MARGIN_US)
        for start, end in zip(edges_us[first].tolist(), edges_us[last + 1].tolist(), strict=True)
    )


def _table(counting: Counting, inquiry: Inquiry, during: During, touched: Flags) -> pa.Table:
    """Return the groups of the bins that were touched."""
    table = counting.table(Inquiry.of(inquiry.subject, (*inquiry.conditions, during), inquiry.known))
    place = counting.bins.position(numbers_of(table.column(0)))
    return table.filter(pa.array(np.append(touched, [False])[place]))
