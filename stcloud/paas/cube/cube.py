"""The cube: measures of what happened in each cell and bin of time, and which of these are known.

Few bins have something, so a cube holds these alone; what is not among them had nothing, where it is known.

Tested by `tests/paas/cube/test_cube.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import NotFound, Unsupported, nearest
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.dataset import dataset_of
from stcloud.paas.cube.emerging import HotSpots, Neighbourhood, hot_spots
from stcloud.paas.cube.getis import Reference
from stcloud.time import Zone

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Cube", "CubeClass", "CubeMeasure"]

MOST_MB = 2_000
"""What a dense array of a cube may take, unless more is allowed."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CubeClass:
    """An axis besides time and cells: the values of a group, null last."""

    name: str
    values: pa.Array


@dataclass(frozen=True, slots=True, eq=False)
class CubeMeasure:
    """A measure of the bins that have something.

    Parameters
    ----------
    written
        As it was asked for: ``mean(cost)``.
    values
        ``(n,)`` int64 or float64; NaN where the rows of a bin have no value.
    of_nothing
        What a known bin without rows has: 0 of counts and sums, NaN of all else.
    """

    written: str
    values: NDArray[Any]
    of_nothing: float = np.nan

    @property
    def adds_up(self) -> bool:
        """Whether bins can be joined by adding."""
        return self.of_nothing == 0


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Measures by time, cell and classes.

    Attributes
    ----------
    every, edges_us, labels
        The step as it was written; ``(t + 1,)`` int64: edges of the bins, half-open, UTC microseconds; ``(t,)``
        labels on the city's clock.
    whole
        ``(t,)``: whether all of the bin was asked for.
    cells, classes
        The other axes.
    at
        ``(n,)`` int64, ascending: positions of the bins that have something, time first, then cell, then classes.
    measures
        By name.
    known_us
        ``[first, last)``: of what happened then all is known; UTC microseconds.
    zone, crs
        The city's.
    leftovers
        Rows that are in no bin, by reason: ``partial``, ``outside``, ``unplaced``, ``unknown``. With those of the
        cube they are all that were asked for.
    facts
        What the cube was made of: the question, its pin, the loads.
    """

    every: str
    edges_us: Ints
    labels: tuple[str, ...]
    whole: NDArray[np.bool_]
    cells: CubeCells
    classes: tuple[CubeClass, ...]
    at: Ints
    measures: Mapping[str, CubeMeasure]
    known_us: tuple[int, int]
    zone: Zone
    crs: str
    leftovers: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        dims = ", ".join(f"{name} {size:,}" for name, size in zip(self.dims, self.shape, strict=True))
        lost = ", ".join(f"{reason} {count:,}" for reason, count in self.leftovers.items() if count)
        lines = [
            f"Cube: {dims}; {', '.join(self.measures)}",
            f"  {self._span}, every {self.every} ({self.zone})",
            f"  {len(self.at):,} bins have something; dense {self.megabytes:,.1f} MB a measure",
            *([f"  not in it: {lost}"] if lost else []),
        ]
        return "\n".join(lines)

    @property
    def _span(self) -> str:
        return f"{self.zone.iso(int(self.edges_us[0]))}/{self.zone.iso(int(self.edges_us[-1]))}"

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes: ``time``, ``cell``, and those of the classes."""
        return ("time", "cell", *(axis.name for axis in self.classes))

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return (len(self.labels), len(self.cells), *(len(axis.values) for axis in self.classes))

    @property
    def megabytes(self) -> float:
        """Size of one measure as a dense array, in MB."""
        return float(np.prod(np.array(self.shape, np.float64))) * 8 / 1e6

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which bins are known, ``(t, c)``: the cell was there all the time, and all that happened is known.

        A bin that ends before the first known day is unknown, and one that ends after all is known.
        """
        return self.cells.through(self.edges_us) & self.known_steps[:, None]

    @property
    def known_steps(self) -> NDArray[np.bool_]:
        """Of which steps it is known what happened, ``(t,)``."""
        first, last = self.known_us
        return np.asarray((self.edges_us[1:] > first) & (self.edges_us[1:] <= last), np.bool_)

    def is_known(self, step: Ints, cell: Ints) -> NDArray[np.bool_]:
        """Tell which bins are known, by the positions of their steps and cells, ``(n,)`` each."""
        known = self.known_steps[step]
        return known if self.cells.lives is None else known & self.cells.through(self.edges_us)[step, cell]

    def positions(self) -> tuple[Ints, ...]:
        """Return the position on each axis of the bins that have something, ``(n,)`` each."""
        return tuple(np.asarray(part, np.int64) for part in np.unravel_index(self.at, self.shape))

    def measure(self, name: str | None = None) -> CubeMeasure:
        """Return a measure; None: the first. `NotFound` ``unknown-measure``."""
        if name is None:
            return next(iter(self.measures.values()))
        if name not in self.measures:
            raise NotFound(
                "unknown-measure", f"the cube has no measure '{name}' (it has: {', '.join(self.measures)})",
                nearest=nearest(name, self.measures),
            )  # fmt: skip
        return self.measures[name]

    def dense(self, name: str | None = None, *, most_mb: float = MOST_MB) -> NDArray[Any]:
        """Return a measure as an array of all bins.

        Parameters
        ----------
        name
            Of a measure; None: the first.
        most_mb
            A larger array is refused before it is made.

        Returns
        -------
        The cube's `shape`: int64 for whole numbers, else float64. Known bins without rows have 0 of counts and sums,
        NaN of all else; what unknown bins have says nothing, see `known`.

        Raises
        ------
        NotFound
            ``unknown-measure``
        Unsupported
            ``too-large``
        """
        measure = self.measure(name)
        if self.megabytes > most_mb:
            bins = " × ".join(f"{size:,}" for size in self.shape)
            raise Unsupported(
                "too-large",
                f"a dense array of {bins} bins takes {self.megabytes:,.0f} MB, and {most_mb:,.0f} MB are allowed",
                hint="take longer steps, larger cells or a smaller place, or write the cube to Zarr, which streams",
            )  # fmt: skip
        whole = np.issubdtype(measure.values.dtype, np.integer) and measure.adds_up
        array = np.full(self.shape, 0 if whole else measure.of_nothing, np.int64 if whole else np.float64)
        array.reshape(-1)[self.at] = measure.values
        return array

    def to_arrow(self) -> pa.Table:
        """Return the bins that have something: ``time`` (the label), the cell, classes and measures."""
        step, cell, *places = self.positions()
        columns: dict[str, Any] = {
            "time": pa.array(self.labels, pa.string()).take(pa.array(step)),
            self.cells.noun: self.cells.names.take(pa.array(cell)),
        }
        for axis, place in zip(self.classes, places, strict=True):
            columns[axis.name] = axis.values.take(pa.array(place))
        for name, measure in self.measures.items():
            columns[name] = pa.array(measure.values, from_pandas=True)
        return pa.table(columns)

    def to_xarray(self, *, most_mb: float = MOST_MB) -> xr.Dataset:
        """Return a dataset of xarray with CF metadata; see `docs/reference/files.md`.

        Parameters
        ----------
        most_mb
            A larger array of one measure is refused before it is made.

        Returns
        -------
        Measures by ``time``, ``cell`` and classes, float64, NaN in unknown bins; ``known``; coordinates ``time`` (the
        first instant of each bin, UTC) with ``time_bounds``, ``x``, ``y`` (metres), ``lon``, ``lat``, ``area`` (m²).

        Raises
        ------
        MissingExtra
            ``xarray-needed``
        Unsupported
            ``too-large``
        """
        return dataset_of(self, most_mb)

    def hotspots(
        self, measure: str | None = None, *, distance_m: float | None = None, nearest: int | None = None,
        steps: int = 1, both: bool = False, reference: Reference = "cube", corrected: bool = True,
        alpha: float = 0.10, skip_warm_up: bool = True, with_events_only: bool = False,
    ) -> HotSpots:  # fmt: skip
        """Find where a measure is unusually high or low among its neighbours, and how that has changed.

        Parameters
        ----------
        measure
            A count or sum of the cube; None: its first.
        distance_m, nearest
            Neighbours are cells whose centres are so near, inclusive, or so many nearest ones; None of both: those
            that touch.
        steps, both
            So many earlier steps belong to the neighbourhood of a bin, and as many later ones.
        reference
            What is usual is that of all known bins of the ``cube``, of the ``step`` or of the ``window`` of steps.
        corrected
            Whether the number of tests is counted (Benjamini-Hochberg).
        alpha
            Level of trends.
        skip_warm_up
            Leave the first steps, whose neighbourhoods reach back less far, out of trends.
        with_events_only
            Analyse only cells that ever had something.

        Raises
        ------
        NotFound
            ``unknown-measure``
        InvalidInput
            ``has-classes``, ``no-value``, ``which-neighbours``, ``no-shapes``, ``bad-distance``, ``bad-count``
        """
        return hot_spots(
            self, Neighbourhood(distance_m, nearest, steps, both), measure=measure, reference=reference,
            corrected=corrected, alpha=alpha, skip_warm_up=skip_warm_up, with_events_only=with_events_only,
        )  # fmt: skip
