"""Known: what was believed at an instant of recorded time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.iaas.table.table import File
from stcloud.paas.query.binder import Binder, instant
from stcloud.paas.query.sql import any_of, column

__all__ = ["Known"]

_FROM, _TO = "st_recorded_from", "st_recorded_to"
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Known:
    """Keep rows that were believed at an instant: ``recorded_from <= at < recorded_to``; a null end is none.

    Parameters
    ----------
    at_us
        UTC microseconds.
    text
        The same for people.

    Notes
    -----
    Rows of features may have their end elsewhere: whoever decides them gives it.
    """

    at_us: int
    text: str = ""

    columns = (_FROM, _TO)
    """What it looks at."""

    def __str__(self) -> str:
        return f"known at {self.text}"

    def holds(self, from_us: Ints, to_us: Ints) -> NDArray[np.bool_]:
        """Tell which rows were believed, by their ends in UTC microseconds; no end is `FOREVER`."""
        return np.asarray((from_us <= self.at_us) & (to_us > self.at_us))

    def mask(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Tell which rows of a batch were believed."""
        return self.holds(micros(rows.column(_FROM), FOREVER), micros(rows.column(_TO), FOREVER))

    def sql(self, binder: Binder, owner: str, end: exp.Expression | None = None) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold.

        Parameters
        ----------
        binder
            Takes the instant.
        owner
            Name of the relation.
        end
            Until when rows were believed, where their own column does not tell it.
        """
        until = column(_TO, owner) if end is None else end
        begun = exp.LTE(this=column(_FROM, owner), expression=binder.instant(self.at_us))
        unended = exp.Is(this=until.copy(), expression=exp.null())
        return [begun, any_of([unended, exp.GT(this=until.copy(), expression=binder.instant(self.at_us))])]

    def may_hold(self, file: File) -> bool:
        """Tell whether a file, or a row group described like one, may hold a row that was believed."""
        at = instant(self.at_us)
        ended = file.nulls.get(_TO) == 0 and not file.may_hold(_TO, at + _LEAST)
        return file.may_hold(_FROM, None, at) and not ended

    def holds_all(self, files: Iterable[File]) -> bool:
        """Tell whether the log proves that every row of some files was believed."""
        at = instant(self.at_us)
        return all(file.all_null(_TO) and _FROM in file.high and file.high[_FROM] <= at for file in files)
