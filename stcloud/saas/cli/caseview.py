"""`stcloud case show`, `list`, `inbox` and `clock`. Tested by `tests/saas/cli/test_case.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, plain, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible_json, visible_lines

if TYPE_CHECKING:
    from stcloud.iaas.records import CaseSummary, StoredRule
    from stcloud.paas.case import Action, CaseState
    from stcloud.paas.case.caseclocks import CaseClock
    from stcloud.time import Zone

__all__ = ["clock", "inbox", "list_cases", "rule_record", "show"]

LogName = Annotated[str, typer.Argument(metavar="LOG", help="Name of the log.", show_default=False)]
AtOption = Annotated[
    str | None, typer.Option("--at", help="As it was at this instant; default: now.", show_default=False)
]
KnownOption = Annotated[
    str | None,
    typer.Option("--known-at", help="As it was known at this instant; default: now.", show_default=False),
]
LimitOption = Annotated[int, typer.Option(help="Cases on a page.", min=1, max=10_000)]
AfterOption = Annotated[str | None, typer.Option(help="Cursor of the page before.", show_default=False)]
_COLUMNS = ("number", "state", "kind", "class", "department", "cell", "reported", "due")


def show(
    city: CityFolder,
    log: LogName,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The case.", show_default=False)],
    at: AtOption = None,
    known_at: KnownOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show a case: what it is, its actions, and its clocks. Persons and free texts are not shown."""
    target = target_of(form, output, offered=(OutputFormat.TABLE, OutputFormat.JSON))
    with open_city(city).cases(log) as cases:
        state = cases.state(number, at=at, known_at=known_at)
        actions = [action for action in cases.actions(number, known_at=known_at) if action.seq <= state.seq]
        clocks = cases.clocks(number, at=at, known_at=known_at)
        if target.form is OutputFormat.JSON:
            document = _state_record(state, cases.zone) | {
                "actions": [_action_record(action, cases.zone) for action in actions],
                "clocks": [_clock_record(each, cases.zone) for each in clocks],
            }
            print_text(
                visible_json(json.dumps(plain(document), ensure_ascii=False, indent=2)) + "\n", target.path
            )
            return
        print_text(visible_lines("\n".join(_state_lines(state, cases.zone))) + "\n\n", target.path)
        print_records([_action_record(action, cases.zone) for action in actions], target)
        shown = [_clock_record(each, cases.zone) for each in clocks if each.started_us is not None]
        if shown:
            print_text("\n", target.path)
            print_records(shown, target)


