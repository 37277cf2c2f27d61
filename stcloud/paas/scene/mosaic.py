"""How several scenes of a place become one: by a stated rule, pixel by pixel.

Tested by `tests/paas/scene/test_mosaic.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

__all__ = ["Layered", "Mosaic"]

Layered = list[tuple[NDArray[Any], NDArray[np.bool_]]]
"""Values ``(bands, rows, columns)`` and where there are none, of each scene, earliest first."""
_QUALITY = "best:"


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A rule: ``latest``, ``first``, ``median``, or ``best`` by a band of quality, of which the highest value wins.

    Of a tie the later scene wins. A pixel that a scene lacks is taken from the others.

    Examples
    --------
    >>> Mosaic.read("best:clear")
    Mosaic(rule='best', band='clear')
    """

    rule: Literal["latest", "first", "median", "best"] = "latest"
    band: str | None = None

    @classmethod
    def read(cls, text: str | Mosaic) -> Mosaic:
        """Read a rule; `InvalidInput` ``unknown-mosaic``."""
        if isinstance(text, Mosaic):
            return text
        if text.startswith(_QUALITY) and len(text) > len(_QUALITY):
            return cls("best", text.removeprefix(_QUALITY))
        if text in ("latest", "first", "median"):
            return cls(text)  # type: ignore[arg-type]  # one of the three
        raise InvalidInput(
            "unknown-mosaic",
            f"'{text}' is no rule of a mosaic",
            hint="use latest, first, median or best:BAND",
        )

    def merged(self, layers: Layered, quality: int | None = None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return one image of several, each ``(bands, rows, columns)``.

        Parameters
        ----------
        layers
            Of each scene, earliest first; at least one.
        quality
            Place of the band of quality among the bands.
        """
        if len(layers) == 1:
            return layers[0]
        if self.rule == "median":
            return _median(layers)
        if self.rule == "best":
            assert quality is not None  # noqa: S101  (the band is read with the others)
            return _best(layers, quality)
        ordered = layers if self.rule == "first" else layers[::-1]
        values, missing = ordered[0][0].copy(), ordered[0][1].copy()
        for other, gone in ordered[1:]:
            taken = missing & ~gone
            if values.dtype != other.dtype:
                values = values.astype(np.result_type(values, other))
            values[taken] = other[taken]
            missing &= gone
        return values, missing


def _median(layers: Layered) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the median of what there is, float64; of an even count the mean of the two in the middle."""
    stack = np.stack([np.where(gone, np.nan, values.astype(np.float64)) for values, gone in layers])
    missing = np.isnan(stack).all(axis=0)
    stack[:, missing] = 0
    return np.nanmedian(stack, axis=0), missing


def _best(layers: Layered, quality: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return of each pixel all bands of the scene with the highest quality; without a quality none."""
    score = np.stack([
        np.where(gone[quality], -np.inf, values[quality].astype(np.float64)) for values, gone in layers
    ])  # fmt: skip
    last_best = len(layers) - 1 - np.argmax(score[::-1], axis=0)
    values = np.stack([values for values, _ in layers])
    missing = np.stack([gone for _, gone in layers])
    place = last_best[None, None]
    chosen = np.take_along_axis(values, place, axis=0)[0]
    gone = np.take_along_axis(missing, place, axis=0)[0]
    return chosen, gone | np.isneginf(score.max(axis=0))[None]
