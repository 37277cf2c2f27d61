"""Quicklooks: scenes as a picture, coarser than they are, each band stretched between its 2nd and 98th percentile.

Tested by `tests/paas/scene/test_quicklook.py`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.png import write_png
from stcloud.paas.scene.pixels import Pixels

if TYPE_CHECKING:
    from stcloud.paas.scene.choice import SceneChoice

__all__ = ["bands_shown", "rgba_of", "write_quicklook"]

_STRETCH = (2, 98)


def write_quicklook(
    choice: SceneChoice,
    path: str | os.PathLike[str],
    bands: Sequence[str] | str | None = None,
    pixels: int = 1000,
    **wanted: Any,
) -> None:
    """Write a picture of scenes.

    Parameters
    ----------
    choice, path
        The scenes; a file ``.png``.
    bands
        Three as red, green and blue, or one as grey; None: the first three, or the first.
    pixels
        At most so many rows and columns.
    wanted
        As for `SceneChoice.pixels`.

    Raises
    ------
    InvalidInput
        ``wrong-bands``: not one or three bands; ``bad-suffix``; what `SceneChoice.pixels` raises.
    """
    names = bands_shown(choice, bands)
    write_png(path, rgba_of(picture_pixels(choice, names, pixels, **wanted), names))


def picture_pixels(choice: SceneChoice, names: Sequence[str], pixels: int, **wanted: Any) -> Pixels:
    """Return pixels of at most so many rows and columns: the nearest ones of a coarser grid."""
    box = {name: wanted.pop(name) for name in ("bbox", "crs", "resolution") if name in wanted}
    grid = choice.grid(**box)
    coarser = math.ceil(max(grid.shape) / max(1, pixels))
    if coarser > 1:
        a, b, c, d, e, f = grid.transform
        shape = (math.ceil(grid.shape[0] / coarser), math.ceil(grid.shape[1] / coarser))
        grid = type(grid)(grid.crs, (a * coarser, b, c, d, e * coarser, f), shape)
    wanted.setdefault("resampling", "overview")
    return choice.pixels(bands=tuple(dict.fromkeys(names)), grid=grid, **wanted)


def rgba_of(pixels: Pixels, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return pixels as ``(4, rows, columns)`` uint8; transparent where a band has no value."""
    gone = np.zeros(pixels.grid.shape, np.bool_)
    for missing in (pixels.missing or {}).values():
        gone |= missing
    channels = [_stretched(pixels.bands[name], gone) for name in names]
    if len(channels) == 1:
        channels *= 3
    return np.stack([*channels, np.where(gone, 0, 255).astype(np.uint8)])


def bands_shown(choice: SceneChoice, bands: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return the bands that a picture shows: as named, or the first three, or the first."""
    there = choice.scenes[-1].facts.bands if choice.scenes else ()
    names = (
        (bands,) if isinstance(bands, str) else tuple(bands or (there[:3] if len(there) > 2 else there[:1]))
    )
    if choice.scenes and len(names) not in (1, 3):
        raise InvalidInput(
            "wrong-bands", f"a picture has one band or three, and not {len(names)}: {', '.join(names)}"
        )
    return names


def _stretched(values: NDArray[Any], gone: NDArray[np.bool_]) -> NDArray[np.uint8]:
    there = values[~gone].astype(np.float64)
    if not there.size:
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(there, _STRETCH)
    span = high - low if high > low else 1.0
    scaled = np.clip((np.where(gone, low, values).astype(np.float64) - low) / span, 0, 1)
    stretched: NDArray[np.uint8] = np.round(scaled * 255).astype(np.uint8)
    return stretched
