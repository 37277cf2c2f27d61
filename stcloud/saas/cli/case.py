"""`stcloud case`: logs of cases and their rules; the actions on cases are in `caseact`, the views in `caseview`.

Tested by `tests/saas/cli/test_case.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stcloud.errors import StcloudError
from stcloud.saas.cli import caseact, casedispatch, caseevaluate, casemove, caseview
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["case"]

LogName = Annotated[str, typer.Argument(metavar="LOG", help="Name of the log.", show_default=False)]

case = typer.Typer(help="Cases: from the report to the close, on an append-only log.", no_args_is_help=True)


@case.command()
def create(
    city: CityFolder,
    log: LogName,
    workflow: Annotated[
        str, typer.Option(help="A bundled workflow (urban-management, imported-requests), or a TOML file.")
    ] = "urban-management",
    clocks: Annotated[
        str | None,
        typer.Option(
            help="Bundled rules of clocks, or a TOML file; default: the workflow's.", show_default=False
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="postgresql://user@host/database; default: a file in the city.", show_default=False
        ),
    ] = None,
) -> None:
    """Make a log of cases. A password for a URL comes from PGPASSWORD or a password file, and is written nowhere."""
    opened = open_city(city)
    with opened.cases(log, create=_document(workflow), clocks=_document(clocks), url=url) as cases:
        note(f"log '{log}' of workflow {cases.workflow}")


@case.command()
def logs(city: CityFolder, form: FormatOption = None, output: OutputOption = None) -> None:
    """List a city's logs of cases."""
    target = target_of(form, output, offered=RECORDS)
    opened = open_city(city)
    records: list[dict[str, str | None]] = []
    failures: list[StcloudError] = []
    for name in opened.case_logs():
        try:
            with opened.cases(name) as cases:
                records.append({"log": name, "workflow": cases.workflow, "address": cases.address})
        except StcloudError as error:
            records.append({"log": name, "workflow": None, "address": None})
            failures.append(error)
    if not records:
        note(f"city '{opened.name}' has no logs of cases; make one: stcloud case create CITY LOG")
    print_records(records, target, ("log", "workflow", "address"))
    for failure in failures[1:]:
        note(failure.in_shell)
    if failures:
        raise failures[0]


@case.command()
def rule(
    city: CityFolder,
    log: LogName,
    kind: Annotated[
        str, typer.Argument(help="workflow, clocks, calendar or conditions.", show_default=False)
    ],
    source: Annotated[
        str, typer.Argument(metavar="RULE", help="Its file, or a bundled name.", show_default=False)
    ],
    valid_from: Annotated[
        str | None, typer.Option(help="Since when it is valid; default: since ever.", show_default=False)
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Add a rule to a log. It is known from now on; cases keep the rules that they are pinned to at filing."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        added = cases.add_rule(kind, _document(source) or "", valid_from=valid_from)
        print_records([caseview.rule_record(added, cases.zone)], target)


@case.command()
def rules(city: CityFolder, log: LogName, form: FormatOption = None, output: OutputOption = None) -> None:
    """List the rules of a log: since when each is valid, and since when it is known."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        print_records([caseview.rule_record(each, cases.zone) for each in cases.rules()], target)


def _document(name: str | None) -> str | None:
    """Return the text of a file, or the name of what is bundled."""
    from stcloud.iaas.store.folder import read_text  # noqa: PLC0415  (keeps --help light)

    if name is None or not (Path(name).suffix or "/" in name):
        return name
    return read_text(Path(name))


for function in (
    caseact.open_case, caseact.act, caseview.show, caseview.list_cases, caseview.inbox, caseview.clock,
    casedispatch.duplicates, casedispatch.responsible,
    caseevaluate.evaluate,
    casemove.import_cases, casemove.publish, casemove.deliver, casemove.private, casemove.erase,
):  # fmt: skip
    case.command(name=function.__name__.removesuffix("_cases").removesuffix("_case"))(function)
