"""`stcloud copy`. Tested by `tests/city/test_copying.py`."""

from __future__ import annotations

from typing import Annotated

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

__all__ = ["copy"]


def copy(
    city: CityFolder,
    target: Annotated[
        str, typer.Argument(help="New folder, or address in a bucket where nothing is.", show_default=False)
    ],
    cases: Annotated[
        str | None,
        typer.Option(
            help="Carry logs of cases over to this database: postgresql://user@host/database.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Copy a city to a folder or a bucket, and verify it.

    Called again after a failure, it goes on where it was. Loads and queries may run at the same time. The copy is a
    city of its own.
    """
    chosen = target_of(form, output, offered=RECORDS)
    with open_city(city) as opened:
        done = opened.copy_to(target, cases=cases)
    record = {
        "target": done.target, "files": done.files, "bytes": done.bytes, "there": done.there,
        "tables": done.tables, "logs": done.logs,
    }  # fmt: skip
    print_records([record], chosen)
    note(f"copied city '{opened.name}' to {done.target}")
