"""Make a city in a folder, and open one. Tested by ``tests/reliability/test_create.py``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stcloud.city.city import City
from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import NotFound
from stcloud.iaas.clock import Clock, system_clock
from stcloud.iaas.store.folder import Folder

if TYPE_CHECKING:
    from stcloud.iaas.engine.model import Engine
    from stcloud.space import GivenCRS

__all__ = ["create", "open"]


def create(
    path: str | os.PathLike[str],
    *,
    crs: GivenCRS,
    zone: str,
    name: str | None = None,
    calendar: str | None = None,
    language: str | None = None,
    store_options: Mapping[str, str] | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> City:
    """Create a city in an empty or new folder, or at an address of a bucket where there is nothing.

    Parameters
    ----------
    path
        The folder, its address ``file:///...``, or ``s3://bucket/city``, ``az://container/city``,
        ``gs://bucket/city``.
    crs
        Metric CRS of the city: ``"EPSG:32618"``, 32618, or one of pyproj; distances and cells are in its metres.
    zone
        IANA time zone, e.g. ``"America/New_York"``, in which local times are read and shown.
    name
        Name of the city; default: the folder's name.
    calendar
        Default calendar of working days: a country or a part of one, such as ``"CN"`` or ``"US-NY"``.
    language
        Language in which the classes of components and matters are named: ``"en"`` (the default) or ``"zh"``.
    store_options, cache
        As for `open`.

    Raises
    ------
    InvalidInput
        ``metric-crs-needed`` (the hint proposes some), ``unknown-crs``, ``unknown-zone``, ``unknown-calendar``,
        ``unknown-language``; ``bad-name``: the folder's name cannot be used for a table.
    StorageError
        ``read-only``: the bucket does not keep the promise of an atomic put-if-absent.
    Conflict
        ``city-exists``: the folder already has a city or other files.
    """
    from stcloud.space import crs_text  # noqa: PLC0415  (pyproj is slow to import)

    folder = Folder.at(path, store_options, cache=cache)
    try:
        configuration = CityConfiguration.create(name or folder.name, crs_text(crs), zone, calendar, language)
        folder.occupy(configuration.to_toml(), "city.toml")
        return City(folder, configuration)
    except BaseException:
        folder.leave()
        raise


def open(  # noqa: A001  (st.open reads as it should)
    path: str | os.PathLike[str],
    *,
    engine: str | Engine = "duckdb",
    clock: Clock = system_clock,
    store_options: Mapping[str, str] | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> City:
    """Open an existing city.

    Parameters
    ----------
    path
        Folder of the city, its address ``file:///...``, or ``s3://bucket/city``, ``az://container/city``,
        ``gs://bucket/city``.
    engine
        ``"duckdb"``, the URL of a Spark Connect endpoint (``"sc://host:port"``), or an `Engine`.
    clock
        Returns the present instant in UTC microseconds, which becomes the recorded instant of loads.
    store_options
        Of a bucket, beside those of the usual environment: ``endpoint``, ``region``, credentials, and
        ``skip_signature`` to read without any. They are written nowhere.
    cache
        A folder for what is read of buckets; default: where this machine keeps caches. It may be deleted.

    Raises
    ------
    NotFound
        ``no-city``: the folder has no city.
    FormatError
        ``newer-city``: a newer version of stcloud wrote it; ``damaged-city``.
    """
    folder = Folder.at(path, store_options, cache=cache)
    try:
        return City(folder, _configuration(folder, path), engine=engine, clock=clock)
    except BaseException:
        folder.leave()
        raise


def _configuration(folder: Folder, path: str | os.PathLike[str]) -> CityConfiguration:
    if not folder.exists("city.toml"):
        raise NotFound(
            "no-city", f"there is no city in {path}", hint=f"make one: stcloud create {path} --crs … --zone …"
        )
    return CityConfiguration.from_toml(folder.read_text("city.toml"))
