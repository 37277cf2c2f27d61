"""Coordinate reference systems: read, transformed between, and where they may be used.

Coordinates are always in the order x (east, longitude), y (north, latitude), whatever the
register defines for the axes. PROJ's network is off, and a ballpark transformation is refused.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import TYPE_CHECKING, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput, StcloudError, Unsupported

if TYPE_CHECKING:
    import pyproj

__all__ = [
    "LONLAT",
    "GivenCRS",
    "area_of_use",
    "crs_text",
    "inside_area_of_use",
    "is_southern",
    "project",
    "read_crs",
    "same_crs",
    "transformer",
]

SomeCRS: TypeAlias = "str | pyproj.CRS"
GivenCRS: TypeAlias = "str | int | pyproj.CRS"
"""A CRS as callers give it: text, an EPSG number, a CRS of pyproj."""
Floats: TypeAlias = NDArray[np.float64]

LONLAT = "OGC:CRS84"
"""Longitude, latitude in degrees on WGS 84."""

AREA_MARGIN_DEG = 1.5
"""How far beyond a CRS's area of use a place is still accepted, in degrees.

Half a 3-degree zone: Shanghai straddles the edge of its zone and the municipality of Chongqing
reaches 1.2 degrees beyond its own, and both rightly keep one zone; swapped axes, a wrong datum
or the next zone but one are all farther off than this.
"""

_NEAR_M, _NEAR_DEG = 2.0, 2e-5
_CODE = re.compile(r"[A-Za-z]+:[A-Za-z0-9_.+-]+\Z|urn:ogc:def:crs:\S+\Z")
_SHOWN = 200
_FILE = re.compile(
    r"""(?i)\+?\b(?:nadgrids|geoidgrids|grids|file|xyz_grid|xy_grid|z_grid)\s*=\s*[^\s"]*[/\\~]"""
    r"""|\+?\binit\s*=\s*(?!(?:epsg|esri|ogc|ignf|iau\w*):)"""
    r"""|\bparameterfile\s*\[\s*"[^"]*"\s*,\s*"[^"]*[/\\~]"""
    r"""|"value"\s*:\s*"[^"]*[/\\~]"""
)
"""Parameters of PROJ, WKT and PROJJSON that name a file by its path, or an address."""
_WKT = re.compile(r"[A-Za-z_0-9]+\s*\[")


@overload
def crs_text(crs: GivenCRS) -> str: ...


@overload
def crs_text(crs: GivenCRS | None) -> str | None: ...


def crs_text(crs: GivenCRS | None) -> str | None:
    """Return the text of a CRS that a caller gives: an int is an EPSG number; `InvalidInput` ``unknown-crs``.

    >>> crs_text(32618), crs_text("EPSG:4548"), crs_text(read_crs("EPSG:4548"))
    ('EPSG:32618', 'EPSG:4548', 'EPSG:4548')
    """
    if crs is None or isinstance(crs, str):
        return crs
    import pyproj  # noqa: PLC0415  (slow to import, and a text needs no more)

    if isinstance(crs, pyproj.CRS):
        authority = crs.to_authority(min_confidence=100)
        return ":".join(authority) if authority else crs.to_wkt()
    if isinstance(crs, bool) or not hasattr(crs, "__index__"):
        raise InvalidInput("unknown-crs", f"{crs!r} is no CRS", hint="give text such as 'EPSG:4528', or 4528")
    return f"EPSG:{operator.index(crs)}"


def read_crs(text: SomeCRS) -> pyproj.CRS:
    """Read the text of a coordinate reference system; it may come from a data file, so it may name no other file.

    A name such as ``WGS 84`` or a bare number is refused: either could mean several systems.

    Parameters
    ----------
    text
        ``EPSG:4528``, ``ESRI:102008``, ``OGC:CRS84``, an OGC URN, WKT, PROJJSON or a PROJ string; or a
        ``pyproj.CRS``, which is returned as it is.

    Returns
    -------
    The CRS. Read once: equal texts give the same object.

    Raises
    ------
    InvalidInput
        ``unknown-crs``

    Examples
    --------
    >>> read_crs("EPSG:4528").name
    'CGCS2000 / 3-degree Gauss-Kruger zone 40'
    >>> read_crs("4528")
    Traceback (most recent call last):
        ...
    stcloud.errors.InvalidInput: '4528' is not a coordinate reference system; write 'EPSG:4528'
    """
    return _read(text) if isinstance(text, str) else text


