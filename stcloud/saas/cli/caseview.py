"""`stcloud case show`, `list`, `inbox` and `clock`. Tested by `tests/saas/cli/test_case.py`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.case.action import PRIVATE
from stcloud.saas.cli.caserecord import case_record, clock_record, shown_instant
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, plain, print_records, print_text
from stcloud.saas.cli.target import RECORDS, Target, target_of
from stcloud.saas.plaintext import visible_json, visible_lines

if TYPE_CHECKING:
    from stcloud.city.cases import Cases
    from stcloud.iaas.records import Audit, CaseSummary, StoredRule
    from stcloud.paas.case import Action, CaseState
    from stcloud.paas.case.caseclocks import CaseClock
    from stcloud.paas.case.limit import TimeLimit
    from stcloud.paas.case.workflow import Workflow
    from stcloud.time import Zone

__all__ = [
    "AtOption",
    "KnownOption",
    "LogName",
    "case_record",
    "clock",
    "inbox",
    "list_cases",
    "rule_record",
    "show",
]

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
_SHORT = ("number", "state", "class", "department", "reported", "due")
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
            document = plain(case_record(cases, number, at, known_at))
            print_text(visible_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n", target.path)
            return
        lines = [*_state_lines(state, cases), "", *_action_lines(actions, cases)]
        lines += [f"photo {each.use} of action {each.seq}: {each.key}" for each in cases.media(number)]
        print_text(visible_lines("\n".join(lines)) + "\n", target.path)
        shown = [_clock_columns(each, cases.zone) for each in clocks if each.started_us is not None]
        if shown and target.path is None:
            print_text("\n")
            print_records(shown)


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
    who: Annotated[
        str | None,
        typer.Option(
            "--by", help="Who searches persons and free texts, too; written down.", show_default=False
        ),
    ] = None,
    why: Annotated[
        str | None, typer.Option(help="Why; needed with --by, and written down.", show_default=False)
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
        _refuse_unknown("state", state or [], [name for each in _workflows(cases) for name in each.states])
        due_us = None if due_before is None else instant_us(due_before, cases.zone)
        what = Find(
            number=number, state=tuple(state or ()), kind=kind, class_code=class_, department=department, cell=cell,
            bbox=_bbox(bbox), due_before_us=due_us, text=text, order=order,
        )  # fmt: skip
        page = cases.find(what, limit=limit, after=after, reader=_reader(who, why, text))
        records = [_summary_record(each, cases.zone, short=_is_short(target)) for each in page.cases]
        print_records(records, target, _SHORT if _is_short(target) else _COLUMNS)
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
        _refuse_unknown(
            "role", [role], [name for each in _workflows(cases) for name in each.definition.roles]
        )
        waiting, cursor = cases.inbox(role, department=department, limit=limit, after=after)
        columns = ("number", "state", "class", "department", "due", "legal")
        records = [
            {
                name: _summary_record(each.case, cases.zone, short=_is_short(target))[name]
                for name in columns[:-1]
            }
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
        for number in dict.fromkeys(numbers):
            if not any(each.case == number and each.stage is None for each in clocks):
                note(f"case '{number}' has no deadline: no limit was stated, and the log has no usual one")
        if _is_short(target):
            several = len(set(numbers)) > 1
            print_records([
                ({"case": each.case} if several else {}) | _clock_columns(each, cases.zone) for each in clocks
            ], target)  # fmt: skip
            return
        print_records(
            [clock_record(each, cases.zone) for each in clocks], target, ("case", "stage", "limit", "due")
        )


def rule_record(rule: StoredRule, zone: Zone) -> dict[str, Any]:
    """Return a rule as it is printed."""
    from stcloud.paas.case.caserules import ALWAYS_US  # noqa: PLC0415  (keeps --help light)

    valid = "ever" if rule.valid_from_us == ALWAYS_US else zone.iso(rule.valid_from_us)
    return {
        "kind": rule.kind, "digest": rule.digest[:12], "valid_from": valid, "known_from": zone.iso(rule.recorded_us),
    }  # fmt: skip


def _is_short(target: Target) -> bool:
    """Return whether a person reads: instants are to the minute, and columns few."""
    return target.form is OutputFormat.TABLE and target.path is None


def _state_lines(state: CaseState, cases: Cases) -> list[str]:
    """Return what a case is, in lines for a person."""
    from stcloud.paas.case.limit import TimeLimit  # noqa: PLC0415  (keeps --help light)

    since = _minute(state.since_us, cases.zone)
    lines = [f"Case {state.case}: {state.state} since {since} ({state.workflow})"]
    kind = state.values.get("kind")
    class_name = cases.class_name(None if kind is None else str(kind), state.class_code or "")
    values = {name: value for name, value in state.values.items() if not name.startswith("rule_")}
    named = {"class": f" ({class_name})"} if class_name else {}
    word = _words(cases)
    facts = [
        f"{name} {word(name, value)}{named.get(name, '')}"
        for name, value in values.items()
        if not name.startswith("limit_")
    ]
    facts += [f"limit {TimeLimit(*state.limit)}"] if state.limit else []  # type: ignore[arg-type]
    for words in (
        facts, [f"flag {name}" for name in sorted(state.flags)], [f"{name} {n}" for name, n in state.counts.items()],
        [f"rules of {name} {value}" for name, value in state.rules.items()],
    ):  # fmt: skip
        lines += textwrap.wrap(", ".join(words), 78, initial_indent="  ", subsequent_indent="  ")
    return lines


def _action_lines(actions: Sequence[Action], cases: Cases) -> list[str]:
    """Return the actions of a case, a line each, with what they state below."""
    names, word = max(len(action.name) for action in actions), _words(cases)
    lines = []
    for action in actions:
        who = f"{action.actor}, {action.role}" + (f" of {action.department}" if action.department else "")
        lines.append(
            f"{action.seq:>3}  {_minute(action.happened_us, cases.zone)}  {action.name:<{names}}  {who}"
        )
        stated = [
            f"{name} {'(private)' if str(value).startswith(PRIVATE) else word(name, value)}"
            for name, value in action.fields.items()
            if not name.startswith("rule_")
        ]
        lines += textwrap.wrap(", ".join(stated), 72, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return lines


def _clock_columns(clock: CaseClock, zone: Zone) -> dict[str, Any]:
    """Return a clock as people read it; elapsed and left are in units of the limit."""
    started = clock.started_us is not None
    words = {
        "not started": not started, "running": clock.running, "paused": clock.paused,
        "stopped": started and not clock.running and not clock.paused, "overdue": clock.overdue,
        "exempt": clock.exempt, "provisional": clock.provisional,
    }  # fmt: skip
    return {
        "stage": clock.stage or "whole", "limit": "of its source" if clock.limit is None else _brief(clock.limit),
        "due": None if clock.deadline_us is None else _minute(clock.deadline_us, zone),
        "elapsed": None if clock.elapsed is None or not started else f"{clock.elapsed:.2f}",
        "left": None if clock.left is None or not started else f"{clock.left:.2f}",
        "clock": ", ".join(word for word, holds in words.items() if holds),
    }  # fmt: skip


def _brief(limit: TimeLimit) -> str:
    """Return a limit in few letters: ``4 work h``."""
    kind, unit = limit.kind.split("_")
    return f"{limit.value:g} {kind} {unit[0]}"


def _summary_record(summary: CaseSummary, zone: Zone, *, short: bool) -> dict[str, Any]:
    written = _minute if short else shown_instant
    record = {
        "number": summary.number, "state": summary.state, "kind": summary.kind, "class": summary.class_code,
        "department": summary.department, "cell": summary.cell,
        "reported": None if summary.reported_us is None else written(summary.reported_us, zone),
        "due": None if summary.due_us is None else written(summary.due_us, zone),
    }  # fmt: skip
    return {name: record[name] for name in (_SHORT if short else _COLUMNS)}


def _reader(who: str | None, why: str | None, text: str | None) -> Audit | None:
    """Return who searches persons and free texts; `InvalidInput` ``no-reason``, ``nothing-searched``."""
    from stcloud.iaas.records import Audit  # noqa: PLC0415  (keeps --help light)

    if who is None and why is None:
        return None
    if text is None:
        raise InvalidInput(
            "nothing-searched", "--by and --why are of who searches texts, and no --text is given",
            hint="add --text TEXT, or leave both out",
        )  # fmt: skip
    if not who or not why:
        raise InvalidInput(
            "no-reason", "who searches persons and free texts says why", hint="give --by and --why"
        )
    return Audit(who=who, why=why)


def _workflows(cases: Cases) -> Sequence[Workflow]:
    """Return the workflows of a log."""
    from stcloud.paas.case.caserules import CaseRules  # noqa: PLC0415  (keeps --help light)

    return tuple(CaseRules(cases.rules()).workflows.values())


def _refuse_unknown(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names that the workflows of a log do not have: `NotFound` ``unknown-name``."""
    for name in names:
        if name not in known:
            raise NotFound(
                "unknown-name", f"the workflow has no {what} '{name}'", nearest=nearest(name, known),
                hint=f"it has {', '.join(dict.fromkeys(known))}",
            )  # fmt: skip


def _minute(instant_us: int, zone: Zone) -> str:
    """Return an instant on the city's clock for a person: to the minute, without its offset."""
    return zone.iso(instant_us)[:16].replace("T", " ")


def _words(cases: Cases) -> Callable[[str, object], str]:
    """Return what writes a field for a person: instants on the city's clock, numbers without what nobody reads."""
    instants = {
        name
        for workflow in _workflows(cases)
        for name, clause in workflow.definition.fields.items()
        if clause.type == "instant"
    }

    def word(name: str, value: object) -> str:
        if name in instants and isinstance(value, int):
            return _minute(value, cases.zone)
        return f"{value:.10g}" if isinstance(value, float) else str(value)

    return word


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
