"""Cleaning of features: text and geometry from a source in, typed rows of a feature table and refusals out.

A row that is written as what is believed already is recognised by its digest, and neither parsed nor projected.

Tested by `tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.load.clean_events import FEW_ROWS, ROW, read_attributes, read_key
from stcloud.daas.load.column import (
    Faults,
    Values,
    formats_of,
    plain,
    read_numbers,
    trimmed,
    without_nulls,
    without_padding,
)
from stcloud.daas.load.geometry import Shapes, read_shapes
from stcloud.daas.load.geometry_text import read_geometry_texts
from stcloud.daas.table.feature import Believed, lanes
from stcloud.daas.table.schema import Attribute
from stcloud.daas.table.timeline import FOREVER, Ints
from stcloud.iaas.source.protocol import Batch, Refusal
from stcloud.iaas.source.text import Declared
from stcloud.iaas.source.wkb import without_deep
from stcloud.iaas.table.digest import digest_rows
from stcloud.space import Lattice
from stcloud.time import Zone, read_stamps

__all__ = ["PART", "CleanedFeatures", "DigestIndex", "FeatureCleaner"]

PART = "st_sort"
"""Column of cleaned rows that the sort wants: they are all of one part."""

_DAY_US = 86_400_000_000
_BOUNDS = ("st_xmin", "st_ymin", "st_xmax", "st_ymax")


@dataclass(frozen=True, slots=True, eq=False)
class DigestIndex:
    """Digests of beliefs, to be looked up.

    Attributes
    ----------
    digest
        ``(n, 2)`` uint64, ascending.
    place
        ``(n,)`` int64, where each lies among the beliefs.
    """

    digest: np.ndarray
    place: Ints

    @classmethod
    def of(cls, believed: Believed, chosen: Values) -> DigestIndex:
        """Make it of some of the beliefs, of which no key has two."""
        place = np.flatnonzero(chosen)
        digest = believed.digest[place]
        order = np.lexsort((digest[:, 1], digest[:, 0]))
        return cls(digest[order], place[order])

    def find(self, digest: np.ndarray) -> Ints:
        """Return where each digest lies among the beliefs, -1 for nowhere."""
        if not len(self.place):
            return np.full(len(digest), -1, np.int64)
        at = np.minimum(np.searchsorted(self.digest[:, 0], digest[:, 0]), len(self.place) - 1)
        places: Ints = np.where((self.digest[at] == digest).all(axis=1), self.place[at], -1)
        return places


@dataclass(frozen=True, slots=True, eq=False)
class CleanedFeatures:
    """What became of one batch.

    Attributes
    ----------
    rows
        Rows to look at closely: `ROW`, `PART`, our columns that the row decides, the layer's own.
    start_us, end_us
        Their valid periods, where rows have periods of their own.
    seen, seen_numbers
        Beliefs that rows repeat as they were written, and the numbers of these rows.
    silent
        Keys of refused rows: the load states nothing of them.
    repairs
        Values as they came, of rows that are kept with a repaired geometry or a text that was cut.
    """

    rows: pa.RecordBatch
    start_us: Ints
    end_us: Ints
    seen: Ints
    seen_numbers: Ints
    silent: pa.Array
    refusals: tuple[Refusal, ...]
    repairs: tuple[Refusal, ...]
    read: int
    adjusted: int
    padded: int


@dataclass(frozen=True, slots=True)
class FeatureCleaner:
    """Cleans batches of one source under one definition; safe to use from several threads.

    Parameters
    ----------
    definition, columns, lattice, zone
        How to read the source; attribute by source column; the city's space and time.
    known
        Beliefs that a row may repeat.
    period
        Valid period of rows that have none of their own, UTC microseconds.
    keys_only
        True when rows only name what is not there.
    many
        True when so many rows are expected that compiled loops pay from the first.
    types
        The types that the source gives its columns.
    """

    definition: FeatureDefinition
    columns: Mapping[str, Attribute]
    lattice: Lattice
    zone: Zone
    known: DigestIndex
    period: tuple[int, int]
    keys_only: bool = False
    many: bool = False
    types: Mapping[str, Declared] = field(default_factory=dict)

    def clean(self, batch: Batch) -> CleanedFeatures:
        """Clean one batch."""
        given, padded = without_padding(batch.rows) if self.definition.trim else (batch.rows, None)
        many = self.many or (len(batch.numbers) > 0 and int(batch.numbers[0]) > FEW_ROWS)
        digest = digest_rows(given.select(self._meaning), self.definition.digest(), many=many)
        seen = self.known.find(lanes(digest))
        seen[np.isin(batch.numbers, [fault.row for fault in batch.faults])] = -1
        rest = seen < 0
        rows = given if rest.all() else given.filter(pa.array(rest))
        numbers = batch.numbers[rest]
        source = without_nulls(rows, self.definition, self.zone, self.types)
        faults = Faults(numbers)
        faults.take(batch.faults)
        own: dict[str, pa.Array] = {
            ROW: pa.array(numbers),
            PART: pa.array(np.zeros(len(numbers), np.int64)),
            "st_key": read_key(self.definition.key, source, faults, self.types, self.columns),
            "st_digest": digest.filter(pa.array(rest)),
        }
        start, end, adjusted = self._periods(source, len(numbers), faults)
        repairs = Faults(numbers)
        if not self.keys_only:
            shapes = self._shapes(source, faults, repairs)
            attributes = read_attributes(self.columns, source, self.definition, self.zone, faults, self.types)
            own |= self._placed(shapes) | attributes
        keep = ~faults.faulty
        cleaned = pa.RecordBatch.from_pydict(own)
        silent = own["st_key"].filter(pa.array(~keep)).drop_null()
        kept = set(numbers[keep].tolist())
        return CleanedFeatures(
            cleaned if keep.all() else cleaned.filter(pa.array(keep)), start[keep], end[keep],
            seen[~rest], batch.numbers[~rest], silent, (*batch.refusals, *faults.refusals()),
            tuple(repair for repair in (*batch.repairs, *repairs.refusals()) if repair.row in kept),
            len(batch.numbers) + len(batch.refusals), int((adjusted & keep).sum()),
            0 if padded is None else int(padded.sum()),
        )  # fmt: skip

    @property
    def _meaning(self) -> list[str]:
        """Columns that the layer keeps or is made from; a row's own period is no part of its content."""
        if self.keys_only:
            return sorted(self.definition.key)
        periods = self.definition.valid.columns if self.definition.valid else ()
        return sorted({*self.columns, *self.definition.roles} - set(periods))

    def _periods(
        self, source: Mapping[str, pa.Array], count: int, faults: Faults
    ) -> tuple[Ints, Ints, Values]:
        start, end = (np.full(count, at, np.int64) for at in self.period)
        adjusted = np.zeros(count, np.bool_)
        valid = self.definition.valid
        if valid is None or valid.start is None:
            return start, end, adjusted
        zone = Zone(valid.zone) if valid.zone else self.zone
        for name, times in ((valid.start, start), (valid.end, end)):
            if name is None:
                continue
            texts = trimmed(plain(source[name]))
            later = _DAY_US if valid.inclusive and name == valid.end else 0
            formats = formats_of(valid.formats, self.types.get(name))
            read = read_stamps(texts, formats, zone, later_us=later)
            faults.add(read.out_of_range, name, texts, "time-out-of-range")
            written = pc.is_valid(texts).to_numpy(zero_copy_only=False)
            faults.add(written & ~read.valid, name, texts, "unreadable-time")
            times[read.valid] = read.utc_us[read.valid]
            adjusted |= read.adjusted
            if name == valid.start:
                faults.add(~written, name, texts, "missing-time")
            else:
                times[~written] = FOREVER
                faults.add(end <= start, name, texts, "end-before-start")
        return start, end, adjusted

    def _shapes(self, source: Mapping[str, pa.Array], faults: Faults, repairs: Faults) -> Shapes:
        space, shape = self.definition.space, self.definition.shape
        name = space.columns[0] if space.columns else "geometry"
        wkb = self._written(source, faults)
        read = read_shapes(
            wkb, crs=space.declared_crs, city_crs=self.lattice.crs, datum=space.datum, invalid=shape.invalid,
            kinds=frozenset(shape.kinds) if shape.kinds else None,
        )  # fmt: skip
        outcome = read.outcome
        for reason in pc.unique(outcome).drop_null().to_pylist():
            hit = pc.fill_null(pc.equal(outcome, reason), fill_value=False).to_numpy(zero_copy_only=False)
            faults.add(hit, name, _texts(wkb, hit), reason, most=None)
        beyond = np.isfinite(read.middles).all(axis=0) & ~self.lattice.contains(*read.middles)
        faults.add(beyond, name, _texts(wkb, beyond), "outside-lattice", most=None)
        repairs.add(read.repaired, name, _texts(wkb, read.repaired), "repaired-geometry", most=None)
        return read

    def _written(self, source: Mapping[str, pa.Array], faults: Faults) -> pa.Array:
        """Return geometry as the source has it, as WKB."""
        space = self.definition.space
        if space.none:
            return pa.nulls(len(next(iter(source.values()))), pa.binary())
        if space.column is None:
            names = space.columns
            axes = []
            for name in names:
                texts = trimmed(plain(source[name]))
                numbers, bad = read_numbers(texts)
                faults.add(bad, name, texts, "not-a-number")
                axes.append(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False))
            missing = np.isnan(axes[0]) | np.isnan(axes[1])
            points = shapely.points(*(np.where(missing, 0.0, axis) for axis in axes))
            return pa.array(np.where(missing, None, shapely.to_wkb(points)), pa.binary())
        values = plain(source[space.column])
        if pa.types.is_binary(values.type):
            return values.cast(pa.binary())
        texts = trimmed(values)
        geometry = read_geometry_texts(texts.to_numpy(zero_copy_only=False), space.encoding)
        unread = shapely.is_missing(geometry) & pc.is_valid(texts).to_numpy(zero_copy_only=False)
        faults.add(unread, space.column, texts, "unreadable-geometry")
        return pa.array(shapely.to_wkb(geometry), pa.binary())

    def _placed(self, shapes: Shapes) -> dict[str, pa.Array]:
        nowhere = ~np.isfinite(shapes.bounds).all(axis=1)
        x, y = shapes.middles
        outside = nowhere | ~self.lattice.contains(x, y)
        cells = self.lattice.cells(np.where(outside, np.nan, x), np.where(outside, np.nan, y))
        bounds = {name: pa.array(shapes.bounds[:, place], mask=nowhere) for place, name in enumerate(_BOUNDS)}
        return {"st_geom": shapes.wkb, **bounds, "st_cell": pa.array(cells, mask=outside)}


def _texts(wkb: pa.Array, chosen: Values) -> pa.Array:
    """Return the chosen geometries as WKT, or as hexadecimal WKB where they cannot be read; null elsewhere."""
    texts: list[str | None] = [None] * len(wkb)
    for at in np.flatnonzero(chosen).tolist():
        raw = wkb[at].as_py()
        try:
            texts[at] = shapely.to_wkt(shapely.from_wkb(without_deep([raw])[0]), rounding_precision=-1)
        except (shapely.errors.ShapelyError, NotImplementedError):
            texts[at] = None if raw is None else raw.hex()
    return pa.array(texts, pa.string())
