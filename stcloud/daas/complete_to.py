"""Until when the rows of a load are complete, as people state it: a rule, a date or an instant.

Tested by `tests/daas/test_completeness.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time import EARLIEST_US, LATEST_US, Bin, Instant, Zone, instant_us, parse_when

__all__ = ["LATE_NOTE", "LOADED", "RULES", "CompleteTo"]

_BINS = {
    "latest-day": Bin.DAY, "latest-week": Bin.WEEK, "latest-month": Bin.MONTH, "latest-year": Bin.YEAR,
}  # fmt: skip
LOADED = "loaded"
"""The rule where nothing is stated: a load is complete to its own recorded instant."""
RULES = (LOADED, "latest", *_BINS)
"""Rules by which a load is complete: to its own instant, to its latest row, to the end of that row's day …"""

LATE_NOTE = (
    "stated complete to {}, which is after the load: nothing more is expected to have happened until then"
)
"""What is noted of a load whose rows are stated to be complete to a later instant than its own."""

_INSTANT = "instant"
_PERIOD = re.compile(r"\d{4}(-\d\d(-\d\d)?|-?Q\d|-?W\d\d)?", re.IGNORECASE)
_HINT = f"give a date, which is complete to its end, an instant, or one of {', '.join(RULES)}"


@dataclass(frozen=True, slots=True)
class CompleteTo:
    """Until when the rows of a load are complete, as it is stated.

    Parameters
    ----------
    rule
        One of `RULES`, or ``instant``.
    at_us
        The instant that is stated, UTC microseconds; None: the rule decides.
    """

    rule: str = LOADED
    at_us: int | None = None

    @classmethod
    def read(cls, stated: Instant, zone: Zone) -> Self:
        """Read what is stated: a rule, an instant, or a day, month or year, which is complete to its end.

        Raises
        ------
        InvalidInput
            ``unreadable-time``; ``out-of-range``

        Examples
        --------
        >>> CompleteTo.read("2024-08-31", Zone("UTC")) == CompleteTo.read("2024-09-01T00:00", Zone("UTC"))
        True
        >>> CompleteTo.read("latest-day", Zone("UTC")).rule
        'latest-day'
        """
        if isinstance(stated, str) and stated in RULES:
            return cls(stated)
        at_us = _stated_us(stated, zone)
        if not EARLIEST_US <= at_us < LATEST_US:
            raise InvalidInput(
                "out-of-range", f"{stated} lies outside 0001-01-03 to 9999-12-29 of UTC", hint=_HINT
            )
        return cls(_INSTANT, at_us)

    def instant_us(self, latest_us: int | None, recorded_us: int, zone: Zone) -> int | None:
        """Return until when a load is complete, UTC microseconds; None: the rule is ``loaded``, or it has no rows.

        Parameters
        ----------
        latest_us
            Time of the latest row; None: there is none.
        recorded_us
            Recorded instant of the load, which rules do not go beyond; what is stated as an instant may.
        zone
            The city's, on whose clock days and months end.
        """
        if self.at_us is not None or self.rule == LOADED or latest_us is None:
            return self.at_us
        if self.rule in _BINS:
            step = _BINS[self.rule]
            (number,) = step.numbers(np.array([latest_us]), zone).tolist()
            latest_us = step.start(number + 1, zone)
        return min(latest_us, recorded_us)

    @classmethod
    def of(cls, complete_by: str | None, complete_to_us: int | None) -> Self | None:
        """Return what was stated, as a reckoning has it; None: nothing."""
        if complete_by is None:
            return None
        return cls(complete_by, complete_to_us if complete_by == _INSTANT else None)

    def agrees(self, complete_by: str | None, complete_to_us: int | None) -> bool:
        """Tell whether what a reckoning has says the same."""
        if self.at_us is not None:
            return complete_to_us == self.at_us
        return (complete_by or LOADED) == self.rule


def _stated_us(stated: Instant, zone: Zone) -> int:
    if isinstance(stated, date) and not isinstance(stated, datetime):
        stated = stated.isoformat()
    try:
        if not isinstance(stated, str) or not _PERIOD.fullmatch(stated):
            return instant_us(stated, zone)
        end_us = parse_when(stated, zone).end_us
    except InvalidInput as error:
        raise InvalidInput("unreadable-time", error.message, hint=_HINT) from error
    assert end_us is not None  # noqa: S101  (a day, month or year has an end)
    return end_us
