"""Scenes beneath a map: the image that held then, on the pixels of the picture.

Tested by `tests/saas/report/test_imageunderlay.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stcloud.daas.table.scene import arrays_of
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.scene.quicklook import bands_shown, rgba_of
from stcloud.paas.scene.scenes import Scenes
from stcloud.space.rastergrid import RasterGrid

if TYPE_CHECKING:
    from stcloud.saas.report.view import View

__all__ = ["image_under"]


def image_under(
    layer: Features, view: View, at_us: int, known_us: int | None
) -> tuple[NDArray[np.uint8] | None, int]:
    """Return what a layer of scenes shows in a view, and when the latest of its scenes was acquired.

    Parameters
    ----------
    layer, view
        The layer; what the map shows.
    at_us, known_us
        The scenes that held at this instant, as known at that one (None: now), UTC microseconds.

    Returns
    -------
    ``(rows, columns, 4)`` uint8, or None where there is nothing; UTC microseconds.
    """
    scenes = Scenes.of(layer, arrays_of(layer.table), layer.configuration)
    choice = scenes.as_of(at_us, known_at=known_us)
    if not len(choice):
        return None, at_us
    xmin, ymin, xmax, ymax = view.extent
    rows, columns = math.ceil(view.height), math.ceil(view.width)
    transform = ((xmax - xmin) / columns, 0.0, xmin, 0.0, -(ymax - ymin) / rows, ymax)
    grid = RasterGrid(layer.configuration.crs, transform, (rows, columns))
    bands = bands_shown(choice, None)
    image = rgba_of(choice.pixels(grid=grid, bands=tuple(dict.fromkeys(bands)), resampling="overview"), bands)
    if not image[3].any():
        return None, at_us
    shown: NDArray[np.uint8] = image.transpose(1, 2, 0)
    return shown, choice.scenes[-1].acquired_us
