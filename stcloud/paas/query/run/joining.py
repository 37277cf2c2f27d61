"""Joins: rows of events, piece by piece, and the features that were their partners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumns
from stcloud.paas.query.answer.pin import GivenKnown, Pin, known_us, read_known
from stcloud.paas.query.join.how import How, Within, require_reach
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.partners import LayerPartners, MemoryPartners, Partners
from stcloud.paas.query.resolve.prepared import Prepared
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from stcloud.daas.load.memory_geometries import MemoryGeometries

__all__ = ["Joining", "joining_of"]

_FIRST_EVENTS, _MOST_EVENTS = 1 << 13, 1 << 18
_MOST_ROWS = 1 << 19  # about so many at once
_FASTER = 4  # times as many events as before, at most
_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class Joining:
    """Events and features of a layer or in memory, to be joined; see `Query.join`.

    Parameters
    ----------
    inquiry, schema
        The question for events, and their columns.
    configuration
        The city's.
    partners
        The features.
    how
        Which are partners.
    at_us
        The instant at which features are taken, None: each event's own.
    scope
        Where and when the events may be.
    inner
        Leave out events without a partner.
    event_facts
        Facts of the question for events.
    pin
        What the rows are given at, layer by layer.
    coded
        The columns of the rows that hold codes.
    """

    inquiry: Inquiry
    schema: pa.Schema
    configuration: CityConfiguration
    partners: Partners
    how: How
    at_us: int | None
    scope: Scope
    inner: bool
    event_facts: Mapping[str, str]
    pin: Pin
    coded: CodedColumns

    @property
    def facts(self) -> dict[str, str]:
        """Return how the question is understood."""
        text = self.partners.described(self.at_us, self.configuration.zone)
        return {**self.event_facts, "join": f"{self.how} {text}"}

    def answer(self) -> Answer:
        """Return all rows."""
        reader = self.reader()
        return Answer(
            reader.read_all(), self.configuration.lattice, self.facts, pin=self.pin, coded=self.coded
        )

    def reader(self) -> pa.RecordBatchReader:
        """Return rows as a stream; memory holds a batch of events and the index of the layer."""
        schema = self._joined(self.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(schema, self._batches())

    def write_parquet(self, target: str) -> None:
        """Write all rows as Parquet to a new file; an engine elsewhere joins them there, and writes a new folder."""
        from stcloud.iaas.engine.model import Writer  # noqa: PLC0415
        from stcloud.iaas.engine.target import parquet_file  # noqa: PLC0415
        from stcloud.paas.query.run.exporting import Joined, write_joined  # noqa: PLC0415

        engine, ready = self.inquiry.subject.engine, self._prepared
        if not isinstance(engine, Writer):
            parquet_file(target, self.reader)
            return
        ready.partners.prepare(distances=self.how.measures)  # once here, not on every worker
        content = ready.columns(np.arange(len(ready.partners), dtype=np.int64))
        joined = Joined(
            ready.partners,
            content,
            self.how,
            self.partners.name,
            self.inner,
            self.at_us,
            self.partners.versioned,
        )
        write_joined(self.inquiry, engine, target, joined)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Join as many events at a time as give about as many rows as memory shall hold."""
        held, most = self.schema.empty_table(), _FIRST_EVENTS
        for batch in self.inquiry.rows(Rows()):
            held = pa.concat_tables([held, pa.Table.from_batches([batch])])
            while len(held) >= most:
                joined = self._joined(held.slice(0, most))
                yield from joined.to_batches(max_chunksize=_BATCH_ROWS)
                held = held.slice(most)
                most = _paced(most, len(joined))
        yield from self._joined(held).to_batches(max_chunksize=_BATCH_ROWS)

    def _joined(self, events: pa.Table) -> pa.Table:
        from stcloud.paas.query.join import asof_join  # noqa: PLC0415  (numba is slow to import)

        return asof_join(
            events, self._prepared.partners, self.how, layer=self.partners.name, content=self._prepared.columns,
            inner=self.inner, at_us=self.at_us, versioned=self.partners.versioned,
        )  # fmt: skip

    @cached_property
    def _prepared(self) -> Prepared:
        return self.partners.prepared(self.how, self.scope.at(self.at_us))


def joining_of(
    inquiry: Inquiry,
    layer: Features | MemoryGeometries,
    how: How,
    at: Instant | None = None,
    known_at: GivenKnown | None = None,
    *,
    inner: bool = False,
) -> Joining:
    """Return the join of a question about events; see `Query.join`."""
    if not isinstance(how, Within):
        require_reach(how.metres)
    subject, zone, pin = inquiry.subject, inquiry.subject.zone, inquiry.pin()
    partners: Partners
    coded = dict(subject.coded)
    if isinstance(layer, Features):
        pinned = inquiry.known if isinstance(inquiry.known, Pin) and known_at is None else None
        known = known_us(layer, pinned if known_at is None else read_known(known_at, zone))
        refuse_purged(layer, known, zone)
        pin = Pin.of({**dict(pin.layers), layer.name: known}, dict(pin.rules))
        partners = LayerPartners(layer, known)
        coded |= _beside(layer)
    else:
        _refuse_instants(layer, at, known_at)
        partners = MemoryPartners(layer, subject.configuration.crs)
    scope = inquiry.resolver.resolution(inquiry.plan(Rows())).scope(subject.layer.snapshot)
    return Joining(
        inquiry, inquiry.row_schema, subject.configuration, partners, how,
        None if at is None else instant_us(at, zone), scope, inner, inquiry.facts(), pin, coded,
    )  # fmt: skip


def _beside(layer: Features) -> CodedColumns:
    """Return the columns of a layer's codes, as the rows of a join call them."""
    return {
        f"{layer.name}_{name}": replace(
            column, kind_column=column.kind_column and f"{layer.name}_{column.kind_column}"
        )
        for name, column in layer.coded.items()
    }


def _refuse_instants(given: MemoryGeometries, *instants: object) -> None:
    if any(instant is not None for instant in instants):
        raise InvalidInput(
            "no-period", f"the {given.name} has no versions to choose by at or known_at",
            hint="leave them out, or load it as a layer of features",
        )  # fmt: skip


def _paced(events: int, rows: int) -> int:
    """Return how many events to join next, after so many gave so many rows.

    >>> _paced(8192, 8192 * 1000), _paced(8192, 0)
    (524, 32768)
    """
    fitting = events * _MOST_ROWS // max(rows, 1)
    return max(min(fitting, events * _FASTER, _MOST_EVENTS), 1)
