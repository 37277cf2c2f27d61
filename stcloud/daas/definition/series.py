"""The clause of a definition that makes events readings of a series: stations, step, values, units, limits.

Tested by `tests/daas/definition/test_series_clause.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from stcloud.daas.definition.clause import Closed, ColumnClause, Text, TimeClause
from stcloud.daas.definition.unit import UnitConversion, conversion, require_unit
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US

__all__ = ["CompletenessRule", "SeriesClause", "ValueClause", "read_completeness", "read_step"]

_STEP = re.compile(r"([1-9][0-9]{0,5}) ?(s|min|h|d|D)")
_STEP_US = {"s": SECOND_US, "min": MINUTE_US, "h": HOUR_US, "d": DAY_US, "D": DAY_US}
_COMPLETE = re.compile(r"([0-9]{1,6}) of ([0-9]{1,6})")


def read_step(text: str) -> int:
    """Return the length of an expected step, microseconds; ``ValueError``.

    >>> read_step("10min"), read_step("1h")
    (600000000, 3600000000)
    """
    match = _STEP.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no step: write e.g. 10min, 1h or 1d")
    return int(match[1]) * _STEP_US[match[2]]


class CompletenessRule(Closed):
    """How many of the steps of a bin must have a value: ``18 of 24``; of other bins as many in proportion."""

    least: Annotated[int, Field(ge=1)]
    steps: Annotated[int, Field(ge=1)]

    def __str__(self) -> str:
        return f"{self.least} of {self.steps}"

    def required(self, expected: int) -> int:
        """Return how many values a bin of so many steps needs, at least one.

        >>> read_completeness("18 of 24").required(23)
        18
        """
        return max(math.ceil(self.least * expected / self.steps), 1)


def read_completeness(text: str) -> CompletenessRule:
    """Read ``18 of 24``; ``ValueError``."""
    match = _COMPLETE.fullmatch(" ".join(text.split()))
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"'{text}' states no completeness: write e.g. 18 of 24")
    return CompletenessRule(least=int(match[1]), steps=int(match[2]))


class ValueClause(Closed):
    """One measured value: its unit, the unit that the file gives it in, and between which limits it is plausible.

    ``from`` is the unit of the file: the layer keeps what the file says, and readings are given in ``unit``.
    ``plausible`` are limits in ``unit``, inclusive: a value outside is kept, and flagged in readings.
    """

    unit: str
    source_unit: Annotated[str | None, Field(alias="from")] = None
    plausible: tuple[float, float] | None = None
    title: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        require_unit(self.unit)
        if self.source_unit is not None:
            conversion(self.source_unit, self.unit)
        if self.plausible is not None and not self.plausible[0] <= self.plausible[1]:
            raise ValueError(f"the limits {list(self.plausible)} hold nothing: the lower one comes first")
        return self

    @property
    def stored_unit(self) -> str:
        """The unit of values as the layer keeps them."""
        return self.source_unit or self.unit

    @property
    def conversion(self) -> UnitConversion:
        """How values of the layer become values of readings."""
        return conversion(self.stored_unit, self.unit)


class SeriesClause(Closed):
    """What makes a layer of events a series: readings of stations, keyed by station and time.

    ``station`` is the column with the key of the station, ``stations`` the layer of features that has the stations.
    ``step`` is the time between two readings, ``complete`` how many values a bin needs. In a long file ``variable``
    is the column with the name of what was measured, and ``value`` that of its value.
    """

    station: Text
    stations: Text | None = None
    step: str | None = None
    complete: str | None = None
    variable: Text | None = None
    value: Text | None = None
    values: Annotated[dict[str, ValueClause], Field(min_length=1)]

    @field_validator("step")
    @classmethod
    def _stepped(cls, text: str | None) -> str | None:
        if text is not None:
            read_step(text)
        return text

    @field_validator("complete")
    @classmethod
    def _completed(cls, text: str | None) -> str | None:
        if text is not None:
            read_completeness(text)
        return text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.variable is None) != (self.value is None):
            raise ValueError("a long file has two columns: variable names what was measured, value its value")
        if self.complete is not None and self.step is None:
            raise ValueError('complete counts steps: state the step, e.g. step = "1h"')
        return self

    def require_fit(self, key: Sequence[str], time: TimeClause, columns: Mapping[str, ColumnClause]) -> None:
        """Refuse what does not fit readings in the rest of a definition; ``ValueError``."""
        if key:
            raise ValueError("a series is keyed by its station and time: leave out key")
        if time.end is not None:
            raise ValueError("a reading is of an instant: leave out time.end")
        for name in self.numbers:
            if name in columns and columns[name].type not in ("number", "integer"):
                raise ValueError(f"column '{name}' has measured values: its type is number")

    @property
    def is_long(self) -> bool:
        """Whether each row holds one value, whose name is in a column."""
        return self.variable is not None

    @property
    def step_us(self) -> int | None:
        """Time between two readings, microseconds; None: it is not declared."""
        return None if self.step is None else read_step(self.step)

    @property
    def completeness(self) -> CompletenessRule | None:
        """How many values a bin needs; None: one."""
        return None if self.complete is None else read_completeness(self.complete)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns of the file with measured values."""
        return (self.value,) if self.value is not None else tuple(self.values)

    @property
    def meaning(self) -> dict[str, Any]:
        """What of the clause decides how rows are read; units, steps and limits count when readings are made."""
        return {"station": self.station, "variable": self.variable, "numbers": sorted(self.numbers)}
