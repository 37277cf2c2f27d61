"""`stcloud demo`. Tested by `tests/architecture/test_wheel.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo city; made anew.")] = Path("demo"),
) -> None:
    """Build a demo city and ask it questions. Loads a year of requests, answers three questions, draws a map."""
    from stcloud.saas.demo import run  # noqa: PLC0415

    run(folder)
