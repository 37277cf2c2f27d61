"""Emerging hot spots of a cube: where counts are high among their neighbours, and how that has changed.

Tested by `tests/paas/cube/test_emerging.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, Unsupported, nearest
from stcloud.paas.cube.amount import amounts_of
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.getis import Reference, getis_ord
from stcloud.paas.cube.hotspot import classified
from stcloud.paas.cube.hotspot_result import HotSpots
from stcloud.paas.cube.neighbours import CellNeighbours
from stcloud.paas.cube.significance import confidence
from stcloud.paas.cube.trend import by_cell, mann_kendall, sen_slopes

if TYPE_CHECKING:
    from stcloud.paas.cube.cube import Cube, CubeMeasure

__all__ = ["EmergingRules", "Neighbourhood", "hotspots_of"]

_SPARSE = 1.0
"""Below this mean of a bin a sum over a neighbourhood is far from normal."""
_KM2 = 1e6
_PER_KM2 = "cells differ in area: they are compared by what they have per km²"
_AS_THEY_ARE = "cells differ in area, and are compared as they are: large ones have more"
_AS_IT_IS = "cells differ in area: {measure} is compared as it is"


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What belongs to the neighbourhood of a bin.

    Parameters
    ----------
    distance_m
        Cells whose centres are so near, inclusive; None: see the others.
    nearest
        So many nearest cells; None: cells that touch.
    steps, both
        So many earlier steps, and as many later ones.
    """

    distance_m: float | None = None
    nearest: int | None = None
    steps: int = 0
    both: bool = False

    @property
    def text(self) -> str:
        """The neighbourhood in words: ``cells within 300 m, 1 step before``."""
        if self.distance_m is not None:
            cells = f"cells within {self.distance_m:,g} m"
        else:
            cells = "cells that touch" if self.nearest is None else f"{self.nearest:,} nearest cells"
        if not self.steps:
            return cells
        side = "before and after" if self.both else "before"
        return f"{cells}, {self.steps:,} step{'' if self.steps == 1 else 's'} {side}"

    def of(self, cells: CubeCells) -> CellNeighbours:
        """Return the neighbours of cells; `InvalidInput` ``which-neighbours``, ``no-shapes``."""
        if self.distance_m is not None and self.nearest is not None:
            raise InvalidInput(
                "which-neighbours", "neighbours are within a distance or the nearest ones, not both",
                hint="state one of them",
            )  # fmt: skip
        if self.distance_m is not None:
            return CellNeighbours.within(cells.x, cells.y, self.distance_m)
        if self.nearest is not None:
            return CellNeighbours.nearest(cells.x, cells.y, self.nearest)
        if cells.shapes is None:
            raise InvalidInput(
                "no-shapes", "the cells have no shapes, so none touches another", hint="state a distance"
            )
        return CellNeighbours.touching(cells.shapes())


@dataclass(frozen=True, slots=True)
class EmergingRules:
    """What is unusual, and what is a trend.

    Parameters
    ----------
    reference
        The bins whose mean and standard deviation are the usual.
    corrected
        Whether significance is corrected for the number of tests.
    alpha
        Level of trends.
    skip_warm_up
        Leave the first steps, whose neighbourhoods reach back less far, out of trends.
    with_events_only
        Analyse only cells that ever had something.
    per_km2
        Compare counts and sums of cells for each square kilometre; None: where they differ in area. Cells whose area
        is not known are then not analysed. Other measures, such as rates, are compared as they are.

    Raises
    ------
    InvalidInput
        ``unknown-reference``, ``bad-level``
    """

    reference: Reference = "cube"
    corrected: bool = True
    alpha: float = 0.10
    skip_warm_up: bool = True
    with_events_only: bool = False
    per_km2: bool | None = None

    def __post_init__(self) -> None:
        if self.reference not in get_args(Reference):
            raise InvalidInput(
                "unknown-reference", f"there is no reference set '{self.reference}'",
                nearest=nearest(str(self.reference), get_args(Reference)),
                hint=f"use one of {', '.join(get_args(Reference))}",
            )  # fmt: skip
        if not 0 < self.alpha < 1:
            raise InvalidInput(
                "bad-level", f"a level of {self.alpha} is not between 0 and 1", hint="e.g. 0.10, or 0.05"
            )


