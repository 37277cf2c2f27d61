"""`stcloud grid divide`: a unit grid made from what lies on the ground.

Tested by `tests/saas/cli/test_grid.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.saas.cli.option import OutputFormat, open_city
from stcloud.saas.cli.output import note, print_answer, print_records, print_text
from stcloud.saas.cli.target import RECORDS, Target, target_of
from stcloud.saas.plaintext import visible_json

if TYPE_CHECKING:
    from stcloud.paas.grid import DividedGrid

__all__ = ["divide"]

_WRITTEN = (OutputFormat.GPKG, OutputFormat.FGB, OutputFormat.GEOJSON, OutputFormat.PARQUET, OutputFormat.CSV)


class PresetName(StrEnum):
    """What a division values most; the weights are in `stcloud.paas.grid.division.PRESETS`."""

    BALANCED = "balanced"
    STREETS = "streets"
    COMPACT = "compact"
    AREA_ONLY = "area-only"


Source = Annotated[str | None, typer.Option(help="A file, or a layer of --city.", show_default=False)]
Communities = Annotated[
    str, typer.Option(help="Polygons that no cell crosses: a file or a layer of --city.", show_default=False)
]
Streets = Annotated[
    str, typer.Option(help="Lines that cells follow: a file or a layer of --city.", show_default=False)
]
Cells = Annotated[
    Path,
    typer.Option("--output", "-o", help="File for the cells: .gpkg, .fgb, .geojson …", show_default=False),
]
CommunityCode = Annotated[str, typer.Option(help="Column with the codes of communities, in a file.")]
TargetArea = Annotated[float, typer.Option(help="Intended area of a cell, m².", min=1)]
Valued = Annotated[PresetName, typer.Option(help="Weights of the goals that conflict.")]
Home = Annotated[
    str | None, typer.Option(help="City whose layers can be used as inputs.", show_default=False)
]
MetricCrs = Annotated[
    str | None, typer.Option(help="Metric CRS to divide in; default: that of --city.", show_default=False)
]
SourceCrs = Annotated[str | None, typer.Option(help="CRS of files that declare none.", show_default=False)]
Previous = Annotated[
    str | None,
    typer.Option(
        help="Earlier cells, whose codes stay where cells stay and are never used again: a file with gridCode "
        "and terminationDate, or a grid of --city.",
        show_default=False,
    ),
]
Begins = Annotated[
    str | None, typer.Option(help="Day on which new cells begin (initialDate).", show_default=False)
]
Workers = Annotated[int, typer.Option(help="Number of threads; it does not change the cells.", min=1)]
ReportFormat = Annotated[OutputFormat | None, typer.Option("--format", "-f", help="How to print the report.")]


def divide(
    communities: Communities,
    streets: Streets,
    output: Cells,
    buildings: Source = None,
    components: Source = None,
    water: Source = None,
    community_code: CommunityCode = "code",
    target_area: TargetArea = 10_000.0,
    preset: Valued = PresetName.BALANCED,
    city: Home = None,
    crs: MetricCrs = None,
    source_crs: SourceCrs = None,
    previous: Previous = None,
    initial_date: Begins = None,
    workers: Workers = 2,
    form: ReportFormat = None,
) -> None:
    """Divide communities into unit cells. Write the cells and print a report."""
    import stcloud  # noqa: PLC0415  (keeps --help light)

    target, report = target_of(None, output, offered=_WRITTEN), target_of(form, offered=RECORDS)
    options: dict[str, Any] = {
        "buildings": buildings, "components": components, "water": water, "previous": previous,
        "community_code": community_code, "target_area_m2": target_area, "preset": preset.value,
        "initial_date": initial_date, "source_crs": source_crs, "workers": workers, "tell": note,
    }  # fmt: skip
    if city is not None:
        grid = open_city(city).divide(communities, streets, crs=crs, **options)
    elif crs is not None:
        grid = stcloud.divide(communities, streets, crs=crs, **options)
    else:
        raise _crs_needed()
    _write(grid, target)
    _report(grid, report)


def _crs_needed() -> Exception:
    from stcloud.errors import InvalidInput  # noqa: PLC0415

    return InvalidInput(
        "crs-needed",
        "nothing says in which metric CRS to divide",
        hint="name it: --crs EPSG:…, or --city CITY",
    )


def _write(grid: DividedGrid, target: Target) -> None:
    from stcloud.paas.query import Answer  # noqa: PLC0415
    from stcloud.space import Lattice  # noqa: PLC0415

    layer = target.path.stem if target.path else ""
    print_answer(Answer(grid.table, Lattice.for_crs(grid.crs), {"layer": layer}), target)
    note(f"{len(grid):,} cells in {target.path}; retired codes: {grid.report['retired']:,}")


def _report(grid: DividedGrid, target: Target) -> None:
    measures = grid.report
    if target.form is OutputFormat.JSON:
        import json  # noqa: PLC0415

        measures |= {"weights": grid.weights}
        text = json.dumps({name: _plain(value) for name, value in measures.items()}, ensure_ascii=False)
        print_text(visible_json(text) + "\n")
        return
    misfits = measures.pop("misfits")
    records = [{"measure": name, "value": _shown(value)} for name, value in measures.items()]
    print_records(records, target)
    for misfit in misfits[:20]:
        note(f"{misfit['code']}: {misfit['area_m2']:,.0f} m², {misfit['reason']}")
    if len(misfits) > 20:
        note(
            f"and {len(misfits) - 20:,} more cells beyond half to double the target (--format json lists all)"
        )


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124  (NaN)


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"  # noqa: PLR0124
    if isinstance(value, list | tuple):
        return ", ".join(str(_shown(part)) for part in value)
    return value
