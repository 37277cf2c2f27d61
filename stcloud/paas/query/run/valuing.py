"""Joins with series and scenes: rows of events, piece by piece, and what was measured at the place and time of each.

Tested by `tests/paas/query/test_valuing.py` and `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.configuration import CityConfiguration
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.engine.model import Writer
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumns
from stcloud.paas.query.answer.pin import GivenKnown, Pin, read_known
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.resolve.measured import EventValues, ValueRequest, ValueSource
from stcloud.paas.query.run.inquiry import Inquiry

__all__ = ["Valuing", "valuing_of"]


@dataclass(frozen=True, eq=False)
class Valuing:
    """Events and a layer that was measured, to be joined; see `Query.join`.

    Parameters
    ----------
    events, schema
        Streams the events, and their columns.
    configuration
        The city's.
    values
        What was measured.
    inner
        Leave out events without any value.
    event_facts, pin, coded
        Facts of the question for events, what the rows are given at, and which columns hold codes.
    elsewhere
        Whether the engine runs elsewhere, and writes large results there.
    """

    events: Callable[[], Iterator[pa.RecordBatch]]
    schema: pa.Schema
    configuration: CityConfiguration
    values: EventValues
    inner: bool
    event_facts: Mapping[str, str]
    pin: Pin
    coded: CodedColumns
    elsewhere: bool = False

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
        for events in self._pieces():
            yield from self._joined(events).to_batches()

    def _pieces(self) -> Iterator[pa.Table]:
        """Give events, as many at once as the values want."""
        held: list[pa.RecordBatch] = []
        for batch in self.events():
            held.append(batch)
            if sum(map(len, held)) >= self.values.rows_at_once:
                yield pa.Table.from_batches(held)
                held = []
        if held:
            yield pa.Table.from_batches(held)

    def write_parquet(self, target: str) -> None:
        """Write all rows as Parquet to a new file; `Unsupported` ``engine-lacks`` where an engine elsewhere would."""
        from stcloud.iaas.engine.target import parquet_file  # noqa: PLC0415

        if self.elsewhere:
            raise Unsupported(
                "engine-lacks", "a Spark Connect endpoint does not join events with readings or scenes",
                hint="leave engine out: DuckDB does", in_shell="leave --engine out: DuckDB does",
            )  # fmt: skip
        parquet_file(target, self.reader)

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
        valid = [rows[name].is_valid() for name in self.values.deciding]
        return rows.filter(functools.reduce(pc.or_, valid))


def valuing_of(
    inquiry: Inquiry,
    source: ValueSource,
    request: ValueRequest,
    *,
    known_at: GivenKnown | None = None,
    inner: bool = False,
) -> Valuing:
    """Return the join of a question about events with a layer that was measured; see `Query.join`."""
    subject = inquiry.subject
    known = inquiry.known if known_at is None else read_known(known_at, subject.zone)
    scope = inquiry.resolver.resolution(inquiry.plan(Rows())).scope(subject.layer.snapshot)
    measured = source.for_events(request, scope, known)
    pin = Pin.of({**dict(inquiry.pin().layers), **dict(measured.pin.layers)}, dict(inquiry.pin().rules))
    return Valuing(
        lambda: inquiry.rows(Rows()), inquiry.row_schema, subject.configuration, measured, inner, inquiry.facts(),
        pin, dict(subject.coded), isinstance(subject.engine, Writer),
    )  # fmt: skip
