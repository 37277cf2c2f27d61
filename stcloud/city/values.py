"""Layers of a city that were measured, whose values a join gives to events: series and scenes.

Tested by `tests/paas/query/test_valuing.py` and `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from stcloud.city.city import City
    from stcloud.paas.query.resolve.measured import ValueSource

__all__ = ["value_source"]


def value_source(city: City, layer: str) -> ValueSource:
    """Return a layer that was measured; `NotFound` ``unknown-layer``, `InvalidInput` ``not-measured``."""
    definition = city.layer(layer).definition
    if definition.raster_reading is not None:
        from stcloud.paas.scene.atevents import SceneSource  # noqa: PLC0415  (events need no scenes)

        return SceneSource(city.scenes(layer))
    if definition.is_series:
        return city.series(layer)
    raise InvalidInput(
        "not-measured", f"layer '{layer}' has no values that were measured: it has no readings and no scenes",
        hint="join features without a value: how=\"within\", \"nearest\"",
        in_shell="join features with --how within or nearest, without --value and --band",
    )  # fmt: skip
