"""A shared table: the plain rows of a layer as they were known at one of its versions.

The law: **a shared table equals the answer of the same question at that pin.** The question is that for the rows of
the layer, known at the version's instant; of features, those that were valid at that instant, too.

Tested by `tests/saas/web/sharing/test_sharedtable.py`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
import xxhash

from stcloud.errors import NotFound
from stcloud.iaas.table.datafile import ROW_GROUP_ROWS
from stcloud.iaas.table.merging import merged_rows
from stcloud.paas.query.answer.pin import OriginInstant
from stcloud.paas.query.plan.label import shown
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.plan.row_kind import row_kind
from stcloud.saas.web.referencesystem import CRS84

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.daas.entry import Layer
    from stcloud.paas.query import Query
    from stcloud.paas.query.run.inquiry import Inquiry

__all__ = ["SharedTable", "TableVersion", "versions_of"]

_LONGITUDE, _LATITUDE, _SHAPE = "st_lon", "st_lat", "st_geom"
_DIGESTS = ("st_digest_high", "st_digest_low")
_INSTANT = pa.timestamp("us", "UTC")
_ARROW = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
    "instant": _INSTANT, "shape": pa.binary(),
}  # fmt: skip
_DELTA = {
    "text": "string", "integer": "long", "number": "double", "boolean": "boolean", "date": "date",
    "instant": "timestamp", "shape": "binary",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version of a table: its number, from 0, and its recorded instant, UTC microseconds."""

    number: int
    at_us: int


def versions_of(layer: Layer) -> tuple[TableVersion, ...]:
    """Return the versions of a layer, oldest first: a version is a load, or a purge, in the order of the ledger.

    Loads that this snapshot of the layer does not hold yet are none.
    """
    instants = {load.recorded_at_us for load in layer.loads} | {
        purge.recorded_at_us for purge in layer.purges
    }
    newest_us = layer.pin_us()
    return tuple(
        TableVersion(number, at_us) for number, at_us in enumerate(sorted(instants)) if at_us <= newest_us
    )


