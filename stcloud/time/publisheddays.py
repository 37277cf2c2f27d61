"""All lists of working and free days that a city has ever published, each with the instant at which it was recorded.

Laws, tested under these names: a day that the city publishes is a working day for questions and for clocks alike; a
later calendar changes no answer as known before it.

Tested by `tests/time/test_publisheddays.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from stcloud.errors import InvalidInput
from stcloud.time.citydays import CityDays
from stcloud.time.workday import Calendar

__all__ = ["NO_PUBLISHED_DAYS", "PublishedDays"]

_OWN = re.compile(r"\bcity ([0-9a-f]{8})\b")
"""The city's own days in the version of a calendar's rules."""


@dataclass(frozen=True, slots=True)
class PublishedDays:
    """Lists of a city's days, as they were known at an instant; each replaces the one before it as a whole.

    Parameters
    ----------
    calendar
        Name of the calendar before whose days they go; None: the city has none.
    versions
        ``(when it was recorded, UTC microseconds; the days)``, in order.

    Raises
    ------
    InvalidInput
        ``unordered-days``.

    Examples
    --------
    >>> notice = CityDays.of([("2027-02-06", "working", "Notice 12")], years=[2027])
    >>> published = PublishedDays("CN", ((1_000, notice),))
    >>> str(published.over(Calendar("CN"))), str(published.known_at(999).over(Calendar("CN")))
    ('CN with 1 days of the city', 'CN')
    """

    calendar: str | None = None
    versions: tuple[tuple[int, CityDays], ...] = ()

    def __post_init__(self) -> None:
        instants = [recorded_us for recorded_us, _ in self.versions]
        if instants != sorted(set(instants)):
            raise InvalidInput(
                "unordered-days", "the lists of the city's days are not in the order of their recording"
            )

    @property
    def newest(self) -> CityDays | None:
        """The days that hold; None: none were published."""
        return self.versions[-1][1] if self.versions else None

    @property
    def recorded_us(self) -> int | None:
        """When the days that hold were recorded, UTC microseconds."""
        return self.versions[-1][0] if self.versions else None

    def known_at(self, known_us: int | None) -> PublishedDays:
        """Return what was known at an instant, UTC microseconds; None: now."""
        if known_us is None:
            return self
        return replace(self, versions=tuple(each for each in self.versions if each[0] <= known_us))

    def of_rules(self, rules: str) -> PublishedDays:
        """Return what was known when `Calendar.rules` were these.

        Raises
        ------
        InvalidInput
            ``days-not-kept``: they name days that the city has not published.
        """
        named = _OWN.search(rules)
        if named is None:
            return replace(self, versions=())
        for last in range(len(self.versions), 0, -1):
            if self.versions[last - 1][1].digest == named[1]:
                return replace(self, versions=self.versions[:last])
        raise InvalidInput(
            "days-not-kept", f"the pin names days {named[1]} of the city, which it has not published",
            hint="use the pin of an answer of this city, or bring its folder calendar back from a copy",
        )  # fmt: skip

    def over(self, calendar: Calendar) -> Calendar:
        """Return a calendar with the days that hold before its own; itself, where it is that of another country."""
        if calendar.name != self.calendar or calendar.own is not None or self.newest is None:
            return calendar
        return replace(calendar, own=self.newest)


NO_PUBLISHED_DAYS = PublishedDays()
"""Of a city that has published none."""
