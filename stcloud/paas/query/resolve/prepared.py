"""Prepared: a layer ready to be joined with the events of a question: whole and kept, or only what can matter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.table.feature import Believed, micros, row_files
from stcloud.daas.table.timeline import ALWAYS, FOREVER, Ints
from stcloud.paas.query.answer.pin import OriginInstant
from stcloud.paas.query.join.how import How
from stcloud.paas.query.resolve.cache import IndexedLayer
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.prune import Box
from stcloud.paas.query.resolve.scope import Scope
from stcloud.space import Area

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex

__all__ = ["Columns", "Held", "Prepared", "prepared", "taken"]

Columns: TypeAlias = Callable[[Ints], pa.Table]
"""Gives the columns of versions by position; -1 is a row of nulls."""

_SMALL = 0.25  # of the layer's extent: reading what is there is cheaper than making all ready
_FEW = 0.5  # of the versions, likewise
_GEOMETRY = "st_geom"
_EDGES = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Versions of a layer.

    Parameters
    ----------
    partners
        The versions.
    columns
        Gives their columns, by the names that people know.
    """

    partners: AsOfIndex
    columns: Columns


def prepared(layer: Features, known_us: int, how: How, scope: Scope) -> Prepared:
    """Make ready what may be partners of events.

    Parameters
    ----------
    layer
        The features.
    known_us
        As they were known then, UTC microseconds.
    how
        The way of joining.
    scope
        Where and when the events may be.

    Notes
    -----
    What is kept is used for every query. Else, where the events lie in a small part of the layer, the features
    there are read; where few versions were valid in their span, these are; or else all are made ready, and kept, on
    disk too unless the layer is so small that this takes longer than making it ready.
    """
    if scope.empty:
        return _whole(layer, layer.table.believed(layer.snapshot, known_us).take(_NONE))
    kept = layer.cache.find(layer, known_us, how)
    if kept is not None:
        return Prepared(kept.partners, Held(layer, kept.row))
    box = scope.reach(how)
    if box is not None and _is_small(box, _extent(layer)):
        return _nearby(layer, known_us, scope, box)
    believed = layer.table.believed(layer.snapshot, known_us)
    chosen = (believed.start_us < scope.end_us) & (believed.end_us > scope.start_us)
    if chosen.sum() <= _FEW * len(chosen):
        return _whole(layer, believed.take(chosen))
    made = _whole(layer, believed).partners
    if made.is_small:
        kept = layer.cache.remember(layer, known_us, IndexedLayer(made, believed.row, made.nbytes))
        return Prepared(kept.partners, Held(layer, kept.row))
    made.prepare(distances=how.measures)
    kept = layer.cache.keep(layer, known_us, IndexedLayer(made, believed.row))
    return Prepared(kept.partners, Held(layer, kept.row))


def _whole(layer: Features, believed: Believed) -> Prepared:
    from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

    wkb = layer.table.content(layer.snapshot, believed.row, [_GEOMETRY])[_GEOMETRY].to_numpy()
    shapes = np.asarray(shapely.from_wkb(wkb), object)
    partners = AsOfIndex.of(believed.key, believed.start_us, believed.end_us, shapes)
    return Prepared(partners, Held(layer, believed.row))


def _nearby(layer: Features, known_us: int, scope: Scope, box: Box) -> Prepared:
    from stcloud.index import AsOfIndex  # noqa: PLC0415

    area = Area(shapely.box(*box), layer.configuration.lattice.crs)
    versions = layer.between(scope.start_us, scope.end_us, known_at=OriginInstant(known_us), where=area).table
    start, end = micros(versions["st_valid_from"], ALWAYS), micros(versions["st_valid_to"], FOREVER)
    shapes = np.asarray(shapely.from_wkb(versions[_GEOMETRY].to_numpy()), object)
    own = versions.select([attribute.name for attribute in layer.attributes]).combine_chunks()
    return Prepared(AsOfIndex.of(versions["st_key"], start, end, shapes), lambda version: taken(own, version))


class Held:
    """Columns of versions, read when they are first wanted: what is wanted first, then all the others.

    Parameters
    ----------
    layer
        The features.
    row
        ``(n,)`` int64, numbers of the beliefs.
    """

    def __init__(self, layer: Features, row: Ints) -> None:
        self._layer, self._row = layer, row
        self._place = np.full(len(row), -1)
        self._rows = self._read(_NONE)

    def __call__(self, version: Ints) -> pa.Table:
        """Return the columns of versions by position; -1 is a row of nulls."""
        wanted = version[version >= 0]
        lacks = np.unique(wanted[self._place[wanted] < 0]) if self._layer.attributes else _NONE
        if len(lacks):
            fresh = np.flatnonzero(self._place < 0) if len(self._rows) else lacks
            self._place[fresh] = np.arange(len(self._rows), len(self._rows) + len(fresh))
            self._rows = pa.concat_tables([self._rows, self._read(fresh)]).combine_chunks()
        place = np.full(len(version), -1)
        place[version >= 0] = self._place[wanted]
        return taken(self._rows, place)

    def _read(self, version: Ints) -> pa.Table:
        stored = {attribute.name: attribute.stored for attribute in self._layer.attributes}
        table = self._layer.table.content(self._layer.snapshot, self._row[version], list(stored.values()))
        return pa.table([table[name] for name in stored.values()], list(stored))


def taken(rows: pa.Table, version: Ints) -> pa.Table:
    """Return rows by position; -1 is a row of nulls."""
    return rows.take(pa.array(version, mask=version < 0))


def _extent(layer: Features) -> Box | None:
    """Return the box of all features by what the log knows; None when it does not."""
    files = row_files(layer.snapshot)
    sides = [[file.low.get(name) for file in files] for name in _EDGES[:2]]
    sides += [[file.high.get(name) for file in files] for name in _EDGES[2:]]
    known = [[float(value) for value in side if value is not None] for side in sides]
    if not files or any(len(side) < len(files) for side in known):
        return None
    return min(known[0]), min(known[1]), max(known[2]), max(known[3])


def _is_small(box: Box, extent: Box | None) -> bool:
    if extent is None:
        return False
    west, south, east, north = extent
    shared = max(min(box[2], east) - max(box[0], west), 0) * max(min(box[3], north) - max(box[1], south), 0)
    return bool(shared <= _SMALL * (east - west) * (north - south))
