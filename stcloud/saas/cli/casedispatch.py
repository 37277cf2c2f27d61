"""`stcloud case duplicates` and `responsible`. Tested by `tests/saas/cli/test_situation.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.caseview import AtOption, KnownOption, LogName
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.situation import LayerPartOption, layers_of
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["duplicates", "responsible"]

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The case.", show_default=False)]
_COLUMNS = ("number", "state", "master", "score", "distance_m", "hours", "why")


def duplicates(
    city: CityFolder,
    log: LogName,
    number: Number,
    within: Annotated[float, typer.Option(help="How far, metres.")] = 50.0,
    days: Annotated[float, typer.Option(help="How many days between reports, or since the end.")] = 3.0,
    at: AtOption = None,
    known_at: KnownOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the probable duplicates of a case: the same class, near in space and time, with a score and why."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        probable = cases.duplicates(number, within, days, at=at, known_at=known_at)
    records = [
        {
            "number": each.number, "state": each.state, "score": round(each.score, 3),
            "distance_m": round(each.distance_m, 1), "hours": round(each.hours, 1), "master": each.master,
            "why": each.why,
        }
        for each in probable
    ]  # fmt: skip
    if not records:
        note(f"case '{number}' has no probable duplicate within {within:g} m and {days:g} days")
    print_records(records, target, _COLUMNS)


def responsible(
    city: CityFolder,
    log: LogName,
    number: Number,
    class_: Annotated[
        str | None, typer.Option("--class", help="Another class than the case's.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="component or matter.", show_default=False)] = None,
    layer: LayerPartOption = None,
    at: AtOption = None,
    known_at: KnownOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show who is responsible for a case: departments and duty grids, each with the source that says so."""
    target = target_of(form, output, offered=RECORDS)
    with open_city(city).cases(log) as cases:
        answer = cases.responsible(
            number, class_, kind=kind, at=at, known_at=known_at, layers=layers_of(layer)
        )
    for reason in answer.reasons:
        note(reason)
    print_records(answer.records(), target, ("what", "who", "name", "source"))
