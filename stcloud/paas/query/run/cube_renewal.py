"""A cube of which some bins were counted again: what is taken over of the old one, and what cannot be.

Tested by `tests/paas/query/run/test_refreshing.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.conversion import numbers_of
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.cube import Cube, CubeClass, CubeMeasure
from stcloud.paas.query.run.cube_layout import class_axis, leftovers_of, occurring, places_of
from stcloud.paas.query.run.cubing import Counting
from stcloud.space import CellSize

__all__ = ["CubeRenewal"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _StepRun:
    """Steps that follow each other: whether they were counted again, and where that is which they have.

    Parameters
    ----------
    again
        Whether they were counted again, and are taken of the new counts.
    where
        What they have there.
    later
        By how many steps they are later than there.
    """

    again: bool
    where: slice
    later: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class CubeRenewal:
    """A cube, and the groups of the bins that were touched since: as they were, and as they are.

    Parameters
    ----------
    old, counting
        The cube, and what is counted for it now.
    slots, touched
        Of all bins: the step that each has in the old cube, -1 for none; whether it was counted again.
    before, now
        Groups of the bins that were touched.
    """

    old: Cube
    counting: Counting
    slots: Ints
    touched: Flags
    before: pa.Table
    now: pa.Table

    def cube(self) -> Cube | None:
        """Return the cube as it is known now; None: it is not known whether cells, classes or types are the same."""
        cells, classes = self._cells(), self._classes()
        if cells is None or classes is None:
            return None
        new = self.counting.filled(
            self.counting.frame(cells, classes), self.now, self.counting.steps(self.now)
        )
        pieces = list(self._pieces(new))
        measures = {}
        for name, counted in new.measures.items():
            joined = _joined(self.old.measures[name], counted, pieces)
            if joined is None:
                return None
            measures[name] = joined
        at = np.concatenate([new.at[:0], *self._positions(new, pieces)])
        return replace(new, at=at, measures=measures, leftovers=self._leftovers(new))

    def _cells(self) -> CubeCells | None:
        """Return the cells; None: some have nothing any more, and were there for what they had."""
        cells = self.old.cells
        names, gone = self._names()
        is_new = bool((places_of(cells.names, names) < 0).any())
        if isinstance(self.counting.by[0], CellSize):
            if self._is_bounded:
                return self.counting.cells(names) if cells.shapes is None else cells
            if _on_border(cells, gone):
                return None
        elif len(gone):
            always = self.counting.cells(cells.names.slice(0, 0)).names
            if not pc.all(pc.is_in(gone.cast(always.type), value_set=always)).as_py():
                return None
        if is_new or cells.shapes is None:  # a file of a cube may keep no shapes
            return self.counting.cells(pa.concat_arrays([cells.names, names]))
        return cells

    def _names(self) -> tuple[pa.Array, pa.Array]:
        """Return the names of cells that have something in the bins, and of those that no longer have."""
        kind = self.old.cells.names.type
        names, before = (occurring(table.column(1)).cast(kind) for table in (self.now, self.before))
        ascending = names.take(pc.array_sort_indices(names))
        return names, before.filter(pa.array(places_of(ascending, before) < 0))

    @property
    def _is_bounded(self) -> bool:
        """Whether cells of the lattice are those of a place, and not those of the range of what there is."""
        inquiry = self.counting.inquiry
        lattice = inquiry.subject.configuration.lattice
        return self.counting.shape.extent is not None or any(
            condition.area(lattice) is not None for condition in inquiry.conditions
        )

    def _classes(self) -> tuple[CubeClass, ...] | None:
        """Return the classes; None: some have nothing in the bins any more, and perhaps nowhere."""
        axes = []
        for at, axis in enumerate(self.old.classes):
            before, now = (set(table.column(2 + at).to_pylist()) for table in (self.before, self.now))
            if not before - now <= self._values_taken_over(at):
                return None
            values = self.now.column(2 + at).combine_chunks().cast(axis.values.type)
            axes.append(class_axis(axis.name, pa.concat_arrays([axis.values, values])))
        return tuple(axes)

    def _values_taken_over(self, at: int) -> set[object]:
        step, _, *places = self.old.positions()
        untouched = np.zeros(len(self.old.labels), np.bool_)
        untouched[self.slots[(self.slots >= 0) & ~self.touched]] = True
        values = self.old.classes[at].values
        return set(values.take(pa.array(np.unique(places[at][untouched[step]]))).to_pylist())

    def _pieces(self, new: Cube) -> Iterator[_StepRun]:
        """Give the steps of the cube in order, as pieces of the old and of the new counts."""
        chosen = np.flatnonzero(self.counting.kept)
        touched, slots = self.touched[chosen], self.slots[chosen]
        before, now = _starts(self.old), _starts(new)
        edges = np.flatnonzero(np.diff(touched, prepend=~touched[:1], append=~touched[-1:])).tolist()
        for low, high in itertools.pairwise(edges):
            if touched[low]:
                yield _StepRun(again=True, where=slice(now[low], now[high]))
            else:
                first, stop = int(slots[low]), int(slots[high - 1]) + 1
                yield _StepRun(again=False, where=slice(before[first], before[stop]), later=low - first)

    def _positions(self, new: Cube, pieces: Sequence[_StepRun]) -> Iterator[Ints]:
        """Give the positions of pieces in the new cube; more cells and classes keep the order."""
        old = self.old
        moved = [] if old.shape[1:] == new.shape[1:] else self._moved(new)
        later = int(np.prod(new.shape[1:], dtype=np.int64))
        for piece in pieces:
            if piece.again:
                yield new.at[piece.where]
            elif not moved:
                yield old.at[piece.where] + piece.later * later if piece.later else old.at[piece.where]
            else:
                step, *places = np.unravel_index(old.at[piece.where], old.shape)
                places = [there[place] for there, place in zip(moved, places, strict=True)]
                yield np.asarray(np.ravel_multi_index([step + piece.later, *places], new.shape), np.int64)

    def _moved(self, new: Cube) -> list[Ints]:
        """Return the positions of the old cells and classes among the new ones."""
        old = self.old
        axes = [(old.cells.names, new.cells.names)]
        axes += [(axis.values, wider.values) for axis, wider in zip(old.classes, new.classes, strict=True)]
        return [np.asarray(pc.index_in(names, value_set=wider), np.int64) for names, wider in axes]

    def _leftovers(self, new: Cube) -> dict[str, int]:
        """Return the old leftovers, with those of the bins that were counted again as they are."""
        step = np.append(self.slots, [-1])[self.counting.bins.position(numbers_of(self.before.column(0)))]
        lost = leftovers_of(self.old, self.before, step)
        return {
            reason: int(self.old.leftovers[reason]) - lost[reason] + int(count)
            for reason, count in new.leftovers.items()
        }


def _starts(cube: Cube) -> Ints:
    """Return where each step begins among what a cube has, and where all ends."""
    stride = int(np.prod(cube.shape[1:], dtype=np.int64))
    return np.searchsorted(cube.at, np.arange(len(cube.labels) + 1) * stride)


def _on_border(cells: CubeCells, names: pa.Array) -> bool:
    """Tell whether some cells are at the edge of the range of all, which is perhaps less without them."""
    place = places_of(cells.names, names)
    place = place[place >= 0]
    return any(
        bool(((part[place] == part.min()) | (part[place] == part.max())).any())
        for part in (cells.x, cells.y)
        if len(part)
    )


def _joined(old: CubeMeasure, new: CubeMeasure, pieces: Sequence[_StepRun]) -> CubeMeasure | None:
    """Return the values of a measure; None: whole numbers had gaps, perhaps only in bins that were touched."""
    parts = [(new if piece.again else old).values[piece.where] for piece in pieces]
    kept = [part for piece, part in zip(pieces, parts, strict=True) if not piece.again]
    gaps = [bool(np.issubdtype(measure.values.dtype, np.floating)) for measure in (old, new)]
    if gaps == [True, False] and not any(np.isnan(part).any() for part in kept):
        return None
    kind = np.float64 if any(gaps) else np.int64
    return replace(new, values=np.concatenate([np.empty(0, kind), *parts]).astype(kind, copy=False))
