"""Emerging hot spots of a cube: where counts are high among their neighbours, and how that has changed.

Tested by `tests/paas/cube/test_emerging.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.getis import Reference, getis_ord
from stcloud.paas.cube.hotspot import CLASSES, RULES, classified
from stcloud.paas.cube.neighbours import CellNeighbours
from stcloud.paas.cube.significance import confidence
from stcloud.paas.cube.trend import Trends, mann_kendall, sen_slopes

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from stcloud.paas.cube.cube import Cube

__all__ = ["HotSpots", "Neighbourhood", "hot_spots"]

_SPARSE = 1.0
"""Below this mean of a bin a sum over a neighbourhood is far from normal."""


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


@dataclass(frozen=True, slots=True, eq=False)
class HotSpots:
    """Hot and cold spots of a cube.

    Attributes
    ----------
    cube
        What they were found in.
    classes
        ``(c,)`` int8: the class of each cell, positions in `CLASSES`; -1: not analysed.
    z, levels
        ``(t, c)``: Gi* of each bin, NaN where there is none; its significance, 1, 2 or 3 past .10, .05 or .01,
        negative for cold ones.
    trends, value_trends, slopes
        ``(c,)``: trends of z and of the values, and the values' slope a step.
    notes
        What people should know.
    """

    cube: Cube
    classes: NDArray[np.int8]
    z: NDArray[np.float64]
    levels: NDArray[np.int8]
    values: NDArray[Any]
    trends: Trends
    value_trends: Trends
    slopes: NDArray[np.float64]
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.classes)

    def __repr__(self) -> str:
        names, counts = np.unique(self.classes, return_counts=True)
        told = ", ".join(
            f"{'not analysed' if at < 0 else CLASSES[at]} {count:,}"
            for at, count in zip(names, counts, strict=True)
        )
        return f"HotSpots: {len(self):,} cells, {len(self.z):,} steps\n  {told}"

    def to_arrow(self) -> pa.Table:
        """Return a table, one row a cell: its name, class, how many steps were hot and cold, and trends."""
        hot, cold = ((self.levels > 0).sum(axis=0), (self.levels < 0).sum(axis=0))
        names = pa.array([None if at < 0 else CLASSES[at] for at in self.classes.tolist()], pa.string())
        return pa.table(
            {
                self.cube.cells.noun: self.cube.cells.names,
                "class": names,
                "hot_steps": pa.array(hot, pa.int64()),
                "cold_steps": pa.array(cold, pa.int64()),
                "trend_z": _numbers(self.trends.z),
                "trend_p": _numbers(self.trends.p),
                "value_trend_z": _numbers(self.value_trends.z),
                "value_trend_p": _numbers(self.value_trends.p),
                "sen_slope": _numbers(self.slopes),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame; the names of cells are in ``cell``."""
        table = self.to_arrow()
        frame: pd.DataFrame = table.rename_columns(["cell", *table.schema.names[1:]]).to_pandas()
        return frame

    def to_geopandas(self) -> geopandas.GeoDataFrame:
        """Return the table with the shapes of cells, in the city's CRS; `InvalidInput` ``no-shapes``."""
        import geopandas  # noqa: PLC0415  (slow to import)

        if self.cube.cells.shapes is None:
            raise InvalidInput("no-shapes", "the cells have no shapes", hint="use to_pandas")
        return geopandas.GeoDataFrame(self.to_pandas(), geometry=self.cube.cells.shapes(), crs=self.cube.crs)

    def why(self, cell: int | str) -> dict[str, Any]:
        """Return what decided the class of a cell: the rule in words, and its steps with value, z and significance.

        Raises
        ------
        NotFound
            ``unknown-cell``
        """
        names = self.cube.cells.names.to_pylist()
        if cell not in names:
            raise NotFound(
                "unknown-cell", f"the cube has no cell '{cell}'", nearest=nearest(str(cell), map(str, names))
            )
        at = names.index(cell)
        known = self.cube.known[:, at]
        steps = [
            {
                "time": label,
                "value": self.values[step, at].item() if known[step] else None,
                "z": None if np.isnan(self.z[step, at]) else float(self.z[step, at]),
                "level": int(self.levels[step, at]),
            }
            for step, label in enumerate(self.cube.labels)
        ]
        name = "not analysed" if self.classes[at] < 0 else CLASSES[self.classes[at]]
        return {
            "cell": cell,
            "class": name,
            "rule": _rule(name),
            "trend_z": float(self.trends.z[at]),
            "steps": steps,
        }


def hot_spots(
    cube: Cube,
    neighbourhood: Neighbourhood,
    *,
    measure: str | None = None,
    reference: Reference = "cube",
    corrected: bool = True,
    alpha: float = 0.10,
    skip_warm_up: bool = True,
    with_events_only: bool = False,
) -> HotSpots:
    """Find hot and cold spots, and the class of each cell.

    Parameters
    ----------
    cube
        Without classes.
    neighbourhood
        Of each bin.
    measure
        Of the cube; None: its first.
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

    Raises
    ------
    InvalidInput
        ``has-classes``: the cube has axes besides time and cell; ``no-value``: known bins have no value;
        ``which-neighbours``, ``no-shapes``.
    """
    if cube.classes:
        raise InvalidInput(
            "has-classes", f"the cube has bins by {', '.join(axis.name for axis in cube.classes)} too",
            hint="make a cube without by, of one class: what(...)",
        )  # fmt: skip
    values, known = cube.dense(measure), cube.known
    if not np.issubdtype(values.dtype, np.integer) and np.isnan(values[known]).any():
        raise InvalidInput(
            "no-value", f"known bins have no value of {cube.measure(measure).written}",
            hint="use a count or a sum, of which nothing is 0",
        )  # fmt: skip
    analysed = known & (values != 0).any(axis=0) if with_events_only else known
    values = np.where(analysed, values, values.dtype.type(0))
    neighbours = neighbourhood.of(cube.cells)
    z = getis_ord(
        values, analysed, neighbours, steps=neighbourhood.steps, both=neighbourhood.both, reference=reference
    )
    levels = confidence(z, corrected=corrected)
    first = neighbourhood.steps if skip_warm_up else 0
    trends = mann_kendall(z[first:], ~np.isnan(z[first:]))
    classes = classified(np.sign(levels), analysed, trends.directions(alpha))
    if with_events_only:
        classes = np.where(analysed.any(axis=0), classes, np.int8(-1))
    late = analysed[first:]
    return HotSpots(
        cube, classes, z, levels, values, trends, mann_kendall(values[first:], late),
        sen_slopes(values[first:], late), _notes(values, analysed),
    )  # fmt: skip


def _notes(values: NDArray[Any], known: NDArray[np.bool_]) -> tuple[str, ...]:
    bins = int(known.sum())
    if not bins:
        return ("no bin is known",)
    mean = float(values.sum(where=known)) / bins
    if mean >= _SPARSE:
        return ()
    return (
        f"a bin has {mean:.3g} on average: with less than 1, z is far from normal; take larger cells or steps",
    )


def _rule(name: str) -> str:
    kind, _, side = name.partition(" ")
    if kind not in RULES:
        return {"none": "no rule fits", "unknown": "the last step is not known"}.get(
            name, "it never had an event"
        )
    return RULES[kind].format(side=side, other="cold" if side == "hot" else "hot")


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
