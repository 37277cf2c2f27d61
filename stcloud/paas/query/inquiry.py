"""A question put to an engine, as of one recorded instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.iaas.table.table import File
from stcloud.paas.query.answer import Answer
from stcloud.paas.query.compile import Compiled, compile_plan
from stcloud.paas.query.compile_features import compile_features
from stcloud.paas.query.features import Features
from stcloud.paas.query.instant import known_us
from stcloud.paas.query.label import is_of_features, row_schema, shown
from stcloud.paas.query.page import Cursor, Order, digest_of, ordered, place_in
from stcloud.paas.query.place.siting import Sited
from stcloud.paas.query.place.touch import Touched
from stcloud.paas.query.place.whereabouts import Whereabouts
from stcloud.paas.query.plan import AsOf, By, In, Known, Operator, Plan, Restated, Rows, Scan, Summary
from stcloud.paas.query.relating import Related, asked_window
from stcloud.paas.query.stretch import stretches
from stcloud.paas.query.subject import Subject
from stcloud.time import When

__all__ = ["Inquiry"]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that is being answered.

    Parameters
    ----------
    subject, conditions
        What is asked.
    known_us
        Recorded instant that it is answered at, UTC microseconds.
    asked_us
        The instant that was asked for, UTC microseconds; None: what is known now.
    """

    subject: Subject
    conditions: tuple[Operator | Whereabouts, ...]
    known_us: int
    asked_us: int | None = None

    def plan(self, goal: Rows | Summary) -> Plan:
        """Return the plan for a goal."""
        known = Known(self.known_us, self.subject.zone.iso(self.known_us))
        return (Scan(self.subject.layer.name), known, *self._sited, goal)

    @property
    def _sited(self) -> tuple[Operator, ...]:
        """Conditions, features that they name as they are believed."""
        return tuple(self._site(one) if isinstance(one, Whereabouts) else one for one in self.conditions)

    def _site(self, place: Whereabouts) -> Sited | Touched:
        if is_of_features(self.subject.layer):
            return place.touched(self.asked_us, asked_window(self.conditions) or (ALWAYS, FOREVER))
        return place.sited(self.asked_us, [one for one in self.conditions if isinstance(one, When)])

    def compiled(self, goal: Rows | Summary) -> Compiled:
        """Return the stages for a goal."""
        layer = self.subject.layer
        if isinstance(layer, Features):
            return compile_features(self.plan(goal), layer, self.subject.configuration)
        return compile_plan(self.plan(goal), layer, self.subject.configuration)

    def run(self, goal: Rows | Summary) -> pa.RecordBatchReader:
        """Return what the engine gives."""
        compiled = self.compiled(goal)
        return self.subject.engine.run(compiled.stages, compiled.relations)

    @property
    def row_schema(self) -> pa.Schema:
        """Names and types of rows as they are shown."""
        return row_schema(self.subject.layer, self.subject.zone)

    @property
    def row_keys(self) -> tuple[str, ...]:
        """Columns that rows are ordered by where nothing else is asked, and that tell them apart."""
        return ("st_key", "st_valid_from") if is_of_features(self.subject.layer) else ("st_time", "st_key")

    def rows(self, goal: Rows) -> Iterator[pa.RecordBatch]:
        """Stream rows as they are shown; features are all fetched before the first, since they come in no order."""
        schema = self.row_schema
        if not is_of_features(self.subject.layer):
            return (shown(batch, schema) for batch in self._in_time(goal))
        found = (shown(batch, schema) for batch in self.run(goal))
        order = (*goal.order, *(Order(name) for name in self.row_keys))
        whole = ordered(pa.Table.from_batches(found, schema), order)
        if goal.after is not None:
            names = [one.name for one in order]
            whole = whole.slice(place_in(whole, names, goal.after) + 1)
        return iter(whole.slice(0, goal.limit).to_batches())

    def _in_time(self, goal: Rows) -> Iterator[pa.RecordBatch]:
        """Give events by time; an engine that streams is asked of one stretch after the other, until it is enough."""
        if goal.order or goal.after is not None or not self.subject.engine.streams:
            yield from self.run(goal)
            return
        left = goal.limit
        for files in stretches(self.compiled(goal).files.files) or [()]:
            for batch in self._of(files).run(Rows(left)):
                yield batch
                left = None if left is None else left - batch.num_rows
            if left == 0:
                return

    def _of(self, files: tuple[File, ...]) -> Inquiry:
        """Return the question about some files alone."""
        layer = self.subject.layer
        few = replace(layer, snapshot=replace(layer.snapshot, files=files))
        return replace(self, subject=replace(self.subject, layer=few))

    def cursor(self, said: str, last: Sequence[Any], by: Sequence[By] = ()) -> str:
        """Return where a page ended, as text for the next question: as of the newest that this one knew."""
        others = [one for where in self.conditions if isinstance(where, Whereabouts) for one in where.layers]
        known = max(
            self.known_us, *(one.known_us for one in by if isinstance(one, In)),
            *(known_us(one, self.asked_us) for one in others), ALWAYS,
        )  # fmt: skip
        return Cursor(self.digest(said), known, tuple(last)).text

    def going_on(self, said: str, after: str | None) -> tuple[Inquiry, tuple[Any, ...] | None]:
        """Return the question as of the instant that a cursor was made at, and where its page ended.

        Raises
        ------
        InvalidInput
            ``unreadable-cursor``, ``other-question``
        """
        if after is None:
            return self, None
        cursor = Cursor.read(after)
        cursor.refuse_other(self.digest(said))
        known = known_us(self.subject.layer, cursor.known_us)
        return replace(self, known_us=known, asked_us=cursor.known_us), cursor.last

    def answer(self, table: pa.Table, cursor: str | None = None) -> Answer:
        """Return a table with what was understood."""
        return Answer(table, self.subject.configuration.lattice, self.facts(), cursor)

    def digest(self, said: str) -> str:
        """Return a digest of what is asked, whenever it is answered."""
        asked = [
            one.describe()
            if isinstance(one, When)
            else one.said
            if isinstance(one, Whereabouts)
            else str(one)
            for one in self.conditions
        ]
        return digest_of([self.subject.layer.name, *asked, said])

    def facts(self) -> dict[str, str]:
        """Say what was understood."""
        zone, index = self.subject.zone, self.subject.index
        found = {"layer": self.subject.layer.name, "known_at": zone.iso(self.known_us)}
        at = [one.text for one in self.conditions if isinstance(one, AsOf)]
        found |= {"as_of": " and ".join(at)} if at else {}
        whens = [one.describe() for one in self.conditions if isinstance(one, When)]
        whens += [f"{one.relation} {one.said}" for one in self.conditions if isinstance(one, Related)]
        if whens:
            found["when"] = " and ".join(whens)
        wheres = [one.said for one in self._sited if isinstance(one, Sited | Touched)]
        if wheres:
            found["where"] = " and ".join(wheres)
        if index is not None:
            restated = [one.said for one in self.conditions if isinstance(one, Restated)]
            found["units"] = restated[0] if restated else index.said(zone)
        return found
