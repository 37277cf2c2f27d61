"""Published cases: the rows of an event layer that a log of cases comes to, and the layer's definition.

Nothing in a row depends on when it is read: a deadline and the instants of states are there, what is overdue now is a
question to them. Persons and free texts are in no row. Among the columns are those of `FACTS`, under the same names:
where a workflow has a state of such a name, such as ``filed``, ``filed_at`` is that of the facts.

Laws: **the layer at the instant of a batch is the log**, and its facts are the facts of the log.

Tested by `tests/paas/case/test_published.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.iaas.records import Records
from stcloud.paas.case.casefacts import entry_logs, fact_columns, fact_rows, instants
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.clockcases import NO_LIMIT
from stcloud.paas.case.deadlines import Deadlines
from stcloud.paas.case.facts import FACTS, INSTANT, facts_of
from stcloud.paas.case.limit import KINDS
from stcloud.paas.case.logcolumns import NO_INSTANT
from stcloud.paas.case.replayedcases import ReplayedCases
from stcloud.paas.case.state import CaseState

__all__ = ["PublishedCases", "is_published", "log_of"]

_TEXTS = ("kind", "class", "condition", "component", "cell", "source", "department", "handler", "status")
_PLACE = ("number", "opened_at", "lon", "lat")
_ROWS = 5_000
_CODES = {"codes": "class-2026", "kind_column": "kind"}
_SOURCE = ("cases of the log '", "', published by stcloud")


def is_published(definition: Definition) -> bool:
    """Return whether a layer has the cases of a log, by its definition."""
    return definition.source.startswith(_SOURCE[0]) and definition.source.endswith(_SOURCE[1])


def log_of(definition: Definition) -> str | None:
    """Return the name of the log whose cases a layer has, by its definition; None: it has none."""
    if not is_published(definition):
        return None
    return definition.source[len(_SOURCE[0]) : -len(_SOURCE[1])]


class PublishedCases:
    """The columns of published cases, as the workflows of a log have them, and their rows.

    Parameters
    ----------
    rules
        Rules of the log as they were known.
    name
        Name of the log.
    """

    def __init__(self, rules: CaseRules, name: str) -> None:
        self._rules, self._name = rules, name
        workflows = rules.workflows.values()
        self._states = tuple(dict.fromkeys(state for workflow in workflows for state in workflow.states))
        self._has_conditions = all("condition" in workflow.fields for workflow in workflows)
        self._counts = tuple(dict.fromkeys(
            count for workflow in workflows for clause in workflow.definition.transitions for count in clause.counts
        ))  # fmt: skip

    @property
    def schema(self) -> pa.Schema:
        """Columns of the rows; instants are UTC, degrees are CGCS2000 or WGS 84."""
        entered = [f"{state}_at" for state in self._states]
        columns: dict[str, pa.DataType] = {
            "number": pa.string(), "opened_at": INSTANT, "lon": pa.float64(), "lat": pa.float64(),
            "state": pa.string(), "stage": pa.string(), "counted": pa.bool_(),
            **dict.fromkeys(_TEXTS, pa.string()),
            "limit_kind": pa.string(), "limit_value": pa.float64(),
            "due_at": INSTANT, "due_provisional": pa.bool_(), "overdue_exempt": pa.bool_(),
            "ended_at": INSTANT, **dict.fromkeys(entered, INSTANT), **dict.fromkeys(self._counts, pa.int64()),
            "satisfaction": pa.int64(), "flags": pa.string(), "master": pa.string(), "whole": pa.string(),
            "actions": pa.int64(), "recorded_at": INSTANT,
        }  # fmt: skip
        return pa.schema([*(columns | dict(zip(FACTS.names, FACTS.types, strict=True))).items()])

    def definition(self, layer: str, zone: str) -> EventDefinition:
        """Return the definition of the layer that the rows are loaded into."""
        columns = {
            field.name: {
                "type": _type(field.type),
                "optional": True,
                **({"zone": "UTC"} if field.type == INSTANT else {}),
            }
            for field in self.schema
            if field.name not in _PLACE
        }
        if self._has_conditions:
            columns["class"] |= _CODES
        return EventDefinition.model_validate({
            "id": layer, "kind": "event", "title": f"Cases of the log '{self._name}'",
            "source": self._name.join(_SOURCE), "key": ["number"],
            "extra_columns": "refuse", "time": {"column": "opened_at", "zone": zone},
            "space": {"lon": "lon", "lat": "lat", "datum": "wgs84"}, "columns": columns,
        })  # fmt: skip

    def batches(self, records: Records, known_us: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of all cases of a log as they were known at a pinned instant, in batches."""
        yield from fact_rows(entry_logs(records, known_us), self._rules, known_us, self.schema, self._columns)

    def rows_of(self, states: Iterable[CaseState], known_us: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of some cases as they were at an instant; of all, `batches` is a hundred times faster."""
        remaining = iter(states)
        while chunk := list(islice(remaining, _ROWS)):
            yield pa.RecordBatch.from_pylist(self._rows(chunk, known_us), schema=self.schema)

    def _rows(self, states: Sequence[CaseState], known_us: int) -> list[dict[str, Any]]:
        facts = facts_of(states, self._rules, known_us).to_pylist()
        return [self._row(state) | mine for state, mine in zip(states, facts, strict=True)]

    def _row(self, state: CaseState) -> dict[str, Any]:
        workflow = self._rules.workflows[state.workflow]
        values = state.values
        row: dict[str, Any] = {
            "opened_at": state.opened_us, "state": state.state, "stage": workflow.stage(state.state),
            "overdue_exempt": "overdue_exempt" in state.flags,
            "ended_at": state.since_us if workflow.is_terminal(state.state) else None,
            "flags": ";".join(sorted(state.flags)) or None, "whole": state.whole, "actions": state.seq,
        }  # fmt: skip
        row |= {name: values.get(name) for name in _TEXTS}
        if state.limit is not None:
            row["limit_kind"], row["limit_value"] = state.limit
        row |= {f"{name}_at": entered for name, entered in state.last_us.items()}
        return row | {name: state.counts.get(name, 0) for name in self._counts}

    def _columns(self, cases: ReplayedCases, deadlines: Deadlines) -> dict[str, pa.Array]:
        """Return the columns of replayed cases."""
        replay, missing = cases.replay, np.full(cases.cases, NO_INSTANT)
        kinds, values = cases.limits
        names = pa.array([*KINDS])
        columns = {
            "opened_at": instants(replay.opened_us),
            "state": pa.array(replay.states).take(pa.array(replay.state, mask=~cases.is_opened)),
            "stage": pa.array(cases.rules.stages).take(pa.array(cases.stage)),
            "overdue_exempt": pa.array(replay.has_flag("overdue_exempt")),
            "ended_at": instants(np.where(cases.is_terminal, replay.since_us, NO_INSTANT)),
            "flags": _flags(cases), "actions": pa.array(replay.seq.astype(np.int64)),
            "limit_kind": names.take(pa.array(kinds, mask=kinds == NO_LIMIT)),
            "limit_value": pa.array(values, mask=kinds == NO_LIMIT),
        }  # fmt: skip
        columns |= {name: cases.kept.last(name) for name in (*_TEXTS, "whole")}
        for name in self._states:
            entered = replay.last_us(name) if name in replay.states else missing
            columns[f"{name}_at"] = instants(entered)
        columns |= {name: pa.array(replay.count(name)) for name in self._counts}
        return columns | fact_columns(cases, deadlines)


def _flags(cases: ReplayedCases) -> pa.Array:
    """Return the flags of each case, sorted and separated by ``;``."""
    bits, places = np.unique(cases.replay.flag_bits, return_inverse=True)
    flags = cases.replay.flags
    texts = [
        ";".join(sorted(flag for bit, flag in enumerate(flags) if int(value) >> bit & 1)) or None
        for value in bits
    ]
    return pa.array(texts, pa.string()).take(pa.array(places))


def _type(kind: pa.DataType) -> str:
    """Return the type of a column in a definition."""
    if kind == INSTANT:
        return "instant"
    return {pa.string(): "text", pa.float64(): "number", pa.int64(): "integer", pa.bool_(): "boolean"}[kind]
