"""`stcloud grid divide`: a unit grid made from what lies on the ground."""

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
    from collections.abc import Mapping

    from stcloud.city import City
    from stcloud.paas.grid.division import Division
    from stcloud.saas.cli.ground import Ground

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
    str, typer.Option(help="Polygons that no cell crosses: a file, or a layer of --city.", show_default=False)
]
Streets = Annotated[
    str, typer.Option(help="Lines that cells follow: a file, or a layer of --city.", show_default=False)
]
Cells = Annotated[
    Path,
    typer.Option("--output", "-o", help="File for the cells: .gpkg, .fgb, .geojson …", show_default=False),
]
CommunityCode = Annotated[str, typer.Option(help="Column of a file that holds the communities' codes.")]
TargetArea = Annotated[float, typer.Option(help="Area of a cell, m².", min=1)]
Valued = Annotated[PresetName, typer.Option(help="What is valued most.")]
Home = Annotated[Path | None, typer.Option(help="City whose layers may be named.", show_default=False)]
MetricCrs = Annotated[
    str | None, typer.Option(help="Metric CRS to divide in, when no --city says it.", show_default=False)
]
SourceCrs = Annotated[str | None, typer.Option(help="CRS of files that say none.", show_default=False)]
Previous = Annotated[
    str | None,
    typer.Option(
        help="Earlier cells, whose codes stay where cells stay and are never used again: a file with gridCode "
        "and terminationDate, or a grid of --city.",
        show_default=False,
    ),
]
Begins = Annotated[
    str | None, typer.Option(help="Day that new cells begin, kept as initialDate.", show_default=False)
]
Workers = Annotated[int, typer.Option(help="Threads; the cells are the same.", min=1)]
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
    """Divide communities into unit cells. Prints what was reached."""
    from stcloud.paas.grid.division import PRESETS  # noqa: PLC0415  (compiled code is slow to import)
    from stcloud.paas.grid.division import divide as made_of  # noqa: PLC0415
    from stcloud.saas.cli.ground import Ground  # noqa: PLC0415

    target, report = target_of(None, output, offered=_WRITTEN), target_of(form, offered=RECORDS)
    _refuse(initial_date)
    opened = None if city is None else open_city(city)
    ground = Ground(_metric(opened, crs), opened, source_crs)
    areas, codes = ground.areas(communities, community_code)
    lines = ground.shapes(streets, frozenset({"LineString"}))
    around = None if buildings is None else ground.shapes(buildings, frozenset({"Polygon"}))
    shores = None if water is None else ground.shapes(water, frozenset({"Polygon"}))
    things = None if components is None else ground.shapes(components)
    earlier, kept = (None, {}) if previous is None else ground.earlier(previous)
    division = made_of(
        areas, codes.astype(str), lines, around, things, shores, target_area_m2=target_area,
        preset=PRESETS[preset.value], workers=workers, previous=earlier,
    )  # fmt: skip
    _write(division, ground, kept, initial_date, target)
    _report(division, report)


def _refuse(initial_date: str | None) -> None:
    """Refuse, before the work is done, what could not be loaded."""
    from datetime import date  # noqa: PLC0415

    from stcloud.errors import InvalidInput  # noqa: PLC0415

    try:
        date.fromisoformat(initial_date or "2000-01-01")
    except ValueError as error:
        raise InvalidInput(
            "unreadable-time", f"'{initial_date}' is no day", hint="write --initial-date 2024-08-01"
        ) from error


def _metric(opened: City | None, crs: str | None) -> str:
    from stcloud.errors import InvalidInput  # noqa: PLC0415
    from stcloud.space import require_metric  # noqa: PLC0415

    if opened is not None and crs is None:
        return opened.configuration.lattice.crs
    if crs is None:
        raise InvalidInput(
            "crs-needed",
            "nothing says in which metric CRS to divide",
            hint="name it: --crs EPSG:…, or --city CITY",
        )
    require_metric(crs)
    return crs


def _write(
    division: Division,
    ground: Ground,
    kept: Mapping[str, tuple[str | None, str | None]],
    initial_date: str | None,
    target: Target,
) -> None:
    """Write the cells; those that were there before keep what is known of them."""
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    from stcloud.paas.query import Answer  # noqa: PLC0415
    from stcloud.space import Lattice  # noqa: PLC0415

    codes: list[str] = division.codes.tolist()
    fresh = [(initial_date, ";".join(one) or None) for one in division.predecessors]
    said = [
        kept.get(code, new) if before else new
        for code, before, new in zip(codes, division.kept.tolist(), fresh, strict=True)
    ]
    table = pa.table(
        {
            "gridCode": pa.array(codes, pa.string()),
            "communityCode": pa.array(division.communities.tolist(), pa.string()),
            "area": shapely.area(division.cells).round(3),
            "initialDate": pa.array([one for one, _ in said], pa.string()),
            "terminationDate": pa.nulls(len(codes), pa.string()),
            "predecessors": pa.array([other for _, other in said], pa.string()),
            "st_geom": pa.array(shapely.to_wkb(division.cells), pa.binary()),
        }
    )
    layer = target.path.stem if target.path else ""
    print_answer(Answer(table, Lattice.for_crs(ground.crs), {"layer": layer}), target)
    note(f"{len(codes):,} cells in {target.path}; retired codes: {len(division.retired):,}")


def _report(division: Division, target: Target) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    found: dict[str, Any] = {"preset": division.preset.name, "target_area_m2": division.target_area_m2}
    found |= {"retired": len(division.retired), "thinned": list(division.thinned)}
    found |= asdict(division.quality)
    if target.form is OutputFormat.JSON:
        import json  # noqa: PLC0415

        found |= {"weights": asdict(division.preset)}
        text = json.dumps({name: _plain(value) for name, value in found.items()}, ensure_ascii=False)
        print_text(visible_json(text) + "\n")
        return
    misfits = found.pop("misfits")
    records = [{"measure": name, "value": _said(value)} for name, value in found.items()]
    print_records(records, target)
    for one in misfits[:20]:
        note(f"{one['code']}: {one['area_m2']:,.0f} m², {one['reason']}")
    if len(misfits) > 20:
        note(
            f"and {len(misfits) - 20:,} more cells beyond half to double the target (--format json tells all)"
        )


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124  (NaN)


def _said(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"  # noqa: PLR0124
    if isinstance(value, list | tuple):
        return ", ".join(str(_said(one)) for one in value)
    return value
