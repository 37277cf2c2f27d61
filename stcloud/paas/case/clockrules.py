"""Rules of clocks: when people work, what a work day is, where the clock of a whole case starts, what rework does.

Tested by `tests/paas/case/test_clockrules.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from stcloud.errors import InvalidInput
from stcloud.paas.case.limit import WorkDay
from stcloud.time import Calendar, CityDays, OfficeHours, WorkTime, Zone

__all__ = ["ClockRules", "Rework"]

Rework: TypeAlias = Literal["restart", "cumulative"]

_CHOICES = {"work_day": ("hours", "end"), "rework": ("restart", "cumulative")}


@dataclass(frozen=True, slots=True)
class ClockRules:
    """What clocks go by, apart from the limits.

    Parameters
    ----------
    time
        When people work.
    work_day
        ``hours``: a work day is the hours of a usual working day. ``end``: it is over at the end of the last spell of
        a working day, and the day of the start does not count.
    rework
        ``restart``: a stage that is entered again has its whole limit again. ``cumulative``: it goes on with what was
        left. The clock of a whole case always goes on.
    start
        The stage with which the clock of a whole case starts, such as ``dispatch``: from filing, when a case waits to
        be dispatched, or ``handle``: from dispatch; None: when the clock of any stage first runs.

    Raises
    ------
    InvalidInput
        ``unknown-clock-rule``.

    Examples
    --------
    >>> rules = ClockRules(WorkTime(Calendar("CN"), Zone("Asia/Shanghai")), start="handle")
    >>> ClockRules.from_dict(rules.to_dict()) == rules
    True
    """

    time: WorkTime
    work_day: WorkDay = "hours"
    rework: Rework = "restart"
    start: str | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InvalidInput(
                    "unknown-clock-rule",
                    f"{name} cannot be '{getattr(self, name)}'",
                    hint=f"use {' or '.join(choices)}",
                )

    @property
    def rules(self) -> str:
        """Version of the rules, to be pinned: equal text, equal deadlines."""
        parts = (self.time.rules, self.work_day, self.rework, self.start or "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as JSON has them, to be kept with a recorded instant."""
        calendar = self.time.calendar
        return {
            "calendar": calendar.name,
            **({} if calendar.own is None else calendar.own.to_dict()),
            "zone": self.time.zone.name,
            "office_hours": str(self.time.hours),
            "work_day": self.work_day,
            "rework": self.rework,
            **({} if self.start is None else {"start": self.start}),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ClockRules:
        """Read what `to_dict` gives; what is not there is as usual.

        Raises
        ------
        InvalidInput
            ``unreadable-clock-rules``: without a calendar or a zone, or with names that are not known; as the class,
            `Calendar`, `CityDays`, `Zone` and `OfficeHours`.
        """
        known = {"calendar", "days", "years", "zone", "office_hours", "work_day", "rework", "start"}
        lacking, strange = {"calendar", "zone"} - document.keys(), document.keys() - known
        if lacking or strange:
            reason = f"without '{min(lacking)}'" if lacking else f"with '{min(strange)}', which is not known"
            raise InvalidInput(
                "unreadable-clock-rules",
                f"these are rules of clocks {reason}",
                hint=f"use {', '.join(sorted(known))}",
            )
        listed = "days" in document or "years" in document
        own = CityDays.from_dict({"days": [], **document}) if listed else None
        calendar = Calendar(Calendar.parse(str(document["calendar"])).name, own)
        hours = (
            OfficeHours.parse(str(document["office_hours"])) if "office_hours" in document else OfficeHours()
        )
        choices = {name: document[name] for name in ("work_day", "rework", "start") if name in document}
        return cls(WorkTime(calendar, Zone(str(document["zone"])), hours), **choices)
