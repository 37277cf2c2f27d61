"""`stcloud grid`: codes, checks, location and the index of a unit grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.divide import divide
from stcloud.saas.cli.locate import locate
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    OutputOption,
    SafeCsvOption,
    open_city,
)
from stcloud.saas.cli.output import note, print_answer, print_records, print_text
from stcloud.saas.cli.target import RECORDS, Target, picture_path, target_of
from stcloud.saas.plaintext import visible_json

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.grid.check import Report

__all__ = ["grid"]

_PLACED = (OutputFormat.GEOJSON, OutputFormat.PARQUET, OutputFormat.GPKG, OutputFormat.FGB)

grid = typer.Typer(help="The unit grid: codes, division, checks, location, index.", no_args_is_help=True)
grid.command()(divide)
grid.command()(locate)


@grid.command()
def code(
    text: Annotated[str, typer.Argument(metavar="CODE", help="The code.", show_default=False)],
    scheme: Annotated[str, typer.Option(help="Its code scheme.")] = "unit-grid-15",
    to: Annotated[
        str | None, typer.Option(help="Convert it to this scheme, where a conversion is defined.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the parts of a code, or convert it. An error shows where and why a code is wrong."""
    from stcloud.paas.grid import read_scheme  # noqa: PLC0415  (keeps --help light)
    from stcloud.paas.grid.code import parse  # noqa: PLC0415
    from stcloud.paas.grid.conversion import convert  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    parsed = parse(text, read_scheme(scheme))
    parsed = parsed if to is None else convert(parsed, to=read_scheme(to))
    record: dict[str, Any] = {"code": parsed.text, "scheme": parsed.scheme.id, **parsed.parts}
    print_records([record], target)


@grid.command()
def check(
    city: CityFolder,
    layer: LayerName,
    communities: Annotated[
        str | None,
        typer.Option(
            help="Polygons that the cells must tile: a file or a layer of the city.", show_default=False
        ),
    ] = None,
    community_code: Annotated[str, typer.Option(help="Column with their codes, in a file.")] = "code",
    tolerance: Annotated[
        float | None, typer.Option(help="Tolerance in metres; default: the definition's.", min=0)
    ] = None,
    picture: Annotated[Path | None, typer.Option("--map", help="Draw the faults into this PNG file.")] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Find faults of a grid. Gaps, overlaps, wrong codes, unusual sizes, contradicting dates."""
    target = target_of(form, output, safe_csv=safe_csv)
    picture_path(picture)
    opened = open_city(city)
    report = opened.check_grid(
        layer, communities, community_code=community_code, tolerance_m=tolerance, tell=note
    )
    _tell_report(opened, layer, report, target)
    counts = ", ".join(f"{kind} {count:,}" for kind, count in report.counts.items()) or "no faults"
    note(f"{report.cells:,} cells: {counts}")
    if picture is not None:
        from stcloud.saas.report import map_faults  # noqa: PLC0415

        shapes = opened.grid(layer).versions().shapes
        note(f"map: {map_faults(shapes, report, picture, title=layer, tell=note)}")
    if not report.is_sound:
        raise typer.Exit(2)


@grid.command()
def index(
    city: CityFolder,
    events: Annotated[str, typer.Argument(help="Layer of events.", show_default=False)],
    grid_layer: Annotated[
        str | None,
        typer.Option(
            "--grid", metavar="LAYER", help="The unit grid; default: that used before, or the only one."
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Give every event the code of the cell that contained it then. Later loads keep it up to date."""
    from stcloud.saas.cli.watch import watched  # noqa: PLC0415

    target = target_of(form, output, offered=RECORDS)
    with watched() as job:
        done = open_city(city).index(events, grid_layer, job=job)
    print_records([{"files": done.looked_at, "written": done.written, "changed": done.changed}], target)


@grid.command()
def crosswalk(
    city: CityFolder,
    layer: LayerName,
    level: Annotated[str, typer.Option(help="Cells of the lattice to compare with: 100m, 1km …")] = "100m",
    at: Annotated[
        str | None, typer.Option(help="Use the grid at this instant; default: its newest state.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Compare with the grid at this instant instead of the lattice."),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List areas that cells share with cells of the lattice. Or with those of the grid at an earlier instant."""
    from stcloud.paas.query import Answer  # noqa: PLC0415  (keeps --help light)

    target = target_of(form, output, safe_csv=safe_csv)
    opened = open_city(city)
    unit_grid = opened.grid(layer)
    if since is None:
        table = unit_grid.crosswalk(level, at).to_arrow(left="unit", right="cell")
    else:
        table = unit_grid.crosswalk_versions(since, at).to_arrow(left="old", right="new")
    print_answer(Answer(table, opened.configuration.lattice, {"layer": layer}), target)


@grid.command()
def equivalents(
    city: CityFolder,
    cell: Annotated[
        int | None, typer.Option(help="A cell of the city's lattice.", show_default=False)
    ] = None,
    point: Annotated[
        str | None, typer.Option(help="A point: longitude,latitude in degrees (WGS 84).", show_default=False)
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """List the codes of other grids for a cell or a point."""
    from stcloud.errors import InvalidInput  # noqa: PLC0415

    if (cell is None) == (point is None):
        raise InvalidInput(
            "cell-or-point",
            "either a cell or a point has equivalents",
            hint="give --cell ID, or --point LON,LAT",
        )
    target = target_of(form, output, safe_csv=safe_csv, offered=RECORDS)
    records = _of_point(point) if point is not None else _of_cell(open_city(city), cell or 0)
    print_records(records, target)


def _of_cell(opened: City, cell: int) -> list[dict[str, Any]]:
    from dataclasses import asdict  # noqa: PLC0415

    from stcloud.paas.grid.equivalent import equivalents_of_cell  # noqa: PLC0415

    return [asdict(equivalent) for equivalent in equivalents_of_cell(cell, opened.configuration.lattice)]


def _of_point(point: str) -> list[dict[str, Any]]:
    from stcloud.errors import InvalidInput  # noqa: PLC0415
    from stcloud.paas.grid.equivalent import equivalents_of_point  # noqa: PLC0415

    try:
        lon, lat = (float(part) for part in point.split(","))
    except ValueError as error:
        raise InvalidInput(
            "unreadable-point", f"'{point}' is no point", hint="write lon,lat in degrees"
        ) from error
    return [{"grid": equivalent.grid, "id": equivalent.id} for equivalent in equivalents_of_point(lon, lat)]


def _tell_report(opened: City, layer: str, report: Report, target: Target) -> None:
    """Print the report: JSON is all of it; vector formats are the faults' places."""
    if target.form is OutputFormat.JSON:
        _tell_whole(report, target.path)
        return
    rows = [{**row, "codes": ";".join(row["codes"])} for row in report.to_rows()]
    for row in rows:
        del row["rows"]
    if target.form in _PLACED:
        print_answer(_places(opened, layer, report, rows), target)
    else:
        print_records(rows, target)


def _tell_whole(report: Report, output: Path | None) -> None:
    import json  # noqa: PLC0415

    print_text(visible_json(json.dumps(report.to_dict(), ensure_ascii=False)) + "\n", output)


def _places(opened: City, layer: str, report: Report, rows: list[dict[str, Any]]) -> Any:
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415

    wkb = pa.array(shapely.to_wkb([fault.where for fault in report.faults]), pa.binary())
    table = pa.Table.from_pylist(rows).append_column("st_geom", wkb)
    return Answer(table, opened.configuration.lattice, {"layer": layer})
