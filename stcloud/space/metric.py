"""Metric CRSs: which may be a city's own, and which to propose for a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput
from stcloud.space.crs import SomeCRS, area_of_use, read_crs

if TYPE_CHECKING:
    import pyproj

__all__ = ["require_metric", "suggest"]

_ZONE_DEG = 6.0
# A rough outline of mainland China, lon/lat: good enough to propose a CRS, and for nothing else.
_MAINLAND = (
    (73.4, 39.6), (74.9, 37.2), (78.2, 34.6), (78.8, 32.4), (81.4, 30.0), (85.8, 28.0), (88.9, 27.3),
    (91.7, 27.7), (97.3, 28.1), (97.5, 23.9), (99.4, 22.0), (101.3, 21.1), (102.4, 22.4), (105.3, 23.2),
    (106.7, 21.9), (108.1, 21.4), (108.4, 18.1), (110.2, 18.0), (111.8, 20.5), (114.5, 22.1), (117.5, 23.2),
    (119.9, 25.2), (122.6, 29.3), (122.3, 32.0), (120.6, 34.5), (123.0, 37.0), (121.4, 38.5), (124.2, 39.8),
    (126.7, 41.6), (128.3, 41.9), (130.9, 42.4), (131.2, 44.8), (133.2, 45.0), (135.2, 48.5), (130.9, 48.9),
    (127.5, 50.1), (125.9, 53.1), (123.5, 53.7), (120.0, 53.3), (119.3, 50.4), (116.7, 49.9), (115.4, 47.8),
    (118.0, 47.9), (119.8, 46.8), (116.3, 46.3), (111.8, 45.1), (111.7, 43.6), (109.5, 42.5), (105.0, 41.6),
    (96.4, 42.8), (90.9, 45.3), (87.8, 49.2), (85.6, 48.2), (85.6, 47.1), (82.4, 45.4), (80.1, 45.1),
    (80.2, 42.2), (76.8, 40.9), (73.7, 40.1),
)  # fmt: skip


def require_metric(crs: SomeCRS, *, at: tuple[float, float] | None = None) -> pyproj.CRS:
    """Accept a CRS as a city's own, or say which one to use.

    Cells, distances and areas are counted in a city's CRS: it must be projected, in metres, and
    true to scale, which Web Mercator is not (at 40 degrees its "100 m" are 77 m).

    Parameters
    ----------
    crs
        The CRS proposed.
    at
        ``(lon, lat)`` in degrees, somewhere in the city, so that the hint can name a CRS; None: the middle of
        where the CRS proposed is used, if that is no wider than a UTM zone.

    Returns
    -------
    The CRS, unchanged.

    Raises
    ------
    InvalidInput
        ``metric-crs-needed``, ``unknown-crs``

    Examples
    --------
    >>> require_metric("EPSG:4326", at=(121.47, 31.23))
    Traceback (most recent call last):
        ...
    stcloud.errors.InvalidInput: a city needs a projected CRS in metres, and WGS 84 is in degrees; use
    EPSG:4549 or EPSG:32651
    """
    projected = read_crs(crs)
    fault = _unfit(projected)
    if not fault:
        return projected
    at = at or _middle(projected)
    if at is None:
        hint = "use the UTM zone, such as EPSG:32618 in New York, or EPSG:4549 (Gauss-Kruger) in Shanghai"
    else:
        hint = "use " + " or ".join(suggest(*at))
    raise InvalidInput(
        "metric-crs-needed",
        f"a city needs a projected CRS in metres, and {projected.name} {fault}",
        hint=hint,
    )


def _middle(crs: pyproj.CRS) -> tuple[float, float] | None:
    """Return the middle of where a CRS is used; None: not known, or so wide that it says nothing of a city."""
    area = area_of_use(crs)
    if area is None or not 0 < area[2] - area[0] <= _ZONE_DEG:
        return None
    return (area[0] + area[2]) / 2, (area[1] + area[3]) / 2


def _unfit(crs: pyproj.CRS) -> str:
    """Say what makes a CRS unfit for a city; empty when it is fit."""
    if not crs.is_projected:
        return "is in degrees" if crs.is_geographic else "is not projected"
    flat = horizontal(crs)
    unit = flat.axis_info[0]
    if unit.unit_conversion_factor != 1.0:
        return f"is in {unit.unit_name}"
    method = flat.coordinate_operation.method_name if flat.coordinate_operation else ""
    sphere = flat.ellipsoid is not None and flat.ellipsoid.inverse_flattening == 0
    if "Pseudo Mercator" in method or (method.startswith("Mercator") and sphere):
        return "is Web Mercator, whose metres are no metres on the ground"
    return ""


def horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    """Take the projected part of a compound CRS, or of one bound to a datum shift (``+towgs84``).

    Parameters
    ----------
    crs
        A CRS with a projected part.

    Returns
    -------
    The projected CRS alone.
    """
    if crs.is_compound:
        return horizontal(crs.sub_crs_list[0])
    return crs.source_crs if crs.is_bound and crs.source_crs else crs


def suggest(lon: float, lat: float) -> tuple[str, ...]:
    """Propose metric CRSs for a place, best first.

    Parameters
    ----------
    lon, lat
        Degrees, WGS 84.

    Returns
    -------
    In mainland China the CGCS2000 3-degree Gauss-Kruger zone (eastings without zone prefix) and
    then the UTM zone; elsewhere the UTM zone (WGS 84) alone.

    Raises
    ------
    InvalidInput
        ``lon-lat-out-of-range``

    Notes
    -----
    The 3-degree zone n = 25..45 has central meridian 3n and EPSG code 4534 + (n - 25). The
    widened UTM zones of Norway and Svalbard are left out.

    Examples
    --------
    >>> suggest(121.47, 31.23)
    ('EPSG:4549', 'EPSG:32651')
    >>> suggest(-74.0, 40.7)
    ('EPSG:32618',)
    """
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidInput(
            "lon-lat-out-of-range", f"no place has lon {lon:g}, lat {lat:g}", hint="give lon first, then lat"
        )
    utm = (32600 if lat >= 0 else 32700) + int((lon + 180) // 6) % 60 + 1
    if not _in_mainland(lon, lat):
        return (f"EPSG:{utm}",)
    zone = min(max(int((lon + 1.5) // 3), 25), 45)
    return (f"EPSG:{4534 + zone - 25}", f"EPSG:{utm}")


def _in_mainland(lon: float, lat: float) -> bool:
    """Tell whether a place lies in the rough outline (even-odd rule)."""
    inside = False
    for (x1, y1), (x2, y2) in zip(_MAINLAND, _MAINLAND[1:] + _MAINLAND[:1], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside
