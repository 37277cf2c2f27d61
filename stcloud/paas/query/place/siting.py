"""Rows sifted by formulas of sites. A row without a place lies nowhere: in no site, and outside of none.

Runs in this process or in Spark's mapInArrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.query.place.extent import Extent, united
from stcloud.paas.query.place.formula import Every, Formula, Not, Some
from stcloud.paas.query.place.located import leaves_of
from stcloud.paas.query.place.site import Mask, Spots

__all__ = ["Sited", "Siting", "extent_of", "holds"]


@dataclass(frozen=True, slots=True, eq=False)
class Sited:
    """Keep rows that lie where a formula of sites says.

    Parameters
    ----------
    formula
        Its leaves are sites.
    said
        What was asked, for people.
    """

    formula: Formula
    said: str

    def __str__(self) -> str:
        return f"where {self.said}"

    @property
    def columns(self) -> frozenset[str]:
        """Columns that its sites look at besides cell and coordinates."""
        return frozenset(name for site in leaves_of(self.formula) for name in site.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    """Keeps rows that every formula holds.

    Parameters
    ----------
    formulas
        Their leaves are sites.
    restated_us
        Codes of unit cells stand for this instant, UTC microseconds; None: for each row's own.
    """

    formulas: tuple[Formula, ...]
    restated_us: int | None = None

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that pass."""
        at = self._near(rows)
        spots = self._spots(rows if len(at) == rows.num_rows else rows.take(pa.array(at)))
        for formula in self.formulas:
            hit = np.flatnonzero(holds(formula, spots))
            at, spots = at[hit], spots.take(hit)
        return rows if len(at) == rows.num_rows else rows.take(pa.array(at))

    def _near(self, rows: pa.RecordBatch) -> NDArray[np.intp]:
        """Return rows with a place that lie in what holds all that may pass: a quick look before the exact one."""
        placed = pc.and_(rows.column("st_x").is_valid(), rows.column("st_y").is_valid())
        found = np.flatnonzero(placed.to_numpy(zero_copy_only=False))
        cells = rows.column("st_cell").fill_null(0).to_numpy()
        for extent in filter(None, map(extent_of, self.formulas)):
            found = found[extent.region.nears(cells[found])]
            found = found[extent.region.listed(cells[found])]
        return found

    def _spots(self, rows: pa.RecordBatch) -> Spots:
        names = rows.schema.names
        cells, x, y = (rows.column(name).to_numpy() for name in ("st_cell", "st_x", "st_y"))
        at_us = np.zeros(len(cells), np.int64)
        if "st_time" in names:
            at_us = micros(rows.column("st_time"), FOREVER)
        unit = rows.column(UNIT).cast(pa.string()) if UNIT in names else pa.nulls(len(cells), pa.string())
        unit_at = at_us if self.restated_us is None else np.array(self.restated_us, np.int64)
        return Spots(cells, x, y, at_us, unit, unit_at)


class Tested(Protocol):
    """Rows with a place that leaves of formulas look at."""

    def take(self, chosen: NDArray[np.intp]) -> Self:
        """Return some of the rows, each at most once and in their order."""

    def __len__(self) -> int: ...


def holds(formula: Formula, spots: Tested) -> Mask:
    """Tell which rows with a place a formula holds; a part is asked only of rows that it can still decide."""
    if isinstance(formula, Not):
        return ~holds(formula.part, spots)
    if not isinstance(formula, Every | Some):
        found: Mask = formula.holds(spots)
        return found
    decisive = isinstance(formula, Some)
    decided = np.full(len(spots), not decisive)
    left = np.arange(len(spots))
    for part in formula.parts:
        hit = holds(part, spots.take(left)) == decisive
        decided[left[hit]] = decisive
        left = left[~hit]
    return decided


def extent_of(formula: Formula) -> Extent | None:
    """Return what holds every row that a formula holds; None: no bound is known."""
    if isinstance(formula, Not):
        return None
    if isinstance(formula, Some):
        return united([extent_of(part) for part in formula.parts])
    if isinstance(formula, Every):
        known = [one for part in formula.parts if (one := extent_of(part)) is not None]
        return min(known, key=lambda one: one.square_m, default=None)
    found: Extent | None = formula.extent
    return found
