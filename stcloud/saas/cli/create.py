"""`stcloud create`. Tested by `tests/reliability/test_create.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.option import CityFolder
from stcloud.saas.cli.output import note

__all__ = ["create"]


def create(
    city: CityFolder,
    crs: Annotated[
        str,
        typer.Option(help="Metric CRS, e.g. EPSG:32618; distances and cells are in its metres."),
    ],
    zone: Annotated[str, typer.Option(help="IANA time zone, e.g. America/New_York, of local times.")],
    name: Annotated[str | None, typer.Option(help="Name of the city; default: the folder's name.")] = None,
    calendar: Annotated[
        str | None, typer.Option(help="Default calendar of working days, e.g. CN or US-NY.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the names of classes: en or zh; default: en.")
    ] = None,
) -> None:
    """Create a city in an empty or new folder."""
    import stcloud  # noqa: PLC0415

    made = stcloud.create(city, crs=crs, zone=zone, name=name, calendar=calendar, language=language)
    note(f"created city '{made.name}' in {city} ({made.configuration.crs}, {made.configuration.zone})")
