"""A question put to an engine, as of one recorded instant.

Tested by `tests/paas/query/answer/test_pin.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

import stcloud.paas.query.compile.registered  # noqa: F401  (registers the kinds)
from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic
from stcloud.iaas.table.table import File
from stcloud.paas.query.answer.answer import Answer
from stcloud.paas.query.answer.page import Cursor, Order, digest_of, ordered, place_in
from stcloud.paas.query.answer.pin import Known as Pinned
from stcloud.paas.query.answer.pin import Pin, known_us
from stcloud.paas.query.compile.compilation import Compiled, compile_plan
from stcloud.paas.query.condition.known import Known
from stcloud.paas.query.plan.label import shown
from stcloud.paas.query.plan.plan import (
    By,
    Condition,
    Goal,
    Plan,
    Restated,
    Rows,
    Scan,
    by_name,
    restated_in,
)
from stcloud.paas.query.plan.row_kind import source_of_kind
from stcloud.paas.query.resolve.resolver import Resolution, Resolver, layers_of, names_units
from stcloud.paas.query.resolve.subject import Subject
from stcloud.paas.query.run.stretch import by_part, stretches

__all__ = ["Inquiry"]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A query that is being answered.

    Parameters
    ----------
    subject, conditions
        Subject and conditions of the query.
    known
        Recorded instant or pin; None: what is known now.
    resolver
        Reads what the conditions name of other layers, each once.
    known_us
        Recorded instant that the layer is taken at, UTC microseconds.
    before
        What the city's bucket was asked for before.
    """

    subject: Subject
    conditions: tuple[Condition, ...]
    known: Pinned
    resolver: Resolver
    known_us: int
    before: Traffic = field(default=NO_TRAFFIC, compare=False, repr=False)

    @classmethod
    def of(cls, subject: Subject, conditions: tuple[Condition, ...], known: Pinned) -> Inquiry:
        """Put a query to its engine."""
        before = subject.layer.snapshot.traffic
        return cls(
            subject, conditions, known, Resolver(subject, known), known_us(subject.layer, known), before
        )

    def plan(self, goal: Goal) -> Plan:
        """Return the plan for a goal; reads nothing."""
        known = Known(self.known_us, self.subject.zone.iso(self.known_us))
        return Plan((Scan(self.subject.layer.name), known, *self.conditions, *self._located_anew(goal), goal))

    def _located_anew(self, goal: Goal) -> tuple[Restated, ...]:
        """Return that events are located anew, where codes matter and the grid was corrected after the pin."""
        index = self.subject.index
        if index is None or restated_in(self.conditions) is not None:
            return ()
        if not names_units(self.conditions, goal):
            return ()
        restated = index.restated(self.known, self.subject.zone)
        return () if restated is None else (restated,)

    def beside(self, condition: Condition) -> Inquiry:
        """Return the question with one more condition, which must hold, too."""
        return replace(self, conditions=(*self.conditions, condition))

    def explained(self) -> Inquiry:
        """Return the same query, of which other layers are not read: for its explanation."""
        return replace(self, resolver=Resolver(self.subject, self.known, reads=False))

    def resolved(self) -> Inquiry:
        """Return the same query, of which all that it names has been read."""
        self.resolver.resolution(self.plan(Rows()))
        return self

    def compiled(self, goal: Goal) -> Compiled:
        """Return the stages for a goal; reads what the query names of other layers."""
        return self._compiled(self.resolver.resolution(self.plan(goal)))

    def _compiled(self, resolved: Resolution) -> Compiled:
        layer, goal = self.subject.layer, resolved.goal
        city = self.subject.configuration
        rows = source_of_kind(layer)(resolved, layer, city)
        return compile_plan(resolved.conditions, goal, rows, city.zone)

    def run(self, goal: Goal, *, ordered: bool = True) -> pa.RecordBatchReader:
        """Return what the engine gives; groups in any order if they need not be ordered."""
        if ordered:
            return self.run_resolved(self.resolver.resolution(self.plan(goal)))
        compiled = self.compiled(goal).unordered()
        return self.subject.engine.run(compiled.stages, compiled.relations)

    def run_resolved(self, resolved: Resolution) -> pa.RecordBatchReader:
        """Return what the engine gives for a plan that is resolved."""
        compiled = self._compiled(resolved)
        return self.subject.engine.run(compiled.stages, compiled.relations)

    @property
    def row_schema(self) -> pa.Schema:
        """Names and types of rows as they are shown."""
        return self.subject.kind.row_schema(self.subject.layer, self.subject.zone)

    @property
    def row_keys(self) -> tuple[str, ...]:
        """Columns that rows are ordered by where no order is given, and that identify them."""
        return self.subject.kind.keys

    def rows(self, goal: Rows) -> Iterator[pa.RecordBatch]:
        """Stream rows as they are shown; features are all fetched before the first, since they come in no order."""
        schema, kind = self.row_schema, self.subject.kind
        if kind.in_order:
            batches = self._at_once(goal) or self._in_stretches(goal)
            return (shown(batch, schema, kind.own) for batch in batches)
        return iter(self._of_features(goal)[0].to_batches())

    def page(self, goal: Rows) -> tuple[pa.Table, int | None]:
        """Return rows as they are shown, and how many there are on all pages; None: it was not counted."""
        schema, kind = self.row_schema, self.subject.kind
        if not kind.in_order:
            return self._of_features(goal)
        at_once = self._at_once(goal)
        batches = list(at_once or self._in_stretches(goal))
        table = pa.Table.from_batches((shown(batch, schema, kind.own) for batch in batches), schema)
        if at_once is None:
            return table, None
        from stcloud.paas.query.compile.memory_rows import matched_in  # noqa: PLC0415  (counts need none)

        return table, matched_in(batches)

    def _of_features(self, goal: Rows) -> tuple[pa.Table, int]:
        """Return rows of features, and how many there are on all pages."""
        schema, own = self.row_schema, self.subject.kind.own
        order = (*goal.order, *(Order(name) for name in self.row_keys))
        whole = ordered(
            pa.Table.from_batches((shown(batch, schema, own) for batch in self.run(goal)), schema), order
        )
        matched = len(whole)
        if goal.after is not None:
            names = [key.name for key in order]
            whole = whole.slice(place_in(whole, names, goal.after) + 1)
        return whole.slice(0, goal.limit), matched

    def _at_once(self, goal: Rows) -> pa.RecordBatchReader | None:
        """Return events by time, which the engine gives in one run; None: of so many rows it runs stretches."""
        compiled = self.compiled(goal)
        if not goal.order and goal.after is None:
            least_rows = self.subject.engine.stretch_rows
            if len(stretches(compiled.files.files, least_rows)) > 1:
                return None
        return self.subject.engine.run(compiled.stages, compiled.relations)

    def _in_stretches(self, goal: Rows) -> Iterator[pa.RecordBatch]:
        """Give events by time: the engine runs one stretch after the other, until it is enough."""
        left, least_rows = goal.limit, self.subject.engine.stretch_rows
        in_turn = stretches(self.compiled(goal).files.files, least_rows)
        parts = by_part(self.subject.layer.snapshot.files)
        for files in in_turn:
            whole = [file for part in by_part(files) for file in parts[part]]
            for batch in self.of_partitions(whole).run(Rows(left)):
                yield batch
                left = None if left is None else left - batch.num_rows
            if left == 0:
                return

    def of_files(self, files: tuple[File, ...]) -> Inquiry:
        """Return the question about some files alone."""
        layer = self.subject.layer
        few = replace(layer, snapshot=replace(layer.snapshot, files=files))
        return replace(self, subject=replace(self.subject, layer=few))

    def of_partitions(self, files: Sequence[File]) -> Inquiry:
        """Return the question about all files of some partitions: what none of them needs is not tested.

        An engine that reads the table itself reads these partitions whole.
        """
        layer = self.subject.layer
        few = replace(layer, snapshot=replace(layer.snapshot, files=tuple(files), whole=False))
        return replace(self, subject=replace(self.subject, layer=few))

    def pin(self, by: Sequence[By] = ()) -> Pin:
        """Return what an answer is pinned at: each layer that it reads, and the rules of time that it uses."""
        named = {name: self.resolver.known_us(name) for name in layers_of(self.conditions, by)}
        named |= self._grid_known()
        return Pin.of({**named, self.subject.layer.name: self.known_us}, self._rules())

    def _grid_known(self) -> dict[str, int]:
        index = self.subject.index
        if index is None or (isinstance(self.known, Pin) and index.grid.name not in dict(self.known.layers)):
            return {}  # it was indexed after the pin was made
        return {index.grid.name: index.pinned_us(self.known)}

    def _rules(self) -> dict[str, str]:
        rules = {"zone": self.subject.zone.rules}
        for condition in self.conditions:
            for name, version in self.resolver.under(condition).rules.items():
                rules[name] = version if rules.get(name, version) == version else f"{rules[name]}, {version}"
        return rules

    def cursor(self, description: str, last: Sequence[Any], pin: Pin) -> str:
        """Return where a page ended, as text for the next question: pinned as this one is."""
        return Cursor(self.digest(description), pin.text, tuple(last)).text

    def pinned_beside(self, other: Inquiry) -> Inquiry:
        """Return the question as it is put beside another one: pinned alike, unless its recorded instant is given."""
        if self.known is not None or not isinstance(other.known, Pin):
            return self
        return Inquiry.of(self.subject, self.conditions, other.known)

    def going_on(self, description: str, after: str | None) -> tuple[Inquiry, tuple[Any, ...] | None]:
        """Return the question pinned as a cursor is, and where its page ended.

        Raises
        ------
        InvalidInput
            ``unreadable-cursor``, ``other-question``
        """
        if after is None:
            return self, None
        cursor = Cursor.read(after)
        cursor.refuse_other(self.digest(description))
        return Inquiry.of(self.subject, self.conditions, Pin.read(cursor.pin)), cursor.last

    def answer(self, table: pa.Table, pin: Pin, cursor: str | None = None, by: Sequence[By] = ()) -> Answer:
        """Return a table with what was understood, and what its rows were grouped by."""
        groups = tuple(map(by_name, by))
        lattice, coded = self.subject.configuration.lattice, self.subject.coded
        traffic = self.subject.layer.snapshot.traffic.since(self.before)
        return Answer(table, lattice, self.facts(), cursor, pin, groups, coded=coded, traffic=traffic)

    def digest(self, description: str) -> str:
        """Return a digest of the question, the same whenever it is answered."""
        return digest_of([self.subject.layer.name, *map(str, self.conditions), description])

    def facts(self) -> dict[str, str]:
        """Return how the question is understood, by name."""
        zone, index = self.subject.zone, self.subject.index
        facts = {"layer": self.subject.layer.name, "known_at": zone.iso(self.known_us)}
        for name in ("as_of", "when", "where", "group"):
            understood = [
                self._understood(condition) for condition in self.conditions if condition.fact == name
            ]
            facts |= {name: " and ".join(understood)} if understood else {}
        if index is not None:
            restated = restated_in(self.conditions)
            facts["units"] = index.described(self.known, zone, None if restated is None else restated.text)
        if isinstance(self.known, Pin) and (changed := self.known.changed(self._rules())):
            facts["rules"] = f"other than when it was pinned: {', '.join(changed)}"
        return facts

    def _understood(self, condition: Condition) -> str:
        """Describe a condition, as of when features are, and what hardly anything can lie in."""
        zone = self.subject.zone
        known = [f"{name} known at {zone.iso(self.resolver.known_us(name))}" for name in condition.layers]
        if condition.of_city and (recorded_us := self.resolver.published.recorded_us) is not None:
            known.append(f"days of the city known at {zone.iso(recorded_us)}")
        meant = self.resolver.under(condition).describe()
        if not known:
            return meant
        when = [self.subject.kind.then] if condition.drifts else []
        return f"{meant} ({', '.join([*when, *known, *self.resolver.notes(condition)])})"
