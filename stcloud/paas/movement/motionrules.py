"""Rules of movement, as people state them: distances, lengths of time, what a stop, a trip and a meeting are.

Tested by `tests/paas/movement/test_motionrules.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from stcloud.errors import InvalidInput
from stcloud.index.distance import check_bounded
from stcloud.paas.query.join.how import read_distance, require_reach
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US

__all__ = [
    "NEVER_US", "GivenDistance", "GivenLapse", "MeetingRule", "StopRule", "TripRule", "lapse_text", "read_lapse",
    "read_metres",
]  # fmt: skip

GivenDistance: TypeAlias = "str | float"
"""``50 m``, ``0.2 km``, or metres."""

GivenLapse: TypeAlias = "str | timedelta"
"""``5 min``, ``30s``, ``1h``, ``1d``."""

NEVER_US = 2**62
"""No time between two fixes is longer."""

_LAPSE = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
_UNIT_US = {"d": DAY_US, "h": HOUR_US, "min": MINUTE_US, "s": SECOND_US}
_MOST_US = 100_000 * DAY_US


def read_lapse(given: GivenLapse, *, least_us: int = 1) -> int:
    """Return a length of time, microseconds; `InvalidInput` ``unreadable-lapse``, also for one that is too short.

    >>> read_lapse("5 min"), read_lapse(timedelta(seconds=2))
    (300000000, 2000000)
    """
    if isinstance(given, timedelta):
        lapse_us = given // timedelta(microseconds=1)
    else:
        match = _LAPSE.fullmatch(str(given).strip())
        lapse_us = -1 if match is None else int(match[1]) * _UNIT_US[match[2]]
    if not least_us <= lapse_us <= _MOST_US:
        raise InvalidInput(
            "unreadable-lapse", f"'{given}' is no length of time here", hint="write 30s, 5 min, 1h or 1d"
        )
    return lapse_us


def lapse_text(lapse_us: int) -> str:
    """Return a length of time as it may be read again, or in seconds.

    >>> lapse_text(300_000_000), lapse_text(1_500_000)
    ('5 min', '1.5 s')
    """
    for unit, unit_us in _UNIT_US.items():
        if lapse_us and lapse_us % unit_us == 0:
            return f"{lapse_us // unit_us} {unit}"
    return f"{lapse_us / SECOND_US:g} s"


def read_metres(given: GivenDistance) -> float:
    """Return a distance, metres; `InvalidInput` ``unknown-distance``, ``invalid-distance``.

    >>> read_metres("0.2 km"), read_metres(50)
    (200.0, 50.0)
    """
    metres = check_bounded(read_distance(given).metres if isinstance(given, str) else float(given))
    require_reach(metres)
    return metres


@dataclass(frozen=True, slots=True)
class StopRule:
    """A stop: a run of fixes within a distance of its first one, from first to last at least so long.

    Parameters
    ----------
    within_m, least_us
        The distance, inclusive; the time, inclusive, microseconds.
    gap_us
        A longer time without a fix ends a run.
    """

    within_m: float
    least_us: int
    gap_us: int = NEVER_US

    @classmethod
    def of(cls, within: GivenDistance, at_least: GivenLapse, gap: GivenLapse | None = None) -> StopRule:
        """Read a rule; raises what `read_metres` and `read_lapse` raise."""
        return cls(read_metres(within), read_lapse(at_least), NEVER_US if gap is None else read_lapse(gap))

    def __str__(self) -> str:
        gap = "" if self.gap_us == NEVER_US else f", without a gap of more than {lapse_text(self.gap_us)}"
        return f"within {self.within_m:g} m of the first fix for {lapse_text(self.least_us)} or longer{gap}"


@dataclass(frozen=True, slots=True)
class TripRule:
    """A trip: what lies between stops and silences.

    Parameters
    ----------
    gap_us
        A longer time without a fix is a silence, which is in no trip.
    stop
        What a stop is; None: trips are cut by silences alone.
    """

    gap_us: int
    stop: StopRule | None

    @classmethod
    def of(cls, gap: GivenLapse, distance: GivenDistance | None, dwell: GivenLapse | None) -> TripRule:
        """Read a rule; `InvalidInput` ``half-a-stop``: a distance without a dwell, or the reverse."""
        if (distance is None) != (dwell is None):
            raise InvalidInput(
                "half-a-stop", "a stop is near its first fix for some time: one of both was left out",
                hint="state distance and dwell, or neither",
            )  # fmt: skip
        stop = None if distance is None or dwell is None else StopRule.of(distance, dwell)
        return cls(read_lapse(gap), stop)

    def __str__(self) -> str:
        stops = "" if self.stop is None else f" and stops {self.stop}"
        return f"between silences of more than {lapse_text(self.gap_us)}{stops}"


@dataclass(frozen=True, slots=True)
class MeetingRule:
    """A meeting: two movers within a distance of each other, for some time.

    Parameters
    ----------
    within_m, lasting_us
        The distance, inclusive; how long it lasts at least, microseconds.
    gap_us
        In a longer time without a fix nobody knows where a mover was.
    """

    within_m: float
    lasting_us: int
    gap_us: int

    @classmethod
    def of(cls, within: GivenDistance, lasting: GivenLapse | None, gap: GivenLapse) -> MeetingRule:
        """Read a rule; raises what `read_metres` and `read_lapse` raise."""
        return cls(
            read_metres(within), 0 if lasting is None else read_lapse(lasting, least_us=0), read_lapse(gap)
        )

    def __str__(self) -> str:
        lasting = f" for {lapse_text(self.lasting_us)} or longer" if self.lasting_us else ""
        return f"within {self.within_m:g} m{lasting}, straight between fixes of at most {lapse_text(self.gap_us)}"
