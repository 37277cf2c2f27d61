"""`stcloud vacuum`. Tested by `tests/reliability/test_vacuum.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.option import CityFolder, open_city
from stcloud.saas.cli.output import note

__all__ = ["vacuum"]


def vacuum(
    city: CityFolder,
    keep_hours: Annotated[
        int, typer.Option(min=0, help="Keep files that were part of a layer in the last hours.")
    ] = 24,
    force: Annotated[  # noqa: FBT002
        bool, typer.Option("--force", help="Keep less than an hour: queries that run now may fail.")
    ] = False,
) -> None:
    """Delete files that no layer needs any more. Among them what a killed load left; no history goes with them.

    Loads and queries may run meanwhile.
    """
    count = open_city(city).vacuum(retain_hours=keep_hours, force=force)
    note(f"{count:,} {'file' if count == 1 else 'files'} deleted")
