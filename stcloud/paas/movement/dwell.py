"""Dwell: the time that movers spent in cells, by steps of time; each move is cut exactly where it leaves a cell.

Tested by `tests/paas/movement/test_dwell.py` and `tests/properties/test_movement.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.index.crossing import cut, cuts_by_instants
from stcloud.paas.cube.cube import Cube, CubeMeasure
from stcloud.paas.movement.fixes import Fixes, Ints
from stcloud.paas.movement.placedcells import PlacedCells
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.run.cube_cells import cells_of
from stcloud.paas.query.run.cube_time import CubeTime
from stcloud.paas.query.run.placing import place_of_groups
from stcloud.paas.query.run.rate import rated_us
from stcloud.time.micros import SECOND_US

__all__ = ["Dwell", "dwell_of"]

_AT_ONCE = 250_000  # segments
NAME = "dwell_s"


@dataclass(frozen=True, slots=True, eq=False)
class Dwell:
    """The time that movers spent in cells, by steps of time.

    Attributes
    ----------
    cells, time, every
        The cells; the steps, and as they were asked for.
    mover
        ``(n,)`` positions among ``movers``; None: of all movers together.
    step, cell, dwell_us
        ``(n,)`` positions of steps, and among ``names``; the time, microseconds, above 0. Ordered by mover, step,
        cell.
    names, movers
        Names of cells that have something, ascending; of movers.
    outside_us
        The time that movers spent outside of all cells: with the rest it is all that was observed.
    observed_us
        ``(tracks,)`` int64: how long each track was observed.
    facts, pin
        How the question was understood, and what it is pinned at.
    """

    cells: PlacedCells
    time: CubeTime
    every: str
    mover: Ints | None
    step: Ints
    cell: Ints
    dwell_us: Ints
    names: pa.Array
    movers: pa.Array
    outside_us: int
    observed_us: Ints
    facts: dict[str, str]
    pin: Pin

    def to_arrow(self) -> pa.Table:
        """Return a row for each cell and step that has something: ``time``, the cell, ``dwell_us``, ``dwell_s``.

        Exact are the whole microseconds: their sum is the time that was observed.
        """
        mover = {} if self.mover is None else {"mover": self.movers.take(pa.array(self.mover))}
        return pa.table(
            {
                **mover,
                "time": pa.array(self.time.labels, pa.string()).take(pa.array(self.step)),
                self.cells.noun: self.names.take(pa.array(self.cell)),
                "dwell_us": self.dwell_us,
                "dwell_s": self.dwell_us / SECOND_US,
            }
        )

    def answer(self) -> Answer:
        """Return the rows of `to_arrow` as an answer: cells have their place."""
        inquiry = self.time.inquiry
        place = place_of_groups(inquiry, [self.cells.group], rated_us(inquiry))
        groups = (*(() if self.mover is None else ("mover",)), "time", self.cells.noun)
        lattice = inquiry.subject.configuration.lattice
        return Answer(self.to_arrow(), lattice, self.facts, pin=self.pin, groups=groups, place=place)

    def to_cube(self) -> Cube:
        """Return a cube with the measure ``dwell_s``, for hot spots, trends, larger cells and longer steps."""
        inquiry, time = self.time.inquiry, self.time
        cells = cells_of(inquiry, self.cells.group, rated_us(inquiry), self.names, None)
        named = self.names.cast(cells.names.type)
        place = pc.index_in(named, value_set=cells.names).fill_null(-1).to_numpy().astype(np.int64)[self.cell]
        inside = place >= 0  # a move between two places that were asked for may lie outside of these
        outside_us = self.outside_us + int(self.dwell_us[~inside].sum())
        at = (self.step * len(cells) + place)[inside]
        at, number = np.unique(at, return_inverse=True)  # of several movers the sum
        total_us = np.zeros(len(at), np.int64)
        np.add.at(total_us, number, self.dwell_us[inside])
        measure = CubeMeasure(NAME, total_us / SECOND_US, of_nothing=0.0, joined="sum")
        leftovers = {"outside": outside_us / SECOND_US}
        lattice = inquiry.subject.configuration.lattice
        facts = self.facts | {"pin": self.pin.text}
        return Cube(
            self.every, time.edges_us, time.labels, time.whole[time.kept], cells, (), at, {NAME: measure},
            time.known_us, inquiry.subject.zone, lattice.crs, leftovers, facts,
        )  # fmt: skip


def dwell_of(
    fixes: Fixes, cells: PlacedCells, time: CubeTime, every: str, gap_us: int, *, by_mover: bool,
    facts: dict[str, str], pin: Pin,
) -> Dwell:  # fmt: skip
    """Return the time that movers spent in cells.

    Parameters
    ----------
    fixes
        The tracks.
    cells, time, every
        The cells; the steps, and as they were asked for.
    gap_us
        What was not observed: segments that take longer.
    by_mover
        Whether of each mover, or of all together.
    facts, pin
        How the question was understood, and what it is pinned at.

    Notes
    -----
    A boundary of two pieces is a whole microsecond, so that the pieces of a segment sum to it, to the microsecond.
    """
    segments, track = fixes.observed(gap_us), fixes.track
    lasted_us = fixes.time_us[segments + 1] - fixes.time_us[segments]
    observed_us = np.zeros(fixes.tracks, np.int64)
    np.add.at(observed_us, track[segments], lasted_us)
    nowhere = np.zeros(0)
    sums, outside_us = _DwellSums(by_mover, cells.names(nowhere, nowhere, np.zeros(0, np.int64))), 0
    for start in range(0, len(segments), _AT_ONCE):
        chosen = segments[start : start + _AT_ONCE]
        moves = fixes.moves(chosen)
        parts = cut(moves, [*cells.cuts(moves), cuts_by_instants(moves, time.edges_us)])
        middle_us = parts.from_us + (parts.to_us - parts.from_us) / 2
        x, y = moves.at(parts.move, middle_us)
        names = cells.names(x, y, middle_us.astype(np.int64))
        step = np.searchsorted(time.edges_us, parts.from_us, side="right") - 1
        took_us = parts.to_us - parts.from_us
        outside_us += int(took_us[np.asarray(pc.is_null(names))].sum())
        sums.add(fixes.mover[track[chosen[parts.move]]], step, names, took_us)
    mover, step, cell, dwell_us, words = sums.ordered()
    return Dwell(
        cells, time, every, mover if by_mover else None, step, cell, dwell_us, words, fixes.movers, outside_us,
        observed_us, facts, pin,
    )  # fmt: skip


class _DwellSums:
    """Sums by mover, step and cell, of which each part brings few."""

    def __init__(self, by_mover: bool, names: pa.Array) -> None:  # noqa: FBT001
        none = np.zeros(0, np.int64)
        self._by_mover = by_mover
        self._tables = [pa.table({"mover": none, "step": none, "cell": names, "took_us": none})]

    def add(self, mover: Ints, step: Ints, names: pa.Array, took_us: Ints) -> None:
        """Add pieces; those without a cell count nowhere."""
        mover = mover if self._by_mover else np.zeros(len(mover), np.int64)
        columns = {"mover": mover, "step": step, "cell": names, "took_us": took_us}
        self._tables.append(self._summed(pa.table(columns).filter(pc.is_valid(names))))

    @staticmethod
    def _summed(table: pa.Table) -> pa.Table:
        whole = table.group_by(["mover", "step", "cell"], use_threads=False).aggregate([("took_us", "sum")])
        return whole.rename_columns(["mover", "step", "cell", "took_us"])

    def ordered(self) -> tuple[Ints, Ints, Ints, Ints, pa.Array]:
        """Return mover, step, cell, time, and the names of the cells, ascending."""
        table = self._summed(pa.concat_tables(self._tables)).sort_by(
            [(name, "ascending") for name in ("mover", "step", "cell")]
        )
        mover, step, took_us = (np.asarray(table[name], np.int64) for name in ("mover", "step", "took_us"))
        names = table["cell"].combine_chunks()
        words = pc.unique(names)
        words = words.take(pc.array_sort_indices(words))
        return mover, step, np.asarray(pc.index_in(names, value_set=words), np.int64), took_us, words
