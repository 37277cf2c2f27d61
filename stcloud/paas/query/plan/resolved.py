"""Resolved conditions: what reads no other layer any more, in three forms that agree.

Tested by `tests/conformance/test_conditions.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.errors import InternalError
from stcloud.iaas.conversion import whole_numbers
from stcloud.iaas.table.table import File
from stcloud.paas.query.plan.limits import NO_LIMITS, Limits
from stcloud.paas.query.sql import exp
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.clock import WallClock
from stcloud.paas.query.sql.tree import column
from stcloud.time import Spans, Zone

__all__ = ["Mask", "Masking", "Resolved", "Writing", "columns_of"]

Mask: TypeAlias = NDArray[np.bool_]


def _unknown(_: int) -> Spans:
    raise InternalError("unbounded-span", "no wall clock is made for rows without a time")


@dataclass(frozen=True)
class Writing:
    """What a condition writes its SQL with.

    Parameters
    ----------
    binder
        Takes the values.
    owner
        Name of the relation.
    zone
        The city's; None, and no ``instants``: where no condition needs the wall clock.
    instants
        Returns spans that hold the time of every row, given how far they must reach beyond the rows' own times, in
        microseconds.
    near_us
        How far the wall clock must reach.
    """

    binder: Binder
    owner: str
    zone: Zone | None = None
    instants: Callable[[int], Spans] = _unknown
    near_us: int = 0

    def column(self, name: str) -> exp.Column:
        """Return a column of the relation."""
        return column(name, self.owner)

    @cached_property
    def clock(self) -> WallClock:
        """The wall clock of the rows' time."""
        assert self.zone is not None  # noqa: S101  (only rows that have a time are tested by the clock)
        return WallClock(self.column("st_time"), self.zone, self.instants(self.near_us))


class Resolved(ABC):
    """A condition that is resolved.

    The law: of any rows, those that `mask` keeps are among those that `sql` keeps, and the same where it is
    ``exact``; and they lie within `limits`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def columns(self) -> frozenset[str]:
        """Columns that the mask looks at."""

    @property
    def exact(self) -> bool:
        """Whether the SQL keeps what the mask keeps, and no other row."""
        return False

    @property
    def checks_all(self) -> bool:
        """Whether it refuses some times of rows, so that it must be tested before other conditions leave rows out."""
        return False

    @property
    def limits(self) -> Limits:
        """What every row lies within that is kept."""
        return NO_LIMITS

    @property
    def limits_exact(self) -> bool:
        """Whether every row is kept that lies within the limits."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of it, such as that hardly any row can fulfil it."""
        return ()

    @abstractmethod
    def mask(self, rows: pa.RecordBatch) -> Mask:
        """Tell which rows are kept; ``(n,)``. It can be pickled: a cluster applies it where the rows are."""

    def sql(self, writing: Writing) -> list[exp.Expression]:  # noqa: ARG002
        """Return SQL conditions that must all hold of a row that is kept; none where SQL cannot express it."""
        return []

    def holds_all(self, files: Iterable[File]) -> bool:  # noqa: ARG002
        """Tell whether the log proves that every row of some files is kept."""
        return False


@dataclass(frozen=True, slots=True)
class Masking:
    """Keeps the rows that every condition keeps; each is tested on those alone that the others have left.

    Parameters
    ----------
    conditions
        The conditions.
    """

    conditions: tuple[Resolved, ...]

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that pass, in their order, with all their columns."""
        at: NDArray[np.intp] | None = None
        for condition in self.conditions:
            names = [name for name in rows.schema.names if name in condition.columns]
            tested = rows.select(names or rows.schema.names[:1])
            kept = np.flatnonzero(condition.mask(tested if at is None else tested.take(whole_numbers(at))))
            at = kept if at is None else at[kept]
        return rows if at is None or len(at) == rows.num_rows else rows.take(whole_numbers(at))


def columns_of(conditions: Sequence[Resolved]) -> frozenset[str]:
    """Return the columns that some conditions look at."""
    return frozenset(name for condition in conditions for name in condition.columns)
