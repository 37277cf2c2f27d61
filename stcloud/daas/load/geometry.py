"""Shapes: from the geometry that a source wrote to valid plane geometry in the city's CRS, or a reason why not.

::

    decode ─ flatten ─ one kind ─ finite ─ inside the CRS ─ project each vertex ─ valid, or repaired

A row is refused for the first fault in this order; the steps after it no longer see the row.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.source.wkb import without_deep
from stcloud.space import LONLAT, Datum, inside_area_of_use, project, read_crs, to_wgs84

__all__ = ["KINDS", "Shapes", "read_shapes", "same_shape"]

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Geometries: TypeAlias = NDArray[np.object_]

KINDS = ("Point", "LineString", "Polygon")
"""Kinds of geometry, at the index of their dimension; a Multi- counts as its single kind."""

_COLLECTION = 7
_NO_DIMENSION = -1
_REPAIRS = 3  # where edges all but coincide, what was repaired may need it once more


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes of one batch, a value for each row of it.

    Parameters
    ----------
    wkb
        binary, ``(n,)``: ISO WKB of plane geometry in the city's CRS; null where the row was refused or has
        no place.
    bounds
        float64, ``(n, 4)``: xmin, ymin, xmax, ymax in metres, closed; NaN where ``wkb`` is null.
    outcome
        text, ``(n,)``: why the row is refused; null when it is kept. ``unreadable-geometry`` (no WKB, or a
        curve), ``mixed-geometry`` (a collection of several kinds), ``other-kind``, ``not-finite``,
        ``outside-crs`` (of the area of use of the source's or the city's CRS: what a wrongly declared CRS
        looks like), ``antimeridian`` (a longitude jumps by more than 180 degrees), ``invalid-geometry``
        (rejected, or nothing was left by the repair).
    repaired
        bool, ``(n,)``: a repair changed the geometry. It keeps parts of the geometry's own dimension only.
    empty
        bool, ``(n,)``: a geometry was written, and it has no points.
    flattened
        bool, ``(n,)``: heights or measures were dropped from a row that is kept.
    """

    wkb: pa.Array
    bounds: Floats
    outcome: pa.Array
    repaired: Bools
    empty: Bools
    flattened: Bools

    @property
    def middles(self) -> Floats:
        """``(2, n)``: x and y of the middle of each row's bounds; NaN where it has none."""
        middles: Floats = (self.bounds[:, [0, 1]] + self.bounds[:, [2, 3]]).T / 2
        return middles


@dataclass(slots=True)
class _Rows:
    """Rows on their way: a geometry or None, and the reason of those refused."""

    shapes: Geometries
    reason: NDArray[np.object_]

    def refuse(self, where: Bools, why: str) -> None:
        """Refuse rows that no earlier step refused."""
        first = where & (self.reason == "")
        self.reason[first] = why
        self.shapes[first] = None

    @property
    def present(self) -> Bools:
        """Which rows have a geometry."""
        return np.asarray(~shapely.is_missing(self.shapes), np.bool_)


