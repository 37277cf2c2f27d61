"""Rules of walks: for how long, how fast, how far from a street, and where lines are joined.

Tested by `tests/paas/reach/test_walkrules.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from stcloud.errors import InvalidInput
from stcloud.index.distance import check_bounded
from stcloud.paas.query.join.how import read_distance, require_reach
from stcloud.paas.reach.speedtable import SpeedTable

__all__ = ["GivenMetres", "WalkRules"]

GivenMetres: TypeAlias = "str | float"
"""``100 m``, ``0.1 km``, or metres."""

_MOST_MINUTES = 1440.0
_HALF_US = 5e-7  # times are compared as whole microseconds


@dataclass(frozen=True, slots=True)
class WalkRules:
    """How people walk.

    Parameters
    ----------
    minutes
        The longest walk, inclusive.
    speed_mps
        Speed of all streets, and of the straight way to a street, metres per second.
    table
        Speeds of classes; None: all are alike.
    snap_m
        How far a place may be from its street, inclusive, metres.
    crossings
        Whether lines of one level are joined where they cross; else only where their ends meet.
    level
        Column of levels of the layer of streets; None: all are on the ground.

    Examples
    --------
    >>> rules = WalkRules.of(15, 1.2, snap="0.1 km")
    >>> rules.limit_s, rules.snap_m
    (900.0, 100.0)
    """

    minutes: float
    speed_mps: float
    table: SpeedTable | None = None
    snap_m: float = 100.0
    crossings: bool = False
    level: str | None = None

    @classmethod
    def of(
        cls, minutes: float = 15.0, speed: float = 1.2, *, table: SpeedTable | None = None, snap: GivenMetres = 100.0,
        crossings: bool = False, level: str | None = None,
    ) -> WalkRules:  # fmt: skip
        """Read rules as people state them.

        Raises
        ------
        InvalidInput
            ``bad-minutes``, ``bad-speed``, ``unknown-distance``, ``invalid-distance``
        """
        if not 0 < minutes <= _MOST_MINUTES:
            raise InvalidInput(
                "bad-minutes",
                f"a walk cannot take {minutes:g} minutes",
                hint="state more than 0, at most 1440",
            )
        if not 0 < speed < math.inf:
            raise InvalidInput(
                "bad-speed", f"nobody walks at {speed:g} m/s", hint="state metres per second, such as 1.2"
            )
        metres = check_bounded(read_distance(snap).metres if isinstance(snap, str) else float(snap))
        require_reach(metres)
        return cls(float(minutes), float(speed), table, metres, crossings, level)

    @property
    def limit_s(self) -> float:
        """The longest walk, seconds."""
        return self.minutes * 60.0

    @property
    def most_s(self) -> float:
        """The longest walk with what rounding may add: what takes at most so long is reached."""
        return self.limit_s + _HALF_US

    def described(self) -> dict[str, str]:
        """Return the rules, for people."""
        classes = (
            "" if self.table is None else f", by {self.table.column} in {len(self.table.speed_mps)} classes"
        )
        return {
            "walk": f"at most {self.minutes:g} min at {self.speed_mps:g} m/s{classes}",
            "snapped": f"at most {self.snap_m:g} m to a street",
            "joined": "where lines meet or cross" if self.crossings else "where ends of lines meet",
        }
