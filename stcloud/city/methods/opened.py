"""What every open city has: its parts and its clock, how it shows itself, and its end.

Tested by `tests/city/test_city.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from stcloud.city import below
from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.store.folder import Folder
from stcloud.late import plugin

if TYPE_CHECKING:
    from stcloud.city.calendar import CityCalendar
    from stcloud.city.changes import LayerChanges
    from stcloud.city.city import City
    from stcloud.city.classes import CityClasses
    from stcloud.daas.catalogue import Catalogue
    from stcloud.iaas.engine.model import Engine
    from stcloud.iaas.store.traffic import Traffic

__all__ = ["OpenedCity"]


class OpenedCity:
    """A city that is open, of which `stcloud.City` has the methods that people call.

    Parameters
    ----------
    folder, configuration
        Where it lies, and its configuration.
    engine
        An engine, or the name of one to be started when first needed.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(
        self, folder: Folder, configuration: CityConfiguration, *, engine: str | Engine = "duckdb",
        clock: Clock = system_clock,
    ) -> None:  # fmt: skip
        self.configuration = configuration
        self._clock = clock
        self._parts = CityParts(folder, configuration, engine, clock)

    @property
    def traffic(self) -> Traffic:
        """Requests to the city's bucket since it was opened, and bytes; all zero where it lies in a folder."""
        return self._parts.folder.store.traffic

    def __repr__(self) -> str:
        return "\n  ".join(below.city_lines(self._parts, self.configuration))

    def _repr_html_(self) -> str:
        return below.city_html(self._parts, self.configuration)

    def __enter__(self) -> Self:
        """Return the city itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the city."""
        self._parts.close()

    @property
    def name(self) -> str:
        """Name of the city."""
        return self.configuration.name

    @property
    def classes(self) -> CityClasses:
        """Classes of components and matters: ``city.classes.table()``, and ``extend`` with the city's own."""
        return self._parts.classes

    @property
    def calendar(self) -> CityCalendar:
        """Working and free days: ``city.calendar.days()``, and ``publish`` with the city's own."""
        return self._parts.calendar

    @property
    def engine(self) -> Engine:
        """Engine that runs the city's queries; it is started when it is first needed."""
        return self._parts.engine

    @property
    def parts(self) -> CityParts:
        """What the city is made of, for who shows no more than a part of it."""
        return self._parts

    @property
    def _city(self) -> City:
        """The whole city, which has the methods of all subjects."""
        return cast("City", self)

    def _changes(self, wait_s: float) -> LayerChanges:
        return below.LayerChanges(self._parts, self.configuration, self._clock, wait_s)

    @property
    def _catalogue(self) -> Catalogue:
        return self._parts.catalogue

    def close(self) -> None:
        """Free the memory and close the engine, unless the caller passed it; may be called twice.

        The city cannot be used afterwards: `InvalidInput` ``city-closed``.
        """
        self._parts.close()

    def console(self, *, height_px: int = 640, **state: Any) -> Any:
        """Return the console of the city for a cell of a notebook; it asks this process, and nothing else.

        Parameters
        ----------
        height_px
            Height of the cell, pixels.
        state
            What is shown at first: ``layer``, ``when``, ``where``, ``what``, ``by``, ``known``, ``board`` …

        Raises
        ------
        MissingExtra
            ``notebook-needed``
        """
        return plugin("stcloud.notebook", "console")(self, height_px=height_px, **state)
