"""Published cases: the rows of an event layer that a log of cases comes to, and the layer's definition.

Nothing in a row depends on when it is read: a deadline and the instants of states are there, what is overdue now is a
question to them. Persons and free texts are in no row.

Tested by `tests/paas/case/test_published.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.state import CaseState

__all__ = ["PublishedCases", "is_published"]

_TEXTS = ("kind", "class", "condition", "component", "cell", "source", "department", "handler", "status")
_INSTANT = pa.timestamp("us", "UTC")
_ROWS = 5_000
_SOURCE = ("cases of the log '", "', published by stcloud")


def is_published(definition: Definition) -> bool:
    """Return whether a layer has the cases of a log, by its definition."""
    return definition.source.startswith(_SOURCE[0]) and definition.source.endswith(_SOURCE[1])


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
        self._counts = tuple(dict.fromkeys(
            count for workflow in workflows for clause in workflow.definition.transitions for count in clause.counts
        ))  # fmt: skip

    @property
    def schema(self) -> pa.Schema:
        """Columns of the rows; instants are UTC, degrees are CGCS2000 or WGS 84."""
        instants = [f"{state}_at" for state in self._states]
        return pa.schema([
            ("number", pa.string()), ("opened_at", _INSTANT), ("lon", pa.float64()), ("lat", pa.float64()),
            ("state", pa.string()), ("stage", pa.string()), ("counted", pa.bool_()),
            *((name, pa.string()) for name in _TEXTS),
            ("limit_kind", pa.string()), ("limit_value", pa.float64()),
            ("due_at", _INSTANT), ("due_provisional", pa.bool_()), ("overdue_exempt", pa.bool_()),
            ("ended_at", _INSTANT), *((name, _INSTANT) for name in instants),
            *((name, pa.int64()) for name in self._counts), ("satisfaction", pa.int64()),
            ("flags", pa.string()), ("master", pa.string()), ("whole", pa.string()),
            ("actions", pa.int64()), ("recorded_at", _INSTANT),
        ])  # fmt: skip

    def definition(self, layer: str, zone: str) -> EventDefinition:
        """Return the definition of the layer that the rows are loaded into."""
        columns = {
            field.name: {
                "type": _type(field.type),
                "optional": True,
                **({"zone": "UTC"} if field.type == _INSTANT else {}),
            }
            for field in self.schema
            if field.name not in ("number", "opened_at", "lon", "lat")
        }
        return EventDefinition.model_validate({
            "id": layer, "kind": "event", "title": f"Cases of the log '{self._name}'",
            "source": self._name.join(_SOURCE), "key": ["number"],
            "extra_columns": "refuse", "time": {"column": "opened_at", "zone": zone},
            "space": {"lon": "lon", "lat": "lat", "datum": "wgs84"}, "columns": columns,
        })  # fmt: skip

    def batches(self, states: Iterable[CaseState], known_us: int) -> Iterator[pa.RecordBatch]:
        """Give the rows of cases as they were known at an instant, in batches."""
        remaining = iter(states)
        while chunk := list(islice(remaining, _ROWS)):
            yield pa.RecordBatch.from_pylist(self._rows(chunk, known_us), schema=self.schema)

    def _rows(self, states: Sequence[CaseState], known_us: int) -> list[dict[str, Any]]:
        whole = {clock.case: clock for clock in case_clocks(states, self._rules, known_us, whole_only=True)}
        rows = []
        for state in states:
            row, clock = self._row(state), whole.get(state.case)
            if clock is not None and not clock.paused:
                row |= {"due_at": clock.deadline_us, "due_provisional": clock.provisional}
            rows.append(row)
        return rows

    def _row(self, state: CaseState) -> dict[str, Any]:
        workflow = self._rules.workflows[state.workflow]
        values = state.values
        row: dict[str, Any] = {
            "number": state.case, "opened_at": state.opened_us, "lon": values.get("lon"), "lat": values.get("lat"),
            "state": state.state, "stage": workflow.stage(state.state),
            "counted": workflow.is_counted(state.state, state.flags),
            "overdue_exempt": "overdue_exempt" in state.flags,
            "ended_at": state.since_us if workflow.is_terminal(state.state) else None,
            "flags": ";".join(sorted(state.flags)) or None, "master": state.master, "whole": state.whole,
            "actions": state.seq, "recorded_at": state.recorded_us, "satisfaction": values.get("satisfaction"),
        }  # fmt: skip
        row |= {name: values.get(name) for name in _TEXTS}
        if state.limit is not None:
            row["limit_kind"], row["limit_value"] = state.limit
        row |= {f"{name}_at": entered for name, entered in state.last_us.items()}
        return row | {name: state.counts.get(name, 0) for name in self._counts}


def _type(kind: pa.DataType) -> str:
    """Return the type of a column in a definition."""
    if kind == _INSTANT:
        return "instant"
    return {pa.string(): "text", pa.float64(): "number", pa.int64(): "integer", pa.bool_(): "boolean"}[kind]
