"""Places asked of features: what their shapes touch, or are near, at some instant at which both were there.

Runs in this process or in Spark's mapInArrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.timeline import Ints
from stcloud.paas.query.place.extent import Extent
from stcloud.paas.query.place.site import Mask, whole_micrometres
from stcloud.paas.query.place.versions import History

__all__ = ["Forms", "Touching", "TouchingAny"]


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """Features that have a shape.

    Parameters
    ----------
    shapes
        ``(n,)`` shapely geometries in the city's CRS.
    start_us, end_us
        ``(n,)`` int64: when each was there within the time asked for, half-open, UTC microseconds.
    """

    shapes: NDArray[Any]
    start_us: Ints
    end_us: Ints

    def take(self, chosen: NDArray[np.intp]) -> Forms:
        """Return some of the features, each at most once and in their order."""
        return Forms(self.shapes[chosen], self.start_us[chosen], self.end_us[chosen])

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True, slots=True, eq=False)
class Touching:
    """Touches a shape, or is at most so far from it.

    Parameters
    ----------
    shape
        In the city's CRS; its edge counts.
    metres
        Inclusive; None: it touches.
    periods
        ``(start_us, end_us)``, ``(k,)`` each: when the shape was there; None: that does not matter.
    """

    shape: BaseGeometry
    metres: float | None = None
    periods: tuple[Ints, Ints] | None = None

    @property
    def extent(self) -> Extent:
        """What holds some of everything that passes."""
        return _widened(self.shape.bounds, self.metres)

    def holds(self, forms: Forms) -> Mask:
        """Tell which features pass."""
        passing = np.full(len(forms), self.periods is None)
        for start, end in zip(*self.periods, strict=True) if self.periods else ():
            passing |= (forms.start_us < end) & (forms.end_us > start)
        at = np.flatnonzero(passing)
        shapely.prepare(self.shape)
        if self.metres is None:
            passing[at] = shapely.intersects(self.shape, forms.shapes[at])
        else:
            passing[at] = shapely.dwithin(self.shape, forms.shapes[at], whole_micrometres(self.metres))
        return passing


@dataclass(frozen=True, slots=True, eq=False)
class TouchingAny:
    """At most so far from any feature of a layer.

    Parameters
    ----------
    history
        The features' versions.
    metres
        Inclusive.
    always
        Whether it does not matter when a version was there.
    """

    history: History
    metres: float
    always: bool

    @property
    def extent(self) -> Extent:
        """What holds some of everything that passes."""
        return (
            _widened(shapely.total_bounds(self.history.shapes), self.metres)
            if len(self.history)
            else _NOWHERE
        )

    def holds(self, forms: Forms) -> Mask:
        """Tell which features pass."""
        tree = shapely.STRtree(self.history.shapes)
        most = whole_micrometres(self.metres)
        form, version = tree.query(forms.shapes, predicate="dwithin", distance=most)
        if not self.always:
            both = (forms.start_us[form] < self.history.end_us[version]) & (
                forms.end_us[form] > self.history.start_us[version]
            )
            form = form[both]
        passing = np.zeros(len(forms), np.bool_)
        passing[form] = True
        return passing


_NOWHERE = Extent((), ())


def _widened(bounds: Any, metres: float | None) -> Extent:
    west, south, east, north = (float(side) for side in bounds)
    far = (metres or 0.0) + 1e-3  # far more than coordinates and distances are rounded by
    return Extent(((west - far, south - far, east + far, north + far),), ())
