"""A third kind of layers, in a hundred lines: readings of stations, appended, each at an instant.

The package knows nothing of it: a test registers it, as a plugin would be.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import Definition, TimeClause
from stcloud.daas.load.clean_events import ROW, read_attributes, read_key
from stcloud.daas.load.column import Faults, without_nulls
from stcloud.daas.load.steps import TableChange
from stcloud.daas.table.expired import expired_events
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.purged import purged_files
from stcloud.daas.table.schema import INSTANT, Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.engine.model import Files, Sql
from stcloud.iaas.table.digest import digest_rows
from stcloud.paas.query.answer.page import Order
from stcloud.paas.query.compile.compilation import LAYER
from stcloud.paas.query.filter import Names
from stcloud.paas.query.plan.resolved import Writing
from stcloud.paas.query.plan.row_kind import RowKind
from stcloud.paas.query.sql.binder import Binder
from stcloud.paas.query.sql.tree import column, select, table
from stcloud.time import Zone, read_stamps

PART = "st_station"
OWN = {
    "st_key": pa.string(), "st_digest": pa.binary(), "st_at": INSTANT, "st_x": pa.float64(), "st_y": pa.float64(),
    "st_recorded_from": INSTANT, "st_recorded_to": INSTANT, "st_load": pa.string(),
}  # fmt: skip


class ReadingDefinition(Definition):
    """A layer of readings: a station measured something at an instant."""

    modes: ClassVar[tuple[str, ...]] = ("append",)

    kind: Literal["reading"]
    time: TimeClause

    @property
    def roles(self):
        return (*self.key, self.time.column)


class CleanedReadings(NamedTuple):
    """Rows of a batch that are readings, and those that are refused."""

    rows: pa.RecordBatch
    refusals: list
    batch: object


class ReadingLoad:
    """Readings are appended; one that is there already is counted as unchanged."""

    base = None

    def __init__(self, context):
        self.context = context
        self.batches = []

    def begin(self):
        pass

    def clean(self, batch):
        context, definition = self.context, self.context.definition
        source = without_nulls(batch.rows, definition, context.zone, context.types)
        faults = Faults(batch.numbers)
        texts = source[definition.time.column]
        read = read_stamps(texts, definition.time.formats, Zone(definition.time.zone or context.zone.name))
        faults.add(~read.valid, definition.time.column, texts, "unreadable-time")
        rows = {
            ROW: pa.array(batch.numbers),
            "st_key": read_key(definition.key, source, faults, context.types, context.columns),
            "st_digest": digest_rows(batch.rows, definition.digest(), many=False),
            "st_at": pa.array(read.utc_us).cast(INSTANT),
            **read_attributes(context.columns, source, definition, context.zone, faults, context.types),
        }
        kept = pa.RecordBatch.from_pydict(rows).filter(pa.array(~faults.faulty))
        return CleanedReadings(kept, [*faults.refusals(), *batch.refusals], batch)

    def take(self, cleaned):
        rows, refusals, batch = cleaned.rows, cleaned.refusals, cleaned.batch
        self.context.intake.read += batch.rows.num_rows + len(batch.refusals)
        self.context.intake.refusals += refusals
        began_us = rows.column("st_at").cast(pa.int64()).to_numpy()
        rows, stays = self.context.expiry.applied(rows, lambda before_us: began_us < before_us)
        self.context.intake.purged += int((~stays).sum())
        self.batches.append(rows.filter(pa.array(stays)))

    def settle(self, base):
        rows = pa.Table.from_batches(self.batches)
        known = base.read(list(base.files), ("st_digest",))["st_digest"].combine_chunks()
        there = pc.is_in(rows["st_digest"], known)
        self.same, self.rows = pc.sum(there).as_py() or 0, rows.filter(pc.invert(there))

    def write(self, base, schema, stamp, job):
        layer, count = self.context.layer, len(self.rows)
        given = {
            "st_recorded_from": pa.array(np.full(count, stamp.recorded_at_us)).cast(INSTANT),
            "st_load": pa.array([stamp.load] * count, pa.string()),
        }
        fields = [field for field in schema if field.name != PART]
        columns = [
            given[field.name] if field.name in given
            else self.rows[field.name] if field.name in self.rows.schema.names
            else pa.nulls(count, field.type)
            for field in fields
        ]  # fmt: skip
        table = pa.Table.from_arrays(columns, [field.name for field in fields])
        written = [layer.table.write(table, {PART: "all"})] if count else []
        counts = {"accepted": count, "unchanged": self.same}
        return TableChange(
            written, added=RowsDigest.of(self.rows["st_digest"]), counts=counts, commits=bool(written)
        )

    def compact(self):
        pass

    def close(self):
        self.batches = []


class ReadingKind:
    """Layers of readings; see `LayerKind`."""

    name = "reading"
    definition = ReadingDefinition
    partition = PART
    time_columns = ("st_at", "st_at")
    row_names = ("toy", "toys")
    bounds_columns = ("st_x", "st_y", "st_x", "st_y")
    has_arrays = False
    versioned = False

    def row_schema(self, columns):
        own = [
            pa.field(name, kind, metadata={"stcloud.text": "canonical"} if name == "st_key" else None)
            for name, kind in OWN.items()
        ]
        return pa.schema([*own, pa.field(PART, pa.string()), *(column.field for column in columns)])

    def table(self, name, table):
        return LayerTable(name, table)

    def row_files(self, snapshot):
        return list(snapshot.files)

    def steps(self, context):
        return ReadingLoad(context)

    def changed_by(self, layer, loads, known):
        return None

    def exchange(self):
        raise Unsupported("no-exchange", "readings are not exchanged")

    def undo(self, layer, ledger, load, now_us):
        raise NotImplementedError

    def expired(self, layer, snapshot, before_us):
        return expired_events(snapshot, before_us, "st_at")

    def purged(self, layer, snapshot, keys, columns, *, writes):
        def write(_, pieces):
            return layer.table.write_pieces(pieces, {PART: "all"})

        return purged_files(
            snapshot,
            snapshot.files,
            keys,
            columns,
            self.time_columns,
            write if writes else None,
            lasting=False,
        )

    def current_keys(self, layer, snapshot):
        return snapshot.read(list(snapshot.files), ("st_key",))["st_key"].combine_chunks()

    def discard_unneeded(self, layer, *, older_hours):
        return 0

    def findings(self, layer, snapshot, run_sql, lattice):
        counted = Counter(run_sql("SELECT st_key AS example FROM layer").read_all()["example"].to_pylist())
        yield "keys", [key for key, count in counted.items() if count > 1]


READING = ReadingKind()


class ReadingRowKind(RowKind):
    """What queries know of readings: no period, no unit cell."""

    keys = ("st_at", "st_key")
    in_order = True
    indexed = False
    then = "as it was at each reading's own time"
    default_relation = None
    own = ("st_key", "st_at", "st_x", "st_y")

    def own_columns(self, layer):
        return {
            name: Attribute(name, name, kind) for name, kind in (("st_key", "text"), ("st_at", "instant"))
        }

    def names(self, layer, attributes):
        return Names(attributes)

    def row_schema(self, layer, zone):
        stored = layer.snapshot.schema
        own = [(column.name, stored.field(column.stored).type) for column in layer.attributes]
        return pa.schema([("st_key", pa.string()), ("st_at", pa.timestamp("us", zone.name)), *own])

    def has_period(self, layer):
        return False

    def period(self, layer, end):
        raise InvalidInput("no-period", "readings have no end")

    def require_valid(self, layer):
        raise InvalidInput("not-features", "readings are not there for a time")

    def require_indexed(self, layer, doing):
        raise InvalidInput("not-events", f"cannot {doing} readings")


class ReadingRows:
    """Rows of readings for the compiler; see `RowSource`."""

    wants, bounded, regions, counts_in_memory = staticmethod(lambda file: True), (), (), False

    def __init__(self, resolved, layer, configuration):
        self.layer, self.writing = layer, Writing(Binder(), LAYER, configuration.zone)
        self.attributes = READING_ROWS.own_columns(layer) | {one.name: one for one in layer.attributes}
        self.files = Files(layer.snapshot, layer.snapshot.files)
        self.relations = {LAYER: self.files}

    def settles(self, condition):
        return condition.holds_all(self.files.files)

    def fetch(self, columns, conditions):
        where = [part for condition in conditions for part in condition.sql(self.writing)]
        query = select({name: column(name, LAYER) for name in columns}, table(LAYER), where=where)
        return [Sql(query, self.writing.binder.values_of(query))]

    def table(self):
        return table(LAYER)

    def given(self, looked_at):
        return []

    def grouping(self, goal):
        return []

    def group(self, by):
        return column(by.stored, LAYER)

    def joins(self, goal):
        return []

    def rows(self, source, where, goal):
        names = ["st_key", "st_at", *(one.stored for one in self.layer.attributes)]
        order = (*goal.order, Order("st_at"), Order("st_key"))
        return select(
            {name: column(name, LAYER) for name in names}, source, where=where, order=order, limit=goal.limit
        )


READING_ROWS = ReadingRowKind()
