"""A city's layers of scenes.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.scene import arrays_of
from stcloud.paas.scene.cells import CellSource
from stcloud.paas.scene.scenes import Scenes

__all__ = ["cell_source", "scenes_layer"]


def scenes_layer(parts: CityParts, configuration: CityConfiguration, name: str) -> Scenes:
    """Return a layer of scenes; see `City.scenes`."""
    catalogue = parts.catalogue
    return Scenes.of(
        catalogue.layer(name),
        arrays_of(catalogue.table(name)),
        configuration,
        cell_source(parts, configuration),
    )


def cell_source(parts: CityParts, configuration: CityConfiguration) -> CellSource:
    """Return what gives cells of a city."""
    return CellSource(
        configuration,
        parts.memory,
        lambda: parts.grids.grids(),
        lambda name: parts.grids.grid(name),
        lambda name: parts.features(parts.catalogue.layer(name)),
        parts.pixels,
    )
