"""Equivalents: what other grids call a cell of the lattice, or the cell a point lies in.

A cell of the lattice has an equivalent only where the city's CRS is the other grid's own; a point always has one.
Coordinates with a shifted datum (GCJ-02, BD-09) must be shifted back first: they are half a kilometre off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.space import LONLAT, CellIds, Lattice, Level, level_of, project, read_crs
from stcloud.space.cell import digits_of

__all__ = [
    "Equivalent",
    "beidou",
    "equivalents_of_cell",
    "equivalents_of_point",
    "geohash",
    "h3",
    "inspire",
    "mgrs",
]

Floats: TypeAlias = NDArray[np.float64]

_SECOND = 1_000_000  # coordinates are rounded to a millionth of a second of arc: 30 micrometres
# Width and height in seconds of a cell of the BeiDou grid's levels 2 to 5; those of level 1 are 6 by 4 degrees.
_BEIDOU = ((1800, 1800), (900, 600), (60, 60), (4, 4))
_DIGITS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", np.uint8)


@dataclass(frozen=True, slots=True)
class Equivalent:
    """What another grid calls a place.

    Parameters
    ----------
    grid
        The grid's name.
    id
        The name there; None: there is none.
    why_not
        Why there is none.
    """

    grid: str
    id: str | None
    why_not: str | None = None


def equivalents_of_cell(cell: int, lattice: Lattice) -> tuple[Equivalent, ...]:
    """Return what MGRS and INSPIRE call a cell of a lattice; `InvalidInput` ``unknown-cell``.

    Examples
    --------
    >>> lattice = Lattice.for_crs("EPSG:32618")
    >>> cell = int(lattice.cells([583900.0], [4507300.0], Level.M100)[0])
    >>> [equivalent.id for equivalent in equivalents_of_cell(cell, lattice)]
    ['18TWL839073', None]
    """
    level_of(cell)  # refuses what is no cell
    equivalents = []
    for name, of in (("mgrs", mgrs), ("inspire", inspire)):
        try:
            equivalents.append(Equivalent(name, of([cell], lattice).to_pylist()[0]))
        except InvalidInput as error:
            if error.kind != "no-equivalent":
                raise
            equivalents.append(Equivalent(name, None, str(error)))
    return tuple(equivalents)


def equivalents_of_point(lon: float, lat: float) -> tuple[Equivalent, ...]:
    """Return what BeiDou's grid, H3 and geohash call the cell that a point in degrees (WGS 84) lies in.

    Raises
    ------
    InvalidInput
        ``unreadable-point``: a coordinate is not finite.
    MissingExtra
        A library that one of them needs is not installed.
    """
    if not np.isfinite([lon, lat]).all():
        raise InvalidInput("unreadable-point", f"'{lon},{lat}' is no point", hint="write lon,lat in degrees")
    grids = (("beidou", beidou), ("h3", h3), ("geohash", geohash))
    return tuple(Equivalent(name, of([lon], [lat]).to_pylist()[0]) for name, of in grids)


def mgrs(cells: ArrayLike, lattice: Lattice) -> pa.Array:
    """Name cells in the Military Grid Reference System (MGRS, USNG).

    Parameters
    ----------
    cells
        ``(n,)`` int64, of 100 km or finer; levels may be mixed.
    lattice
        Their lattice, in a UTM zone of WGS 84.

    Returns
    -------
    ``(n,)`` text, e.g. ``18TWL839073`` for a cell of 100 m: it names the whole square.

    Raises
    ------
    InvalidInput
        ``no-equivalent``: the CRS is no UTM zone of WGS 84, a cell is of 1,000 km, or a cell reaches into
        another zone, where MGRS has other squares. ``unknown-cell``
    MissingExtra
        ``missing-codes``

    Notes
    -----
    A square that lies in two bands of latitude is named by the band of its centre.

    Examples
    --------
    >>> lattice = Lattice("EPSG:32618", (-4_000_000, -1_000_000))
    >>> mgrs([14555803793], lattice).to_pylist()
    ['18TWL839073']
    """
    zone = _utm_zone(lattice)
    ids, levels = _levels(cells, "MGRS")
    with _extra("mgrs"):
        from mgrs import MGRS  # noqa: PLC0415  (an extra)
    converter = MGRS()
    west, south, east, north = lattice.bounds(ids)
    for x, y in ((west, south), (west, north), (east, south), (east, north)):
        corners = _mgrs(converter, x, y, np.zeros_like(ids), lattice)
        strays = [cell for cell, square in zip(ids, corners, strict=True) if square[:-3] != zone]
        if strays:
            raise InvalidInput(
                "no-equivalent",
                f"cell {strays[0]} reaches out of zone {zone}, where MGRS has other squares",
                hint="ask for cells within the zone",
            )
    return pa.array(
        _mgrs(converter, *lattice.centres(ids), (levels - Level.KM100) // 2, lattice), pa.string()
    )


def _utm_zone(lattice: Lattice) -> str:
    """Two digits of the zone that the lattice's CRS is."""
    name = read_crs(lattice.crs).utm_zone or ""
    base = 32600 if name.endswith("N") else 32700
    if not name or not _is_in(lattice, f"EPSG:{base + int(name[:-1])}"):
        raise _refusal("MGRS", lattice, "of a UTM zone of WGS 84")
    return f"{int(name[:-1]):02}"


