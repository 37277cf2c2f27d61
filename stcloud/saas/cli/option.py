"""Options and arguments that several commands share, and how values on the command line are read.

Tested by `tests/saas/test_caller.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = [
    "CityFolder",
    "EngineOption",
    "FormatOption",
    "LayerName",
    "OutputFormat",
    "OutputOption",
    "SafeCsvOption",
    "ToOption",
    "WhereOption",
    "open_city",
    "read_place",
    "read_places",
    "split",
]


class OutputFormat(StrEnum):
    """Formats of printed data."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    GEOJSON = "geojson"
    PARQUET = "parquet"
    GPKG = "gpkg"
    FGB = "fgb"
    XLSX = "xlsx"


CityFolder = Annotated[
    str, typer.Argument(help="Folder of the city, or its address in a bucket.", show_default=False)
]
LayerName = Annotated[str, typer.Argument(help="Name of the layer.", show_default=False)]
FormatOption = Annotated[
    OutputFormat | None,
    typer.Option("--format", "-f", help="Output format; default: table, or by the suffix of -o."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write to this file instead of stdout.", show_default=False),
]
ToOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="URL",
        help="Write all rows as Parquet there: a new file; with --engine sc://…, which writes it, a new folder.",
        show_default=False,
    ),
]  # fmt: skip
SafeCsvOption = Annotated[
    bool,
    typer.Option(
        "--safe-csv",
        help="Put ' before CSV text that a spreadsheet would compute because it begins with = + - @.",
    ),
]

WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        help="bbox:W,S,E,N (degrees), wkt:…, cell:ID, file:area.geojson, unit:PREFIX, duty:LAYER:ID, "
        "LAYER:ID[@T] or LAYER.COLUMN:VALUE[@T] (a feature as it was at the event's time, or at T), "
        "near:LON,LAT:200m, near:LAYER:ID:50m[@T] or near:LAYER:50m[@T]; with and, or, not, ( ). "
        "Repeat it for alternatives."
    ),
]
EngineOption = Annotated[str, typer.Option(help="duckdb, or sc://host:port of a Spark Connect endpoint.")]


def open_city(folder: str, engine: str = "duckdb") -> City:
    """Open a city; imports what it needs only now."""
    import stcloud  # noqa: PLC0415

    return stcloud.open(folder, engine=engine)


def split(values: list[str] | None) -> list[str]:
    """Return values given one by one or separated by commas; a comma within double quotes stays.

    Raises
    ------
    InvalidInput
        ``unreadable-list``: a quote is not closed, or there is nothing between commas.

    >>> split(["a,b", '"x, y"'])
    ['a', 'b', '"x, y"']
    """
    return [part for value in values or [] for part in _parts(value)]


def _parts(value: str) -> list[str]:
    parts, quoted = [""], False
    for letter in value:
        quoted ^= letter == '"'
        if letter == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    if quoted:
        raise InvalidInput("unreadable-list", f"'{value}': a double quote is not closed", hint="close it")
    if not all(part.strip() for part in parts):
        raise InvalidInput(
            "unreadable-list", f"'{value}' has nothing between commas", hint="write names, as in kind,week"
        )
    return [part.strip() for part in parts]


def read_place(text: str) -> Any:
    """Return what ``--where`` names: ``file:…`` is read here, other forms are left to the query."""
    if not text.startswith("file:"):
        return text
    from stcloud.iaas.source.polygons import read_areas  # noqa: PLC0415

    name = text.removeprefix("file:")
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return read_areas(Path(name[1:-1] if quoted else name))


def read_places(text: str) -> Any:
    """Return what ``--where`` says, places perhaps joined by ``and``, ``or``, ``not``; files are read here."""
    if "file:" not in text:
        return text
    from stcloud.paas.query.place.formula import mapped, read_formula  # noqa: PLC0415

    return mapped(read_formula(text), read_place)
