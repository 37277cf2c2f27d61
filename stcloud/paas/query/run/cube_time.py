"""The time of a cube: its bins, which of them were asked for wholly, and since when and until when all is known.

Tested by `tests/paas/query/run/test_cubing.py` and `tests/paas/query/run/test_cube_states.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.completeness import Completeness
from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS
from stcloud.errors import InvalidInput
from stcloud.iaas.table.table import File
from stcloud.paas.query.answer.pin import axis_us
from stcloud.paas.query.compile.summary import measures_in
from stcloud.paas.query.condition.period import Related
from stcloud.paas.query.measure.measure import Measure
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.plan import Summary
from stcloud.paas.query.resolve.rows_of_kind import stated_times_of
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Bin, Every, Relation, Span, Spans, TimeBins, instant_us

__all__ = ["CubeTime", "time_of"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CubeTime:
    """Bins of a cube, and what is known of them.

    Parameters
    ----------
    inquiry
        The question; about features without its time, since they are counted at instants.
    bins
        All that the time meets.
    whole, kept
        ``(t,)``: whether all of a bin was asked for; whether the cube has it. Those that it has follow each other.
    known_us
        ``[first, last)``: of what happened then all is known; UTC microseconds.
    of_instants
        Whether measures are of the first instant of each bin.
    since_us
        Recorded instant since when it is known until when all is: a cube is pinned at it, or later.
    """

    inquiry: Inquiry
    bins: TimeBins
    whole: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    known_us: tuple[int, int]
    of_instants: bool
    since_us: int

    @property
    def edges_us(self) -> Ints:
        """Edges of the bins that the cube has."""
        at = np.flatnonzero(self.kept)
        return self.bins.edges_us[at[0] : at[-1] + 2]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the bins that the cube has."""
        return tuple(np.array(self.bins.labels(), object)[self.kept].tolist())

    @property
    def places(self) -> Ints:
        """The step of each bin in the cube; -1: it is not in it."""
        return np.where(self.kept, np.cumsum(self.kept) - 1, -1)

    def position(self, numbers: Ints) -> Ints:
        """Return the steps of the cube by numbers of bins, as engines give them; -1: it does not have them."""
        return np.asarray(np.append(self.places, -1)[self.bins.position(numbers)], np.int64)

    @property
    def rated_us(self) -> Ints:
        """Instants at which areas and inhabitants are taken: the last of each bin, or those of the features."""
        edges_us = self.edges_us
        return edges_us[:-1] if self.of_instants else edges_us[1:] - 1


def time_of(inquiry: Inquiry, every: str, *, drop: bool) -> CubeTime:
    """Return the bins that meet the time of a question, or else what there is.

    Parameters
    ----------
    inquiry, every
        The question and the step.
    drop
        Whether bins that the time begins or ends inside of are left out; of features those that it begins inside of.

    Raises
    ------
    InvalidInput
        ``unknown-step``, ``several-spans``, ``no-events``, ``no-whole-step``; ``which-time``: features are asked for
        as of an instant, or by another relation to a time.
    """
    step = Every.parse(every)
    of_instants = not inquiry.subject.kind.indexed
    free, spans = _time_apart(inquiry, of_instants=of_instants)
    there = _there(free)
    if not spans.parts or there is None:
        raise InvalidInput("no-events", "there is nothing at the asked time", hint="ask for another time")
    completeness = _completeness(inquiry)
    known_us = _first_day_us(inquiry, there[0]), completeness.to_us
    (span,) = spans.parts
    first = there[0] if span.start_us is None else span.start_us
    last = known_us[1] if of_instants else there[1]
    end = max(last, first) + 1 if span.end_us is None else span.end_us
    bins = step.cut(Span(first, end), inquiry.subject.zone)
    whole = bins.edges_us[:-1] >= first if of_instants else bins.whole.copy()
    if not of_instants:  # nobody asked for a beginning or an end inside of a bin
        whole[:1] |= span.start_us is None
        whole[-1:] |= span.end_us is None
    kept = whole if drop else np.ones(len(whole), np.bool_)
    if not kept.any():
        raise InvalidInput(
            "no-whole-step", "the asked time holds no whole step",
            hint="ask for a longer time, shorter steps, or partial='keep'",
            in_shell="ask for a longer time, shorter steps, or --partial keep",
        )  # fmt: skip
    return CubeTime(free, bins, whole, kept, known_us, of_instants, completeness.since_us)


