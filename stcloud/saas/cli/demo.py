"""`stcloud demo`. Tested by `tests/saas/demo/test_tour.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the demo city; an earlier demo city there is replaced.")
    ] = Path("demo"),
) -> None:
    """Build a demo city and query it. Divide it into a unit grid, load a year, ask, draw maps and charts."""
    from stcloud.saas.demo import run  # noqa: PLC0415

    run(folder)
