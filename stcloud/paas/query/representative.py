"""What stands for a feature where one point and one instant are asked for: the middle of its bounds, its beginning.

Runs in this process or in Spark's mapInArrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import instants, micros
from stcloud.daas.table.schema import INSTANT
from stcloud.daas.table.timeline import ALWAYS
from stcloud.paas.query.valid_rows import BOUNDS
from stcloud.time import Bin, Zone

__all__ = ["BeginningBin", "Representative", "since"]


def since(by: Bin) -> str:
    """Return the column of the bin in which features began."""
    return f"st_since_{by.name.lower()}"


@dataclass(frozen=True, slots=True)
class Representative:
    """Adds the middle of features' bounds, and the first instant of the time asked for at which they were there.

    Parameters
    ----------
    after_us
        Where the time asked for begins, UTC microseconds.
    """

    after_us: int
    columns: tuple[str, ...] = (*BOUNDS, "st_valid_from")
    adds: tuple[pa.Field, ...] = (
        pa.field("st_x", pa.float64()), pa.field("st_y", pa.float64()), pa.field("st_time", INSTANT),
    )  # fmt: skip

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with ``st_x``, ``st_y`` (NaN where there is no shape) and ``st_time``."""
        west, south, east, north = (rows.column(one).to_numpy(zero_copy_only=False) for one in BOUNDS)
        at_us = np.maximum(micros(rows.column("st_valid_from"), ALWAYS), self.after_us)
        told = [pa.array((west + east) / 2), pa.array((south + north) / 2), instants(at_us)]
        return pa.RecordBatch.from_arrays(
            [*rows.columns, *told], schema=pa.schema([*rows.schema, *self.adds])
        )


@dataclass(frozen=True, slots=True)
class BeginningBin:
    """Adds the number of the calendar bin in which features, as they are told, began; null where that is not known.

    Parameters
    ----------
    by, zone
        The bin, on the city's wall clock.
    """

    by: Bin
    zone: Zone
    columns: tuple[str, ...] = ("st_valid_from",)

    @property
    def adds(self) -> tuple[pa.Field, ...]:
        """The column that it adds."""
        return (pa.field(since(self.by), pa.int64()),)

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their bins."""
        at_us = micros(rows.column("st_valid_from"), ALWAYS)
        endless = at_us == ALWAYS
        numbers = self.by.numbers(np.where(endless, 0, at_us), self.zone)
        told = pa.array(numbers, pa.int64(), mask=endless)
        return pa.RecordBatch.from_arrays([*rows.columns, told], schema=pa.schema([*rows.schema, *self.adds]))
