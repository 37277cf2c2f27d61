"""Office hours: the spells of a working day, and those of days of the week that differ.

Tested by `tests/time/test_worktime.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stcloud.errors import InvalidInput
from stcloud.time.micros import MINUTE_US
from stcloud.time.recurrence import Hours, hours_text, parse_hours, parse_weekdays, weekdays_text

__all__ = ["OfficeHours"]

_EXAMPLE = "write 08:00-12:00,14:00-18:00, and days that differ after semicolons: ; fri 08:00-12:00"


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When people work on a working day, on the wall clock.

    Parameters
    ----------
    spells
        Half-open ranges of minutes since midnight, in order, apart, within 0 to 1440: of every working day, weekends
        that are worked to make up for a holiday among them.
    weekdays
        ``(day of the week, 1 for Monday to 7, its spells)`` of days that differ, in order.

    Raises
    ------
    InvalidInput
        ``unreadable-office-hours``.

    Examples
    --------
    >>> OfficeHours.parse("08:00-12:00,14:00-18:00").day_us / 3.6e9
    8.0
    """

    spells: Hours = ((480, 720), (840, 1080))
    weekdays: tuple[tuple[int, Hours], ...] = ()

    def __post_init__(self) -> None:
        for spells in (self.spells, *(spells for _, spells in self.weekdays)):
            edges = [edge for spell in spells for edge in spell]
            if not edges or edges != sorted(set(edges)) or not 0 <= edges[0] < edges[-1] <= 1440:
                raise _unreadable(str(spells), "spells are in order, apart, and within one day")
        days = [day for day, _ in self.weekdays]
        if days != sorted(set(days)) or not set(days) <= set(range(1, 8)):
            raise _unreadable(str(days), "days of the week are 1 to 7, each once, in order")

    @classmethod
    def parse(cls, text: str) -> OfficeHours:
        """Read office hours.

        Parameters
        ----------
        text
            ``HH:MM-HH:MM``, several with commas between; then, after semicolons, days of the week that differ:
            ``08:00-12:00,14:00-18:00; fri 08:00-12:00``. `str` gives this text.

        Raises
        ------
        InvalidInput
            ``unreadable-office-hours``: also of spells that run over midnight or overlap; ``unreadable-weekdays``.
        """
        usual, *others = (part.strip() for part in text.split(";"))
        differing: dict[int, Hours] = {}
        for part in others:
            names, _, spells = part.partition(" ")
            for day in parse_weekdays(names):
                if day in differing:
                    raise _unreadable(text, f"'{names}' is given twice")
                differing[day] = _spells(spells, text)
        return cls(_spells(usual, text), tuple(sorted(differing.items())))

    def __str__(self) -> str:
        others = (
            f"; {weekdays_text(frozenset({day}))} {hours_text(spells)}" for day, spells in self.weekdays
        )
        return hours_text(self.spells) + "".join(others)

    @property
    def day_us(self) -> int:
        """Microseconds of work of a usual day: what a work day counts where it is counted in hours."""
        return sum(end - start for start, end in self.spells) * MINUTE_US

    def of_weekday(self, day: int) -> Hours:
        """Return the spells of a day of the week, from 1 (Monday) to 7.

        >>> OfficeHours.parse("09:00-17:00; fri 09:00-12:00").of_weekday(5)
        ((540, 720),)
        """
        return dict(self.weekdays).get(day, self.spells)


def _spells(text: str, whole: str) -> Hours:
    read: list[tuple[int, int]] = []
    for part in text.split(","):
        try:
            spell = parse_hours(part)
        except InvalidInput:
            raise _unreadable(whole, f"'{part.strip()}' is no spell") from None
        start, dash, end = part.strip().partition("-")
        if dash and end.strip() <= start.strip():
            raise _unreadable(whole, f"{part.strip()} runs over midnight: its day would not be known")
        if read and spell[0][0] < read[-1][1]:
            raise _unreadable(whole, f"{part.strip()} overlaps the spell before, or is earlier")
        if read and spell[0][0] == read[-1][1]:
            spell = ((read.pop()[0], spell[0][1]),)
        read += spell
    return tuple(read)


def _unreadable(text: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-office-hours", f"cannot read '{text}' as office hours: {reason}", hint=_EXAMPLE
    )
