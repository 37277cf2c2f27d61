"""Known: what was believed at an instant of recorded time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import Ends, micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.iaas.table.table import File
from stcloud.paas.query.plan.condition import Condition
from stcloud.paas.query.plan.limits import Limits
from stcloud.paas.query.plan.resolved import Mask, Resolved, Writing
from stcloud.paas.query.plan.resolving import Resolving
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import instant
from stcloud.paas.query.sql.tree import any_of, column

__all__ = ["ENDS", "Known", "KnownByEnds", "may_be_believed"]

ENDS = "ends"
"""Name of the relation of ends of belief, beside a layer whose rows do not all have theirs."""
_FROM, _TO, _ROW = "st_recorded_from", "st_recorded_to", "st_row"
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Known(Condition, Resolved):
    """Keep rows that were believed at an instant: ``recorded_from <= at < recorded_to``; a null end is none.

    Parameters
    ----------
    at_us
        UTC microseconds.
    text
        The same for people.
    """

    at_us: int
    text: str = ""

    columns = frozenset((_FROM, _TO))
    exact = True
    limits_exact = True

    def __str__(self) -> str:
        return f"known at {self.text}"

    def resolve(self, resolving: Resolving) -> tuple[Resolved, ...]:
        """Return the condition on rows of a layer's kind, whose ends of belief may lie elsewhere."""
        return (resolving.rows.believed(self.at_us, self),)

    @property
    def limits(self) -> Limits:
        """When the rows were believed."""
        return Limits(believed_us=self.at_us)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch were believed."""
        began, ended = (micros(rows.column(name), FOREVER) for name in (_FROM, _TO))
        return np.asarray((began <= self.at_us) & (ended > self.at_us))

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold."""
        return _believed(self.at_us, writing.column(_TO), writing)

    def holds_all(self, files: Iterable[File]) -> bool:
        """Tell whether the log proves that every row of some files was believed."""
        at = instant(self.at_us)
        return all(file.all_null(_TO) and _FROM in file.high and file.high[_FROM] <= at for file in files)


@dataclass(frozen=True, slots=True, eq=False)
class KnownByEnds(Resolved):
    """Keep rows that were believed, of a layer where ends of belief are rows of their own.

    Parameters
    ----------
    at_us
        UTC microseconds.
    ends
        Until when rows are believed that do not hold the end themselves. SQL finds them as the relation `ENDS`,
        joined by ``st_row``.
    """

    at_us: int
    ends: Ends

    columns = frozenset((_FROM, _TO, _ROW))
    exact = True
    limits_exact = True

    @property
    def limits(self) -> Limits:
        """When the rows were believed."""
        return Limits(believed_us=self.at_us)

    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows of a batch were believed."""
        began = micros(rows.column(_FROM), FOREVER)
        ended = self.ends.of(rows.column(_ROW).to_numpy(), micros(rows.column(_TO), FOREVER))
        return np.asarray((began <= self.at_us) & (ended > self.at_us))

    def sql(self, writing: Writing) -> list[exp.Expression]:
        """Return the same as SQL conditions that must all hold."""
        until = exp.Coalesce(this=writing.column(_TO), expressions=[column(_TO, ENDS)])
        return _believed(self.at_us, until, writing)

    def own_sql(self, writing: Writing) -> list[exp.Expression]:
        """Return a superset that needs no relation of ends."""
        return _believed(self.at_us, writing.column(_TO), writing)

    def holds_all(self, files: Iterable[File]) -> bool:
        """Tell whether the log proves that every row of some files was believed."""
        return not len(self.ends.row) and Known(self.at_us).holds_all(files)


def may_be_believed(file: File, at_us: int) -> bool:
    """Tell whether a file, or a row group described like one, may hold a row that was believed at an instant."""
    at = instant(at_us)
    ended = file.nulls.get(_TO) == 0 and not file.may_hold(_TO, at + _LEAST)
    return file.may_hold(_FROM, None, at) and not ended


def _believed(at_us: int, until: exp.Expression, writing: Writing) -> list[exp.Expression]:
    at = writing.binder.instant
    begun = exp.LTE(this=writing.column(_FROM), expression=at(at_us))
    unended = exp.Is(this=until.copy(), expression=exp.null())
    return [begun, any_of([unended, exp.GT(this=until.copy(), expression=at(at_us))])]