def _time_apart(inquiry: Inquiry, *, of_instants: bool) -> tuple[Inquiry, Spans]:
    """Return the question, of features without its time, and its one span of time."""
    times = stated_times_of(inquiry.conditions)
    if of_instants:
        timed = [condition for condition in inquiry.conditions if condition.time() is not None]
        times = [_span_of(condition) for condition in timed]
        others = tuple(condition for condition in inquiry.conditions if condition.time() is None)
        inquiry = replace(inquiry, conditions=others)
    spans = reduce(Spans.intersect, times, Spans.always())
    if len(spans.parts) > 1:
        raise InvalidInput(
            "several-spans", f"the time has {len(spans.parts)} spans, and a cube has one",
            hint="make one cube of the whole time, or one of each span",
        )  # fmt: skip
    return inquiry, spans


def _span_of(condition: Condition) -> Spans:
    if isinstance(condition, Related) and condition.relation is Relation.INTERSECTS:
        return condition.spans
    raise InvalidInput(
        "which-time", f"a cube has features at the start of each step, and the question has them {condition}",
        hint="state the time with when alone",
    )  # fmt: skip


def _there(inquiry: Inquiry) -> tuple[int, int] | None:
    """Return the first and the last instant of the layer's rows, as they are known: other questions change none.

    Of files whose rows are all known, and of which none ended, the log knows it; rows of others are read.
    """
    layer, zone = inquiry.subject.layer, inquiry.subject.zone
    (name, *_) = layer.layer_kind.time_columns
    plain: list[File] = []
    others: list[File] = []
    for file in layer.snapshot.files:
        (plain if _is_plain(file, name, inquiry) else others).append(file)
    bounds = [(instant_us(file.low[name], zone), instant_us(file.high[name], zone)) for file in plain]
    if plain:
        low, high = min(file.low[name] for file in plain), max(file.high[name] for file in plain)
        others = [file for file in others if file.may_hold(name, high=low) or file.may_hold(name, low=high)]
    if others:
        bounds += _read(inquiry.of_files(tuple(others)), name)
    return (min(first for first, _ in bounds), max(last for _, last in bounds)) if bounds else None


def _is_plain(file: File, name: str, inquiry: Inquiry) -> bool:
    """Tell whether the log of a table knows the first and last instant of the known rows of a file."""
    recorded = file.high.get("st_recorded_from")
    return (
        inquiry.subject.kind.indexed  # ends of features are rows of their own
        and recorded is not None
        and instant_us(recorded, inquiry.subject.zone) <= inquiry.known_us
        and file.all_null("st_recorded_to")
        and name in file.low
        and name in file.high
    )


def _read(inquiry: Inquiry, name: str) -> list[tuple[int, int]]:
    """Return the first and the last instant of rows, if there are any."""
    tree = json.dumps({"property": name})
    goal = Summary((), (Measure("first", "min", tree), Measure("last", "max", tree)))
    rows = replace(inquiry, conditions=inquiry.subject.kind.always()).run(goal).read_all()
    first, last = measures_in(rows, goal)
    if not len(first) or not first[0].is_valid:
        return []
    return [(int(micros(first, ALWAYS)[0]), int(micros(last, ALWAYS)[0]))]


def _completeness(inquiry: Inquiry) -> Completeness:
    """Return until when all that happened is known, as of the instant that the question is pinned at."""
    layer, known = inquiry.subject.layer, inquiry.known
    return layer.completeness(axis_us(layer, known)) or Completeness(inquiry.known_us, inquiry.known_us)


def _first_day_us(inquiry: Inquiry, first_us: int) -> int:
    """Return the first instant of the layer's first day: since then all that happened is known."""
    zone = inquiry.subject.zone
    (day,) = Bin.DAY.numbers(np.array([first_us]), zone).tolist()
    return Bin.DAY.start(day, zone)
