"""Columns added to rows on the way: codes located anew, names of features, and what stands for a feature.

Runs in this process or in Spark's mapInArrow.

Tested by `tests/conformance/test_engines.py` and `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.schema import INSTANT, UNIT
from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.grid import Units
from stcloud.paas.query.condition.area import BOUNDS
from stcloud.paas.query.condition.held import beginnings, representatives
from stcloud.time import Binning, Zone

__all__ = ["BeginningBin", "Naming", "Representative", "Restating", "since"]

_LOCATED = (UNIT, "st_time", "st_x", "st_y")
_HELD = ("st_time", "st_x", "st_y")


@dataclass(frozen=True, slots=True, eq=False)
class Restating:
    """Gives every row the code of the cell that holds its place at one instant, or at the event's own time.

    Parameters
    ----------
    units
        The grid; None in a query that is explained and not run.
    at_us
        UTC microseconds; None: each event's own time.
    """

    units: Units | None
    at_us: int | None
    columns: tuple[str, ...] = _LOCATED
    gives: frozenset[str] = frozenset((UNIT,))
    adds: tuple[pa.Field, ...] = ()

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their codes."""
        assert self.units is not None  # noqa: S101  (only a query that is not run has none)
        x, y = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("st_x", "st_y"))
        at_us = micros(rows.column("st_time"), FOREVER) if self.at_us is None else self.at_us
        codes = self.units.code_of(self.units.locate(x, y, at_us)).cast(pa.string())
        place = rows.schema.get_field_index(UNIT)
        return rows.set_column(place, rows.schema.field(place), codes)


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """Adds to every row the name of the feature that held it.

    Parameters
    ----------
    name
        Of the column.
    holders
        Gives names for rows with ``st_time``, ``st_x`` and ``st_y``.
    """

    name: str
    holders: Callable[[pa.RecordBatch], pa.Array]
    columns: tuple[str, ...] = _HELD

    @property
    def gives(self) -> frozenset[str]:
        """The column that it adds."""
        return frozenset((self.name,))

    @property
    def adds(self) -> tuple[pa.Field, ...]:
        """The column that it adds."""
        return (pa.field(self.name, pa.string()),)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their names."""
        schema = pa.schema([*rows.schema, *self.adds])
        return pa.RecordBatch.from_arrays([*rows.columns, self.holders(rows)], schema=schema)


def since(by: Binning) -> str:
    """Return the column of the bin in which features began."""
    return f"st_since_{by.field}"


@dataclass(frozen=True, slots=True)
class Representative:
    """Adds the middle of features' bounds, and the first instant of the query's time at which they were there.

    Parameters
    ----------
    after_us
        Where the query's time begins, UTC microseconds.
    """

    after_us: int
    columns: tuple[str, ...] = (*BOUNDS, "st_valid_from")
    gives: frozenset[str] = frozenset(("st_x", "st_y", "st_time"))
    adds: tuple[pa.Field, ...] = (
        pa.field("st_x", pa.float64()), pa.field("st_y", pa.float64()), pa.field("st_time", INSTANT),
    )  # fmt: skip

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with ``st_x``, ``st_y`` (NaN where there is no shape) and ``st_time``."""
        added = representatives(rows, self.after_us)
        return pa.RecordBatch.from_arrays(
            [*rows.columns, *added], schema=pa.schema([*rows.schema, *self.adds])
        )


@dataclass(frozen=True, slots=True)
class BeginningBin:
    """Adds the number of the bin of time in which rows of features began; null where that is not known.

    Parameters
    ----------
    by, zone
        The bin, on the city's wall clock.
    """

    by: Binning
    zone: Zone
    columns: tuple[str, ...] = ("st_valid_from",)

    @property
    def gives(self) -> frozenset[str]:
        """The column that it adds."""
        return frozenset((since(self.by),))

    @property
    def adds(self) -> tuple[pa.Field, ...]:
        """The column that it adds."""
        return (pa.field(since(self.by), pa.int64()),)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their bins."""
        column = beginnings(self.by, rows, self.zone)
        return pa.RecordBatch.from_arrays(
            [*rows.columns, column], schema=pa.schema([*rows.schema, *self.adds])
        )