@functools.lru_cache(maxsize=256)
def _read(text: str) -> pyproj.CRS:
    import pyproj  # noqa: PLC0415  (slow to import)
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    plain = text.strip()
    if _FILE.search(plain):
        raise InvalidInput(
            "unknown-crs",
            f"{text[:_SHOWN]!r} names a file or an address, which is not read",
            hint="use a code such as 'EPSG:4528', or write out the parameters",
        )
    written = "+proj=" in plain or plain.startswith("{") or bool(_CODE.match(plain) or _WKT.match(plain))
    try:
        if written:
            return pyproj.CRS.from_user_input(plain)
    except CRSError:
        pass
    hint = (
        f"write 'EPSG:{plain}'"
        if plain.isdecimal()
        else "use a code such as 'EPSG:4528', WKT or a PROJ string"
    )
    raise InvalidInput("unknown-crs", f"{text!r} is not a coordinate reference system", hint=hint)


def transformer(source: SomeCRS, target: SomeCRS) -> pyproj.Transformer:
    """Make the transformer from one CRS to another, x and y always east and north.

    Parameters
    ----------
    source, target
        The two CRSs.

    Returns
    -------
    A cached transformer. It may be used by several threads at once: each thread gets a
    PROJ object of its own inside (pyproj >= 3.1).

    Raises
    ------
    Unsupported
        ``ballpark-transformation`` when PROJ knows no proper way between the two datums.
    InvalidInput
        ``unknown-crs``

    Notes
    -----
    CGCS2000 and WGS 84 count as equal: they differ by centimetres to decimetres, the register
    has no transformation between them, and longitude and latitude are kept as they are.
    Switches PROJ's network off for the whole process.

    Examples
    --------
    >>> x, y = transformer("EPSG:4326", "EPSG:4528").transform(121.4737, 31.2304)
    >>> print(f"{x:.3f} {y:.3f}")
    40640412.315 3457455.489
    """
    return _transformer(_text(source), _text(target))


def _text(crs: SomeCRS) -> str:
    return crs if isinstance(crs, str) else str(crs.srs)


@functools.lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    import pyproj  # noqa: PLC0415  (slow to import)
    from pyproj.exceptions import ProjError  # noqa: PLC0415
    from pyproj.network import set_network_enabled  # type: ignore[attr-defined]  # noqa: PLC0415

    set_network_enabled(active=False)
    first, second = read_crs(source), read_crs(target)
    equal = {_datum(first), _datum(second)} == {"wgs84", "cgcs2000"}
    if equal and first.is_geographic:
        first = second.geodetic_crs or first
    elif equal and second.is_geographic:
        second = first.geodetic_crs or second
    try:
        # Between two projected CRSs PROJ's "ballpark" keeps lon and lat: just what is meant.
        return pyproj.Transformer.from_crs(first, second, always_xy=True, allow_ballpark=equal)
    except ProjError:
        raise Unsupported(
            "ballpark-transformation",
            f"no proper transformation is known from {first.name} to {second.name}",
            hint="name the datum: an EPSG code, or +datum=WGS84 or +towgs84=... in a PROJ string",
        ) from None


def _datum(crs: pyproj.CRS) -> str:
    """Name the datum where it is one of the two that count as equal."""
    geodetic = crs.geodetic_crs
    if crs.is_bound or geodetic is None or geodetic.datum is None:
        return ""
    if geodetic.datum.name.startswith("World Geodetic System 1984"):
        return "wgs84"
    return "cgcs2000" if geodetic.datum.name == "China 2000" else ""


def project(x: ArrayLike, y: ArrayLike, source: SomeCRS, target: SomeCRS) -> tuple[Floats, Floats]:
    """Project coordinates from one CRS to another.

    Parameters
    ----------
    x, y
        float64, any shape, broadcast; metres, or degrees as (lon, lat), as ``source`` has it.
    source, target
        The two CRSs.

    Returns
    -------
    New float64 arrays x, y of the same shape. NaN where an input is not finite or the place has
    no image in ``target``; both are NaN then.

    Raises
    ------
    Unsupported
        ``ballpark-transformation``
    InvalidInput
        ``unknown-crs``

    Examples
    --------
    >>> x, y = project([116.4074, float("nan")], [39.9042, 0], "OGC:CRS84", "EPSG:4527")
    >>> x.round(3).tolist(), y.round(3).tolist()
    ([39449324.791, nan], [4419060.118, nan])
    """
    first, second = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    shape = first.shape
    out_x, out_y = first.ravel().copy(), second.ravel().copy()
    if _text(source) != _text(target):
        out_x, out_y = transformer(source, target).transform(out_x, out_y)
    lost = ~(np.isfinite(out_x) & np.isfinite(out_y))
    out_x[lost] = out_y[lost] = np.nan
    return out_x.reshape(shape), out_y.reshape(shape)


