"""Questions about a layer of features: its state at an instant, versions of a span, histories, differences.

Every answer takes ``known_at``: what was believed then. Without it, what is believed now.

Tested by `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.feature import FeatureLayer, read_ends
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.engine.model import Engine, Relation, Stage
from stcloud.iaas.table.sorter import in_order
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumns, Coding
from stcloud.paas.query.answer.pin import GivenKnown, Pin, known_us, read_known
from stcloud.paas.query.condition.known import KnownByEnds
from stcloud.paas.query.parse.where import PlaceInput, read_where
from stcloud.paas.query.resolve.cache import IndexCache
from stcloud.paas.query.resolve.feature_stages import Window, beliefs, relations_of, stages_of
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.time import Instant, instant_us

__all__ = ["Features"]

_PERIODS = ("st_valid_from", "st_valid_to", "st_recorded_from", "st_recorded_to", "st_load")
_LEAST_US = 1


@dataclass(frozen=True, slots=True, repr=False)
class Features(Layer):
    """A layer of features, from one version of its table.

    Examples
    --------
    With ``city`` an open city that has a layer of communities::

        city.layer("communities").as_of("2019-06-01").to_geopandas()
        city.layer("communities").history("110101001")
    """

    table: FeatureLayer
    configuration: CityConfiguration
    engine: Engine
    cache: IndexCache
    """Indexes that joins made of the layer."""
    coding: Coding | None = None
    """Gives the columns of a layer that hold codes; None: codes have no names."""

    @classmethod
    def of(
        cls,
        layer: Layer,
        table: FeatureLayer,
        configuration: CityConfiguration,
        engine: Engine,
        cache: IndexCache | None = None,
        coding: Coding | None = None,
    ) -> Features:
        """Make a layer ready for queries."""
        return cls(
            layer.name,
            layer.definition,
            layer.snapshot,
            layer.attributes,
            layer.read_loads,
            layer.purges,
            table,
            configuration,
            engine,
            cache or IndexCache(),
            coding,
            read_description=layer.read_description,
            former=layer.former,
            read_receipts=layer.read_receipts,
        )

    def as_of(
        self,
        at: Instant,
        *,
        known_at: GivenKnown | None = None,
        where: PlaceInput | None = None,
    ) -> Answer:
        """Return the features that were valid at an instant, ordered by key.

        Parameters
        ----------
        at
            Valid time: text in the city's zone, UTC microseconds, or an aware datetime.
        known_at
            Recorded time; default: now.
        where
            Only features that touch this place; forms as for `Query.where`.
        """
        at_us = self._us(at)
        return self._valid_between(at_us, at_us + _LEAST_US, known_at, where, {"as_of": at_us})

    def between(
        self,
        start: Instant,
        end: Instant,
        *,
        known_at: GivenKnown | None = None,
        where: PlaceInput | None = None,
    ) -> Answer:
        """Return the versions that were valid at some instant of ``[start, end)``, ordered by key and time."""
        start_us, end_us = self._us(start), self._us(end)
        if end_us <= start_us:
            raise InvalidInput("empty-period", f"from {start} to {end} there is no time")
        return self._valid_between(start_us, end_us, known_at, where, {"from": start_us, "to": end_us})

    def history(self, key: str, *, known_at: GivenKnown | None = None, follow: bool = False) -> Answer:
        """Return all versions of one feature, ordered by recorded and valid time.

        Parameters
        ----------
        key
            The feature's key as text; of several columns, joined by ``|``.
        known_at
            Only versions that were current at this recorded instant; default: all.
        follow
            Include its predecessors, and theirs, by the definition's ``predecessor`` column.

        Raises
        ------
        NotFound
            ``unknown-feature``, with the nearest keys.
        InvalidInput
            ``no-predecessor``: ``follow``, but the definition has no ``predecessor`` column.
        """
        known = None if known_at is None else self._known_us(known_at)
        versions = self._versions([key], known)
        if not len(versions) and known is None:
            keys = self.table.believed(self.snapshot).key.to_pylist()
            raise NotFound(
                "unknown-feature", f"layer '{self.name}' has no feature '{key}'",
                nearest=nearest(key, keys[:50_000]),
            )  # fmt: skip
        if follow:
            versions = self._with_origins(versions, {key}, known)
        return self._answer(versions, {"key": key})

    def _with_origins(self, versions: pa.Table, keys: set[str], known: int | None) -> pa.Table:
        """Add the versions of features that some came from, until there are no others."""
        origin = self._predecessor
        fresh = versions
        while wanted := _named(fresh[origin]) - keys:
            keys |= wanted
            fresh = self._versions(sorted(wanted), known)
            versions = pa.concat_tables([versions, fresh])
        return in_order(versions, ("st_recorded_from", "st_valid_from", "st_key"))

    @property
    def _predecessor(self) -> str:
        name = getattr(self.definition, "predecessor", None)
        stored = [attribute.stored for attribute in self.attributes if attribute.name == name]
        if not stored:
            raise InvalidInput(
                "no-predecessor", f"layer '{self.name}' does not say which features others came from",
                hint="name the column in the definition: predecessor = ...",
            )  # fmt: skip
        return stored[0]

    def _versions(self, keys: list[str], known: int | None) -> pa.Table:
        wanted = pa.table({"st_key": pa.array(keys, pa.string())})
        believed = None if known is None else KnownByEnds(known, read_ends(self.snapshot))
        return self._run([beliefs(self._names, believed)], wanted=wanted)

    def diff(self, one: Instant, other: Instant, *, known_at: GivenKnown | None = None) -> Answer:
        """Return what differs between two instants: ``change`` is ``added``, ``removed`` or ``changed``.

        A removed feature comes as it was at ``one``, others as at ``other``; ``differs`` names what changed.
        """
        old, new = (self.as_of(at, known_at=known_at).table for at in (one, other))
        earlier_us = min(self._us(one), self._us(other))
        facts = {"from": self._us(one), "to": self._us(other), "known": self._known_us(known_at, earlier_us)}
        return self._answer(_difference(old, new), facts)

    def lineage(self, one: Instant, other: Instant, *, known_at: GivenKnown | None = None) -> Answer:
        """Return which old features overlap which new ones: the shared ``area_m2``, and its share of both.

        Of polygons that differ between two instants, by shared area; pieces below 1 m² are left out.
        """
        old, new = (self.as_of(at, known_at=known_at).table for at in (one, other))
        earlier_us = min(self._us(one), self._us(other))
        facts = {"from": self._us(one), "to": self._us(other), "known": self._known_us(known_at, earlier_us)}
        return self._answer(_lineage(old, new), facts)

    def _valid_between(
        self,
        after_us: int,
        before_us: int,
        known_at: GivenKnown | None,
        where: PlaceInput | None,
        facts: Mapping[str, int],
    ) -> Answer:
        known = self._known_us(known_at, after_us)
        lattice = self.configuration.lattice
        areas = [] if where is None else [read_where([where], lattice, None).area(lattice)]
        window = Window(after_us, before_us, KnownByEnds(known, read_ends(self.snapshot)))
        stages = stages_of(self._names, window, areas)
        # Sorted here: an engine that sorts whole rows under a bound of memory puts them on disk.
        table = in_order(self._run(stages), ("st_key", "st_valid_from"))
        return self._answer(table.select(self._names), {**facts, "known": known})

    @property
    def coded(self) -> CodedColumns:
        """The layer's columns that hold codes, by name."""
        return {} if self.coding is None else self.coding(self.definition)

    @property
    def _names(self) -> tuple[str, ...]:
        """Names of an answer's columns, as they are stored."""
        return ("st_key", *_PERIODS, *(attribute.stored for attribute in self.attributes), "st_geom")

    def _run(self, stages: list[Stage], **more: Relation) -> pa.Table:
        return self.engine.run(
            stages, {**relations_of(self.snapshot, read_ends(self.snapshot)), **more}
        ).read_all()

    def _answer(self, table: pa.Table, facts: Mapping[str, Any]) -> Answer:
        zone = self.configuration.zone
        texts = {name: zone.iso(value) if isinstance(value, int) else value for name, value in facts.items()}
        texts = {
            "layer": self.name,
            **{("known_at" if name == "known" else name): text for name, text in texts.items()},
        }
        shown = {attribute.stored: attribute.name for attribute in self.attributes}
        table = table.rename_columns([shown.get(name, name) for name in table.schema.names])
        for place, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                table = table.set_column(place, field.name, table[place].cast(pa.timestamp("us", zone.name)))
        pin = Pin.of({self.name: facts["known"]}, {"zone": zone.rules}) if "known" in facts else None
        return Answer(table, self.configuration.lattice, texts, pin=pin, coded=self.coded)

    def _us(self, at: Instant) -> int:
        return instant_us(at, self.configuration.zone)

    def _known_us(self, at: GivenKnown | None, after_us: int | None = None) -> int:
        """Return the recorded instant that is meant; refuse one that a purge has touched."""
        zone = self.configuration.zone
        known = known_us(self, None if at is None else read_known(at, zone))
        refuse_purged(self, known, zone, after_us=after_us)
        return known