def hotspots_of(
    cube: Cube, neighbourhood: Neighbourhood, rules: EmergingRules, measure: str | None = None
) -> HotSpots:
    """Find hot and cold spots, and the class of each cell.

    Parameters
    ----------
    cube
        Without classes.
    neighbourhood
        Of each bin.
    rules
        What is unusual, and what is a trend.
    measure
        Of the cube; None: its first.

    Raises
    ------
    NotFound
        ``unknown-measure``
    InvalidInput
        ``has-classes``: the cube has axes besides time and cell; ``no-value``: known bins have no value;
        ``which-neighbours``, ``no-shapes``, ``bad-distance``, ``bad-count``.
    Unsupported
        ``not-additive``: what is to be compared per km² is neither a count nor a sum.
    """
    amounts, known = amounts_of(cube, measure)
    values, analysed, notes = _compared(cube, cube.measure(measure), amounts, known, rules)
    z = getis_ord(
        values, analysed, neighbourhood.of(cube.cells),
        steps=neighbourhood.steps, both=neighbourhood.both, reference=rules.reference,
    )  # fmt: skip
    levels = confidence(z, corrected=rules.corrected)
    first = neighbourhood.steps if rules.skip_warm_up else 0
    late = np.array(analysed, order="F")  # as z lies: all steps of a cell beside each other
    late[:first] = False
    trends, series = mann_kendall(z, late & ~np.isnan(z)), by_cell(values)
    classes = classified(np.sign(levels), analysed, trends.directions(rules.alpha))
    if rules.with_events_only:
        classes = np.where(analysed.any(axis=0), classes, np.int8(-1))
    return HotSpots(
        cube, classes, z, levels, values, trends, mann_kendall(series, late),
        sen_slopes(series, late), notes, cube.measure(measure).written, neighbourhood.text,
    )  # fmt: skip


def _compared(
    cube: Cube, measure: CubeMeasure, amounts: NDArray[Any], known: NDArray[np.bool_], rules: EmergingRules
) -> tuple[NDArray[Any], NDArray[np.bool_], tuple[str, ...]]:
    """Return what bins are compared by, which of them are analysed, and what people should know."""
    analysed = known
    if rules.with_events_only:
        analysed = known & ((amounts != 0) & known).any(axis=0)
    notes = _notes(amounts, analysed)
    additive = measure.joined == "sum"
    if rules.per_km2 and not additive:
        raise Unsupported(
            "not-additive", f"'{measure.written}' is neither a count nor a sum, which a km² could have a part of",
            hint="leave per_km2 out, or use a count or a sum",
            in_shell="leave --per-km2 out, or use a count or a sum",
        )  # fmt: skip
    per_km2 = additive and not cube.cells.is_even if rules.per_km2 is None else rules.per_km2
    if per_km2:
        analysed = analysed & ~np.isnan(cube.cells.area_m2)
        amounts = amounts / np.where(cube.cells.area_m2 > 0, cube.cells.area_m2 / _KM2, np.nan)
    if not cube.cells.is_even:
        as_it_is = _AS_THEY_ARE if additive else _AS_IT_IS.format(measure=measure.written)
        notes = (*notes, _PER_KM2 if per_km2 else as_it_is)
    return np.where(analysed, amounts, amounts.dtype.type(0)), analysed, notes


def _notes(amounts: NDArray[Any], analysed: NDArray[np.bool_]) -> tuple[str, ...]:
    bins = int(analysed.sum())
    if not bins:
        return ("no bin is known",)
    mean = float(amounts.sum(where=analysed)) / bins
    if mean >= _SPARSE:
        return ()
    return (
        f"a bin has {mean:.3g} on average: with less than 1, z is far from normal; take larger cells or steps",
    )
