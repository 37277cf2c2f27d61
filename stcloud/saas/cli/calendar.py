"""`stcloud calendar`. Tested by `tests/saas/cli/test_calendar.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, plain, print_records, print_text
from stcloud.saas.cli.target import RECORDS, target_of
from stcloud.saas.plaintext import visible_json

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.time.publisher import PublishedDay

__all__ = ["calendar"]

_COLUMNS = ("day", "weekday", "is", "source", "otherwise")
_WORDS = {True: "working", False: "free"}


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
    document = _document(opened, known_at, year)
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


def _document(city: City, known_at: str | None, year: int | None) -> dict[str, Any]:
    """Return all that is shown, as JSON has it."""
    from stcloud.time.publisher import published_days, publishers_of  # noqa: PLC0415  (keeps --help light)

    known, shown = city.calendar.known_at(known_at), city.calendar.calendar(known_at)
    zone = city.configuration.zone
    return {
        "calendar": shown.name,
        "rules": shown.rules,
        "recorded": None if known.recorded_us is None else zone.iso(known.recorded_us),
        "published": {name: _runs(years) for name, years in publishers_of(shown).items()},
        "published_to": shown.published_to,
        "provisional": None if year is None else year not in shown.published_years,
        "year": year,
        "days": [_day_record(day) for day in published_days(shown, year)],
    }


def _day_record(day: PublishedDay) -> dict[str, Any]:
    return {
        "day": day.day, "weekday": f"{day.day:%a}".lower(), "is": _WORDS[day.works], "source": day.source,
        "otherwise": [{"source": name, "is": _WORDS[works]} for name, works in day.others],
    }  # fmt: skip


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


def _runs(years: tuple[int, ...]) -> list[str]:
    """Write years in order as runs.

    >>> _runs((2001, 2002, 2003, 2005))
    ['2001 to 2003', '2005']
    """
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][-1] + 1 == year:
            runs[-1].append(year)
        else:
            runs.append([year])
    return [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
