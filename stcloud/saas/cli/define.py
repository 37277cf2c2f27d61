"""`stcloud define`. Tested by `tests/reliability/test_error_kinds.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stcloud.saas.cli.load import (
    Crs,
    DatumName,
    EncodingName,
    Key,
    Lat,
    Lon,
    Mover,
    SourceLayer,
    TimeColumn,
    TimeFormat,
    X,
    Y,
    ZoneName,
)
from stcloud.saas.cli.option import split
from stcloud.saas.cli.output import print_text
from stcloud.saas.cli.target import document_path

__all__ = ["define"]


def define(
    source: Annotated[Path, typer.Argument(help="A file to describe.", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--id", help="Name of the definition; default: from the file's name.")
    ] = None,
    key: Key = None,
    time: TimeColumn = None,
    time_format: TimeFormat = None,
    lon: Lon = None,
    lat: Lat = None,
    x: X = None,
    y: Y = None,
    crs: Crs = None,
    datum: DatumName = None,
    zone: ZoneName = None,
    mover: Mover = None,
    source_layer: SourceLayer = None,
    encoding: EncodingName = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write to this .toml file instead of stdout.", show_default=False
        ),
    ] = None,
) -> None:
    """Draft a layer's definition from a file. Of events with --time, else of features. Loads nothing."""
    from stcloud.daas.load.draft import Options, typed_draft  # noqa: PLC0415

    document_path(output, ".toml")
    options: dict[str, Any] = {
        "key": tuple(split(key)), "time": time, "time_formats": tuple(time_format or ()), "lon": lon, "lat": lat,
        "x": x, "y": y, "crs": crs, "datum": datum, "zone": zone, "source_layer": source_layer, "encoding": encoding,
        "mover": mover,
    }  # fmt: skip
    print_text(typed_draft(source, Options(**options), name).to_toml(), output)
