"""Coordinate reference systems by their addresses: which ones a collection speaks, and their order of axes.

The library keeps x before y whatever the register says. OGC API Features, Part 2 has the register's order, so pairs
are turned where it names north first.

Tested by `tests/saas/web/test_referencesystem.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.space import read_crs, transformer

__all__ = ["CRS84", "ReferenceSystem", "chosen_system", "reference_system", "reference_systems"]

_OGC = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
_DEGREE_PLACES, _METRE_PLACES = 9, 4


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """A CRS as the service names it.

    Parameters
    ----------
    address, text
        Its address in the register of OGC; how the library names it.
    north_first
        Whether the register's first axis is the one to the north.
    degrees
        Whether its coordinates are degrees; they are written with 9 decimal places, metres with 4.
    """

    address: str
    text: str
    north_first: bool
    degrees: bool

    @property
    def places(self) -> int:
        """Decimal places that coordinates are written with."""
        return _DEGREE_PLACES if self.degrees else _METRE_PLACES

    def shapes(self, shapes: NDArray[Any], source: str) -> NDArray[Any]:
        """Return shapes of another CRS in this one, axes in its order, rounded."""
        flat = shapely.force_2d(shapes)
        changed: NDArray[Any] = shapely.transform(flat, lambda points: self.points(points, source))
        return changed

    def points(self, points: NDArray[np.float64], source: str) -> NDArray[np.float64]:
        """Return points of another CRS, ``(n, 2)``, in this one, axes in its order, rounded."""
        x, y = transformer(source, self.text).transform(points[:, 0], points[:, 1])
        pair = (y, x) if self.north_first else (x, y)
        return np.round(np.column_stack(pair), self.places)

    def box(self, numbers: tuple[float, ...]) -> tuple[float, float, float, float]:
        """Return the least x, least y, greatest x and y of a box whose numbers are in this CRS's order."""
        first, second, third, fourth = numbers
        return (second, first, fourth, third) if self.north_first else (first, second, third, fourth)


@functools.lru_cache(64)
def reference_system(text: str) -> ReferenceSystem | None:
    """Return a CRS by the library's text; None if the register has no address of it."""
    if text == "OGC:CRS84":
        return CRS84
    authority, _, code = text.partition(":")
    if authority != "EPSG" or not code.isdigit():
        return None
    crs = read_crs(text)
    first = crs.axis_info[0].direction.lower() if crs.axis_info else "east"
    degrees = bool(crs.axis_info) and crs.axis_info[0].unit_name.startswith("degree")
    return ReferenceSystem(_EPSG + code, text, first in ("north", "south"), degrees)


CRS84 = ReferenceSystem(_OGC, "OGC:CRS84", north_first=False, degrees=True)


def reference_systems(stored: str) -> tuple[ReferenceSystem, ...]:
    """Return the CRSs that collections of a city speak, the default first: CRS84, the city's, 4326 and 3857."""
    texts = dict.fromkeys(("OGC:CRS84", stored, "EPSG:4326", "EPSG:3857"))
    systems = (reference_system(text) for text in texts)
    return tuple(system for system in systems if system is not None)


def chosen_system(address: str | None, parameter: str, stored: str) -> ReferenceSystem:
    """Return the CRS that a parameter names, CRS84 without one; `InvalidInput` ``unknown-crs``."""
    if address is None:
        return CRS84
    systems = reference_systems(stored)
    short = address.removeprefix("[").removesuffix("]")  # a safe CURIE, or an address
    for system in systems:
        if short in (system.address, system.text) or short == system.address.replace("http:", "https:", 1):
            return system
    raise InvalidInput(
        "unknown-crs", f"{parameter}={address} is none of this collection",
        hint=f"use one of {', '.join(system.address for system in systems)}",
    )  # fmt: skip
