"""`stcloud check`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["check"]


def check(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Check this layer only.", show_default=False)] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Check that what lies on disk is whole: files, keys, recorded periods, cells, ledger."""
    target = target_of(form, output, offered=RECORDS)
    findings = open_city(city).check(layer)
    records = [
        {"layer": one.layer, "check": one.check, "faults": one.faults, "example": one.example}
        for one in findings
    ]
    print_records(records, target)
    faults = sum(one.faults for one in findings)
    note("no faults" if not faults else f"{faults:,} faults")
    if faults:
        raise typer.Exit(7)