def read_shapes(
    wkb: pa.Array,
    *,
    crs: str,
    city_crs: str,
    datum: Datum = Datum.WGS84,
    invalid: Literal["repair", "reject"] = "repair",
    kinds: frozenset[str] | None = None,
) -> Shapes:
    """Read the geometry of a batch of features.

    Parameters
    ----------
    wkb
        binary, ``(n,)``: ISO or extended WKB, x east, y north; null: a feature without a place.
    crs, city_crs, datum
        The source's CRS, the city's, and what the source's longitudes and latitudes refer to.
    invalid
        What to do with geometry that is not valid once it is projected.
    kinds
        Kinds that are wanted, of `KINDS`; None: any.

    Returns
    -------
    Shapes, in the same order.

    Raises
    ------
    InvalidInput
        ``unknown-kind``, ``unknown-crs``
    Unsupported
        ``ballpark-transformation``

    Notes
    -----
    Vectorised, but for collections. What was read into the city's CRS is read again unchanged.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    >>> inside = shapely.to_wkb([shapely.transform(bow_tie, lambda xy: xy + [5e5, 4.5e6])])
    >>> read = read_shapes(pa.array(inside), crs="EPSG:32618", city_crs="EPSG:32618")
    >>> print(read.repaired, shapely.area(shapely.from_wkb(read.wkb)))
    [ True] [50.]
    """
    wanted = _wanted(kinds)
    rows, unclosed = _decode(wkb)
    empty, raised = _flatten(rows)
    rows.refuse(rows.present & ~np.isin(_dimension(rows.shapes), wanted), "other-kind")
    _project(rows, crs, city_crs, datum)
    repaired = _settle(rows, unclosed, invalid)
    outcome = pa.array(rows.reason, pa.string(), mask=rows.reason == "")
    written = shapely.to_wkb(rows.shapes, output_dimension=2, byte_order=1, flavor="iso")
    bounds = np.asarray(shapely.bounds(rows.shapes), np.float64)
    return Shapes(pa.array(written, pa.binary()), bounds, outcome, repaired, empty, raised & rows.present)


def _wanted(kinds: frozenset[str] | None) -> list[int]:
    """Return the dimensions of the kinds that are wanted."""
    for kind in kinds or ():
        if kind not in KINDS:
            raise InvalidInput("unknown-kind", f"there is no kind {kind!r}", hint=f"use {', '.join(KINDS)}")
    return [at for at, kind in enumerate(KINDS) if kinds is None or kind in kinds]


def _decode(wkb: pa.Array) -> tuple[_Rows, Bools]:
    """Read WKB; also tell which geometries have a ring that was not closed (it is now)."""
    raw = np.asarray(wkb.cast(pa.binary()).to_numpy(zero_copy_only=False), np.object_)
    written = np.array([text is not None for text in raw], np.bool_)
    shapes = _from_wkb(raw, on_invalid="ignore")
    again = written & shapely.is_missing(shapes)
    shapes[again] = _from_wkb(raw[again], on_invalid="fix")
    rows = _Rows(shapes, np.full(len(raw), "", np.object_))
    rows.refuse(written & ~rows.present, "unreadable-geometry")
    return rows, again & rows.present


def _from_wkb(raw: NDArray[np.object_], on_invalid: Literal["ignore", "fix"]) -> Geometries:
    """Read WKB, None where that fails; one curve makes shapely give up on the whole array."""
    raw = without_deep(raw)
    try:
        with np.errstate(invalid="ignore"):
            return np.asarray(shapely.from_wkb(raw, on_invalid=on_invalid), np.object_)
    except NotImplementedError:
        read = np.full(len(raw), None, np.object_)
        for at, shape_wkb in enumerate(raw):
            with contextlib.suppress(NotImplementedError), np.errstate(invalid="ignore"):
                read[at] = shapely.from_wkb(shape_wkb, on_invalid=on_invalid)
        return read


def _flatten(rows: _Rows) -> tuple[Bools, Bools]:
    """Drop empty geometries, heights and measures, and unite collections; tell what was empty, what was high."""
    raised = np.asarray(shapely.has_z(rows.shapes) | shapely.has_m(rows.shapes), np.bool_)
    empty = np.asarray(shapely.is_empty(rows.shapes), np.bool_)
    rows.shapes[empty] = None
    rows.shapes = np.asarray(shapely.force_2d(rows.shapes), np.object_)
    _unite(rows)
    return empty, raised


def _dimension(shapes: Geometries) -> NDArray[np.int64]:
    """Return 0 for points, 1 for lines, 2 for polygons; -1 for None and collections."""
    kind = shapely.get_type_id(shapes)
    known = (kind >= 0) & (kind != _COLLECTION)
    return np.where(known, shapely.get_dimensions(shapes), _NO_DIMENSION).astype(np.int64)


