"""A question put to an engine, as of one recorded instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stcloud.paas.query.compile import Compiled, compile_plan
from stcloud.paas.query.label import row_schema, shown
from stcloud.paas.query.page import Cursor, digest_of
from stcloud.paas.query.plan import Known, Operator, Plan, Restated, Rows, Scan, Summary
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
    """

    subject: Subject
    conditions: tuple[Operator, ...]
    known_us: int

    def plan(self, goal: Rows | Summary) -> Plan:
        """Return the plan for a goal."""
        known = Known(self.known_us, self.subject.zone.iso(self.known_us))
        return (Scan(self.subject.layer.name), known, *self.conditions, goal)

    def compiled(self, goal: Rows | Summary) -> Compiled:
        """Return the stages for a goal."""
        return compile_plan(self.plan(goal), self.subject.layer, self.subject.charter)

    def run(self, goal: Rows | Summary) -> pa.RecordBatchReader:
        """Return what the engine gives."""
        compiled = self.compiled(goal)
        return self.subject.engine.run(compiled.stages, compiled.relations)

    @property
    def row_schema(self) -> pa.Schema:
        """Names and types of rows as they are shown."""
        return row_schema(self.subject.layer, self.subject.zone)

    def rows(self, goal: Rows) -> Iterator[pa.RecordBatch]:
        """Stream rows as they are shown."""
        schema = self.row_schema
        return (shown(batch, schema) for batch in self.run(goal))

    def cursor(self, said: str, last: Sequence[Any]) -> str:
        """Return where a page ended, as text for the next question."""
        return Cursor(self.digest(said), self.known_us, tuple(last)).text

    def digest(self, said: str) -> str:
        """Return a digest of what is asked, whenever it is answered."""
        asked = [one.describe() if isinstance(one, When) else str(one) for one in self.conditions]
        return digest_of([self.subject.layer.name, *asked, said])

    def facts(self) -> dict[str, str]:
        """Say what was understood."""
        zone, index = self.subject.zone, self.subject.index
        found = {"layer": self.subject.layer.name, "known_at": zone.iso(self.known_us)}
        whens = [one.describe() for one in self.conditions if isinstance(one, When)]
        if whens:
            found["when"] = " and ".join(whens)
        if index is not None:
            restated = [one.said for one in self.conditions if isinstance(one, Restated)]
            found["units"] = restated[0] if restated else index.said(zone)
        return found
