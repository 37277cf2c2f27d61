"""`stcloud situation`: what is known of a place. Tested by `tests/saas/cli/test_situation.py`."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import CityFolder, FormatOption, OutputFormat, OutputOption, open_city, split
from stcloud.saas.cli.output import print_text
from stcloud.saas.cli.target import target_of
from stcloud.saas.plaintext import visible_json, visible_lines

__all__ = ["CoordinateCommand", "LayerPartOption", "layers_of", "situation"]

_NEGATIVE = re.compile(r"-[0-9.]")
_OFFERED = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.GEOJSON)

LayerPartOption = Annotated[
    list[str] | None,
    typer.Option(
        "--layer", metavar="PART=LAYER",
        help="Layer that plays a part, where its definition does not say: unit-grid, duty-grids, components, "
        "communities, administrative-areas, events or features. Repeat it; PART= alone: none.",
        show_default=False,
    ),
]  # fmt: skip


class CoordinateCommand(TyperCommand):
    """A command whose arguments may be negative numbers: no option begins with a digit."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments; a blank before a negative number keeps it from being taken for an option."""
        return super().parse_args(ctx, [f" {text}" if _NEGATIVE.match(text) else text for text in args])


def situation(
    city: CityFolder,
    lon: Annotated[float, typer.Argument(help="Longitude, degrees.", show_default=False)],
    lat: Annotated[float, typer.Argument(help="Latitude, degrees.", show_default=False)],
    at: Annotated[
        str | None, typer.Option("--at", help="As it was at this instant; default: now.", show_default=False)
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option("--known-at", help="As it was known at this instant; default: now.", show_default=False),
    ] = None,
    radius: Annotated[str, typer.Option(help="How far: 200m, 1.5km.")] = "200m",
    days: Annotated[float, typer.Option(help="Events of this many days are recent.")] = 7.0,
    log: Annotated[
        list[str] | None,
        typer.Option("--log", help="Log of cases; repeat it for several; default: all.", show_default=False),
    ] = None,
    layer: LayerPartOption = None,
    nearest: Annotated[
        list[str] | None,
        typer.Option(
            help="Layer of which the three nearest features are sought; repeat it.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="Most records of a part.", min=1)] = 50,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show what is known of a place, and who is responsible."""
    target = target_of(form, output, offered=_OFFERED)
    opened = open_city(city)
    shown = opened.situation(
        (lon, lat), at, known_at, radius, days=days, logs=log, layers=layers_of(layer),
        nearest=split(nearest), limit=limit,
    )  # fmt: skip
    if target.form is OutputFormat.TABLE:
        print_text(visible_lines(shown.text()) + "\n", target.path)
    else:
        text = shown.to_json() if target.form is OutputFormat.JSON else shown.to_geojson()
        print_text(visible_json(text) + "\n", target.path)


def layers_of(stated: list[str] | None) -> dict[str, list[str]] | None:
    """Return layers by the parts that they play; `InvalidInput` ``unreadable-part``."""
    if not stated:
        return None
    layers: dict[str, list[str]] = {}
    for text in stated:
        part, separator, name = text.partition("=")
        if not separator:
            raise InvalidInput(
                "unreadable-part", f"'{text}' names no part", hint="write PART=LAYER, as in components=covers"
            )
        layers.setdefault(part, []).extend([name] if name else [])
    return layers
