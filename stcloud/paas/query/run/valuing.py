"""Joins with series: rows of events, piece by piece, and what was measured nearest to each in place and time.

Tested by `tests/paas/query/test_valuing.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumns
from stcloud.paas.query.answer.pin import Pin, read_known
from stcloud.paas.query.join.how import How, Nearest, require_reach
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.resolve.measured import EventValues, SeriesSource
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Instant

__all__ = ["Valuing", "valuing_of"]


@dataclass(frozen=True, eq=False)
class Valuing:
    """Events and a series, to be joined; see `Query.join`.

    Parameters
    ----------
    events, schema
        Streams the events, and their columns.
    configuration
        The city's.
    values
        What stations measured.
    inner
        Leave out events without any value.
    event_facts, pin, coded
        Facts of the question for events, what the rows are given at, and which columns hold codes.
    """

    events: Callable[[], Iterator[pa.RecordBatch]]
    schema: pa.Schema
    configuration: CityConfiguration
    values: EventValues
    inner: bool
    event_facts: Mapping[str, str]
    pin: Pin
    coded: CodedColumns

    @property
    def facts(self) -> dict[str, str]:
        """Return how the question is understood."""
        return {**self.event_facts, "join": self.values.described()}

    def answer(self) -> Answer:
        """Return all rows."""
        rows = self.reader().read_all()
        return Answer(rows, self.configuration.lattice, self.facts, pin=self.pin, coded=self.coded)

    def reader(self) -> pa.RecordBatchReader:
        """Return rows as a stream."""
        schema = self._joined(self.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self.events():
            yield from self._joined(pa.Table.from_batches([batch])).to_batches()

    def _joined(self, events: pa.Table) -> pa.Table:
        beside = self.values.columns(events)
        repeated = sorted(set(events.schema.names) & set(beside))
        if repeated:
            raise InvalidInput(
                "repeated-column", f"two columns would be named {', '.join(repeated)}",
                hint="leave out one of them, or join under another name",
            )  # fmt: skip
        rows = pa.Table.from_arrays([*events.columns, *beside.values()], [*events.schema.names, *beside])
        if not self.inner:
            return rows
        there = [rows[name].is_valid() for name in beside if name.endswith("_flag")]
        kept = there[0]
        for other in there[1:]:
            kept = pc.or_(kept, other)
        return rows.filter(kept)


def valuing_of(
    inquiry: Inquiry,
    source: SeriesSource,
    how: How,
    values: Sequence[str],
    within: str | None,
    *,
    at: Instant | None = None,
    known_at: Instant | Pin | None = None,
    inner: bool = False,
) -> Valuing:
    """Return the join of a question about events with a series; see `Query.join`.

    Raises
    ------
    InvalidInput
        ``no-value``: no value is named; ``series-how``: stations are joined by ``nearest`` alone; ``no-period``.
    """
    if not values:
        raise InvalidInput(
            "no-value", "a series is joined for a value of it, and none is named",
            hint="name it: value=\"PM2.5\"", in_shell="name it: --value PM2.5",
        )  # fmt: skip
    if not isinstance(how, Nearest) or how.count != 1:
        raise InvalidInput(
            "series-how", f"'{how}' gives no value of a series: an event takes that of the nearest station",
            hint="write 'nearest' or 'nearest within 5 km'",
        )  # fmt: skip
    require_reach(how.metres)
    if at is not None:
        raise InvalidInput(
            "no-period", "readings are those nearest to each event's own time, not of one instant",
            hint="leave out at; state how near in time: within=\"1h\"", in_shell="leave out --at, or use --within",
        )  # fmt: skip
    subject = inquiry.subject
    known = inquiry.known if known_at is None else read_known(known_at, subject.zone)
    scope = inquiry.resolver.resolution(inquiry.plan(Rows())).scope(subject.layer.snapshot)
    measured = source.for_events(values, how, within, scope, known)
    pin = Pin.of({**dict(inquiry.pin().layers), **dict(measured.pin.layers)}, dict(inquiry.pin().rules))
    return Valuing(
        lambda: inquiry.rows(Rows()), inquiry.row_schema, subject.configuration, measured, inner, inquiry.facts(),
        pin, dict(subject.coded),
    )  # fmt: skip
