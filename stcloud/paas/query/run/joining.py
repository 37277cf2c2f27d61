"""Joins: rows of events, piece by piece, and the features that were their partners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.pin import Pin, known_us, read_known
from stcloud.paas.query.join.how import How, Within, require_reach
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.resolve.features import Features
from stcloud.paas.query.resolve.prepared import Prepared, prepared
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Instant, instant_us

__all__ = ["Joining", "joining_of"]

_FIRST_EVENTS, _MOST_EVENTS = 1 << 13, 1 << 18
_MOST_ROWS = 1 << 19  # about so many at once
_FASTER = 4  # times as many events as before, at most
_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class Joining:
    """Events and the features of a layer, to be joined; see `Query.join`.

    Parameters
    ----------
    events
        Streams the events.
    schema
        Their columns.
    layer
        The features.
    how
        Which are partners.
    at_us, known_us
        The instant at which features are taken, None: each event's own; the instant they are known at.
    scope
        Where and when the events may be.
    inner
        Leave out events without a partner.
    event_facts
        Facts of the question for events.
    pin
        What the rows are given at, layer by layer.
    """

    events: Callable[[], Iterator[pa.RecordBatch]]
    schema: pa.Schema
    layer: Features
    how: How
    at_us: int | None
    known_us: int
    scope: Scope
    inner: bool
    event_facts: Mapping[str, str]
    pin: Pin

    @property
    def facts(self) -> dict[str, str]:
        """Return how the question is understood."""
        zone = self.layer.configuration.zone
        when = "each event's own time" if self.at_us is None else zone.iso(self.at_us)
        description = f"{self.how} {self.layer.name} at {when}, known at {zone.iso(self.known_us)}"
        return {**self.event_facts, "join": description}

    def answer(self) -> Answer:
        """Return all rows."""
        reader = self.reader()
        return Answer(reader.read_all(), self.layer.configuration.lattice, self.facts, pin=self.pin)

    def reader(self) -> pa.RecordBatchReader:
        """Return rows as a stream; memory holds a batch of events and the index of the layer."""
        schema = self._joined(self.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Join as many events at a time as give about as many rows as memory shall hold."""
        held, most = self.schema.empty_table(), _FIRST_EVENTS
        for batch in self.events():
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
            events, self._prepared.partners, self.how, layer=self.layer.name, content=self._prepared.columns,
            inner=self.inner, at_us=self.at_us,
        )  # fmt: skip

    @cached_property
    def _prepared(self) -> Prepared:
        return prepared(self.layer, self.known_us, self.how, self.scope.at(self.at_us))


def joining_of(
    inquiry: Inquiry,
    layer: Features,
    how: How,
    at: Instant | None = None,
    known_at: Instant | Pin | None = None,
    *,
    inner: bool = False,
) -> Joining:
    """Return the join of a question about events; see `Query.join`."""
    if not isinstance(how, Within):
        require_reach(how.metres)
    zone = inquiry.subject.zone
    pinned = inquiry.known if isinstance(inquiry.known, Pin) and known_at is None else None
    known = known_us(layer, pinned if known_at is None else read_known(known_at, zone))
    subject = inquiry.subject
    scope = inquiry.resolver.resolution(inquiry.plan(Rows())).scope(subject.layer.snapshot)
    pin = inquiry.pin()
    pin = Pin.of({**dict(pin.layers), layer.name: known}, dict(pin.rules))
    return Joining(
        lambda: inquiry.rows(Rows()), inquiry.row_schema, layer, how, None if at is None else instant_us(at, zone),
        known, scope, inner, inquiry.facts(), pin,
    )  # fmt: skip


def _paced(events: int, rows: int) -> int:
    """Return how many events to join next, after so many gave so many rows.

    >>> _paced(8192, 8192 * 1000), _paced(8192, 0)
    (524, 32768)
    """
    fitting = events * _MOST_ROWS // max(rows, 1)
    return max(min(fitting, events * _FASTER, _MOST_EVENTS), 1)
