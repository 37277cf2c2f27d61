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
        bool, typer.Option("--force", help="Allow less than an hour; running queries may then fail.")
    ] = False,
) -> None:
    """Delete files that no layer needs any more. No history is lost; what an interrupted load left is deleted, too.

    Loads and queries may run at the same time.
    """
    count = open_city(city).vacuum(retain_hours=keep_hours, force=force)
    note(f"{count:,} {'file' if count == 1 else 'files'} deleted")