def _unite(rows: _Rows) -> None:
    """Make a collection of one kind the Multi- of its kind; refuse others."""
    mixed = np.zeros(len(rows.shapes), np.bool_)
    for at in np.flatnonzero(shapely.get_type_id(rows.shapes) == _COLLECTION):
        parts = _parts(rows.shapes[at])
        mixed[at] = len(set(_dimension(parts).tolist())) > 1
        rows.shapes[at] = None if mixed[at] else _multi(parts)
    rows.refuse(mixed, "mixed-geometry")


def _parts(collection: shapely.Geometry) -> Geometries:
    """Return the single geometries of a collection, however deep they lie; empty ones left out."""
    parts = np.array([collection], np.object_)
    while (shapely.get_type_id(parts) > len(KINDS)).any():
        parts = shapely.get_parts(parts)
    return np.asarray(parts[~shapely.is_empty(parts)], np.object_)


def _multi(parts: Geometries) -> shapely.Geometry:
    """Return one geometry of parts of one kind."""
    build = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    return build[_dimension(parts)[0]](parts)


def _project(rows: _Rows, crs: str, city_crs: str, datum: Datum) -> None:
    """Project each vertex to the city's CRS; refuse what cannot be there."""
    degrees = read_crs(crs).is_geographic
    xy, owner = shapely.get_coordinates(rows.shapes, return_index=True)
    _refuse_owners(rows, owner[~np.isfinite(xy).all(axis=1)], "not-finite")
    x, y = xy.T
    if degrees:
        x, y = to_wgs84(x, y, datum)
    lon, lat = (x, y) if degrees else project(x, y, crs, LONLAT)
    inside = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    inside &= inside_area_of_use(lon, lat, crs) & inside_area_of_use(lon, lat, city_crs)
    if not degrees:  # UTM's own origin lies within the margin: degrees taken for metres must not pass
        inside &= (np.abs(x) > 360) | (np.abs(y) > 90) | inside_area_of_use(lon, lat, crs, margin_deg=0)
    x, y = project(np.where(inside, x, np.nan), np.where(inside, y, np.nan), crs, city_crs)
    _refuse_owners(rows, owner[np.isnan(x)], "outside-crs")
    if degrees:
        rows.refuse(_jumps(rows.shapes), "antimeridian")
    left = rows.present[owner]
    rows.shapes = np.asarray(
        shapely.set_coordinates(rows.shapes.copy(), np.column_stack((x, y))[left]), np.object_
    )


def _refuse_owners(rows: _Rows, owners: NDArray[np.int64], why: str) -> None:
    where = np.zeros(len(rows.shapes), np.bool_)
    where[owners] = True
    rows.refuse(where, why)