def _mgrs(converter: Any, x: Floats, y: Floats, digits: CellIds, lattice: Lattice) -> list[str]:
    """MGRS square of each point, with a number of digits for each coordinate."""
    lon, lat = project(x, y, lattice.crs, LONLAT)
    places = zip(lat.tolist(), lon.tolist(), digits.tolist(), strict=True)
    return [converter.toMGRS(*place, MGRSPrecision=count) for *place, count in places]


def inspire(cells: ArrayLike, lattice: Lattice, *, form: Literal["long", "short"] = "long") -> pa.Array:
    """Name cells as the statistical grids of Europe do (INSPIRE, Eurostat).

    Parameters
    ----------
    cells
        ``(n,)`` int64, of 100 km or finer; levels may be mixed.
    lattice
        Their lattice, in EPSG:3035.
    form
        ``long``: ``CRS3035RES100mN3000000E4000000``, in metres; ``short``: ``100mN30000E40000``, in sides.

    Returns
    -------
    ``(n,)`` text: the cell's south-west corner, northing first.

    Raises
    ------
    InvalidInput
        ``no-equivalent``: the CRS is not EPSG:3035, a cell is of 1,000 km or has a negative coordinate.
        ``unknown-cell``

    Examples
    --------
    >>> lattice = Lattice("EPSG:3035", (0, 0))
    >>> cells = lattice.cells([4_334_150.0], [2_684_050.0], Level.M100)
    >>> inspire(cells, lattice).to_pylist(), inspire(cells, lattice, form="short").to_pylist()
    (['CRS3035RES100mN2684000E4334100'], ['100mN26840E43341'])
    """
    if not _is_in(lattice, "EPSG:3035"):
        raise _refusal("INSPIRE", lattice, "of EPSG:3035")
    ids, levels = _levels(cells, "INSPIRE")
    west, south, east, _ = (edge.astype(np.int64) for edge in lattice.bounds(ids))
    if (west < 0).any() or (south < 0).any():
        stray = ids[(west < 0) | (south < 0)][0]
        raise InvalidInput("no-equivalent", f"INSPIRE has no square west or south of 0, as cell {stray} is")
    rows = zip(south.tolist(), west.tolist(), (east - west).tolist(), levels.tolist(), strict=True)
    if form == "long":
        return pa.array([f"CRS3035RES{side}mN{n}E{e}" for n, e, side, _ in rows], pa.string())
    return pa.array([f"{Level(lvl).label}N{n // side}E{e // side}" for n, e, side, lvl in rows], pa.string())


