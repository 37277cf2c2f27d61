"""What was found where: hot and cold spots of a cube, cell by cell, as tables, maps and reasons.

Tested by `tests/paas/cube/test_emerging.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.cube.hotspot import CLASSES, RULES
from stcloud.paas.cube.trend import Trends

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    import xarray as xr

    from stcloud.paas.cube.cube import Cube

__all__ = ["HotSpots"]


@dataclass(frozen=True, slots=True, eq=False)
class HotSpots:
    """Hot and cold spots of a cube.

    Attributes
    ----------
    cube
        What they were found in.
    classes
        ``(c,)`` int8: the class of each cell, positions in `CLASSES`; -1: not analysed.
    z, levels, values
        ``(t, c)``: Gi* of each bin, NaN where there is none; its significance, 1, 2 or 3 past .10, .05 or .01,
        negative for cold ones; what was compared, for each km² where cells differ in area.
    trends, value_trends, slopes
        ``(c,)``: trends of z and of the values, and the values' slope a step.
    notes
        What people should know.
    measure, neighbourhood
        What was analysed, and what belongs to the neighbourhood of a bin, in words.
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
    measure: str = ""
    neighbourhood: str = ""

    def __len__(self) -> int:
        return len(self.classes)

    def __repr__(self) -> str:
        names, counts = np.unique(self.classes, return_counts=True)
        sizes = ", ".join(
            f"{'not analysed' if at < 0 else CLASSES[at]} {count:,}"
            for at, count in zip(names, counts, strict=True)
        )
        return f"HotSpots: {len(self):,} cells, {len(self.z):,} steps\n  {sizes}"

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

    def to_xarray(self) -> xr.Dataset:
        """Return the cube as a dataset with ``z`` and ``level`` of each bin, and the columns of the table by cell.

        ``class`` is a number with CF's ``flag_values`` and ``flag_meanings``; -1: not analysed. Raises as
        `Cube.to_xarray`.
        """
        dataset = self.cube.to_xarray()
        dataset["z"] = (("time", "cell"), self.z, {"long_name": "Gi*", "units": "1"})
        levels = {"long_name": "significance: 1, 2, 3 past .10, .05, .01, negative for cold", "units": "1"}
        dataset["level"] = (("time", "cell"), self.levels, levels)
        meanings = ["not_analysed", *(name.replace(" ", "_") for name in CLASSES)]
        flags = {
            "long_name": "class of emerging hot spots", "flag_values": np.arange(-1, len(CLASSES), dtype=np.int8),
            "flag_meanings": " ".join(meanings),
        }  # fmt: skip
        dataset["class"] = ("cell", self.classes, flags)
        table = self.to_arrow()
        for name in table.schema.names[2:]:
            dataset[name] = ("cell", table[name].to_numpy())
        return dataset

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


def _rule(name: str) -> str:
    kind, _, side = name.partition(" ")
    if kind not in RULES:
        return {"none": "no rule fits", "unknown": "the last step is not known"}.get(
            name, "it never had an event"
        )
    return RULES[kind].format(side=side, other="cold" if side == "hot" else "hot")


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
