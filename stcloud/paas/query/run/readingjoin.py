"""Readings: rows of events, and beside each the value that a layer of images or grids had at its place and time.

Tested by `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.coded import CodedColumns
from stcloud.paas.query.answer.pin import Pin, read_known
from stcloud.paas.query.plan.plan import Rows
from stcloud.paas.query.resolve.placereader import PlaceReading
from stcloud.paas.query.run.inquiry import Inquiry
from stcloud.time import Instant, instant_us

__all__ = ["ReadingJoin", "reading_of"]

_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class ReadingJoin:
    """Events and the values of a layer at their places and times; see `Query.join`.

    Parameters
    ----------
    inquiry
        The question about events.
    layer, reading
        Name of the layer; reads it.
    at_us
        The instant at which it is read; None: each event's own.
    inner
        Leave out events without a value.
    pin
        What the rows are given at, layer by layer.
    """

    inquiry: Inquiry
    layer: str
    reading: PlaceReading
    at_us: int | None
    inner: bool
    pin: Pin

    @property
    def configuration(self) -> CityConfiguration:
        """The city's."""
        return self.inquiry.subject.configuration

    @property
    def coded(self) -> CodedColumns:
        """The events' columns that hold codes."""
        return self.inquiry.subject.coded

    @property
    def facts(self) -> Mapping[str, str]:
        """How the question is understood."""
        zone = self.inquiry.subject.zone
        when = "each event's own time" if self.at_us is None else zone.iso(self.at_us)
        text = f"at {self.layer} as of {when}, known at {zone.iso(self.reading.known_us)}"
        return {**self.inquiry.facts(), "join": text}

    def answer(self) -> Answer:
        """Return all rows."""
        lattice = self.configuration.lattice
        return Answer(self._rows, lattice, dict(self.facts), pin=self.pin, coded=self.coded)

    def reader(self) -> pa.RecordBatchReader:
        """Return the rows as a stream, in the order of events; memory holds them all."""
        return pa.RecordBatchReader.from_batches(
            self._rows.schema, iter(self._rows.to_batches(max_chunksize=_BATCH_ROWS))
        )

    @cached_property
    def _rows(self) -> pa.Table:
        events = pa.Table.from_batches(self.inquiry.rows(Rows()), self.inquiry.row_schema)
        x, y = (np.asarray(events[name].to_numpy(), np.float64) for name in ("st_x", "st_y"))
        at_us = micros(events["st_time"], FOREVER)
        if self.at_us is not None:
            at_us = np.full(len(events), self.at_us)
        beside = self.reading.read(x, y, at_us)
        for name, column in zip(beside.schema.names, beside.columns, strict=True):
            field = f"{self.layer}_{name}"
            if field in events.schema.names:
                raise InvalidInput(
                    "repeated-column",
                    f"two columns would be called '{field}'",
                    hint="rename the events' column",
                )
            events = events.append_column(field, column)
        return events.filter(pc.is_valid(events.columns[-1])) if self.inner else events


def reading_of(
    inquiry: Inquiry,
    layer: str,
    how: str,
    band: str | None,
    at: Instant | None = None,
    known_at: Instant | Pin | None = None,
    *,
    inner: bool = False,
) -> ReadingJoin:
    """Return the join of events with a layer that is read at their places; see `Query.join`."""
    if how != "at":
        raise InvalidInput(
            "unknown-how", f"a band is read at events, and the join is '{how}'", hint="join with how='at'",
            in_shell="join with --how at",
        )  # fmt: skip
    subject, zone = inquiry.subject, inquiry.subject.zone
    if subject.readers is None or not isinstance(layer, str):
        raise InvalidInput("not-scenes", "only a layer of scenes is read 'at' events", hint="name one")
    known = inquiry.known if known_at is None else read_known(known_at, zone)
    if known_at is None and not isinstance(known, Pin):
        known = None
    reading = subject.readers(layer).reading(band, known, zone)
    pin = inquiry.pin()
    pin = Pin.of({**dict(pin.layers), layer: reading.known_us}, dict(pin.rules))
    at_us = None if at is None else instant_us(at, zone)
    return ReadingJoin(inquiry, layer, reading, at_us, inner, pin)
