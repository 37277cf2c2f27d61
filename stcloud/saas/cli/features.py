"""`stcloud show`, `stcloud history` and `stcloud diff`: a layer of features asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.saas.cli.option import CityFolder, FormatOption, LayerName, OutputOption, open_city, read_places
from stcloud.saas.cli.output import note, print_answer

if TYPE_CHECKING:
    from pathlib import Path

    from stcloud.paas.query import Answer
    from stcloud.saas.cli.option import Format

__all__ = ["diff", "history", "show"]

KnownAt = Annotated[str | None, typer.Option(help="Answer as it was known at this instant.")]


def show(
    city: CityFolder,
    layer: LayerName,
    as_of: Annotated[
        str, typer.Option(help="The instant, e.g. 2024-03-01, in the city's zone.", show_default=False)
    ],
    known_at: KnownAt = None,
    where: Annotated[
        str | None,
        typer.Option(help="Only what touches these places, or is near them: as for query."),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show the features that were there at an instant."""
    opened = open_city(city)
    if where is None:
        _tell(opened.features(layer).as_of(as_of, known_at=known_at), form, output)
        return
    asked = opened.query(layer).as_of(as_of).where(read_places(where))
    _tell((asked if known_at is None else asked.known_at(known_at)).rows(), form, output)


def history(
    city: CityFolder,
    layer: LayerName,
    key: Annotated[
        str, typer.Argument(help="The feature's key; of several columns, joined by |.", show_default=False)
    ],
    known_at: KnownAt = None,
    follow: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--follow", help="Also of the features it came from, by the definition's predecessor column."
        ),
    ] = False,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Tell all that was ever believed of one feature, by recorded and valid time."""
    asked = open_city(city).features(layer)
    _tell(asked.history(key, known_at=known_at, follow=follow), form, output)


def diff(
    city: CityFolder,
    layer: LayerName,
    one: Annotated[
        str, typer.Argument(metavar="T1", help="The instant to compare from.", show_default=False)
    ],
    other: Annotated[
        str, typer.Argument(metavar="T2", help="The instant to compare to.", show_default=False)
    ],
    known_at: KnownAt = None,
    lineage: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--lineage", help="Tell which old feature went into which new one, by shared area."),
    ] = False,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Tell what differs between two instants: features added, removed and changed, and in what."""
    asked = open_city(city).features(layer)
    compare = asked.lineage if lineage else asked.diff
    _tell(compare(one, other, known_at=known_at), form, output)


def _tell(answer: Answer, form: Format | None, output: Path | None) -> None:
    note(", ".join(f"{name} {value}" for name, value in answer.facts.items()))
    print_answer(answer, form, output)
