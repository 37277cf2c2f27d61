"""The value of an indicator: a numerator over a denominator times a factor, or why there is none.

Tested by `tests/paas/indicator/test_indicatorvalue.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Self

__all__ = [
    "INCOMPLETE", "NOT_FINITE", "NO_DENOMINATOR", "NO_VALUE", "OTHER_CADENCE", "OTHER_PERIOD", "REASONS", "SEVERAL",
    "UNDEFINED", "ZERO_DENOMINATOR", "IndicatorValue",
]  # fmt: skip

NO_VALUE, SEVERAL, NOT_FINITE = "no-value", "several-values", "not-finite"
NO_DENOMINATOR, ZERO_DENOMINATOR = "no-denominator", "zero-denominator"
INCOMPLETE, OTHER_CADENCE, OTHER_PERIOD, UNDEFINED = (
    "incomplete",
    "other-cadence",
    "other-period",
    "not-defined",
)
REASONS = {
    NO_VALUE: "nothing was entered, or no row has what is measured",
    SEVERAL: "several values were entered for parts of the period",
    NO_DENOMINATOR: "the denominator has no value",
    ZERO_DENOMINATOR: "the denominator is 0",
    NOT_FINITE: "a number is infinite, or none, or the value is larger than numbers are",
    INCOMPLETE: "rows are not known to be complete until the end of the period",
    OTHER_CADENCE: "the period is not one of the indicator's cadence",
    OTHER_PERIOD: "a value was entered for another period",
    UNDEFINED: "the definition has neither a numerator nor an entered value",
}
"""Why a value is missing."""


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """The value of an indicator.

    Attributes
    ----------
    value
        In the unit of the indicator; None: it is missing.
    numerator, denominator
        What it is made of; None: not known, or not computed.
    missing
        Why there is no value, one of `REASONS`; None: there is one.
    """

    value: float | None
    numerator: float | None
    denominator: float | None
    missing: str | None

    @classmethod
    def of(cls, numerator: float | None, *denominator: float | None, factor: float = 1.0) -> Self:
        """Return the value of a numerator, and a denominator if there is one; nothing of 0 is never 0.

        >>> IndicatorValue.of(43.0, 95.0, factor=100).value
        45.26315789473684
        >>> IndicatorValue.of(0.0, 0.0).missing
        'zero-denominator'
        """
        under = denominator[0] if denominator else None
        if numerator is None:
            return cls.none(NO_VALUE, None, under)
        if denominator and under is None:
            return cls.none(NO_DENOMINATOR, numerator)
        if under == 0:
            return cls.none(ZERO_DENOMINATOR, numerator, under)
        value = numerator * factor if under is None else numerator * factor / under
        if not all(map(isfinite, (value, numerator, under or 0.0))):
            return cls.none(NOT_FINITE, numerator, under)
        return cls(value, numerator, under, None)

    @classmethod
    def none(cls, missing: str, numerator: float | None = None, denominator: float | None = None) -> Self:
        """Return a value that is missing, for a reason."""
        return cls(None, numerator, denominator, missing)
