"""`stcloud calendar`. Tested by `tests/saas/cli/test_calendar.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.calendarrecord import calendar_record
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, plain, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible_json

__all__ = ["calendar"]

_COLUMNS = ("day", "weekday", "is", "source", "otherwise")


def calendar(
    city: CityFolder,
    publish: Annotated[
        Path | None,
        typer.Option(
            help="Make the days of this TOML file the city's own; they replace its earlier ones.",
            show_default=False,
        ),
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="As it was known at this instant; default: now.", show_default=False)
    ] = None,
    year: Annotated[
        int | None,
        typer.Option(
            help="Only days of this year, with all that are not what their day of the week is.",
            show_default=False, min=1, max=9999,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:  # fmt: skip
    """Show a city's calendar. Who has published which years, the city's own days, and what sources disagree on."""
    target = target_of(form, output, offered=RECORDS)
    opened = open_city(city)
    if publish is not None:
        if known_at is not None:
            raise InvalidInput(
                "unclear-calendar", "days are published now, and cannot be known at another instant",
                hint="leave out --known-at",
            )  # fmt: skip
        days = opened.calendar.publish(publish)
        note(f"{len(days)} days of {publish} are the city's own from now on")
    document = calendar_record(opened, known_at, year)
    if target.form is OutputFormat.JSON:
        text = json.dumps(plain(document), ensure_ascii=False, indent=2)
        print_text(visible_json(text) + "\n", target.path)
        return
    note("\n".join(_heading(document)))
    records = [
        {**day, "otherwise": ", ".join(f"{says['is']} by {says['source']}" for says in day["otherwise"])}
        for day in document["days"]
    ]
    print_records(records, target, _COLUMNS)


def _heading(document: dict[str, Any]) -> list[str]:
    """Return what is known of the calendar, for people."""
    own = "no days of its own" if document["recorded"] is None else f"own days since {document['recorded']}"
    lines = [f"calendar {document['calendar']} ({document['rules']}), {own}"]
    lines += [
        f"published by {name}: {', '.join(runs) or 'no year in full'}"
        for name, runs in document["published"].items()
    ]
    to = document["published_to"]
    lines.append("no year is published" if to is None else f"published to {to}")
    if document["provisional"]:
        lines.append(f"{document['year']} is not published: its days are expected, and deadlines provisional")
    return lines
