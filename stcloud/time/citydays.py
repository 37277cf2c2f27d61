"""Working and free days that a city has published itself: they go before those of every package.

Tested by `tests/time/test_workday_published.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stcloud.errors import InvalidDefinition, InvalidInput

__all__ = ["CityDays"]

_EPOCH = date(1970, 1, 1)
_WORKS = {"working": True, "free": False}
_KEYS = {"days", "years"}


@dataclass(frozen=True, slots=True)
class CityDays:
    """Days that are not what their day of the week says, and the years that are published in full by them.

    Parameters
    ----------
    days
        ``(days since 1970-01-01, is it a working day?, source)``, in order, each day once. `of` makes them.
    years
        Years for which the city has published all such days, in order: for these nothing is provisional.

    Raises
    ------
    InvalidInput
        ``calendar-day-twice``, ``unordered-days``.

    Examples
    --------
    >>> days = CityDays.of([("2027-02-06", "working", "Notice 12")], years=[2027])
    >>> days.digest, len(days)
    ('cd6114d6', 1)
    """

    days: tuple[tuple[int, bool, str], ...]
    years: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        numbers = [number for number, _, _ in self.days]
        twice = {number for number in numbers if numbers.count(number) > 1} if _repeats(numbers) else set()
        if twice:
            raise InvalidInput(
                "calendar-day-twice",
                f"{_day(min(twice))} is in the city's days more than once",
                hint="give each day once, as working or as free",
            )
        if numbers != sorted(numbers) or list(self.years) != sorted(set(self.years)):
            raise InvalidInput(
                "unordered-days", "the city's days and years are not in order", hint="use CityDays.of"
            )

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def of(cls, days: Iterable[tuple[date | str, str, str]], years: Iterable[int] = ()) -> CityDays:
        """Read days as people list them.

        Parameters
        ----------
        days
            ``(date, "working" or "free", source)`` in any order; a date may be text, ``2027-02-06``.
        years
            Years that are published in full by these days.

        Raises
        ------
        InvalidInput
            ``unreadable-day``, ``unknown-days``, ``calendar-day-twice``, ``unreadable-year``.
        """
        whole = tuple(sorted(set(years)))
        if strange := [year for year in whole if not 1 <= year <= 9999]:
            raise InvalidInput("unreadable-year", f"there is no year {strange[0]}", hint="write it as 2027")
        return cls(tuple(sorted(_read(*day) for day in days)), whole)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> CityDays:
        """Read what `to_dict` gives.

        Raises
        ------
        InvalidInput
            As `of`; ``unreadable-calendar``: it is of another shape.
        """
        try:
            days = [(str(day), str(kind), str(source)) for day, kind, source in document["days"]]
            years = [int(year) for year in document.get("years", ())]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InvalidInput(
                "unreadable-calendar",
                f"these are no days of a city: {error}",
                hint="write days as [date, working or free, source], and years as numbers",
            ) from error
        return cls.of(days, years)

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> CityDays:
        """Read the TOML document in which a city lists its days: ``days``, and ``years`` published in full.

        Parameters
        ----------
        text, name
            The document, and what errors call it.

        Raises
        ------
        InvalidDefinition
            ``not-toml``.
        InvalidInput
            As `from_dict`; ``unreadable-calendar`` also for other keys, which nothing would heed.
        """
        try:
            text.encode()  # a text of Python may have half a character, and no file can
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidDefinition("not-toml", name, faults=[str(error)]) from error
        strange, lacking = sorted(document.keys() - _KEYS), "days" not in document
        if strange or lacking:
            reason = "there are no 'days'" if lacking else f"'{strange[0]}' is not known"
            raise InvalidInput(
                "unreadable-calendar", f"{name} does not list days of a city: {reason}",
                hint="write days = [[date, working or free, source], …] and years = [2027]",
            )  # fmt: skip
        return cls.from_dict(document)

    def to_dict(self) -> dict[str, Any]:
        """Return days and years as JSON has them."""
        words = {works: word for word, works in _WORKS.items()}
        return {
            "days": [[_day(number).isoformat(), words[works], source] for number, works, source in self.days],
            "years": list(self.years),
        }

    @property
    def digest(self) -> str:
        """A digest of days and years: equal days have equal text, whatever they were loaded from."""
        exceptions = [[number, works] for number, works, _ in self.days]
        text = json.dumps([exceptions, list(self.years)], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _repeats(numbers: list[int]) -> bool:
    return len(set(numbers)) < len(numbers)


def _day(number: int) -> date:
    return date.fromordinal(_EPOCH.toordinal() + number)


def _read(day: date | str, kind: str, source: str) -> tuple[int, bool, str]:
    if kind not in _WORKS:
        raise InvalidInput("unknown-days", f"there are no '{kind}' days", hint="use working or free")
    try:
        read = date.fromisoformat(day.strip()) if isinstance(day, str) else day
    except ValueError:
        raise InvalidInput(
            "unreadable-day", f"cannot read '{day}' as a day", hint="write it as 2027-02-06"
        ) from None
    return (read - _EPOCH).days, _WORKS[kind], source
