"""The difference of two cubes: two periods, two grids, or two beliefs, bin beside bin.

Tested by `tests/paas/cube/test_difference.py` and `tests/paas/query/run/test_cube_cells.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.cube.cells import CubeCells, Lives
from stcloud.time import Every

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube, CubeMeasure

__all__ = ["difference_of"]

Ints = NDArray[np.int64]
_SAME_M = 0.01
_SAME_SHARE = 1e-6


def difference_of(cube: Cube, before: Cube) -> Cube:
    """Return a cube beside an earlier or other one; see `Cube.difference`."""
    _require_alike(cube, before)
    pairs = _common_cells(cube.cells, before.cells)
    known = cube.known[:, pairs[0]] & before.known[:, pairs[1]]
    classes = [
        replace(mine, values=_united(mine.values, others.values))
        for mine, others in zip(cube.classes, before.classes, strict=True)
    ]
    lives = _lives(cube.cells.lives, pairs[0], len(cube.cells))
    target = replace(
        cube, cells=_chosen(cube.cells, pairs[0], lives), classes=tuple(classes), mask=known, leftovers={},
        facts=_facts(cube, before, len(pairs[0])),
    )  # fmt: skip
    at = [_places(part, target, chosen) for part, chosen in zip((cube, before), pairs, strict=True)]
    union = np.unique(np.concatenate([part[part >= 0] for part in at]))
    measures: dict[str, CubeMeasure] = {}
    for name, measure in cube.measures.items():
        now, then = (
            _laid_out(part.measures[name], places, union)
            for part, places in zip((cube, before), at, strict=True)
        )
        nothing = 0.0 if measure.of_nothing == 0 else np.nan
        measures[name] = replace(measure, values=now)
        measures[f"{name}_before"] = replace(measure, values=then)
        measures[f"{name}_change"] = replace(
            measure, written=f"change of {measure.written}", values=now - then, of_nothing=nothing,
            joined="sum" if measure.joined == "sum" else "none",
        )  # fmt: skip
    return replace(target, at=union, measures=measures)


def _require_alike(cube: Cube, before: Cube) -> None:
    """Refuse cubes whose bins cannot be laid beside each other."""
    mine, others = ((part.cells.noun, part.dims[2:]) for part in (cube, before))
    if mine != others or cube.of_instants != before.of_instants or cube.crs != before.crs:
        raise InvalidInput(
            "cubes-differ", f"one cube is by {_axes(cube)}, the other by {_axes(before)}",
            hint="make both with the same cells and classes",
        )  # fmt: skip
    steps = [(Every.parse(part.every), len(part.labels)) for part in (cube, before)]
    if steps[0] != steps[1]:
        raise InvalidInput(
            "cubes-differ",
            f"one cube has {len(cube.labels):,} steps of {cube.every}, the other {len(before.labels):,} "
            f"of {before.every}: they are compared one by one",
            hint="take times with as many steps",
        )  # fmt: skip
    written, wanted = (
        tuple(f"{name} = {measure.written}" for name, measure in part.measures.items())
        for part in (cube, before)
    )
    if written != wanted:
        raise InvalidInput(
            "cubes-differ", f"one cube has {', '.join(written)}, the other {', '.join(wanted)}",
            hint="make both with the same measures",
        )  # fmt: skip


def _axes(cube: Cube) -> str:
    kind = "instants" if cube.of_instants else "steps"
    return ", ".join([cube.cells.noun, *cube.dims[2:], kind, cube.crs])


def _common_cells(mine: CubeCells, others: CubeCells) -> tuple[Ints, Ints]:
    """Return the positions in both of the cells that are the same: of one name, at one place, of one area."""
    names, other_names = (part.names.cast(pa.string()) for part in (mine, others))
    place = np.asarray(pc.fill_null(pc.index_in(names, value_set=other_names), -1), np.int64)
    here = np.flatnonzero(place >= 0)
    there = place[here]
    same = (
        np.isclose(mine.x[here], others.x[there], rtol=0, atol=_SAME_M, equal_nan=True)
        & np.isclose(mine.y[here], others.y[there], rtol=0, atol=_SAME_M, equal_nan=True)
        & np.isclose(mine.area_m2[here], others.area_m2[there], rtol=_SAME_SHARE, equal_nan=True)
    )
    if not same.any() and (len(mine) or len(others)):
        reason = "cells of one name are others there" if len(here) else "they have no cell of one name"
        raise InvalidInput(
            "no-common-cells", f"the cubes have no cell in common: {reason}",
            hint="restate both on one grid, or make both by cells of the lattice",
        )  # fmt: skip
    return here[same], there[same]


def _lives(lives: Lives | None, chosen: Ints, count: int) -> Lives | None:
    if lives is None:
        return None
    place = np.full(count, -1)
    place[chosen] = np.arange(len(chosen))
    kept = place[lives.cell] >= 0
    return Lives(place[lives.cell][kept], lives.begin_us[kept], lives.end_us[kept])


def _chosen(cells: CubeCells, chosen: Ints, lives: Lives | None) -> CubeCells:
    shapes = cells.shapes
    return CubeCells(
        cells.noun, cells.names.take(pa.array(chosen)), cells.x[chosen], cells.y[chosen], cells.area_m2[chosen],
        lives, None if shapes is None else lambda: shapes()[chosen],
    )  # fmt: skip


def _united(mine: pa.Array, others: pa.Array) -> pa.Array:
    """Return the values of both, ascending and null last."""
    values = pc.unique(pa.concat_arrays([mine, others.cast(mine.type)]))
    return values.take(pc.array_sort_indices(values, null_placement="at_end"))


def _places(cube: Cube, target: Cube, chosen: Ints) -> Ints:
    """Return where the bins of a cube are in the target; -1: nowhere, or they are not known there."""
    step, cell, *others = cube.positions()
    place = np.full(len(cube.cells), -1)
    place[chosen] = np.arange(len(chosen))
    axes = [step, place[cell]]
    for old, new, part in zip(cube.classes, target.classes, others, strict=True):
        axes.append(
            np.asarray(pc.index_in(old.values.cast(new.values.type), value_set=new.values), np.int64)[part]
        )
    kept = axes[1] >= 0
    kept[kept] = target.known[step[kept], axes[1][kept]]
    at = np.full(len(step), -1)
    at[kept] = np.ravel_multi_index([part[kept] for part in axes], target.shape)
    return at


def _laid_out(measure: CubeMeasure, at: Ints, union: Ints) -> NDArray[Any]:
    """Return values at the places of the union, that of nothing where there are none."""
    whole = measure.is_whole
    values = np.full(len(union), 0 if whole else measure.of_nothing, np.int64 if whole else np.float64)
    kept = at >= 0
    values[np.searchsorted(union, at[kept])] = measure.values[kept]
    return values


def _facts(cube: Cube, before: Cube, common: int) -> dict[str, str]:
    cells: Sequence[int] = (len(cube.cells), len(before.cells))
    spans = {"span": cube.span, "span_before": before.span}
    kept = (
        {}
        if cells == (common, common)
        else {"cells": f"{common:,} in common of {cells[0]:,} and {cells[1]:,}"}
    )
    return {**cube.facts, **{f"{name}_before": fact for name, fact in before.facts.items()}, **spans, **kept}
