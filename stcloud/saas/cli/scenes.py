"""`stcloud scenes`: which scenes a layer has, and their pixels as a file.

Tested by `tests/saas/cli/test_scenes.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.asking import PinOption
from stcloud.saas.cli.drawing import MapOption, UnderOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputFormat,
    OutputOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_records
from stcloud.saas.cli.scenecells import BandOption, ByCell, ByOption, StatOption
from stcloud.saas.cli.target import EVERY, RECORDS, Target, target_of
from stcloud.saas.wholefile import refuse_unwritable, whole_file

if TYPE_CHECKING:
    from stcloud.paas.scene.choice import SceneChoice
    from stcloud.paas.scene.scenes import Scenes

__all__ = ["scenes"]

_IMAGES = (".tif", ".tiff", ".nc", ".png")
_SHOWN = ("acquired", "product", "tile", "pixels", "bands")


AsOfOption = Annotated[
    str | None,
    typer.Option(help="The scenes that hold at this instant, in the city's zone.", show_default=False),
]
BetweenOption = Annotated[
    str | None,
    typer.Option(metavar="T1,T2", help="The scenes acquired in this period.", show_default=False),
]
PointOption = Annotated[
    str | None,
    typer.Option(metavar="LON,LAT", help="Only scenes that cover this point.", show_default=False),
]
BoxOption = Annotated[
    str | None,
    typer.Option(metavar="W,S,E,N", help="Only pixels in this box, degrees.", show_default=False),
]
KnownOption = Annotated[str | None, typer.Option(help="Use what was known at this instant, or a pin.")]
ResamplingOption = Annotated[
    str | None, typer.Option(help="How values come to other pixels: nearest, bilinear, average …")
]
MosaicOption = Annotated[
    str, typer.Option(help="What counts where scenes overlap: latest, first, median, best:BAND.")
]


def scenes(
    city: CityFolder,
    layer: LayerName,
    as_of: AsOfOption = None,
    between: BetweenOption = None,
    known_at: KnownOption = None,
    at: PointOption = None,
    bbox: BoxOption = None,
    bands: Annotated[list[str] | None, typer.Option(help="Bands, by commas; default: all.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of the pixels, e.g. EPSG:32618.")] = None,
    resolution: Annotated[float | None, typer.Option(help="Size of a pixel, in units of the CRS.")] = None,
    resampling: ResamplingOption = None,
    mosaic: MosaicOption = "latest",
    by: ByOption = None,
    stat: StatOption = None,
    band: BandOption = None,
    picture: MapOption = None,
    under: UnderOption = None,
    pin: PinOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List scenes, write their pixels, or summarise them by cell. Pixels as .tif, .nc or .png."""
    cells = ByCell.of(by, stat, band, bands, picture, under)
    image = output if cells is None and output is not None and output.suffix.lower() in _IMAGES else None
    if image is not None and form is not None:
        raise InvalidInput(
            "other-format", f"{image} is an image, and --format is of lists", hint="leave out --format"
        )
    wanted = {
        "bbox": None if bbox is None else _numbers(bbox, 4, "--bbox W,S,E,N"), "bands": split(bands) or None,
        "crs": crs, "resolution": resolution, "resampling": resampling, "mosaic": mosaic,
    }  # fmt: skip
    target = (
        Target()
        if image is not None
        else target_of(form, output, offered=RECORDS if cells is None else EVERY)
    )
    if image is not None:
        refuse_unwritable(image)
    opened = open_city(city)
    choice = _chosen(opened.scenes(layer), as_of, between, known_at)
    if at is not None:
        choice = choice.at(_numbers(at, 2, "--at LON,LAT"))
    if cells is not None:
        cells.show(opened, choice, target, wanted, pin=pin)
        return
    if image is None:
        _list(choice, target)
        return
    with whole_file(image, image.suffix) as path:
        choice.to_file(path, **{name: value for name, value in wanted.items() if value is not None})
    _say(choice)


def _chosen(layer: Scenes, as_of: str | None, between: str | None, known_at: str | None) -> SceneChoice:
    if as_of is not None and between is not None:
        raise InvalidInput("no-period", "--as-of and --between are two choices", hint="leave out one of them")
    if as_of is not None:
        return layer.as_of(as_of, known_at=known_at)
    if between is None:
        return layer.all(known_at=known_at)
    first, comma, second = between.partition(",")
    if not comma or not first.strip() or not second.strip():
        raise InvalidInput(
            "no-period", f"'{between}' is no period", hint="write --between 2020-01-01,2021-01-01"
        )
    return layer.between(first.strip(), second.strip(), known_at=known_at)


def _list(choice: SceneChoice, target: Target) -> None:
    _say(choice)
    if target.form is OutputFormat.TABLE and target.path is None:
        print_records([_short(row) for row in _records(choice)], target, _SHOWN)
    else:
        records = _records(choice)
        print_records(records, target, list(records[0]) if records else _SHOWN)


def _records(choice: SceneChoice) -> list[dict[str, Any]]:
    zone = choice.configuration.zone
    rows = [scene.columns() for scene in choice.scenes]
    for row in rows:
        for name in ("acquired", "until", "recorded"):
            row[name] = None if row[name] is None else zone.iso(row[name])
    return rows


def _short(row: dict[str, Any]) -> dict[str, Any]:
    short = {**row, "pixels": f"{row['rows']} x {row['columns']}"}
    return {name: short[name] for name in _SHOWN}


def _say(choice: SceneChoice) -> None:
    count = len(choice)
    terms = ", ".join(f"{name} {value}" for name, value in choice.facts.items())
    note(f"{count} scene{'' if count == 1 else 's'} of {choice.layer}, {terms}")


def _numbers(text: str, count: int, form: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise InvalidInput("bad-box", f"'{text}' is not {count} numbers", hint=f"write {form}")
    return numbers