def beidou(lon: ArrayLike, lat: ArrayLike) -> pa.Array:
    """Code of the BeiDou grid's level 5, about 120 m by 100 m, of each point.

    Parameters
    ----------
    lon, lat
        ``(n,)`` float64, degrees, CGCS2000 (or WGS 84, centimetres away); NaN in, null out.

    Returns
    -------
    ``(n,)`` text of 11 characters, e.g. ``N50J47539B8``. The first 4, 6, 7 and 9 are levels 1 to 4.

    Raises
    ------
    InvalidInput
        ``outside-grid``: a latitude of 88 or more (the polar grids are others) or a longitude of 180 or more.

    Notes
    -----
    Compatible with the published structure of GB/T 39409-2020: 6° x 4°, split by 12 x 8 to 30', 2 x 3 to
    15' x 10', 15 x 10 to 1' and 15 x 15 to 4". Cells count away from the equator and from Greenwich, and hold
    the edges next to them. Coordinates are rounded to a millionth of a second first, so that an edge
    that is written in degrees is where it is meant. O(n), no Python loop.

    Examples
    --------
    >>> beidou([116 + 18 / 60 + 45.37 / 3600], [39 + 59 / 60 + 35.38 / 3600]).to_pylist()
    ['N50J47539B8']
    """
    lons, lats, known = _degrees(lon, lat, "BeiDou", np.nextafter([180, 88], 0))
    x, y = (
        np.minimum(
            np.rint(np.abs(degrees[known]) * 3600 * _SECOND).astype(np.int64), end * 3600 * _SECOND - 1
        )
        for degrees, end in ((lons, 180), (lats, 88))
    )
    (column, x), (row, y) = np.divmod(x, 21_600 * _SECOND), np.divmod(y, 14_400 * _SECOND)
    zone = np.where(lons[known] < 0, 30 - column, 31 + column)
    digits = [zone // 10, zone % 10, row + 10]  # rows are letters from A, the tenth digit
    for width, height in _BEIDOU:
        (column, x), (row, y) = np.divmod(x, width * _SECOND), np.divmod(y, height * _SECOND)
        digits += [row * 2 + column] if width == 900 else [column, row]
    hemisphere = np.where(lats[known] < 0, ord("S"), ord("N")).astype(np.uint8)
    texts = np.stack([hemisphere, *(_DIGITS[digit] for digit in digits)], axis=1)
    return _spread(np.ascontiguousarray(texts).view(f"S{texts.shape[1]}").ravel().astype(str), known)


def h3(lon: ArrayLike, lat: ArrayLike, *, resolution: int = 10) -> pa.Array:
    """H3 cell of each point.

    Parameters
    ----------
    lon, lat
        ``(n,)`` float64, degrees, OGC:CRS84; NaN in, null out.
    resolution
        0 to 15; cells of 10 have about 15,000 m².

    Returns
    -------
    ``(n,)`` text, hexadecimal.

    Raises
    ------
    InvalidInput
        ``outside-grid``, ``unknown-resolution``
    MissingExtra
        ``missing-codes``

    Examples
    --------
    >>> h3([116.3126, float("nan")], [39.9931, 0]).to_pylist()
    ['8a31aa50105ffff', None]
    """
    _check_resolution(resolution, 0, 15, "H3")
    with _extra("h3"):
        from h3 import latlng_to_cell  # noqa: PLC0415  (an extra)
    lons, lats, known = _degrees(lon, lat, "H3", np.array([180, 90]))
    points = zip(lats[known].tolist(), lons[known].tolist(), strict=True)
    return _spread(np.array([latlng_to_cell(*point, resolution) for point in points], np.object_), known)


def geohash(lon: ArrayLike, lat: ArrayLike, *, length: int = 7) -> pa.Array:
    """Geohash of each point.

    Parameters
    ----------
    lon, lat
        ``(n,)`` float64, degrees, OGC:CRS84; NaN in, null out.
    length
        1 to 12 characters; cells of 7 are about 153 m square at the equator.

    Returns
    -------
    ``(n,)`` text.

    Raises
    ------
    InvalidInput
        ``outside-grid``, ``unknown-resolution``
    MissingExtra
        ``missing-codes``

    Examples
    --------
    >>> geohash([116.3126], [39.9931]).to_pylist()
    ['wx4ewb8']
    """
    _check_resolution(length, 1, 12, "geohash")
    with _extra("pygeohash"):
        from pygeohash import encode  # noqa: PLC0415  (an extra)
    lons, lats, known = _degrees(lon, lat, "geohash", np.array([180, 90]))
    points = zip(lats[known].tolist(), lons[known].tolist(), strict=True)
    return _spread(np.array([encode(*point, length) for point in points], np.object_), known)


def _is_in(lattice: Lattice, crs: str) -> bool:
    """Tell whether a lattice is in a CRS, and not only within metres of it: its squares must be the same."""
    return read_crs(lattice.crs).equals(read_crs(crs), ignore_axis_order=True)


def _levels(cells: ArrayLike, grid: str) -> tuple[CellIds, CellIds]:
    ids = np.atleast_1d(np.asarray(cells, np.int64))
    levels = digits_of(ids).astype(np.int64)
    if (levels < Level.KM100).any():
        raise InvalidInput(
            "no-equivalent",
            f"{grid} has no squares of 1000km, as cell {ids[levels < Level.KM100][0]} is",
            hint="ask for cells of 100km or finer",
        )
    return ids, levels


def _refusal(grid: str, lattice: Lattice, needed: str) -> InvalidInput:
    return InvalidInput(
        "no-equivalent",
        f"cells in {lattice.crs} have no equivalent in {grid}: its squares are those {needed}",
        hint="ask for a code of each point instead: beidou, h3 or geohash",
    )


def _degrees(
    lon: ArrayLike, lat: ArrayLike, grid: str, limits: NDArray[Any]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Coordinates in one dimension and a mask of those that are known, all within the limits."""
    lons, lats = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(column, np.float64)) for column in (lon, lat))
    )
    known = ~(np.isnan(lons) | np.isnan(lats))
    outside = known & ((np.abs(lons) > limits[0]) | (np.abs(lats) > limits[1]))
    if outside.any():
        first = int(np.argmax(outside))
        raise InvalidInput(
            "outside-grid",
            f"point {first} at (lon {lons[first]:.10g}, lat {lats[first]:.10g}) is outside the {grid} grid: "
            f"its limits are {limits[0]:g} and {limits[1]:g} degrees",
            hint="give degrees, longitude first",
        )
    return lons, lats, known


def _check_resolution(wanted: int, lowest: int, highest: int, grid: str) -> None:
    if not lowest <= wanted <= highest:
        raise InvalidInput(
            "unknown-resolution", f"asked for {grid} of {wanted}", hint=f"use {lowest} to {highest}"
        )


def _spread(texts: NDArray[Any], known: NDArray[np.bool_]) -> pa.Array:
    """Return the texts where a point is known and nulls elsewhere."""
    places = np.cumsum(known) - 1
    return pa.array(texts, pa.string()).take(pa.array(places, mask=~known))


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtra(
            "missing-codes", f"this code needs {name}", hint="pip install 'stcloud[codes]'"
        ) from error