@dataclass(frozen=True)
class SharedTable:
    """A layer at one of its versions, as a table.

    Parameters
    ----------
    city
        The city as the principal may see it.
    layer
        The layer in it.
    version
        When it is known at, and of features valid at.
    stated
        Whether the version was stated, or is the newest one.
    """

    city: City
    layer: Layer
    version: TableVersion
    stated: bool = False

    @classmethod
    def of(
        cls, city: City, layer: Layer, *, number: int | None = None, at_us: int | None = None
    ) -> SharedTable:
        """Return the table at the version of a number, at the newest one until an instant, or at the newest one.

        Raises
        ------
        NotFound
            ``unknown-version``: there is none of this number, or none so early.
        """
        versions = versions_of(layer)
        chosen = [
            version
            for version in versions
            if number in (None, version.number) and (at_us is None or version.at_us <= at_us)
        ]
        if not chosen:
            raise _unknown_version(layer, versions)
        return cls(city, layer, chosen[-1], stated=number is not None or at_us is not None)

    @classmethod
    def since(cls, city: City, layer: Layer, at_us: int) -> SharedTable:
        """Return the table at its earliest version at or after an instant; `NotFound` ``unknown-version``."""
        versions = versions_of(layer)
        later = [version for version in versions if version.at_us >= at_us]
        if not later:
            raise _unknown_version(layer, versions)
        return cls(city, layer, later[0], stated=True)

    @cached_property
    def question(self) -> Query:
        """The question whose answer the table is."""
        query = self.city.query(self.layer.name).known_at(OriginInstant(self.version.at_us))
        return query.as_of(self.version.at_us) if self.layer.layer_kind.versioned else query

    @property
    def pin(self) -> str:
        """The pin of that answer."""
        return self.question.inquiry().pin().text

    @cached_property
    def columns(self) -> dict[str, str]:
        """Names of the columns, in order, with their types: those of columns of layers, and ``shape``."""
        later = {
            name
            for load in self.layer.loads
            if load.recorded_at_us > self.version.at_us
            for name in load.new_columns
        }
        own = {
            attribute.name: attribute.type
            for attribute in self.layer.attributes
            if attribute.name not in later
        }
        if self.layer.layer_kind.versioned:
            return {"st_key": "text", **own, _SHAPE: "shape"}
        ends = {"st_time_to": "instant"} if row_kind(self.layer).has_period(self.layer) else {}
        return {
            "st_key": "text",
            "st_time": "instant",
            **ends,
            **own,
            _LONGITUDE: "number",
            _LATITUDE: "number",
        }

    @property
    def schema(self) -> pa.Schema:
        """Types of the columns in the files: instants are UTC microseconds, places longitude and latitude."""
        return pa.schema([pa.field(name, _ARROW[kind]) for name, kind in self.columns.items()])

    @property
    def schema_string(self) -> str:
        """The same as the protocol writes it."""
        fields = [
            {"name": name, "type": _DELTA[kind], "nullable": True, "metadata": self._field_metadata(name)}
            for name, kind in self.columns.items()
        ]
        return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)

    def _field_metadata(self, name: str) -> dict[str, str]:
        """Return what the metadata of a column say of it."""
        if name == _SHAPE:
            return {"comment": "WKB, longitude and latitude", "crs": CRS84.text}
        title = next((each.title for each in self.layer.attributes if each.name == name), None)
        return {"comment": title} if title else {}

    @property
    def id(self) -> str:
        """What the table is known by, whatever version."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"stcloud:{self.city.name}/{self.layer.name}"))

    def state(self, *besides: str) -> str:
        """Return a digest of what the bytes of its files depend on.

        These are its columns and their marks, the instant, purges, and what is stated: who may see what.
        """
        layer, purges = self.layer, [purge.recorded_at_us for purge in self.layer.purges]
        columns = repr((self.columns, layer.personal, layer.definition.digest()))
        parts = [layer.name, str(self.version.at_us), columns, repr(purges), *besides]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def pieces(self, folder: Path) -> Iterator[pa.Table]:
        """Stream its rows in a stated order; rows that come in none are laid down in a folder meanwhile."""
        inquiry = self.question.inquiry()
        if inquiry.subject.kind.in_order:
            for batch in self.question.batches():
                yield self._plain(pa.Table.from_batches([batch]))
            return
        with merged_rows(_digested(inquiry), _DIGESTS, folder, most_rows=ROW_GROUP_ROWS) as portions:
            for portion in portions:
                for rows in portion:
                    yield self._plain(rows)

    def _plain(self, rows: pa.Table) -> pa.Table:
        """Return rows of the answer as those of the table."""
        made = self._shapes(rows) if _SHAPE in self.columns else self._points(rows)
        columns = [made[name] if name in made else rows[name] for name in self.columns]
        schema = self.schema
        cast = [column.cast(field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.table(cast, schema=schema)

    def _points(self, rows: pa.Table) -> dict[str, Any]:
        pair = np.column_stack([rows[name].to_numpy().astype(float) for name in ("st_x", "st_y")])
        lacking = np.isnan(pair[:, 0])
        moved = CRS84.points(pair, self.city.configuration.crs)
        return {
            name: pa.array(np.where(lacking, 0.0, moved[:, place]), pa.float64(), mask=lacking)
            for place, name in enumerate((_LONGITUDE, _LATITUDE))
        }

    def _shapes(self, rows: pa.Table) -> dict[str, Any]:
        shapes = shapely.from_wkb(rows[_SHAPE].to_numpy())
        return {
            _SHAPE: pa.array(shapely.to_wkb(CRS84.shapes(shapes, self.city.configuration.crs)), pa.binary())
        }


def _digested(inquiry: Inquiry) -> Iterator[pa.Table]:
    """Stream rows with a digest of their keys, by which they can be sorted whatever order they come in."""
    schema, own = inquiry.row_schema, inquiry.subject.kind.own
    for batch in inquiry.run(Rows()):
        rows = pa.Table.from_batches([shown(batch, schema, own)])
        digests = b"".join(xxhash.xxh3_128_digest(key.encode()) for key in rows["st_key"].to_pylist())
        halves = np.frombuffer(digests, ">i8").astype(np.int64).reshape(-1, 2)
        for place, name in enumerate(_DIGESTS):
            rows = rows.append_column(name, pa.array(np.ascontiguousarray(halves[:, place])))
        yield rows


def _unknown_version(layer: Layer, versions: tuple[TableVersion, ...]) -> NotFound:
    numbers = f"it has {versions[0].number} to {versions[-1].number}" if versions else "it has none yet"
    return NotFound("unknown-version", f"table '{layer.name}' has no such version: {numbers}")
