"""A city's configuration: its name, CRS, zone, lattice and format version, as `city.toml` says."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, replace
from typing import Literal

from stcloud.errors import FormatError, InvalidInput
from stcloud.space import Lattice
from stcloud.time import Zone

__all__ = ["FORMAT", "WITH_NAMES", "CityConfiguration"]

FORMAT = 2
"""Newest version of what lies on disk."""
WITH_NAMES = 2
"""Version from which a city may have layers that were renamed."""
_FIRST = 1
"""Version that a new city is written in: older versions of stcloud open it, until it has what they would misread."""


@dataclass(frozen=True, slots=True)
class CityConfiguration:
    """What is fixed for a city when it is created.

    Examples
    --------
    >>> configuration = CityConfiguration.create("nyc", "EPSG:32618", "America/New_York")
    >>> CityConfiguration.from_toml(configuration.to_toml()) == configuration
    True
    """

    name: str
    zone: Zone
    lattice: Lattice
    calendar: str | None = None
    """Whose working days are meant where a question names no country; a line that may be added later."""
    format: int = _FIRST
    """Version of what lies on disk."""
    language: Literal["en", "zh"] | None = None
    """Language of the names of codes, English where there is none; a line that may be added later."""

    @property
    def crs(self) -> str:
        """The city's metric CRS."""
        return self.lattice.crs

    @classmethod
    def create(
        cls, name: str, crs: str, zone: str, calendar: str | None = None, language: str | None = None
    ) -> CityConfiguration:
        """Make the configuration of a new city.

        Raises
        ------
        InvalidInput
            ``unknown-crs``, ``metric-crs-needed``, ``unknown-zone``, ``unknown-calendar``, ``unknown-language``.
        """
        from stcloud.space import require_metric  # noqa: PLC0415  (opening needs neither)
        from stcloud.time import Calendar  # noqa: PLC0415

        require_metric(crs)
        whose = None if calendar is None else Calendar.parse(calendar).name
        return cls(name, Zone(zone), Lattice.for_crs(crs), whose, language=_language(language))

    @classmethod
    def from_toml(cls, text: str) -> CityConfiguration:
        """Read ``city.toml``.

        Raises
        ------
        FormatError
            ``newer-city``: written by a newer stcloud; ``damaged-city``: not what we write.
        """
        try:
            document = tomllib.loads(text)
            written_format = int(document["format"])
            if written_format > FORMAT:
                raise FormatError(
                    "newer-city",
                    f"the city is of format {written_format}, this stcloud reads up to {FORMAT}",
                    hint="upgrade stcloud",
                )
            origin = (int(document["lattice_origin"][0]), int(document["lattice_origin"][1]))
            calendar = str(document["calendar"]) if "calendar" in document else None
            name, crs, zone = str(document["name"]), str(document["crs"]), Zone(document["zone"])
            language = _language(document.get("language"))
            configuration = cls(name, zone, Lattice.kept(crs, origin), calendar, written_format, language)
            if "digest" not in document:
                configuration = replace(configuration, lattice=Lattice(crs, origin))
        except (tomllib.TOMLDecodeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise FormatError("damaged-city", f"city.toml is not what stcloud writes: {error}") from error
        if document.get("digest", configuration.digest()) not in (
            configuration.digest(),
            replace(configuration, calendar=None).digest(),
        ):
            raise FormatError(
                "damaged-city",
                "city.toml has changed since it was written",
                hint="bring it back from a copy; if it was edited on purpose, delete its line 'digest'",
            )
        return configuration

    def digest(self) -> str:
        """Return a digest of what answers depend on: CRS, zone, lattice and calendar.

        Cities of older versions have none in their file; a calendar may be added to the file later.
        """
        fixed = (self.crs, self.zone.name, *self.lattice.origin, self.calendar or "")
        return hashlib.blake2b(repr(fixed).encode(), digest_size=8).hexdigest()

    def to_toml(self) -> str:
        """Return ``city.toml``."""
        quoted = (
            text.replace("\\", "\\\\").replace('"', '\\"') for text in (self.name, self.crs, self.zone.name)
        )
        name, crs, zone = quoted
        x, y = self.lattice.origin
        return (
            f'digest = "{self.digest()}"  # delete it after an edit\n'
            f'format = {self.format}\nname = "{name}"\ncrs = "{crs}"\nzone = "{zone}"\n'
            f"lattice_origin = [{x}, {y}]  # metres, south-west corner of the 10,000 km square\n"
            + (f'calendar = "{self.calendar}"\n' if self.calendar else "")
            + (f'language = "{self.language}"\n' if self.language else "")
        )


def _language(text: str | None) -> Literal["en", "zh"] | None:
    """Return a language in which codes have names; `InvalidInput` ``unknown-language``."""
    if text is None:
        return None
    known: dict[str, Literal["en", "zh"]] = {"en": "en", "zh": "zh"}
    if text in known:
        return known[text]
    raise InvalidInput("unknown-language", f"codes have no names in '{text}'", hint="give en or zh")