def _named(origins: pa.ChunkedArray) -> set[str]:
    """Return the keys that predecessor columns name, several in one by ``;``."""
    texts = pc.unique(origins).drop_null().cast(pa.string()).to_pylist()
    return {key.strip() for text in texts for key in text.split(";") if key.strip()}


def _difference(old: pa.Table, new: pa.Table) -> pa.Table:
    """Return the rows that are in one, or differ, with what they are and what differs."""
    before, after = (table["st_key"].combine_chunks() for table in (old, new))
    match = pc.index_in(after, value_set=before)
    removed = np.flatnonzero(pc.is_null(pc.index_in(before, value_set=after)).to_numpy(zero_copy_only=False))
    both = np.flatnonzero(match.is_valid().to_numpy(zero_copy_only=False))
    added = np.flatnonzero(match.is_null().to_numpy(zero_copy_only=False))
    paired = old.take(match.drop_null())
    differs = _differing(paired, new.take(pa.array(both)))
    names = [name for name in new.schema.names if name not in _PERIODS and name not in ("st_key", "st_geom")]
    changes = [
        ", ".join(name for name in [*names, "st_geom"] if differs[name][at]) for at in range(len(both))
    ]
    changed = [at for at, text in enumerate(changes) if text]
    parts = [
        (old.take(pa.array(removed)), "removed", [""] * len(removed)),
        (new.take(pa.array(added)), "added", [""] * len(added)),
        (new.take(pa.array(both[changed])), "changed", [changes[at] for at in changed]),
    ]
    tables = [
        part.add_column(0, "change", pa.repeat(pa.scalar(kind), len(part))).add_column(
            2, "differs", pa.array(text, pa.string())
        )
        for part, kind, text in parts
    ]
    return pa.concat_tables(tables).sort_by("st_key")


