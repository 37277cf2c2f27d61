"""Statistics of the pixels of a cell, as people write them, and how each is computed.

Tested by `tests/paas/scene/test_bycell.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, nearest

if TYPE_CHECKING:
    from stcloud.index import PixelWeights
    from stcloud.index.cellsums import Strip

__all__ = ["PLAIN", "Statistic"]

Floats = NDArray[np.float64]
Strips = Callable[[], "Iterable[Strip]"]
"""Reads the values anew, strip by strip."""

PLAIN = ("mean", "sum", "min", "max", "count", "stdev", "median")
_PERCENT = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
_SHARE = "share:"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic: ``mean``, ``sum``, ``min``, ``max``, ``count``, ``stdev``, a quantile, or the share of a class.

    Parameters
    ----------
    name
        The field of the answer.
    kind
        One of `PLAIN`, ``quantile`` or ``share``.
    number
        Which quantile, 0 to 1; the value of the class.

    Examples
    --------
    >>> Statistic.read("p90", {}), Statistic.read("share:water", {3: "water"})
    (Statistic(name='p90', kind='quantile', number=0.9), Statistic(name='share_water', kind='share', number=3.0))
    """

    name: str
    kind: str
    number: float = 0.0

    @classmethod
    def read(cls, text: str, classes: Mapping[int, str]) -> Statistic:
        """Read a statistic; a class is named as the layer names it, or is a number.

        Raises
        ------
        InvalidInput
            ``unknown-statistic``, ``unknown-class``
        """
        if text == "median":
            return cls(text, "quantile", 0.5)
        if text in PLAIN:
            return cls(text, text)
        percent = _PERCENT.fullmatch(text)
        if percent:
            return cls(text.replace(".", "_"), "quantile", float(percent[1]) / 100)
        if text.startswith(_SHARE) and len(text) > len(_SHARE):
            return cls._share(text.removeprefix(_SHARE), classes)
        near = nearest(text, PLAIN)
        raise InvalidInput(
            "unknown-statistic", f"there is no statistic '{text}' of pixels",
            hint=f"did you mean '{near[0]}'?" if near else f"there are {', '.join(PLAIN)}, p90 and share:CLASS",
        )  # fmt: skip

    @classmethod
    def _share(cls, text: str, classes: Mapping[int, str]) -> Statistic:
        for value, name in classes.items():
            if text == name:
                return cls(f"share_{name}", "share", float(value))
        try:
            return cls(f"share_{text}".replace(".", "_").replace("-", "minus_"), "share", float(text))
        except ValueError:
            have = ", ".join(classes.values()) or "no names of classes: write a value, e.g. share:3"
            raise InvalidInput(
                "unknown-class", f"there is no class '{text}' (there are: {have})",
                hint="classes are named in the definition: [raster.classes]",
            ) from None  # fmt: skip

    def values(self, weights: PixelWeights, strips: Strips) -> tuple[Floats, Floats]:
        """Return the statistic of each cell, and how many pixels have a value, each weighted by its share inside.

        NaN where no pixel has a value; a count is 0 there.
        """
        from stcloud.index import cell_quantiles, cell_spread, cell_sums  # noqa: PLC0415  (numba is slow to import)

        if self.kind == "quantile":
            return cell_quantiles(weights, self.number, strips()), cell_sums(weights, strips()).count
        if self.kind in ("min", "max", "stdev"):
            spread = cell_spread(weights, strips())
            values = {"min": spread.least, "max": spread.greatest, "stdev": spread.stdev}
            return values[self.kind], spread.count
        if self.kind == "share":
            strips = self._of_class(strips)
        sums = cell_sums(weights, strips())
        values = {"mean": sums.mean, "share": sums.mean, "sum": sums.sum, "count": sums.count}
        return values[self.kind], sums.count

    def _of_class(self, strips: Strips) -> Strips:
        """Return strips with 1 where the value is that of the class, and 0 where it is another."""

        def indicators() -> Iterable[Strip]:
            for row, values in strips():
                yield row, np.where(np.isnan(values), np.nan, (values == self.number).astype(np.float64))

        return indicators
