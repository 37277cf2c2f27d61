"""What a way to cut time into numbered bins offers, whoever groups by it. Tested by `tests/time/test_day_run.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy.typing as npt

from stcloud.time.micros import Micros
from stcloud.time.span import Span

if TYPE_CHECKING:
    from stcloud.time.day_run import DayRun
    from stcloud.time.zone import Zone

__all__ = ["Binning"]


@runtime_checkable
class Binning(Protocol):
    """A way to cut time into bins on the wall clock of a zone: a `Bin`, or a `DayRun`.

    It is a frozen value, so that plans with it can be compared and written.
    """

    @property
    def field(self) -> str:
        """Field of an answer that its bins are written to."""
        ...

    @property
    def recurs(self) -> bool:
        """Whether a bin comes again, and so is no span of time."""
        ...

    @property
    def run(self) -> DayRun | None:
        """The same bins as runs of days, where all have equally many; else None."""
        ...

    def of_days(self, day: Micros) -> Micros:
        """Return the number of the bin of each day since 1970-01-01; of bins of hours there is none."""
        ...

    def first_days(self, numbers: Micros) -> Micros:
        """Return the first day of each bin; of bins of hours, and of what recurs, there is none."""
        ...

    def numbers(self, utc_us: Micros, zone: Zone) -> Micros:
        """Return the number of the bin that each instant falls in."""
        ...

    def label(self, number: int) -> str | int:
        """Return the label of a bin."""
        ...

    def labels(self, numbers: Micros) -> npt.NDArray[Any]:
        """Return the labels of bins: text, but whole numbers of what recurs."""
        ...

    def span(self, number: int, zone: Zone) -> Span:
        """Return the time of a bin."""
        ...
