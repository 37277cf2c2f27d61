"""Notes on a load: what its user should know though nothing is wrong, or a clock once was.

Tested by `tests/daas/load/test_notes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stcloud.daas.definition import SpaceClause
from stcloud.daas.ledger import Ledger
from stcloud.daas.load.peek import is_empty
from stcloud.daas.reckoning import Reckoning
from stcloud.iaas.source.protocol import Source, geometry_column, remarks_of
from stcloud.space import read_crs
from stcloud.time import Zone

__all__ = ["datum_remarks", "late_records", "load_remarks", "repeated_remarks", "with_clock_note"]

_WGS84 = "World Geodetic System 1984"
_DATUM = (
    "no datum is declared: longitudes and latitudes are taken as WGS 84, where many in China are GCJ-02 or BD-09, "
    "some 500 m away; declare the datum (wgs84, gcj02, bd09)"
)


def load_remarks(source: Source, space: SpaceClause, city_crs: str) -> tuple[str, ...]:
    """Return the notes on a source and on the datum of its coordinates."""
    if is_empty(source):
        return remarks_of(source)
    return (*remarks_of(source), *_shape_remarks(source, space), *datum_remarks(space, city_crs))


def _shape_remarks(source: Source, space: SpaceClause) -> tuple[str, ...]:
    """Return that the geometry of a file is left out, where the place is something else."""
    geometry = geometry_column(source)
    renamed = space.column is not None and space.column not in source.columns
    if geometry is None or geometry == space.column or renamed:
        return ()
    place = "no column" if space.none else " and ".join(map(repr, space.columns))
    return (f"the geometry in {geometry!r} is left out: the place is taken from {place}",)


def datum_remarks(space: SpaceClause, city_crs: str) -> tuple[str, ...]:
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


_MANY = 0.05


def repeated_remarks(rule: str, duplicates: int, read: int) -> tuple[str, ...]:
    """Return that many rows of a file share their keys, where one row of each key counts and the others are lost.

    Parameters
    ----------
    rule
        Which row of a key counts: ``last``, ``first``; of other rules none is lost without being rejected.
    duplicates, read
        Rows whose key another row has; rows of the file.
    """
    if rule not in ("last", "first") or duplicates <= _MANY * read:
        return ()
    note = (
        f"{duplicates:,} of {read:,} rows have the key of another row: the {rule} row of each key counts, and the "
        "others are lost; if they are something else, load into a new layer with one more column in --key"
    )
    return (note,)


_FAR_US = 3_600_000_000
"""Clocks of machines differ by less than an hour."""


def with_clock_note(reckoning: Reckoning, now_us: int, newest_us: int | None, zone: Zone) -> Reckoning:
    """Return a reckoning that says when the layer's newest record lies far after the machine's clock.

    Parameters
    ----------
    newest_us
        Recorded instant of the newest entry of the layer.
    zone
        The city's, for the text.
    """
    newest = max(reckoning.recorded_at_us, newest_us or 0)
    if newest - now_us <= _FAR_US:
        return reckoning
    note = (
        f"layer '{reckoning.layer}' has a record of {zone.iso(newest)}, and the clock says {zone.iso(now_us)}: "
        "a clock was wrong once; loads are recorded right after that record, "
        "and what was known at an earlier instant lacks them"
    )
    return replace(reckoning, notes=(*reckoning.notes, note))


def late_records(ledger: Ledger, layer: str, now_us: int, zone: Zone) -> Iterator[str]:
    """Give the loads of a layer that were recorded far after the machine's clock."""
    for load in ledger.loads(layer):
        if load.recorded_at_us - now_us > _FAR_US:
            recorded, now = zone.iso(load.recorded_at_us), zone.iso(now_us)
            yield f"load {load.load} was recorded at {recorded}, and the clock says {now}"
