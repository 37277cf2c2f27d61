"""Where a lattice starts: a square of 10,000 km laid around the area a CRS is made for.

Tested by `tests/space/test_lattice.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyproj

__all__ = ["ORIGIN_STEP_M", "SIDE_M", "origin_of"]

SIDE_M = 10_000_000
"""Side of a lattice in metres."""

ORIGIN_STEP_M = 1_000_000
"""A lattice starts at multiples of this, in metres."""

# Latitudes beyond are left out when a lattice is centred: so a UTM zone's square reaches 1,000 km
# across the equator, where cities are, rather than to the pole.
_INHABITED = (-75.0, 75.0)


def origin_of(crs: pyproj.CRS) -> tuple[int, int]:
    """Lay the lattice of a CRS.

    Parameters
    ----------
    crs
        A projected CRS in metres.

    Returns
    -------
    ``(x0, y0)``, the south-west corner in metres, multiples of ``ORIGIN_STEP_M``.

    Notes
    -----
    The centre of the area of use comes within half a step of the centre of the square.
    """
    xmin, ymin, xmax, ymax = _extent(crs)
    x0, y0 = (
        round((low + high - SIDE_M) / 2 / ORIGIN_STEP_M) * ORIGIN_STEP_M
        for low, high in ((xmin, xmax), (ymin, ymax))
    )
    return x0, y0


def _extent(crs: pyproj.CRS) -> tuple[float, float, float, float]:
    """Bound the area where a CRS is used, in its own metres."""
    from stcloud.space.crs import LONLAT, area_of_use, transformer  # noqa: PLC0415  (pyproj is slow to import)

    area = area_of_use(crs)
    if area is None:
        return _extent_by_origin(crs)
    west, south, east, north = area
    low, high = max(south, _INHABITED[0]), min(north, _INHABITED[1])
    if low >= high:
        low, high = south, north
    forward = transformer(crs.geodetic_crs or LONLAT, crs)
    return forward.transform_bounds(west, low, east, high, densify_pts=21)


def _extent_by_origin(crs: pyproj.CRS) -> tuple[float, float, float, float]:
    """Bound the likely area of a CRS that does not tell its own, such as a PROJ string.

    Eastings lie on both sides of the false easting. Northings run from -1,000 km to 9,000 km; with a
    false northing that puts the equator at 10,000 km, from 1,000 km to 11,000 km.
    """
    from stcloud.space.metric import horizontal  # noqa: PLC0415

    operation = horizontal(crs).coordinate_operation
    value = {p.name: float(p.value) for p in operation.params} if operation else {}
    easting = value.get("False easting", value.get("Easting at false origin", 0.0))
    northing = value.get("False northing", value.get("Northing at false origin", 0.0))
    south = ORIGIN_STEP_M if northing >= 9 * ORIGIN_STEP_M else -ORIGIN_STEP_M
    return (easting, south, easting, south + SIDE_M)
