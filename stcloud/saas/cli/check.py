"""`stcloud check`. Tested by `tests/reliability/test_damage.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.signals import say
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible

__all__ = ["check"]


def check(
    city: CityFolder,
    layer: Annotated[str | None, typer.Argument(help="Check this layer only.", show_default=False)] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Check a city for damage. Definitions, logs, files, rows, ledger, quarantine and indexes."""
    target = target_of(form, output, offered=RECORDS)
    findings = open_city(city).check(layer)
    records = [
        {"layer": finding.layer, "check": finding.check, "faults": finding.faults, "example": finding.example}
        for finding in findings
    ]
    print_records(records, target)
    broken = [finding for finding in findings if finding.faults]
    if not broken:
        note("no faults")
        return
    first = broken[0]
    of_what = f"{first.check} of {first.layer}" if first.layer else first.check
    say(
        visible(
            f"{sum(finding.faults for finding in broken):,} faults; the first, {of_what}: {first.example}"
        )
    )
    raise typer.Exit(7)
