"""Facts of cases: what evaluation reads, one row a case, as known at an instant and read at an instant.

`FACTS` is the one definition; `facts_of` computes it from states, plainly. `casefacts.py` does the same for a whole
log at once, `requestfacts.py` for layers of requests, and published cases have these columns too.

Tested by `tests/paas/case/test_facts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.vocabulary import CaseVocabulary, Deed

__all__ = [
    "COUNTED",
    "FACTS",
    "INSTANT",
    "POSTS",
    "STAGES_DUE",
    "TEXTS",
    "UNIT_PARTS",
    "facts_of",
    "unit_parts",
]

INSTANT = pa.timestamp("us", "UTC")

TEXTS = ("kind", "class", "condition", "source", "department", "component", "cell", "master")
"""Texts that are the last ones that the log states."""

UNIT_PARTS = {"district": 6, "street": 9, "community": 12}
"""Units by how many characters of the code of a cell they are."""

STAGES_DUE = {"accept_due_at": "accept", "dispatch_due_at": "dispatch", "check_due_at": "check"}
"""Stages whose deadlines are facts."""

POSTS = {
    "reporter_post": Deed.REPORTED, "operator_post": Deed.FILED, "dispatcher_post": Deed.DISPATCHED,
    "handler_post": Deed.HANDLED, "checker_post": Deed.CHECKED,
}  # fmt: skip
"""Posts by what their last actor did."""

COUNTED = ("reworks", "extensions", "suspensions", "returns", "urgings")
"""What workflows count."""

_ABOUT: dict[str, tuple[pa.DataType, str]] = {
    "number": (pa.string(), "number of the case"),
    "counted": (pa.bool_(), "whether it counts in statistics; not a duplicate, nor what was rejected"),
    "cancelled": (pa.bool_(), "ended without a milestone, such as rejected: it was never filed"),
    "open": (pa.bool_(), "has not ended"),
    "suspended": (pa.bool_(), "its clock is paused"),
    "kind": (pa.string(), "component or matter"),
    "class": (pa.string(), "class of the component or matter"),
    "condition": (pa.string(), "filing condition"),
    "source": (pa.string(), "how it was reported"),
    "department": (pa.string(), "the department that it is with, or was with last"),
    "component": (pa.string(), "code of the component"),
    "cell": (pa.string(), "code of the unit cell"),
    "district": (pa.string(), "first 6 characters of the cell"),
    "street": (pa.string(), "first 9 characters of the cell"),
    "community": (pa.string(), "first 12 characters of the cell"),
    "duty_grid": (pa.string(), "duty grid; no log states it"),
    "lon": (pa.float64(), "longitude, degrees"),
    "lat": (pa.float64(), "latitude, degrees"),
    "reported_at": (INSTANT, "when it was opened"),
    "filed_at": (INSTANT, "when it first was filed or further"),
    "dispatched_at": (INSTANT, "when it first was dispatched or further"),
    "handled_at": (INSTANT, "since when it is handled or further"),
    "closed_at": (INSTANT, "since when it is closed"),
    "started_at": (INSTANT, "when the clock of the whole case first ran"),
    "due_at": (INSTANT, "deadline of the whole case; none while it is suspended"),
    "due_provisional": (pa.bool_(), "working days before the deadline are not published yet"),
    "accept_due_at": (INSTANT, "deadline of accepting, in its last round"),
    "dispatch_due_at": (INSTANT, "deadline of dispatching, in its last round"),
    "check_due_at": (INSTANT, "deadline of checking, in its last round"),
    "verify_ordered_at": (INSTANT, "when it last began to wait for verification"),
    "verified_at": (INSTANT, "when it was last verified"),
    "check_ordered_at": (INSTANT, "when it last began to wait for a check"),
    "checked_at": (INSTANT, "when it was last checked"),
    "exempt": (pa.bool_(), "exempt from being overdue, by an appeal"),
    "forced": (pa.bool_(), "closed by force"),
    "self_handled": (pa.bool_(), "handled by who reported it"),
    "verified_public": (pa.bool_(), "reported by the public, and verified to exist"),
    "reworks": (pa.int64(), "how often it was sent back to be handled again"),
    "extensions": (pa.int64(), "how many extensions were granted"),
    "suspensions": (pa.int64(), "how often it was suspended"),
    "returns": (pa.int64(), "how often it was returned"),
    "urgings": (pa.int64(), "how often it was urged"),
    "extended_at": (INSTANT, "when an extension was last granted"),
    "reporter_post": (pa.string(), "post of who reported it"),
    "operator_post": (pa.string(), "post of who filed it last"),
    "dispatcher_post": (pa.string(), "post of who dispatched it last"),
    "handler_post": (pa.string(), "post of who handled it last"),
    "checker_post": (pa.string(), "post of who checked it last"),
    "satisfaction": (pa.int64(), "how satisfied the reporter is, 1 to 5"),
    "master": (pa.string(), "the case that it is a duplicate of"),
    "recorded_at": (INSTANT, "when its last action was recorded"),
}

FACTS = pa.schema([
    pa.field(name, kind, nullable=name != "number", metadata={"about": about})
    for name, (kind, about) in _ABOUT.items()
])  # fmt: skip
"""Columns of facts; the metadata of each says under ``about`` what it is. Null: not happened, or not known."""


def facts_of(states: Sequence[CaseState], rules: CaseRules, at_us: int) -> pa.RecordBatch:
    """Return the facts of a few cases, in their order.

    Parameters
    ----------
    states
        Cases as they were at an instant; for whole logs, `case_facts` is a hundred times faster.
    rules
        Rules of their log as they were known.
    at_us
        That instant, UTC microseconds.

    Raises
    ------
    NotFound, InvalidInput
        What `case_clocks` raises.
    """
    clocks: dict[str, dict[str | None, CaseClock]] = {state.case: {} for state in states}
    for clock in case_clocks(states, rules, at_us, bundled=False):
        clocks[clock.case][clock.stage] = clock
    deadlines = _shared(states, clocks)
    rows = [
        _facts(state, rules.vocabulary(state.workflow), clocks[state.case]) | deadlines[state.case]
        for state in states
    ]
    return pa.RecordBatch.from_pylist(rows, schema=FACTS)


def _shared(
    states: Sequence[CaseState], clocks: Mapping[str, Mapping[str | None, CaseClock]]
) -> dict[str, dict[str, Any]]:
    """Return start and deadline of each whole case; those in a bundle have the latest deadline of theirs."""
    latest: dict[object, CaseClock] = {}
    for state in states:
        bundle, whole = state.values.get("bundle"), clocks[state.case].get(None)
        if bundle is not None and whole is not None and whole.deadline_us is not None:
            former = latest.get(bundle, whole)
            latest[bundle] = former if (former.deadline_us or 0) > whole.deadline_us else whole
    facts: dict[str, dict[str, Any]] = {}
    for state in states:
        whole = clocks[state.case].get(None)
        facts[state.case] = {} if whole is None else {"started_at": whole.started_us}
        if whole is not None and whole.deadline_us is not None and not whole.paused:
            deciding = latest.get(state.values.get("bundle"), whole)
            facts[state.case] |= {"due_at": deciding.deadline_us, "due_provisional": deciding.provisional}
    return facts


def _facts(state: CaseState, words: CaseVocabulary, clocks: Mapping[str | None, CaseClock]) -> dict[str, Any]:
    now, values = words.state(state.state), state.values
    facts: dict[str, Any] = {
        "number": state.case, "counted": words.workflow.is_counted(state.state, state.flags),
        "cancelled": now.is_terminal and now.rank == 0, "open": not now.is_terminal,
        "suspended": now.clock == "paused", "lon": _number(values.get("lon")), "lat": _number(values.get("lat")),
        "reported_at": state.opened_us, "recorded_at": state.recorded_us,
        "exempt": "overdue_exempt" in state.flags, "forced": "forced" in state.flags,
        "self_handled": "self_handled" in state.flags, "satisfaction": _integer(values.get("satisfaction")),
    }  # fmt: skip
    facts |= {name: _text(values.get(name)) for name in TEXTS}
    cell = facts["cell"] or ""
    facts |= {name: cell[:size] if len(cell) >= size else None for name, size in UNIT_PARTS.items()}
    facts["verified_public"] = words.is_public(facts["source"]) and values.get("verification") == "exists"
    facts |= {name: state.counts.get(name, 0) for name in COUNTED}
    return facts | _milestones(state, words) | _deeds(state, words) | _stage_deadlines(clocks)


def _milestones(state: CaseState, words: CaseVocabulary) -> dict[str, Any]:
    """Return when a case came to its milestones, and when it last began to wait for a verification or a check."""
    stays = [(words.state(name), entered) for name, entered in state.entries]
    ranks = [(meaning.rank, entered) for meaning, entered in stays]
    facts: dict[str, Any] = {}
    if not (stays[-1][0].is_terminal and stays[-1][0].rank == 0):
        for name, least in (("filed_at", 1), ("dispatched_at", 2)):
            facts[name] = next((entered for rank, entered in ranks if rank >= least), None)
    for name, least in (("handled_at", 3), ("closed_at", 4)):
        since = None
        for rank, entered in ranks:
            since = None if rank < least else entered if since is None else since
        facts[name] = since
    for name, deed in (("verify_ordered_at", Deed.VERIFIED), ("check_ordered_at", Deed.CHECKED)):
        facts[name] = next((entered for meaning, entered in reversed(stays) if deed in meaning.awaits), None)
    return facts


def _deeds(state: CaseState, words: CaseVocabulary) -> dict[str, Any]:
    """Return when something was last done, and by whom."""
    done = [
        (words.action(name), us, post)
        for name, us, post in zip(state.names, state.effective_us, state.posts, strict=True)
    ]
    instants = {"verified_at": Deed.VERIFIED, "checked_at": Deed.CHECKED, "extended_at": Deed.EXTENDED}
    facts: dict[str, Any] = {
        name: next((us for each, us, _ in reversed(done) if deed in each), None)
        for name, deed in instants.items()
    }
    return facts | {
        name: next((post for each, _, post in reversed(done) if deed in each), None)
        for name, deed in POSTS.items()
    }


def _stage_deadlines(clocks: Mapping[str | None, CaseClock]) -> dict[str, Any]:
    due = {name: clocks.get(stage) for name, stage in STAGES_DUE.items()}
    return {name: None if clock is None or clock.paused else clock.deadline_us for name, clock in due.items()}


def unit_parts(cells: pa.Array) -> dict[str, pa.Array]:
    """Return the units of `UNIT_PARTS` that cells lie in, by the codes of the cells; null where a code is shorter."""
    parts = {}
    for name, size in UNIT_PARTS.items():
        prefix = pc.utf8_slice_codeunits(cells, 0, size)
        parts[name] = pc.if_else(pc.equal(pc.utf8_length(prefix), size), prefix, pa.scalar(None, pa.string()))
    return parts


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