def _jumps(shapes: Geometries) -> Bools:
    """Tell which lines or rings in degrees go around the world between two vertices."""
    jumping = np.zeros(len(shapes), np.bool_)
    west, _, east, _ = shapely.bounds(shapes).T
    wide = np.flatnonzero(east - west > 180)
    parts, part_of = shapely.get_parts(shapes[wide], return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    lines = np.flatnonzero(_dimension(parts) == 1)
    paths = np.concatenate((rings, parts[lines]))
    path_of = wide[part_of[np.concatenate((ring_of, lines))]]
    xy, path = shapely.get_coordinates(paths, return_index=True)
    leap = (np.diff(path) == 0) & (np.abs(np.diff(xy[:, 0])) > 180)
    jumping[path_of[path[1:][leap]]] = True
    return jumping


def _settle(rows: _Rows, unclosed: Bools, invalid: Literal["repair", "reject"]) -> Bools:
    """Repair or refuse what is not valid; tell which rows a repair changed."""
    broken = rows.present & (unclosed | ~shapely.is_valid(rows.shapes))
    if invalid == "reject":
        rows.refuse(broken, "invalid-geometry")
        return np.zeros(len(broken), np.bool_)
    at = np.flatnonzero(broken)
    for _ in range(_REPAIRS):
        rows.shapes[at] = _mend(rows.shapes[at])
        at = at[rows.present[at] & ~shapely.is_valid(rows.shapes[at])]
    rows.shapes[at] = None
    rows.refuse(broken & ~rows.present, "invalid-geometry")
    return np.asarray(broken & rows.present, np.bool_)


def _mend(shapes: Geometries) -> Geometries:
    """Make geometries valid, keeping parts of their own dimension; None where none is left."""
    mended = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    wanted = _dimension(shapes)
    for at in np.flatnonzero(shapely.get_type_id(mended) == _COLLECTION):
        parts = _parts(mended[at])
        own = parts[_dimension(parts) == wanted[at]]
        mended[at] = _multi(own) if len(own) else None
    mended[shapely.is_empty(mended) | (_dimension(mended) != wanted)] = None
    return np.asarray(mended, np.object_)


def same_shape(a_wkb: pa.Array, b_wkb: pa.Array, tolerance_m: float = 0.001) -> Bools:
    """Tell which geometries are the same but for rounding.

    A publisher's next export starts its rings elsewhere, splits an edge or rounds another digit: that is no
    new version of a feature.

    Parameters
    ----------
    a_wkb, b_wkb
        binary, ``(n,)``: WKB of valid geometry in one metric CRS; null: no place.
    tolerance_m
        How far coordinates may differ, in metres, closed.

    Returns
    -------
    bool, ``(n,)``. Null equals null and nothing else. Where a ring or a line starts, the order of parts and
    the direction of a line do not count, nor does a Multi- of one part.

    Notes
    -----
    Symmetric and reflexive; not transitive, as no tolerance is.

    Examples
    --------
    >>> square = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)])
    >>> turned = shapely.Polygon([(9, 9), (9, 0.0005), (0, 0), (0, 9)])
    >>> a = pa.array(shapely.to_wkb([square, square, None]))
    >>> b = pa.array(shapely.to_wkb([turned, shapely.box(0, 0, 9, 9.1), None]))
    >>> same_shape(a, b).tolist()
    [True, False, True]
    """
    raw = [np.asarray(wkb.to_numpy(zero_copy_only=False), np.object_) for wkb in (a_wkb, b_wkb)]
    same = np.asarray(raw[0] == raw[1], np.bool_)
    at = np.flatnonzero(~same)
    a, b = (shapely.normalize(_from_wkb(wkb[at], on_invalid="ignore")) for wkb in raw)
    near = np.asarray(shapely.equals_exact(a, b, tolerance_m), np.bool_)
    left = ~near & ~shapely.is_missing(a) & ~shapely.is_missing(b) & (_dimension(a) == _dimension(b))
    near[left] = _alike(a[left], b[left], tolerance_m)
    same[at] = near
    return same


def _alike(a: Geometries, b: Geometries, tolerance_m: float) -> Bools:
    """Tell which geometries of one kind cover the same points, whatever their vertices."""
    # The distance is taken at vertices only, so a gap between two parts goes unseen but for its length.
    vertices = np.maximum(shapely.get_num_coordinates(a), shapely.get_num_coordinates(b))
    length = np.maximum(shapely.length(a), shapely.length(b))
    near: Bools = np.abs(shapely.length(a) - shapely.length(b)) <= 2 * tolerance_m * vertices
    near &= (np.abs(shapely.bounds(a) - shapely.bounds(b)) <= tolerance_m).all(axis=1)
    near &= np.abs(shapely.area(a) - shapely.area(b)) <= tolerance_m * length
    close = np.flatnonzero(
        near
    )  # the distance takes the product of the vertices: only of what may be the same
    near[close] = shapely.hausdorff_distance(a[close], b[close]) <= tolerance_m
    areas = np.flatnonzero(near & (_dimension(a) == 2))
    apart = shapely.area(shapely.symmetric_difference(a[areas], b[areas]))
    near[areas] = apart <= tolerance_m * length[areas]
    return near
