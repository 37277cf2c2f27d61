"""`stcloud vacuum`."""

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
) -> None:
    """Delete files that no layer needs any more, among them what a killed load left. No history goes with them."""
    note(f"{open_city(city).vacuum(retain_hours=keep_hours):,} files deleted")
