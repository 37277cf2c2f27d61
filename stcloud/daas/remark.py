"""Remarks on a load: what its user should know though nothing is wrong."""

from __future__ import annotations

from stcloud.daas.ahead import is_empty
from stcloud.daas.definition import Space
from stcloud.iaas.source.protocol import Source, geometry_column, remarks_of
from stcloud.space import read_crs

__all__ = ["datum_remarks", "load_remarks"]

_WGS84 = "World Geodetic System 1984"
_DATUM = (
    "no datum is declared: longitudes and latitudes are taken as WGS 84, where many in China are GCJ-02 or BD-09, "
    "some 500 m away; declare the datum (wgs84, gcj02, bd09)"
)


def load_remarks(source: Source, space: Space, city_crs: str) -> tuple[str, ...]:
    """Return what is to be said of a source and of the datum of its coordinates."""
    if is_empty(source):
        return remarks_of(source)
    return (*remarks_of(source), *_shape_remarks(source, space), *datum_remarks(space, city_crs))


def _shape_remarks(source: Source, space: Space) -> tuple[str, ...]:
    """Return that the geometry of a file is left out, where the place is something else."""
    geometry = geometry_column(source)
    renamed = space.column is not None and space.column not in source.columns
    if geometry is None or geometry == space.column or renamed:
        return ()
    place = "no column" if space.none else " and ".join(map(repr, space.columns))
    return (f"the geometry in {geometry!r} is left out: the place is taken from {place}",)


def datum_remarks(space: Space, city_crs: str) -> tuple[str, ...]:
    """Return that degrees are taken as WGS 84 in a city in China whose definition does not declare their datum.

    Maps there are shifted (GCJ-02, BD-09), and files of shifted degrees say that they are WGS 84.
    """
    area = read_crs(city_crs).area_of_use
    if area is None or not area.name.startswith("China") or space.none or space.datum_is_declared:
        return ()
    crs = read_crs(space.declared_crs)
    if not crs.is_geographic or crs.datum is None or not crs.datum.name.startswith(_WGS84):
        return ()
    return (_DATUM,)
