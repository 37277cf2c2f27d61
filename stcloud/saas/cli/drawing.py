"""Options of maps and charts, alike in all commands that draw, and the notes that drawing leaves.

Tested by `tests/saas/cli/test_drawing.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.option import split
from stcloud.saas.cli.target import picture_path

if TYPE_CHECKING:
    from stcloud.paas.query import Answer, Query, Question
    from stcloud.saas.report import MapOptions

__all__ = [
    "ChartOption",
    "Drawing",
    "MapOption",
    "ShadeOption",
    "StepChartOption",
    "TitleOption",
    "UnderOption",
]

MapOption = Annotated[
    Path | None, typer.Option("--map", help="Draw the answer as a map into this PNG, SVG or PDF file.")
]
ChartOption = Annotated[
    Path | None,
    typer.Option(
        "--chart", help="Draw the groups as lines over time, or bars, into this PNG, SVG or PDF file."
    ),
]
StepChartOption = Annotated[
    Path | None,
    typer.Option("--chart", help="Draw the values as steps over time into this PNG, SVG or PDF file."),
]
TitleOption = Annotated[
    str | None, typer.Option(help="Title of the picture; default: what the question says.")
]
UnderOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Layers to draw underneath the map, separated by commas, or none; default: communities and streets, "
        "if there are such layers and they are small."
    ),
]
ShadeOption = Annotated[
    str | None,
    typer.Option(help="Field to shade the map's areas by; default: the first measure, compared its change."),
]
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a command is to draw, checked before any work begins.

    Parameters
    ----------
    picture
        File of the map, or None.
    title, shade
        As the options say.
    under
        Layers underneath; None: the usual ones.
    chart
        File of the chart, or None.
    """

    picture: Path | None
    title: str | None = None
    shade: str | None = None
    under: tuple[str, ...] | None = None
    chart: Path | None = None

    @classmethod
    def of(
        cls,
        picture: Path | None,
        title: str | None,
        under: list[str] | None,
        shade: str | None = None,
        chart: Path | None = None,
    ) -> Drawing:
        """Return what options wish; raises `InvalidInput` ``no-picture`` and as `picture_path`."""
        of_map = bool(under) or shade is not None
        if picture is None and (of_map or (chart is None and title is not None)):
            raise InvalidInput(
                "no-picture",
                "nothing is drawn that this belongs to",
                hint="add --map FILE.png or --chart FILE.png",
            )
        picture_path(picture)
        picture_path(chart)
        names = split(under)
        return cls(
            picture, title, shade, None if not under else () if names == [_NONE] else tuple(names), chart
        )

    def notes(self, query: Query, answer: Answer, question: Question | None = None) -> list[str]:
        """Draw, and return the lines to print about it; raises as `map_answer` and `chart_answer`."""
        notes: list[str] = []
        if self.picture is not None:
            from stcloud.saas.report import MapOptions, map_answer  # noqa: PLC0415  (slow to import)

            options = MapOptions(self.title, self.shade, self.under)
            path = map_answer(query, answer, self.picture, notes.append, question=question, options=options)
            notes.append(f"map: {path}")
        if self.chart is not None and question is not None:
            from stcloud.saas.report import chart_answer  # noqa: PLC0415  (slow to import)

            path = chart_answer(query, answer, self.chart, notes.append, question=question, title=self.title)
            notes.append(f"chart: {path}")
        return notes

    def notes_of_features(self, draw: Callable[[Path, Callable[[str], None], MapOptions], Path]) -> list[str]:
        """Let features be drawn as a map, and return the lines to print about it; raises as ``draw``."""
        notes: list[str] = []
        if self.picture is not None:
            from stcloud.saas.report import MapOptions  # noqa: PLC0415  (slow to import)

            path = draw(self.picture, notes.append, MapOptions(self.title, None, self.under))
            notes.append(f"map: {path}")
        return notes

    def notes_of_timeline(self, query: Query, answer: Answer, measures: list[str]) -> list[str]:
        """Draw a timeline, and return the lines to print about it; raises as `chart_timeline`."""
        notes: list[str] = []
        if self.chart is not None:
            from stcloud.saas.report import chart_timeline  # noqa: PLC0415  (slow to import)

            path = chart_timeline(
                query, answer, self.chart, notes.append, measures=measures, title=self.title
            )
            notes.append(f"chart: {path}")
        return notes
