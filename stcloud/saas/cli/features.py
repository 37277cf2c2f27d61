"""`stcloud show`, `stcloud history` and `stcloud diff`: queries of a layer of features."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import Unsupported
from stcloud.saas.cli.asking import AllColumnsOption, NamesOption
from stcloud.saas.cli.drawing import Drawing, MapOption, TitleOption, UnderOption
from stcloud.saas.cli.option import (
    CityFolder,
    FormatOption,
    LayerName,
    OutputOption,
    SafeCsvOption,
    open_city,
    read_places,
)
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.cli.target import Target, target_of

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.query import Answer
    from stcloud.saas.report import MapOptions

__all__ = ["diff", "history", "show"]

KnownAt = Annotated[str | None, typer.Option(help="Use what was known at this instant.")]


def show(
    city: CityFolder,
    layer: LayerName,
    as_of: Annotated[
        str, typer.Option(help="The instant, e.g. 2024-03-01, in the city's zone.", show_default=False)
    ],
    known_at: KnownAt = None,
    where: Annotated[
        str | None,
        typer.Option(help="Only features that touch this place, or are near it; forms as for query."),
    ] = None,
    picture: MapOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    names: NamesOption = False,  # noqa: FBT002
    all_columns: AllColumnsOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show the features that were valid at an instant."""
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(picture, title, under)
    opened = open_city(city)
    chosen = opened.query(opened.features(layer).name).as_of(as_of)
    if where is None:
        answer = opened.features(layer).as_of(as_of, known_at=known_at)
    else:
        chosen = chosen.where(read_places(where))
        answer = (chosen if known_at is None else chosen.known_at(known_at)).rows()
    notes = drawing.notes(chosen, answer)
    _tell(answer.with_names() if names else answer, target, notes, every_column=all_columns)


def history(
    city: CityFolder,
    layer: LayerName,
    key: Annotated[
        str, typer.Argument(help="The feature's key; of several columns, joined by |.", show_default=False)
    ],
    known_at: KnownAt = None,
    follow: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--follow", help="Include the features it came from, by the definition's predecessor."),
    ] = False,
    picture: MapOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    names: NamesOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show all versions of one feature. In the order of recorded and valid time."""
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(picture, title, under)
    opened = open_city(city)
    answer = opened.features(layer).history(key, known_at=known_at, follow=follow)
    notes = drawing.notes_of_features(partial(_versions, opened, layer, answer))
    _tell(answer.with_names() if names else answer, target, notes, every_column=True)


def diff(
    city: CityFolder,
    layer: LayerName,
    first: Annotated[
        str, typer.Argument(metavar="T1", help="The instant to compare from.", show_default=False)
    ],
    second: Annotated[
        str, typer.Argument(metavar="T2", help="The instant to compare to.", show_default=False)
    ],
    known_at: KnownAt = None,
    lineage: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--lineage", help="List which old features overlap which new ones, with areas."),
    ] = False,
    picture: MapOption = None,
    title: TitleOption = None,
    under: UnderOption = None,
    names: NamesOption = False,  # noqa: FBT002
    all_columns: AllColumnsOption = False,  # noqa: FBT002
    form: FormatOption = None,
    output: OutputOption = None,
    safe_csv: SafeCsvOption = False,  # noqa: FBT002
) -> None:
    """Show what differs between two instants. Features that were added, removed or changed."""
    target = target_of(form, output, safe_csv=safe_csv)
    drawing = Drawing.of(picture, title, under)
    if lineage and picture is not None:
        raise Unsupported("no-map", "shares of areas are no map", hint="leave out --lineage")
    opened = open_city(city)
    chosen = opened.features(layer)
    answer = (chosen.lineage if lineage else chosen.diff)(first, second, known_at=known_at)
    notes = drawing.notes_of_features(partial(_changes, opened, layer, answer))
    _tell(answer.with_names() if names else answer, target, notes, every_column=all_columns)


def _changes(
    opened: City, layer: str, answer: Answer, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    from stcloud.saas.report import map_changes  # noqa: PLC0415  (slow to import)

    return map_changes(opened.query(layer).subject, answer, path, tell, options=options)


def _versions(
    opened: City, layer: str, answer: Answer, path: Path, tell: Callable[[str], None], options: MapOptions
) -> Path:
    from stcloud.saas.report import map_versions  # noqa: PLC0415  (slow to import)

    return map_versions(opened.query(layer).subject, answer, path, tell, options=options)


def _tell(answer: Answer, target: Target, notes: list[str], *, every_column: bool) -> None:
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    print_answer(answer, target, every_column=every_column)
    for line in notes:
        note(line)
