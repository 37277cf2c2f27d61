"""`stcloud blueprint`. Tested by `tests/saas/cli/test_conflicts.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.asking import KnownAtOption, PinOption
from stcloud.saas.cli.conflicts import DecisionsOption, LayerNames, RulesOption
from stcloud.saas.cli.drawing import Drawing, MapOption, TitleOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    OutputOption,
    SafeCsvOption,
    open_city,
    split,
)
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.city.blueprint import CityBlueprint
    from stcloud.saas.report import MapOptions

__all__ = ["blueprint"]

AtOption = Annotated[str, typer.Option("--at", help="Plans as they are at this instant.", show_default=False)]
GroupsOption = Annotated[
    list[str] | None,
    typer.Option("--by", help="Sum by state, department, layer, use; separate several by commas."),
]


def blueprint(
    city: CityFolder,
    layers: LayerNames,
    rules: RulesOption,
    at: AtOption,
    by: GroupsOption = None,
    decisions: DecisionsOption = "conflict-decisions",
    known_at: KnownAtOption = None,
    pin: PinOption = False,  # noqa: FBT002
    picture: MapOption = None,
    title: TitleOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Make one plan of several, after decisions. What is settled, was cut, is open or planned anew."""
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(picture, title, None)
    opened = open_city(city)
    pieces = opened.blueprint(layers, rules=rules, at=at, known_at=known_at, decisions=decisions)
    groups = split(by)
    answer = pieces.by(*groups) if groups else pieces.answer()
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    print_answer(answer, target)
    for line in drawing.notes_of_features(partial(_map, opened, pieces)):
        note(line)
    if pin and answer.pin is not None:
        note(answer.pin.text)


def _map(
    opened: City, pieces: CityBlueprint, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    """Draw all pieces, however they are summed."""
    from stcloud.saas.report import map_blueprint  # noqa: PLC0415  (slow to import)

    return map_blueprint(opened, pieces.answer(), path, tell, options)
