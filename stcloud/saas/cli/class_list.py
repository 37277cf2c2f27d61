"""`stcloud classes`. Tested by `tests/saas/cli/test_class_list.py`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.classrecord import class_record
from stcloud.saas.cli.option import FormatOption, OutputFormat, OutputOption, open_city
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.target import RECORDS, target_of

if TYPE_CHECKING:
    from stcloud.paas.case.classes import ClassTable

__all__ = ["classes"]

_COLUMNS = (
    "kind", "edition", "code", "name", "name_zh", "major", "valid_from", "valid_to", "verified", "source",
    "successors",
)  # fmt: skip
_SHOWN = ("kind", "code", "name", "name_zh", "successors")
"""Columns that fit a terminal: a code of four digits is of 2013. The others are in the other formats."""


class ClassKind(StrEnum):
    """Kinds of classes."""

    COMPONENT = "component"
    MATTER = "matter"


def classes(
    text: Annotated[
        str | None,
        typer.Argument(
            help="A class code, its beginning, a longer code that contains one, or a part of a name.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[ClassKind | None, typer.Option(help="Only of this kind.")] = None,
    at: Annotated[str | None, typer.Option(help="Only those valid on this day, e.g. 2026-09-01.")] = None,
    city: Annotated[
        str | None, typer.Option(help="Folder of a city: with its own classes too.", show_default=False)
    ] = None,
    extend: Annotated[
        Path | None,
        typer.Option(
            help="Make the classes of this CSV file the city's own; they replace its earlier ones.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Look up classes of components and matters. By code or name, Chinese or English."""
    target = target_of(form, output, offered=RECORDS)
    if extend is not None:
        _extend(city, extend)
        return
    table = _table(city)
    rows = table.search(text or "", kind=None if kind is None else kind.value, at=at)
    for_people = target.form is OutputFormat.TABLE
    names, separator = (_SHOWN, ", ") if for_people else (_COLUMNS, ";")
    records = (class_record(table, row, separator) for row in rows)
    print_records([{name: record[name] for name in names} for record in records], target, names)
    if not rows:
        note(f"no class is called '{text}'" if text else "there are no such classes")


def _table(city: str | None) -> ClassTable:
    from stcloud.paas.case.classes import bundled_classes  # noqa: PLC0415  (keeps --help light)

    return bundled_classes() if city is None else open_city(city).classes.table()


def _extend(city: str | None, path: Path) -> None:
    if city is None:
        raise InvalidInput("which-city", "nothing says whose classes these are", hint="add --city FOLDER")
    from stcloud.paas.case.classes import bundled_classes  # noqa: PLC0415  (keeps --help light)

    count = len(open_city(city).classes.extend(path)) - len(bundled_classes())
    are = "class of {} is" if count == 1 else "classes of {} are"
    note(f"{count} {are.format(path)} the city's own from now on")
