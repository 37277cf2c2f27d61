"""Longer steps and larger cells of a cube, made of its own: nothing is counted anew, and nothing is lost.

Tested by `tests/paas/cube/test_rollup.py` and `tests/paas/query/run/test_cube_cells.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.cube.apportion import apportioned
from stcloud.time import Every, Span

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube, CubeMeasure

__all__ = ["by_area_of", "larger_cells", "longer_steps"]

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def longer_steps(cube: Cube, every: str) -> Cube:
    """Return the cube by longer steps; raises as `Cube.roll_up`."""
    first_us, end_us = int(cube.edges_us[0]), int(cube.edges_us[-1])
    bins = Every.parse(every).cut(Span(first_us, end_us), cube.zone)
    inside = bins.edges_us[(bins.edges_us > first_us) & (bins.edges_us < end_us)]
    if not np.isin(inside, cube.edges_us).all():
        raise InvalidInput(
            "not-nested", f"steps of {cube.every} do not always lie in one of {every}",
            hint="days lie in weeks and in months, weeks do not lie in months; or make another cube of the question",
        )  # fmt: skip
    whole = bins.without_partial()
    if not len(whole):
        raise InvalidInput(
            "no-whole-step",
            f"the cube holds no whole step of {every}",
            hint="take shorter steps, or a longer cube",
        )
    starts = np.searchsorted(cube.edges_us, whole.edges_us)
    if cube.of_instants:
        return _at_starts(cube, every, whole.edges_us, tuple(whole.labels().tolist()), starts[:-1])
    _require_joined(cube)
    step = np.full(len(cube.labels), -1)
    step[starts[0] : starts[-1]] = np.repeat(np.arange(len(whole)), np.diff(starts))
    longer = replace(
        cube, every=every, edges_us=whole.edges_us, labels=tuple(whole.labels().tolist()), mask=None,
        whole=np.logical_and.reduceat(cube.whole[: starts[-1]], starts[:-1]),
    )  # fmt: skip
    mask = np.logical_and.reduceat(cube.known[: starts[-1]], starts[:-1], axis=0)
    old, *others = cube.positions()
    return _filled(cube, replace(longer, mask=mask), [step[old], *others], "partial")


def larger_cells(cube: Cube, cell: str) -> Cube:
    """Return the cube by larger cells; raises as `Cube.roll_up`."""
    if cube.cells.parents is None:
        raise _alone(cube)
    _require_joined(cube)
    cells, parent = cube.cells.parents(cell)
    there = cube.cells.at(cube.edges_us[:-1]) if cube.of_instants else cube.cells.ever(cube.edges_us)
    mask = np.ones((len(cube.labels), len(cells)), np.bool_)
    step, lost = np.nonzero(there & ~cube.known)
    mask[step[parent[lost] >= 0], parent[lost][parent[lost] >= 0]] = False
    old, place, *others = cube.positions()
    return _filled(cube, replace(cube, cells=cells, mask=mask), [old, parent[place], *others], "outside")


def by_area_of(cube: Cube, cell: str) -> Cube:
    """Return the cube by other cells, in proportion to area; raises as `Cube.roll_up`."""
    if cube.cells.shares is None:
        raise _alone(cube)
    if cube.cells.lives is not None:
        raise InvalidInput(
            "cells-change", f"cells of {cube.cells.noun} are not the same all the time",
            hint="make the cube on one version of the grid: restated(...), or of cells of the lattice",
        )  # fmt: skip
    return apportioned(cube, cube.cells.shares(cell))


def _alone(cube: Cube) -> InvalidInput:
    return InvalidInput(
        "not-nested", f"the cube does not know what holds its cells ({cube.cells.noun})",
        hint="make another cube of the question",
    )  # fmt: skip


def _require_joined(cube: Cube) -> None:
    for measure in cube.measures.values():
        if measure.joined == "none":
            raise Unsupported(
                "not-additive", f"'{measure.written}' of several bins does not give that of all of them",
                hint="make another cube of the question, or one with counts, sums, least and greatest values",
            )  # fmt: skip


def _at_starts(cube: Cube, every: str, edges_us: Ints, labels: tuple[str, ...], starts: Ints) -> Cube:
    """Return the steps of a cube of instants that begin with a longer one."""
    step = np.full(len(cube.labels), -1)
    step[starts] = np.arange(len(starts))
    old, *others = cube.positions()
    chosen = step[old] >= 0
    shape = (len(labels), *cube.shape[1:])
    at = np.ravel_multi_index([step[old][chosen], *(part[chosen] for part in others)], shape)
    measures = {
        name: replace(measure, values=measure.values[chosen]) for name, measure in cube.measures.items()
    }
    return replace(
        cube, every=every, edges_us=edges_us, labels=labels, whole=cube.whole[starts], at=np.asarray(at, np.int64),
        measures=measures, leftovers={}, mask=None if cube.mask is None else cube.mask[starts],
    )  # fmt: skip


def _filled(cube: Cube, target: Cube, axes: list[Ints], reason: str) -> Cube:
    """Return the target with what the bins of a cube hold, whose positions in it are given; -1 for none.

    What is in none is counted for a reason, and what is in a bin that is not known as unknown, where the cube counts.
    """
    there = (axes[0] >= 0) & (axes[1] >= 0)
    known = np.zeros(len(there), np.bool_)
    known[there] = target.known[axes[0][there], axes[1][there]]
    at = np.ravel_multi_index([part[known] for part in axes], target.shape).astype(np.int64)
    order = np.argsort(at, kind="stable")
    places, first = np.unique(at[order], return_index=True)
    rows = np.flatnonzero(known)[order]
    measures = {name: _joined(measure, rows, first) for name, measure in cube.measures.items()}
    lost = {reason: ~there, "unknown": there & ~known}
    return replace(target, at=places, measures=measures, leftovers=_leftovers(cube, lost))


def _joined(measure: CubeMeasure, rows: Ints, first: Ints) -> CubeMeasure:
    """Return a measure of groups of bins, each from one first row on."""
    values: NDArray[Any] = measure.values[rows]
    if not len(first):
        return replace(measure, values=values)
    if measure.joined != "sum":
        extreme = np.fmin if measure.joined == "min" else np.fmax
        return replace(measure, values=extreme.reduceat(values, first))
    if np.issubdtype(values.dtype, np.integer):
        return replace(measure, values=np.add.reduceat(values, first))
    sums = np.add.reduceat(np.nan_to_num(values), first)
    none = np.logical_and.reduceat(np.isnan(values), first)
    return replace(measure, values=np.where(none, np.nan, sums))


def _leftovers(cube: Cube, lost: dict[str, Bools]) -> dict[str, float]:
    counts = [measure.values for measure in cube.measures.values() if measure.written == "count"]
    if not counts:  # how many rows they have is not known
        return {reason: count for reason, count in cube.leftovers.items() if reason not in lost}
    more = {reason: int(counts[0][chosen].sum()) for reason, chosen in lost.items()}
    return dict(cube.leftovers) | {
        reason: cube.leftovers.get(reason, 0) + count for reason, count in more.items()
    }