def _differing(old: pa.Table, new: pa.Table) -> dict[str, np.ndarray]:
    differing = {}
    for name in new.schema.names:
        if name in _PERIODS:
            continue
        before, after = old[name], new[name]
        same = pc.or_kleene(pc.equal(before, after), pc.and_(pc.is_null(before), pc.is_null(after)))
        differing[name] = ~pc.fill_null(same, fill_value=False).to_numpy()
    return differing


def _lineage(old: pa.Table, new: pa.Table) -> pa.Table:
    differing = set(_difference(old, new)["st_key"].to_pylist())
    sides = []
    for table in (old, new):
        chosen = table.filter(pc.is_in(table["st_key"], pa.array(sorted(differing), pa.string())))
        shapes = shapely.from_wkb(chosen["st_geom"].to_numpy())
        area = shapely.area(shapes) > 0
        sides.append((np.array(chosen["st_key"].to_pylist(), object)[area], shapes[area]))
    (old_key, old_shape), (new_key, new_shape) = sides
    old_row, new_row = shapely.STRtree(new_shape).query(old_shape, predicate="intersects")
    shared = shapely.area(shapely.intersection(old_shape[old_row], new_shape[new_row]))
    keep = shared >= 1.0
    old_row, new_row, shared = old_row[keep], new_row[keep], shared[keep]
    pairs = pa.table(
        {
            "old": pa.array(old_key[old_row], pa.string()), "new": pa.array(new_key[new_row], pa.string()),
            "area_m2": shared, "share_of_old": shared / shapely.area(old_shape)[old_row],
            "share_of_new": shared / shapely.area(new_shape)[new_row],
        }
    )  # fmt: skip
    return pairs.sort_by([("old", "ascending"), ("share_of_old", "descending"), ("new", "ascending")])
