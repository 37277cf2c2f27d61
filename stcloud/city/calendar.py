"""The calendar of a city: that of its country, and the working and free days that the city has published itself.

Its own days are a list of which every version stays: ``calendar/0001.toml``, ``calendar/0002.toml``.

Tested by `tests/city/test_calendar.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.city.keptlist import KeptList, KeptVersion
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, StcloudError
from stcloud.iaas.store.folder import Folder, read_text
from stcloud.time import NO_PUBLISHED_DAYS, Calendar, CityDays, Instant, PublishedDays, instant_us

if TYPE_CHECKING:
    from stcloud.daas.configuration import CityConfiguration
    from stcloud.iaas.clock import Clock

__all__ = ["CityCalendar"]


class CityCalendar:
    """A city's calendar, as it was known at any instant.

    Parameters
    ----------
    folder, configuration
        Where the city lies, and its configuration.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(self, folder: Folder, configuration: CityConfiguration, clock: Clock) -> None:
        self._configuration = configuration
        self._kept = KeptList(folder, "calendar", ".toml", clock)
        self._read: tuple[KeptVersion, ...] = ()
        self._published = NO_PUBLISHED_DAYS

    def publish(self, source: str | Path) -> CityDays:
        """Make a list the city's own days; it replaces the list before it as a whole.

        Parameters
        ----------
        source
            A TOML file: ``days = [["2027-02-14", "working", "notice 9"], …]``, and ``years = [2027]``, for which
            these are all days that differ.

        Returns
        -------
        The days. Nothing is recorded where the newest list says the same.

        Raises
        ------
        NotFound
            ``unknown-source``: there is no such file.
        InvalidDefinition, InvalidInput
            As `CityDays.from_toml`; ``calendar-needed``: the city has no calendar that its days could go before.
        Conflict
            ``calendar-changed``: somebody else published days at this moment.
        """
        self._name()
        path = Path(source)
        if not path.is_file():
            raise NotFound("unknown-source", f"there is no file {path}")
        text = read_text(path)
        days = CityDays.from_toml(text, name=path.name)
        if days != self.days() and not self._kept.append(text):
            raise Conflict(
                "calendar-changed",
                "somebody else published days of the city at this moment",
                hint="try again",
            )
        return days

    def days(self, known_at: Instant | None = None) -> CityDays | None:
        """Return the city's own days as they were known at an instant, None: now; None: it had published none.

        Raises
        ------
        FormatError
            ``damaged-city``: a version of the list was changed since it was written.
        """
        return self.known_at(known_at).newest

    def calendar(self, known_at: Instant | None = None) -> Calendar:
        """Return the calendar with the city's days, as known at an instant; `InvalidInput` ``calendar-needed``."""
        return self.known_at(known_at).over(Calendar.parse(self._name()))

    def known_at(self, known_at: Instant | None = None) -> PublishedDays:
        """Return all that had been published by an instant, None: now, with the instants of recording."""
        known_us = None if known_at is None else instant_us(known_at, self._configuration.zone)
        return self.published().known_at(known_us)

    def published(self) -> PublishedDays:
        """Return all that the city has ever published: the same value until it publishes again."""
        versions = self._kept.versions()
        if versions is not self._read and versions:
            days = tuple((version.recorded_us, _days_of(version)) for version in versions)
            name = self._configuration.calendar
            self._published = PublishedDays(None if name is None else Calendar.parse(name).name, days)
            self._read = versions
        return self._published

    def _name(self) -> str:
        if self._configuration.calendar is None:
            raise InvalidInput(
                "calendar-needed", f"city '{self._configuration.name}' has no calendar that its days could go before",
                hint='write calendar = "CN", or another country, in its city.toml',
            )  # fmt: skip
        return self._configuration.calendar


def _days_of(version: KeptVersion) -> CityDays:
    try:
        return CityDays.from_toml(version.text, name=version.key)
    except StcloudError as error:
        raise FormatError("damaged-city", str(error)) from error