def same_crs(crs: SomeCRS, other_crs: SomeCRS) -> bool:
    """Tell whether coordinates mean the same in two CRSs, however they are written.

    Parameters
    ----------
    crs, other_crs
        The CRSs; the order of axes does not count.

    Returns
    -------
    True when they are equal, or when the middle of the area of use comes out within 2 m (or 0.00002 degrees),
    as for two texts of one CRS and for datums that hardly differ. True too when no area of use is known.

    Examples
    --------
    >>> same_crs("EPSG:4326", "OGC:CRS84"), same_crs("EPSG:4548", "EPSG:4549")
    (True, False)
    """
    first, second = read_crs(crs), read_crs(other_crs)
    if first.equals(second, ignore_axis_order=True):
        return True
    if first.is_geographic != second.is_geographic:
        return False
    area = area_of_use(first) or area_of_use(second)
    if area is None:
        return True
    west, south, east, north = area
    x, y = np.array([west + ((east - west) % 360) / 2]), np.array([(south + north) / 2])
    try:
        points = [np.stack(project(x, y, LONLAT, each)) for each in (first, second)]
    except StcloudError:
        return False
    return bool(np.abs(points[0] - points[1]).max() <= (_NEAR_DEG if first.is_geographic else _NEAR_M))


def area_of_use(crs: SomeCRS) -> tuple[float, float, float, float] | None:
    """Return the bounds within which a CRS is meant to be used.

    Parameters
    ----------
    crs
        The CRS.

    Returns
    -------
    ``(west, south, east, north)`` in degrees, closed; west > east when it crosses the
    antimeridian. None when unknown, as for most PROJ strings.

    Examples
    --------
    >>> area_of_use("EPSG:4528")
    (118.5, 24.43, 121.5, 53.33)
    """
    area = read_crs(crs).area_of_use
    return None if area is None else (area.west, area.south, area.east, area.north)


def is_southern(crs: SomeCRS) -> bool:
    """Tell whether a CRS is made for the southern hemisphere: whether the middle of its area lies there.

    Notes
    -----
    A CRS that does not tell its area is taken for a northern one.

    Examples
    --------
    >>> is_southern("EPSG:32756"), is_southern("EPSG:32618")
    (True, False)
    """
    area = area_of_use(crs)
    return area is not None and area[1] + area[3] < 0


def inside_area_of_use(
    lon: ArrayLike, lat: ArrayLike, crs: SomeCRS, *, margin_deg: float = AREA_MARGIN_DEG
) -> NDArray[np.bool_]:
    """Return a mask of the places a CRS may be used for.

    A transverse Mercator gives numbers for places half a world away: this is the guard against
    swapped axes, a wrong zone, and (0, 0).

    Parameters
    ----------
    lon, lat
        float64, any shape, broadcast; degrees, WGS 84.
    crs
        The CRS.
    margin_deg
        How far beyond the area of use is still inside, in degrees.

    Returns
    -------
    bool, same shape. False for NaN; when the area of use is unknown, True for all that is finite.

    Notes
    -----
    The area with its margin is closed and may cross the antimeridian.

    Examples
    --------
    >>> inside_area_of_use([121.47, 31.23, 0.0], [31.23, 121.47, 0.0], "EPSG:4528").tolist()
    [True, False, False]
    """
    x, y = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    area = area_of_use(crs)
    finite = np.isfinite(x) & np.isfinite(y)
    if area is None:
        return np.asarray(finite, np.bool_)
    west, south, east, north = area
    start = west - margin_deg
    width = (east - west) % 360 if east != west + 360 else 360.0
    with np.errstate(invalid="ignore"):
        along = (x - start) % 360 <= width + 2 * margin_deg
        across = (y >= south - margin_deg) & (y <= north + margin_deg)
    return np.asarray(finite & along & across, np.bool_)
