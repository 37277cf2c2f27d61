"""Statistics of scenes by cell, as an answer: a table, shapes, an array in time, and the change between two of them.

Tested by `tests/paas/scene/test_bycell.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.scene.cellsource import SceneCells
from stcloud.space import Lattice
from stcloud.time import Zone

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    import xarray as xr

__all__ = ["COVERAGE", "CellStatistics"]

Floats = NDArray[np.float64]
COVERAGE = "coverage"
"""The share of a cell that lies in pixels with a value, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class CellStatistics:
    """Statistics of the pixels in each cell, of one image or of a stack in time.

    Parameters
    ----------
    cells
        The cells.
    times_us
        ``(t,)`` int64: when the images are of, UTC microseconds.
    values
        ``(t, c)`` float64 by name of the statistic; NaN where a cell has no pixel with a value.
    coverage
        ``(t, c)`` float64: the share of each cell that lies in pixels with a value.
    stacked
        Whether it is a stack in time.
    facts, pin
        How the question was understood; with the pin as ``known_at`` the same question has the same answer.
    lattice, zone
        The city's.
    """

    cells: SceneCells
    times_us: NDArray[np.int64]
    values: Mapping[str, Floats]
    coverage: Floats
    stacked: bool
    facts: Mapping[str, str]
    pin: Pin
    lattice: Lattice
    zone: Zone

    def __len__(self) -> int:
        return len(self.cells) * len(self.times_us)

    def __repr__(self) -> str:
        return repr(self.answer())

    def _repr_html_(self) -> str:
        return self.answer()._repr_html_()

    def answer(self) -> Answer:
        """Return it as an answer with groups, which maps and files are made of; its rows are those of `to_arrow`."""
        groups = ("time", self.cells.noun) if self.stacked else (self.cells.noun,)
        return Answer(
            self.to_arrow(), self.lattice, dict(self.facts), pin=self.pin, groups=groups, place=self.cells.place
        )  # fmt: skip

    def to_arrow(self) -> pa.Table:
        """Return a table, by time and cell: of a stack ``time``, then the cell, each statistic and ``coverage``.

        A statistic is null where no pixel has a value.
        """
        steps = len(self.times_us)
        columns: dict[str, Any] = {}
        if self.stacked:
            instants = pa.array(np.repeat(self.times_us, len(self.cells)), pa.timestamp("us", "UTC"))
            columns["time"] = instants.cast(pa.timestamp("us", self.zone.name))
        columns[self.cells.noun] = pa.chunked_array([self.cells.names] * steps, self.cells.names.type)
        for name, values in {**self.values, COVERAGE: self.coverage}.items():
            columns[name] = pa.array(values.ravel(), pa.float64(), from_pandas=True)
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_geopandas(self) -> geopandas.GeoDataFrame:
        """Return a GeoDataFrame with the shapes of the cells, in the city's CRS."""
        import geopandas  # noqa: PLC0415  (slow to import)

        shapes = np.tile(self.cells.shapes, len(self.times_us))
        return geopandas.GeoDataFrame(self.to_pandas(), geometry=shapes, crs=self.lattice.crs)

    def to_xarray(self) -> xr.Dataset:
        """Return a dataset with the dimensions ``time`` and ``cell``; `MissingExtra` ``xarray-needed``."""
        try:
            import xarray as xr  # noqa: PLC0415  (slow to import, and it need not be installed)
        except ImportError as error:
            raise MissingExtra(
                "xarray-needed", "xarray is not installed", hint="pip install 'stcloud[scene]'"
            ) from error
        centres = shapely.centroid(self.cells.shapes)
        names = np.asarray(self.cells.names.to_numpy(zero_copy_only=False))
        return xr.Dataset(
            {name: (("time", "cell"), values) for name, values in {**self.values, COVERAGE: self.coverage}.items()},
            {
                "time": ("time", self.times_us.view("M8[us]")),
                "cell": ("cell", names, {"long_name": self.cells.noun}),
                "x": ("cell", shapely.get_x(centres), {"units": "m"}),
                "y": ("cell", shapely.get_y(centres), {"units": "m"}),
            },
            {**self.facts},
        )  # fmt: skip

    def change(self, before: CellStatistics) -> CellStatistics:
        """Return how much greater each statistic is than in another one: of another date, or another belief.

        Returns
        -------
        Statistics ``NAME``, ``NAME_before`` and ``NAME_change`` of the cells that both have with the same shape, by
        position in time; coverage is the smaller of the two.

        Raises
        ------
        InvalidInput
            ``not-alike``: other statistics, other kinds of cells, or stacks of other lengths.
        """
        if self.cells.noun != before.cells.noun or self.values.keys() != before.values.keys():
            raise InvalidInput(
                "not-alike",
                f"{', '.join(self.values)} by {self.cells.noun} cannot be compared with "
                f"{', '.join(before.values)} by {before.cells.noun}",
                hint="ask both for the same statistics by the same cells",
            )
        if len(self.times_us) != len(before.times_us):
            raise InvalidInput(
                "not-alike",
                f"stacks of {len(self.times_us)} and {len(before.times_us)} images",
                hint="ask for as many",
            )
        mine, theirs = self._shared(before)
        values: dict[str, Floats] = {}
        for name in self.values:
            now, then = self.values[name][:, mine], before.values[name][:, theirs]
            values |= {name: now, f"{name}_before": then, f"{name}_change": now - then}
        coverage = np.minimum(self.coverage[:, mine], before.coverage[:, theirs])
        kept = np.zeros(len(self.cells), np.bool_)
        kept[mine] = True
        lost = len(self.cells) + len(before.cells) - 2 * len(mine)
        facts = {**self.facts, "before": "; ".join(f"{name} {text}" for name, text in before.facts.items())}
        if lost:
            facts["notes"] = f"{lost} cells that only one has, or that changed their shape, are left out"
        return replace(
            self, cells=self.cells.take(kept), values=values, coverage=coverage, facts=facts,
            pin=self.pin.joined(before.pin),
        )  # fmt: skip

    def __sub__(self, before: CellStatistics) -> CellStatistics:
        """Return the `change` since another one."""
        return self.change(before)

    def _shared(self, other: CellStatistics) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of cells that both have, with the same shape."""
        at = pc.index_in(self.cells.names, value_set=other.cells.names)
        both = np.flatnonzero(np.asarray(at.is_valid()))
        place = np.asarray(at.drop_null(), np.int64)
        alike = shapely.equals_exact(self.cells.shapes[both], other.cells.shapes[place])
        return both[alike], place[alike]
