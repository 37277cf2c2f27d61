"""Points with the codes of the cells that held them, batch by batch.

Tested by ``tests/saas/test_same_answer.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.load.column import plain, read_numbers, trimmed
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source
from stcloud.paas.grid.grid import LATEST_US, UnitGrid
from stcloud.paas.grid.units import Units
from stcloud.space import project, read_crs
from stcloud.time import Instant, instant_us, read_stamps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNIT_COLUMN", "LocatedPoints", "locate_points"]

UNIT_COLUMN = "unit"
_NEVER_US = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPoints:
    """Points of a file or table with the column ``unit``; they are read once, batch by batch.

    Parameters
    ----------
    columns
        Names of the points' own columns.
    counts
        How many points were ``located`` and how many lie ``outside``, of the batches read so far.
    """

    columns: tuple[str, ...]
    counts: Counter[str]
    _located: Iterator[pa.RecordBatch] = field(repr=False)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the points with their codes; null where no cell contains the point."""
        return self._located

    def to_arrow(self) -> pa.Table:
        """Return the points that were not read yet as a table."""
        parts = list(self._located)
        if parts:
            return pa.Table.from_batches(parts)
        return pa.table({name: pa.array([], pa.string()) for name in (*self.columns, UNIT_COLUMN)})

    def to_pandas(self) -> pd.DataFrame:
        """Return the points that were not read yet as a DataFrame."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame


def locate_points(
    grid: UnitGrid, points: Any, *, x: str, y: str, crs: str | None, at: Instant | None
) -> LocatedPoints:
    """Return points with the codes of the cells that held them; see `City.locate`."""
    columns, batches = _opened(points)
    _refuse_columns(points, columns, x, y)
    if crs is not None:
        read_crs(crs)  # before anything is read
    column = at if isinstance(at, str) and at in columns else None
    at_us = LATEST_US if at is None or column is not None else instant_us(at, grid.zone)
    search = _Search(grid, grid.units(), (x, y), crs, column, at_us)
    counts: Counter[str] = Counter()
    return LocatedPoints(columns, counts, (search.located(batch, counts) for batch in batches))


@dataclass(frozen=True, slots=True)
class _Search:
    grid: UnitGrid
    units: Units
    names: tuple[str, str]
    crs: str | None
    column: str | None
    at_us: int

    def located(self, rows: pa.RecordBatch, counts: Counter[str]) -> pa.RecordBatch:
        x, y = (_numbers(rows.column(name)) for name in self.names)
        if self.crs is not None:
            x, y = project(x, y, self.crs, self.grid.lattice.crs)
        codes = self.units.code_of(self.units.locate(x, y, self._times(rows))).cast(pa.string())
        counts["outside"] += codes.null_count
        counts["located"] += len(codes) - codes.null_count
        return pa.RecordBatch.from_arrays([*rows.columns, codes], names=[*rows.schema.names, UNIT_COLUMN])

    def _times(self, rows: pa.RecordBatch) -> Any:
        """Return when each point is meant; one without a readable time is nowhere."""
        if self.column is None:
            return self.at_us
        values = rows.column(self.column)
        if pa.types.is_timestamp(values.type) and values.type.tz is not None:
            return pc.fill_null(values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()), _NEVER_US).to_numpy()
        read = read_stamps(plain(values.cast(pa.string())), ["iso"], self.grid.zone)
        return np.where(read.valid, read.utc_us, _NEVER_US)


def _opened(points: Any) -> tuple[tuple[str, ...], Iterator[pa.RecordBatch]]:
    if isinstance(points, str | os.PathLike):
        source = open_source(Path(points), Reading())
        return source.columns, (batch.rows for batch in source.batches())
    table = pa.table(points) if hasattr(points, "__arrow_c_stream__") else pa.Table.from_pandas(points)
    return tuple(table.schema.names), iter(table.to_batches())


def _numbers(values: pa.Array) -> Any:
    if pa.types.is_string(plain(values).type):
        return read_numbers(trimmed(plain(values)))[0].to_numpy(zero_copy_only=False)
    return pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)


def _refuse_columns(points: Any, columns: tuple[str, ...], *names: str) -> None:
    what = str(points) if isinstance(points, str | os.PathLike) else "the table"
    for name in names:
        if name not in columns:
            raise NotFound("unknown-column", f"{what} has no column '{name}'", nearest=nearest(name, columns))
    if UNIT_COLUMN in columns:
        raise InvalidInput(
            "column-exists", f"{what} has a column '{UNIT_COLUMN}' already",
            hint="leave it out, or give it another name",
        )  # fmt: skip
