"""The shifted datums of Chinese maps: GCJ-02 and BD-09, to and from WGS 84.

The law shifts public maps of China by 300 to 700 m, four to six 100 m cells: AMap, Tencent and
most phones give GCJ-02, Baidu gives BD-09, Tianditu gives CGCS2000. Neither shift is in any CRS
register, so a source's datum is declared, and nothing is shifted unless the caller wants it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Datum", "from_wgs84", "to_wgs84"]

Floats: TypeAlias = NDArray[np.float64]
Shift: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]

CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north: where the public formula shifts, in degrees.

The box is crude: Hong Kong, Macao, Taiwan, Korea, Mongolia and much of South-East Asia lie in it,
though maps of them are often not shifted. Declare a datum for a source of mainland places only.
"""

_AXIS_M = 6378245.0  # Krassowsky 1940, as the formula has it
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_MAX_STEPS = 20
_STEP_DEG = 1e-13


class Datum(enum.StrEnum):
    """What the longitudes and latitudes of a source refer to.

    CGCS2000 counts as equal to WGS 84: the two differ by centimetres to decimetres, which matters
    for cadastre and not for events.
    """

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """Shift WGS 84 places to another datum.

    Parameters
    ----------
    lon, lat
        float64, any shape, broadcast; degrees, WGS 84.
    datum
        Where to.

    Returns
    -------
    New float64 arrays lon, lat in degrees. Places outside ``CHINA_BOX``, NaN among them, are
    returned as they are.

    Examples
    --------
    >>> lon, lat = from_wgs84(116.404, 39.915, Datum.GCJ02)
    >>> print(f"{lon:.6f} {lat:.6f}")
    116.410244 39.916404
    """
    return _where_shifted(lon, lat, datum, _FORWARD)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """Shift places of another datum to WGS 84.

    Parameters
    ----------
    lon, lat
        float64, any shape, broadcast; degrees in ``datum``.
    datum
        Where from.

    Returns
    -------
    New float64 arrays lon, lat in degrees. Places outside ``CHINA_BOX``, NaN among them, are
    returned as they are.

    Notes
    -----
    Inverts the public formula by fixed-point iteration: round trip < 1e-7 degrees (1 cm), except
    within about 0.01 degrees of the box's own edge, where the formula jumps.

    Examples
    --------
    >>> lon, lat = to_wgs84(116.41024450, 39.91640428, Datum.GCJ02)
    >>> print(f"{lon:.6f} {lat:.6f}")
    116.404000 39.915000
    """
    return _where_shifted(lon, lat, datum, _BACKWARD)


def _where_shifted(
    lon: ArrayLike, lat: ArrayLike, datum: Datum, shifts: dict[Datum, Shift]
) -> tuple[Floats, Floats]:
    """Apply a shift to the places inside the box."""
    x, y = (
        a.astype(np.float64)
        for a in np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    )
    shift = shifts.get(Datum(datum))
    if shift is None:
        return x, y
    west, south, east, north = CHINA_BOX
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    x[inside], y[inside] = shift(x[inside], y[inside])
    return x, y


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    root, product = np.sqrt(np.abs(x)), x * y
    ripple = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * product + 0.2 * root + ripple
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * product + 0.1 * root + ripple
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    # The offsets are metres; the radii of curvature turn them into degrees.
    latitude = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / (flat * np.sqrt(flat))
    parallel_m = _AXIS_M / np.sqrt(flat) * np.cos(latitude)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


def _inverse(shift: Shift) -> Shift:
    """Invert a shift that changes slowly: each step gains about two digits."""

    def invert(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        x, y = lon.copy(), lat.copy()
        for _ in range(_MAX_STEPS):
            there_x, there_y = shift(x, y)
            step_x, step_y = lon - there_x, lat - there_y
            x, y = x + step_x, y + step_y
            if max(np.abs(step_x).max(initial=0.0), np.abs(step_y).max(initial=0.0)) < _STEP_DEG:
                break
        return x, y

    return invert


_FORWARD: dict[Datum, Shift] = {Datum.GCJ02: _wgs84_to_gcj02, Datum.BD09: _wgs84_to_bd09}
_BACKWARD: dict[Datum, Shift] = {datum: _inverse(shift) for datum, shift in _FORWARD.items()}
