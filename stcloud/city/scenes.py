"""A city's layers of scenes.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.scene import arrays_of
from stcloud.paas.scene.cellsource import CellSource
from stcloud.paas.scene.scenes import Scenes

__all__ = ["scenes_layer"]


def scenes_layer(parts: CityParts, configuration: CityConfiguration, name: str) -> Scenes:
    """Return a layer of scenes; see `City.scenes`."""
    catalogue = parts.catalogue
    source = CellSource(
        configuration,
        parts.memory,
        parts.grids,
        lambda layer: parts.features(catalogue.layer(layer)),
        parts.pixels,
    )
    return Scenes.of(catalogue.layer(name), arrays_of(catalogue.table(name)), configuration, source)