def list_cases(
    city: CityFolder,
    log: LogName,
    number: Annotated[str | None, typer.Option(help="Beginning of the number.", show_default=False)] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="State; repeat it for several.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="component or matter.", show_default=False)] = None,
    class_: Annotated[
        str | None, typer.Option("--class", help="Code of the class.", show_default=False)
    ] = None,
    department: Annotated[str | None, typer.Option(help="Department.", show_default=False)] = None,
    cell: Annotated[str | None, typer.Option(help="Code of the unit cell.", show_default=False)] = None,
    bbox: Annotated[
        str | None, typer.Option(metavar="W,S,E,N", help="Place, in degrees.", show_default=False)
    ] = None,
    due_before: Annotated[
        str | None, typer.Option(help="Deadline before this instant.", show_default=False)
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Text of class, component or condition.", show_default=False)
    ] = None,
    order: Annotated[
        str, typer.Option(help="number, reported (newest first) or due (earliest first).")
    ] = "number",
    limit: LimitOption = 50,
    after: AfterOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Search cases, as they are now; all conditions must hold."""
    from stcloud.iaas.records import Find  # noqa: PLC0415  (keeps --help light)
    from stcloud.time import instant_us  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        due_us = None if due_before is None else instant_us(due_before, cases.zone)
        what = Find(
            number=number, state=tuple(state or ()), kind=kind, class_code=class_, department=department, cell=cell,
            bbox=_bbox(bbox), due_before_us=due_us, text=text, order=order,
        )  # fmt: skip
        page = cases.find(what, limit=limit, after=after)
        print_records([_summary_record(each, cases.zone) for each in page.cases], target, _COLUMNS)
        _note_next(page.next)


def inbox(
    city: CityFolder,
    log: LogName,
    role: Annotated[str, typer.Option(help="Whose, in the words of the workflow.", show_default=False)],
    department: Annotated[
        str | None, typer.Option(help="Cases of this department.", show_default=False)
    ] = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the cases that a role can do something with, and what."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        waiting, cursor = cases.inbox(role, department=department, limit=limit, after=after)
        columns = ("number", "state", "class", "department", "due", "legal")
        records = [
            {name: _summary_record(each.case, cases.zone)[name] for name in columns[:-1]}
            | {"legal": " ".join(each.legal)}
            for each in waiting
        ]
        print_records(records, target, columns)
        _note_next(cursor)


def clock(
    city: CityFolder,
    log: LogName,
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="The cases.", show_default=False)],
    at: AtOption = None,
    known_at: KnownOption = None,
    rules: Annotated[
        str | None,
        typer.Option(help="Digest of other rules of clocks to restate them under.", show_default=False),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the clocks of cases: deadline, elapsed and left, of the whole case and of its stages."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        clocks = cases.clocks(numbers, at=at, known_at=known_at, rules=rules)
        print_records(
            [_clock_record(each, cases.zone) for each in clocks], target, ("case", "stage", "limit", "due")
        )


def rule_record(rule: StoredRule, zone: Zone) -> dict[str, Any]:
    """Return a rule as it is printed."""
    from stcloud.paas.case.caserules import ALWAYS_US  # noqa: PLC0415  (keeps --help light)

    valid = "ever" if rule.valid_from_us == ALWAYS_US else zone.iso(rule.valid_from_us)
    return {
        "kind": rule.kind, "digest": rule.digest[:12], "valid_from": valid, "known_from": zone.iso(rule.recorded_us),
    }  # fmt: skip


def _state_lines(state: CaseState, zone: Zone) -> list[str]:
    lines = [f"Case {state.case}: {state.state} since {_shown(state.since_us, zone)} ({state.workflow})"]
    values = {name: value for name, value in state.values.items() if not name.startswith("rule_")}
    lines += [", ".join(f"{name} {value}" for name, value in values.items())] if values else []
    lines += ["flags: " + ", ".join(sorted(state.flags))] if state.flags else []
    lines += [", ".join(f"{name} {count}" for name, count in state.counts.items())] if state.counts else []
    lines += (
        [f"rules: {', '.join(f'{name} {value}' for name, value in state.rules.items())}"]
        if state.rules
        else []
    )
    return lines


def _state_record(state: CaseState, zone: Zone) -> dict[str, Any]:
    return {
        "case": state.case, "state": state.state, "since": zone.iso(state.since_us), "workflow": state.workflow,
        "seq": state.seq, "opened": zone.iso(state.opened_us), "values": dict(state.values),
        "departments": list(state.departments), "counts": dict(state.counts), "flags": sorted(state.flags),
        "stays": [
            {"state": stay.state, "from": zone.iso(stay.from_us), "to": stay.to_us and zone.iso(stay.to_us)}
            for stay in state.stays
        ],
    }  # fmt: skip


def _action_record(action: Action, zone: Zone) -> dict[str, Any]:
    stated = {name: value for name, value in action.fields.items() if not name.startswith("rule_")}
    return {
        "seq": action.seq, "action": action.name, "happened": _shown(action.happened_us, zone),
        "recorded": _shown(action.recorded_us, zone), "by": action.actor, "role": action.role,
        "stated": ", ".join(f"{name}={value}" for name, value in stated.items()),
    }  # fmt: skip


def _clock_record(clock: CaseClock, zone: Zone) -> dict[str, Any]:
    unit = "" if clock.limit is None else {"hour": " h", "day": " d"}[clock.limit.kind.rpartition("_")[2]]
    words = [
        word
        for word, holds in (
            ("running", clock.running), ("paused", clock.paused),
            ("stopped", clock.started_us is not None and not clock.running and not clock.paused),
            ("not started", clock.started_us is None), ("overdue", clock.overdue), ("exempt", clock.exempt),
            ("provisional", clock.provisional),
        )
        if holds
    ]  # fmt: skip
    return {
        "case": clock.case, "stage": clock.stage or "whole",
        "limit": "stated" if clock.limit is None else str(clock.limit),
        "due": None if clock.deadline_us is None else _shown(clock.deadline_us, zone),
        "elapsed": None if clock.elapsed is None else f"{clock.elapsed:.2f}{unit}",
        "left": None if clock.left is None else f"{clock.left:.2f}{unit}", "clock": ", ".join(words),
    }  # fmt: skip


def _summary_record(summary: CaseSummary, zone: Zone) -> dict[str, Any]:
    return {
        "number": summary.number, "state": summary.state, "kind": summary.kind, "class": summary.class_code,
        "department": summary.department, "cell": summary.cell,
        "reported": None if summary.reported_us is None else _shown(summary.reported_us, zone),
        "due": None if summary.due_us is None else _shown(summary.due_us, zone),
    }  # fmt: skip


def _shown(instant_us: int, zone: Zone) -> str:
    """Return an instant on the city's clock, to the second."""
    return zone.iso(instant_us // 1_000_000 * 1_000_000)


def _note_next(cursor: str | None) -> None:
    if cursor is not None:
        note(f"there are more: --after '{cursor}'")


def _bbox(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(
            "unreadable-place", f"'{text}' is no box", hint="write W,S,E,N in degrees"
        ) from None
    return west, south, east, north
