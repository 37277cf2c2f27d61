"""Decisions about conflicts: what was decided, by whom, since when and why.

Tested by `tests/paas/conflict/test_decisions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from stcloud.errors import InvalidInput, nearest

__all__ = [
    "BOTH",
    "DECIDED",
    "DECISION_COLUMNS",
    "DECISION_LAYER",
    "FIRST",
    "OUTCOMES",
    "REPLAN",
    "SECOND",
    "outcome_of",
    "with_decisions",
]

DECISION_LAYER = "conflict-decisions"
"""The layer of decisions, and the bundled definition of such layers."""

FIRST, SECOND, BOTH, REPLAN = OUTCOMES = ("first", "second", "both", "replan")
"""Outcomes: the first or the second side prevails, both stay, the area is to be planned anew."""

DECISION_COLUMNS = ("conflict", "outcome", "decided_by", "reason")
"""Columns of a layer of decisions, besides the period in which each holds."""

DECIDED = ("outcome", "decided_by", "decided_on", "reason")
"""Columns of conflicts that decisions give; null where nothing was decided."""


def outcome_of(given: str, conflict: Mapping[str, Any]) -> str:
    """Return an outcome as a decision has it: one of `OUTCOMES`, or the name of the layer that prevails.

    Raises
    ------
    InvalidInput
        ``unknown-outcome``, with the nearest.

    Examples
    --------
    >>> outcome_of("roads", {"first_layer": "landuse", "second_layer": "roads"})
    'second'
    """
    sides = {conflict[f"{side}_layer"]: side for side in (FIRST, SECOND)}
    if given in sides:
        return str(sides[given])
    if given not in OUTCOMES:
        known = (*sides, *OUTCOMES)
        near = nearest(given, known)
        raise InvalidInput(
            "unknown-outcome", f"'{given}' is no outcome of a conflict",
            hint=f"did you mean '{near[0]}'?" if near else f"outcomes are {', '.join(known)}",
        )  # fmt: skip
    return given


def with_decisions(conflicts: pa.Table, decisions: pa.Table | None) -> pa.Table:
    """Return conflicts with what was decided about each.

    Parameters
    ----------
    conflicts
        Rows of conflicts.
    decisions
        The versions of decisions that hold, as `Features` answers; None: there are none.

    Raises
    ------
    InvalidInput
        ``unknown-outcome``: a decision has an outcome that there is not.
    """
    columns: dict[str, list[Any]] = {name: [None] * len(conflicts) for name in DECIDED}
    if decisions is not None and len(decisions):
        wanted = decisions.select([*DECISION_COLUMNS, "st_valid_from"])
        known = {row["conflict"]: row for row in wanted.to_pylist()}
        for at, conflict in enumerate(conflicts["conflict"].to_pylist()):
            decision = known.get(conflict)
            if decision is not None:
                columns["outcome"][at] = _checked(decision)
                columns["decided_by"][at], columns["reason"][at] = decision["decided_by"], decision["reason"]
                columns["decided_on"][at] = decision["st_valid_from"]
    on = pa.array(columns["decided_on"], conflicts.schema.field("from").type)
    place = conflicts.schema.names.index("st_geom")
    for name in DECIDED:
        column = on if name == "decided_on" else pa.array(columns[name], pa.string())
        conflicts = conflicts.add_column(place, name, column)
        place += 1
    return conflicts


def _checked(decision: Mapping[str, Any]) -> str:
    outcome = decision["outcome"]
    if outcome not in OUTCOMES:
        raise InvalidInput(
            "unknown-outcome", f"the decision about conflict {decision['conflict']} has the outcome '{outcome}'",
            hint=f"outcomes are {', '.join(OUTCOMES)}",
        )  # fmt: skip
    return str(outcome)
