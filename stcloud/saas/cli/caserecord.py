"""A case as programs read it: its state, its actions, its clocks; without persons and free texts.

Tested by `tests/saas/cli/test_case.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.city.caselist import CaseEntry
    from stcloud.city.casereader import CaseReader
    from stcloud.paas.case import Action, CaseState
    from stcloud.paas.case.actionform import ActionForm
    from stcloud.paas.case.caseclocks import CaseClock
    from stcloud.time import Zone

__all__ = ["case_record", "clock_record", "entry_record", "form_record", "shown_instant"]


def case_record(
    cases: CaseReader, number: str, at: str | None = None, known_at: str | None = None
) -> dict[str, Any]:
    """Return a case, its actions and its clocks, without persons and free texts."""
    state = cases.state(number, at=at, known_at=known_at)
    actions = [action for action in cases.actions(number, known_at=known_at) if action.seq <= state.seq]
    clocks = cases.clocks(number, at=at, known_at=known_at)
    return _state_record(state, cases.zone) | {
        "actions": [_action_record(action, cases.zone) for action in actions],
        "clocks": [clock_record(each, cases.zone) for each in clocks],
    }


def _state_record(state: CaseState, zone: Zone) -> dict[str, Any]:
    return {
        "case": state.case, "state": state.state, "since": zone.iso(state.since_us), "workflow": state.workflow,
        "seq": state.seq, "opened": zone.iso(state.opened_us), "values": dict(state.values),
        "departments": list(state.departments), "counts": dict(state.counts), "flags": sorted(state.flags),
        "master": state.master, "whole": state.whole, "parts": list(state.parts),
        "stays": [
            {"state": stay.state, "from": zone.iso(stay.from_us), "to": stay.to_us and zone.iso(stay.to_us)}
            for stay in state.stays
        ],
    }  # fmt: skip


def _action_record(action: Action, zone: Zone) -> dict[str, Any]:
    stated = {name: value for name, value in action.fields.items() if not name.startswith("rule_")}
    return {
        "seq": action.seq, "action": action.name, "happened": shown_instant(action.happened_us, zone),
        "recorded": shown_instant(action.recorded_us, zone), "by": action.actor, "role": action.role,
        "stated": ", ".join(f"{name}={value}" for name, value in stated.items()),
    }  # fmt: skip


def clock_record(clock: CaseClock, zone: Zone) -> dict[str, Any]:
    """Return a clock as programs read it."""
    return {
        "case": clock.case, "stage": clock.stage or "whole",
        "limit": None if clock.limit is None else str(clock.limit),
        "started": None if clock.started_us is None else shown_instant(clock.started_us, zone),
        "due": None if clock.deadline_us is None else shown_instant(clock.deadline_us, zone),
        "elapsed": clock.elapsed, "left": clock.left, "running": clock.running, "paused": clock.paused,
        "overdue": clock.overdue, "exempt": clock.exempt, "provisional": clock.provisional,
    }  # fmt: skip


def entry_record(entry: CaseEntry, at_us: int, zone: Zone) -> dict[str, Any]:
    """Return a case of a list as programs read it; its clocks are those of an instant."""
    state, values = entry.state, entry.state.values
    lon, lat = entry.place or (None, None)
    return {
        "number": state.case, "state": state.state, "since": shown_instant(state.since_us, zone),
        "kind": values.get("kind"), "class": state.class_code, "class_name": entry.class_name,
        "department": state.department, "cell": values.get("cell"), "lon": lon, "lat": lat,
        "opened": shown_instant(state.opened_us, zone), "master": state.master, "flags": sorted(state.flags),
        "seq": state.seq,
        "last_action": {"action": state.names[-1], "happened": shown_instant(state.changed_us, zone)},
        "clock": _light_record(entry.clock, at_us, zone), "stage_clock": _light_record(entry.stage, at_us, zone),
        "legal": list(entry.legal),
    }  # fmt: skip


def form_record(form: ActionForm) -> dict[str, Any]:
    """Return the form of an action as programs read it."""
    return asdict(form)


def _light_record(clock: CaseClock | None, at_us: int, zone: Zone) -> dict[str, Any] | None:
    if clock is None:
        return None
    record = clock_record(clock, zone)
    del record["case"]
    return record | {"light": clock.light, "due_in_s": clock.due_in_s(at_us)}


def shown_instant(instant_us: int, zone: Zone) -> str:
    """Return an instant on the city's clock, to the second."""
    return zone.iso(instant_us // 1_000_000 * 1_000_000)
