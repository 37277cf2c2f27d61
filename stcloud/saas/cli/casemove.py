"""`stcloud case import`, `publish`, `deliver`, `private` and `erase`. Tested by `tests/saas/cli/test_case.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.reckoning import record_of
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["deliver", "erase", "import_cases", "private", "publish"]

_PUBLISHED = ("layer", "read", "accepted", "updated", "unchanged", "rejected", "unplaced")
LogName = Annotated[str, typer.Argument(metavar="LOG", help="Name of the log.", show_default=False)]
WhoOption = Annotated[
    str, typer.Option("--by", help="Who reads or erases; it is written down.", show_default=False)
]
WhyOption = Annotated[str, typer.Option(help="Why; it is written down.", show_default=False)]


def import_cases(
    city: CityFolder,
    log: LogName,
    layer: LayerName,
    columns: Annotated[
        Path | None,
        typer.Option(
            help="TOML file: which columns say how a request went.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who imports.")] = "import",
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Import the requests of a layer as cases; again after a later load, only what changed becomes actions."""
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (keeps --help light)
    from stcloud.paas.case.requested import RequestColumns  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    chosen = None if columns is None else RequestColumns.from_toml(read_text(columns), name=columns.name)
    with open_city(city).cases(log) as cases:
        done = cases.import_layer(layer, columns=chosen, actor=by)
    for number, reason in list(done.left_out.items())[:10]:
        note(f"{number}: {reason}")
    if len(done.left_out) > 10:
        note(f"and {len(done.left_out) - 10:,} more were left out")
    record = {
        "layer": layer, "read": done.read, "opened": done.opened, "changed": done.changed,
        "unchanged": done.unchanged,
        "left_out": len(done.left_out), "actions": done.actions, "corrections": done.corrections,
    }  # fmt: skip
    print_records([record], target)


def publish(
    city: CityFolder,
    log: LogName,
    layer: Annotated[
        str | None, typer.Argument(help="Name of the layer; default: LOG-cases.", show_default=False)
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Publish the cases of a log as a layer of events. Queries, joins, cubes and maps work on it."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        reckoning, zone = cases.publish(layer), cases.zone
    if reckoning is None:
        note(f"log '{log}' has no case yet")
        return
    record = record_of(reckoning, zone)
    people = target.form is OutputFormat.TABLE and target.path is None
    print_records([{name: record[name] for name in _PUBLISHED} if people else record], target)


def deliver(
    city: CityFolder,
    log: LogName,
    to: Annotated[
        str,
        typer.Option(help="A file, http(s)://… or nats://HOST/SUBJECT.", show_default=False),
    ],
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Deliver the notices that wait. Each at least once, with an id by which its receiver knows it."""
    from stcloud.saas.delivery import delivered, shown_address  # noqa: PLC0415  (keeps --help light)

    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        done = delivered(cases.outbox, to)
    print_records([{"to": shown_address(to), **done}], target)
    left = done["again"] + done["given_up"]
    if left:
        raise StorageError(
            "not-delivered",
            f"{left:,} notices were not taken; they wait, but for those given up",
            hint="deliver again",
        )


def private(
    city: CityFolder,
    log: LogName,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The case.", show_default=False)],
    by: WhoOption,
    why: WhyOption,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the persons and free texts of a case. Who reads them, and why, is written down."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        values = cases.private(number, who=by, why=why)
        records = [
            {"ref": value.ref, "field": value.field, "person": value.person, "text": value.value}
            for value in values
        ]
        print_records(records, target, ("ref", "field", "person", "text"))


def erase(
    city: CityFolder,
    log: LogName,
    by: WhoOption,
    why: WhyOption,
    number: Annotated[
        str | None, typer.Option("--case", help="Texts of this case.", show_default=False)
    ] = None,
    person: Annotated[str | None, typer.Option(help="Texts about this person.", show_default=False)] = None,
    before: Annotated[
        str | None, typer.Option(help="Texts recorded before this instant.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without confirmation.")] = False,  # noqa: FBT002
) -> None:
    """Erase persons and free texts for good. Logs, states and clocks stay the same to the byte."""
    if not yes and not sys.stdin.isatty():
        raise InvalidInput(
            "yes-needed", "texts are erased only after asking, and nobody can answer", hint="add --yes"
        )
    if not yes and not typer.confirm("Erase these persons and texts? They cannot be brought back.", err=True):
        note("nothing was erased")
        return
    if number is None and person is None and before is None:
        raise InvalidInput(
            "scope-needed",
            "nothing says whose texts are to be erased",
            hint="state --case, --person or --before",
        )
    with open_city(city).cases(log) as cases:
        erased = cases.erase(who=by, why=why, number=number, person=person, before=before)
    note(f"erased: {erased.values:,} texts")
    if not erased.wiped:
        note("somebody reads the log: erase again later, so that no byte of them stays in its file")
