"""`stcloud alerts`: what standing questions raised, and why. Tested by `tests/saas/cli/test_alerts.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from stcloud.errors import NotFound, StorageError
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
)
from stcloud.saas.cli.output import note, plain, print_answer, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.paas.query import Answer
    from stcloud.time import Zone

__all__ = ["alerts"]

_SHORT = ("alert", "group", "status", "from", "to", "peak", "late")
_STEPS = ("condition", "rows")

FullOption = Annotated[bool, typer.Option("--full", help="Take all loads again; the alerts are the same.")]


class _ListsByDefault(TyperGroup):
    """Takes ``stcloud alerts CITY`` as ``stcloud alerts list CITY``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args and args[0] in self.commands
        return super().resolve_command(ctx, args if known else ["list", *args])


alerts = typer.Typer(
    help="What standing questions raised, and why.",
    no_args_is_help=True,
    cls=_ListsByDefault,
)


@alerts.command(name="list")
def list_alerts(
    city: CityFolder,
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    during: Annotated[
        str | None, typer.Option(help="Only those that began in this span: 2024-03, A/B, 'last 7 days'.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List the alerts that were recorded, by the time when they began."""
    target, opened = target_of(form, output, safe_csv=safe_csv), open_city(city)
    try:
        answer = opened.standing.alerts(rule, during=during).rows()
    except NotFound as error:
        if error.kind != "no-alerts" or target.form not in RECORDS:
            raise
        if rule is not None:
            opened.standing.versions(rule)  # refuses one that there is not
        note(error.in_shell)  # a job whose rules raised nothing has not failed
        print_records([], target, _SHORT)
        return
    if target.form is OutputFormat.TABLE and target.path is None:
        print_records(_short(answer, opened.configuration.zone), target, _SHORT)
    else:
        print_answer(answer, target)


@alerts.command()
def run(
    city: CityFolder,
    full: FullOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Put what was loaded since the last run to all rules, and record the alerts."""
    target, opened = target_of(form, output, offered=RECORDS), open_city(city)
    done = opened.standing.run(full=full)
    counts = {"loads": done.loads, "rows": done.rows, "raised": done.raised, "changed": done.changed}
    print_records([counts], target, tuple(counts))
    if done.replayed:
        note(f"all loads were taken again of {', '.join(done.replayed)}")


@alerts.command()
def why(
    city: CityFolder,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Key of the alert.", show_default=False)],
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Explain why an alert was raised: its rows, their window, the value, the version of the rule."""
    target = target_of(form, output, offered=RECORDS)
    reason = open_city(city).standing.why(alert)
    if target.form is OutputFormat.JSON:
        document = {name: getattr(reason, name) for name in reason.__slots__}
        print_text(json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n", target.path)
        return
    note(f"rule {reason.alert['rule']}, version {reason.version}: {reason.rule}")
    note(
        f"value {reason.value:g}, threshold {reason.threshold:g}; rows from {reason.window[0]} to {reason.window[1]}"
    )
    note(f"as known at {reason.known_at}; {reason.alert['status']}{_late(reason.alert)}")
    columns = tuple(reason.rows[0]) if reason.rows else ("key", "time")
    print_records(
        [{name: plain(value) for name, value in row.items()} for row in reason.rows], target, columns
    )


@alerts.command(name="why-not")
def why_not(
    city: CityFolder,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Name of the rule.", show_default=False)],
    at: Annotated[str, typer.Option(help="Instant of valid time.", show_default=False)],
    group: Annotated[str | None, typer.Option(help="Group; default: the one with the most rows.")] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Explain why a rule raises nothing at an instant: the value, and what failed first."""
    target = target_of(form, output, offered=RECORDS)
    refusal = open_city(city).standing.why_not(rule, at, group)
    steps = [{"condition": name, "rows": count} for name, count in refusal.steps]
    if target.form is OutputFormat.JSON:
        document = {name: getattr(refusal, name) for name in refusal.__slots__} | {"steps": steps}
        print_text(json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n", target.path)
        return
    value = "none" if refusal.value is None else f"{refusal.value:g}"
    note(f"rule {refusal.rule}, version {refusal.version}, group '{refusal.group}' at {refusal.at}")
    note(f"value {value}, threshold {refusal.threshold:g}")
    note("an incident goes on" if refusal.holds else f"failed first: {refusal.failed}")
    print_records(steps, target, _STEPS)


@alerts.command()
def deliver(
    city: CityFolder,
    to: Annotated[
        str,
        typer.Option(help="A file, http(s)://… or nats://HOST/SUBJECT.", show_default=False),
    ],
    secret: Annotated[
        Path | None, typer.Option(help="File of a secret that bodies to a web address are signed with.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver the alerts that were recorded: a notice for each status, at least once, with an id."""
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (keeps --help light)
    from stcloud.saas.delivery import delivered, shown_address  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    key = None if secret is None else read_text(secret).strip().encode()
    with open_city(city).standing.outbox(to) as records:
        done = delivered(records.outbox, to, secret=key)
    print_records([{"to": shown_address(to), **done}], target)
    left = done["again"] + done["given_up"]
    if left:
        raise StorageError(
            "not-delivered", f"{left:,} notices were not taken; they wait, but for those given up",
            hint="deliver again",
        )  # fmt: skip


def _short(answer: Answer, zone: Zone) -> list[dict[str, Any]]:
    from stcloud.time import instant_us  # noqa: PLC0415  (keeps --help light)

    def minute(at: Any) -> str:
        return zone.iso(instant_us(at, zone))[:16].replace("T", " ")

    return [
        {name: row[name] for name in _SHORT}
        | {"from": minute(row["from"]), "to": None if row["to"] is None else minute(row["to"])}
        for row in answer
    ]


def _late(alert: dict[str, Any]) -> str:
    return f", late by {alert['lateness_s']:g} s" if alert["late"] else ""
