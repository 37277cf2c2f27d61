"""What the first answers would wait for: modules and the register of projections, loaded while nobody asks yet.

Tested by `tests/saas/web/test_warming.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import StcloudError
from stcloud.space.tilegrid import Tile
from stcloud.space.tilepixels import TilePixels

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = ["MODULES", "warm", "warm_for_pages"]

MODULES = (
    "pandas",
    "duckdb",
    "shapely",
    "stcloud.paas.query.run.tiling",
    "stcloud.paas.query.run.group_tiling",
    "stcloud.saas.web.rendering",
)
"""What questions, tiles and pages import when the first is asked for."""


def warm(cities: Iterable[City]) -> None:
    """Load what answers are made with; reads nothing of the cities."""
    nowhere = np.zeros(1)
    for city in cities:
        with suppress(StcloudError):  # whoever asks for it is told
            TilePixels(city.configuration.crs, Tile(4, 0, 0)).units(nowhere, nowhere)
    for name in MODULES:
        importlib.import_module(name)


def warm_for_pages() -> None:
    """Load what colours the maps of a console: 120 MB more, which a service without one does not take."""
    from stcloud.saas.report.classes import class_library  # noqa: PLC0415

    class_library()
