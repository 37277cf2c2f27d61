"""`stcloud grid locate`: which cell held each point of a file. Tested by `tests/saas/cli/test_grid.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
)
from stcloud.saas.cli.output import note, print_rows
from stcloud.saas.cli.target import STREAMED, target_of

__all__ = ["locate"]

_UNIT = "unit"


def locate(
    city: CityFolder,
    layer: LayerName,
    points: Annotated[
        Path, typer.Argument(help="File of points: CSV, NDJSON or Parquet.", show_default=False)
    ],
    x: Annotated[str, typer.Option(help="Column of eastings or longitudes.")] = "x",
    y: Annotated[str, typer.Option(help="Column of northings or latitudes.")] = "y",
    crs: Annotated[str | None, typer.Option(help="CRS of the coordinates; default: the city's.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="An instant, or a column of instants (ISO 8601); default: the grid's newest state."
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Add the code of its cell to each point of a file. In a column 'unit'."""
    target = target_of(form, output, safe_csv=safe_csv, offered=STREAMED, default=OutputFormat.CSV)
    located = open_city(city).locate(layer, points, x=x, y=y, crs=crs, at=at)
    rows = (row for batch in located.batches() for row in batch.to_pylist())
    print_rows([*located.columns, _UNIT], rows, target)
    note(
        ", ".join(f"{what} {count:,}" for what, count in sorted(located.counts.items()) if count)
        or "no points"
    )
