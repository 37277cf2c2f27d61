"""The cube: measures of what happened in each cell and bin of time, and which of these are known.

Few bins have something, so a cube holds these alone; what is not among them had nothing, where it is known.

Tested by `tests/paas/cube/test_cube.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import NotFound, Unsupported, nearest
from stcloud.paas.cube.cells import CubeCells
from stcloud.paas.cube.change import changes_of
from stcloud.paas.cube.dataset import dataset_of
from stcloud.paas.cube.difference import difference_of
from stcloud.paas.cube.emerging import EmergingRules, Neighbourhood, hotspots_of
from stcloud.paas.cube.getis import Reference
from stcloud.paas.cube.hotspot_result import HotSpots
from stcloud.paas.cube.rollup import by_area_of, larger_cells, longer_steps
from stcloud.time import Zone

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Cube", "CubeClass", "CubeMeasure", "Joined"]

MOST_MB = 2_000
"""What a dense array of a cube may take, unless more is allowed."""

Ints = NDArray[np.int64]
Joined = Literal["sum", "min", "max", "none"]


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
    joined
        How the values of several bins give that of all of them: their ``sum``, ``min`` or ``max``; ``none``: it has
        to be counted anew, as a mean.
    """

    written: str
    values: NDArray[Any]
    of_nothing: float = np.nan
    joined: Joined = "none"

    @property
    def adds_up(self) -> bool:
        """Whether nothing has 0 of it, as of counts, sums and rates."""
        return self.of_nothing == 0

    @property
    def is_whole(self) -> bool:
        """Whether all bins have whole numbers, those without rows too."""
        return bool(np.issubdtype(self.values.dtype, np.integer) and self.adds_up)


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
    of_instants
        Whether measures are of what was there at the first instant of each bin, as of features, and not of all that
        happened in it.
    mask
        ``(t, c)``: bins that may be known, since all that they were made of is; None: all.
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
    leftovers: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    of_instants: bool = False
    mask: NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        dims = ", ".join(f"{name} {size:,}" for name, size in zip(self.dims, self.shape, strict=True))
        lost = ", ".join(f"{reason} {count:,.10g}" for reason, count in self.leftovers.items() if count)
        lines = [
            f"Cube: {dims}; {', '.join(self.measures)}",
            f"  {self.span}, every {self.every} ({self.zone})",
            f"  {len(self.at):,} bins have something; dense {self.megabytes:,.1f} MB a measure",
            *([f"  not in it: {lost}"] if lost else []),
        ]
        return "\n".join(lines)

    @property
    def span(self) -> str:
        """The time of all bins, half-open, on the city's clock."""
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

        A bin that ends before the first known day is unknown, and one that ends after all is known. Of instants, only
        these count.
        """
        there = self.cells.at(self.edges_us[:-1]) if self.of_instants else self.cells.through(self.edges_us)
        known = there & self.known_steps[:, None]
        return known if self.mask is None else known & self.mask

    @property
    def known_steps(self) -> NDArray[np.bool_]:
        """Of which steps it is known what happened, or what was there at their start, ``(t,)``."""
        first, last = self.known_us
        starts_us, ends_us = self.edges_us[:-1], self.edges_us[1:]
        if self.of_instants:
            return np.asarray((starts_us >= first) & (starts_us <= last), np.bool_)
        return np.asarray((ends_us > first) & (ends_us <= last), np.bool_)

    def is_known(self, step: Ints, cell: Ints) -> NDArray[np.bool_]:
        """Tell which bins are known, by the positions of their steps and cells, ``(n,)`` each."""
        if self.cells.lives is None and self.mask is None:
            return self.known_steps[step]
        return self.known[step, cell]

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
        whole = measure.is_whole
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
            A larger array of one measure is refused before it is made, unless dask makes it chunk by chunk.

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

    def roll_up(
        self, *, every: str | None = None, cell: str | None = None, by_area: bool = False
    ) -> Cube:  # fmt: skip
        """Return the cube by longer steps or larger cells, made of its own bins.

        Parameters
        ----------
        every
            A step in which those of the cube lie: days in weeks, months or ``14D``, months in quarters or years.
        cell
            A cell in which those of the cube lie: ``1km`` of ``100m``; ``community``, ``street`` or ``district`` of
            units, by their codes.
        by_area
            Share out what each cell has among others in proportion to area, for cells that do not lie in one:
            ``100m`` in ``unit``, as the units are at the last instant of the question's time. Counts and sums only.

        Returns
        -------
        A cube with the same measures. A bin is known if all that it is made of is. Steps that the cube holds a part
        of are left out and counted as ``partial``, and what is in bins that are not known as ``unknown``, so that
        what is in the cube and its leftovers together stays the same. Of features, the steps that begin with a longer
        one are kept.

        Raises
        ------
        InvalidInput
            ``unknown-step``; ``not-nested``: steps or cells do not always lie in one; ``no-whole-step``;
            ``cells-change``: cells that are not the same all the time are not shared out.
        Unsupported
            ``not-additive``: a measure of several bins does not give that of all of them, as a mean.
        """
        cube = self if every is None else longer_steps(self, every)
        if cell is None:
            return cube
        return by_area_of(cube, cell) if by_area else larger_cells(cube, cell)

    def difference(self, other: Cube) -> Cube:
        """Return the cube beside another one: of an earlier period, of another grid, or as it was known earlier.

        Parameters
        ----------
        other
            With as many steps, which are compared one by one; cells that both have are compared.

        Returns
        -------
        A cube with the steps of this one and the cells that are the same in both (of one name, place and area). For
        each measure ``NAME``, ``NAME_before`` and ``NAME_change``. What is unknown in either is unknown.

        Raises
        ------
        InvalidInput
            ``cubes-differ``: in cells, classes, measures, or steps; ``no-common-cells``
        """
        return difference_of(self, other)

    def change_points(self, measure: str | None = None, *, penalty: float | None = None) -> pa.Table:
        """Find the steps from which a measure has another mean, in each cell and in all of them together.

        Parameters
        ----------
        measure
            A count or sum of the cube; None: its first.
        penalty
            What a change costs, in squared units of the measure; None: three times the variance of a step's noise by
            log n, for each series.

        Returns
        -------
        A row for each change: the cell (null: of all cells that are known in each known step), ``time``, the means
        ``before`` and ``after`` the change until the next one.

        Raises
        ------
        NotFound
            ``unknown-measure``
        InvalidInput
            ``has-classes``, ``no-value``, ``bad-penalty``
        """
        return changes_of(self, measure, penalty)

    def hotspots(
        self, measure: str | None = None, *, distance_m: float | None = None, nearest: int | None = None,
        steps: int = 1, both: bool = False, reference: Reference = "cube", corrected: bool = True,
        alpha: float = 0.10, skip_warm_up: bool = True, with_events_only: bool = False,
        per_km2: bool | None = None,
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
        per_km2
            Compare counts and sums of cells for each square kilometre; None: where cells differ in area. Other
            measures, such as rates, are compared as they are.

        Raises
        ------
        NotFound
            ``unknown-measure``
        InvalidInput
            ``has-classes``, ``no-value``, ``which-neighbours``, ``no-shapes``, ``bad-distance``, ``bad-count``,
            ``bad-level``, ``unknown-reference``
        Unsupported
            ``not-additive``
        """
        rules = EmergingRules(reference, corrected, alpha, skip_warm_up, with_events_only, per_km2)
        return hotspots_of(self, Neighbourhood(distance_m, nearest, steps, both), rules, measure)
