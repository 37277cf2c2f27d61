"""Make a city in a folder, and open one. Tested by ``tests/reliability/test_create.py``."""

from __future__ import annotations

import os

from stcloud.city.city import City
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import NotFound
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.engine.model import Engine
from stcloud.iaas.store.folder import Folder

__all__ = ["create", "open"]


def create(
    path: str | os.PathLike[str], *, crs: str, zone: str, name: str | None = None, calendar: str | None = None
) -> City:
    """Make a new city in an empty or absent folder.

    Parameters
    ----------
    path
        The folder, or its address ``file:///...``.
    crs
        The city's metric CRS, e.g. ``"EPSG:32618"``: distances and cells are in its metres.
    zone
        IANA time zone, e.g. ``"America/New_York"``: local times are read and shown in it.
    name
        What the city is called; default: the folder's name.
    calendar
        Country, or part of one, whose working days are meant in questions: ``"CN"``, ``"US-NY"``.

    Raises
    ------
    InvalidInput
        ``metric-crs-needed`` (the hint proposes some), ``unknown-crs``, ``unknown-zone``, ``unknown-calendar``;
        ``bad-name``: a table cannot lie in a folder of this name.
    Conflict
        ``city-exists``: there is a city or something else in the folder.
    """
    folder = Folder.at(path)
    configuration = CityConfiguration.create(name or folder.name, crs, zone, calendar)
    folder.occupy(configuration.to_toml(), "city.toml")
    return City(folder, configuration)


def open(  # noqa: A001  (st.open reads as it should)
    path: str | os.PathLike[str], *, engine: str | Engine = "duckdb", clock: Clock = system_clock
) -> City:
    """Open a city.

    Parameters
    ----------
    path
        Its folder, or the address of it, ``file:///...``.
    engine
        ``"duckdb"``, the URL of a Spark Connect endpoint (``"sc://host:port"``), or an engine.
    clock
        Returns the present instant in UTC microseconds; loads are recorded at it.

    Raises
    ------
    NotFound
        ``no-city``.
    FormatError
        ``newer-city``, ``damaged-city``.
    """
    folder = Folder.at(path)
    if not folder.exists("city.toml"):
        raise NotFound(
            "no-city", f"there is no city in {path}", hint=f"make one: stcloud create {path} --crs … --zone …"
        )
    configuration = CityConfiguration.from_toml(folder.read_text("city.toml"))
    return City(folder, configuration, engine=engine, clock=clock)
