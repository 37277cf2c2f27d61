"""Options of `stcloud scenes` that summarise pixels by cell, and what is printed and drawn then.

Tested by `tests/saas/cli/test_scenecells.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcloud.errors import InvalidInput
from stcloud.saas.cli.drawing import Drawing
from stcloud.saas.cli.option import split
from stcloud.saas.cli.output import note, print_answer

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.scene.cellstatistics import CellStatistics
    from stcloud.paas.scene.choice import SceneChoice
    from stcloud.saas.cli.target import Target
    from stcloud.saas.report import MapOptions

__all__ = ["BandOption", "ByCell", "ByOption", "StatOption"]

ByOption = Annotated[
    str | None,
    typer.Option(
        "--by", help="Summarise pixels by cell: 100m, 1km, unit, community, in:LAYER.", show_default=False
    ),
]
StatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--stat",
        help="With --by: mean (default), sum, min, max, count, stdev, median, p90, share:CLASS; by commas.",
    ),
]
BandOption = Annotated[
    str | None,
    typer.Option(
        help="With --by: a band, or arithmetic, e.g. '(nir - red)/(nir + red)'; default: the only one."
    ),
]


@dataclass(frozen=True, slots=True)
class ByCell:
    """What is wanted by cell, checked before any work begins.

    Parameters
    ----------
    by
        The cells.
    stats, band
        Statistics; a band or arithmetic of bands.
    drawing
        The map.
    """

    by: str
    stats: tuple[str, ...]
    band: str | None
    drawing: Drawing

    @classmethod
    def of(
        cls, by: str | None, stats: list[str] | None, band: str | None, bands: list[str] | None,
        picture: Path | None, under: list[str] | None,
    ) -> ByCell | None:  # fmt: skip
        """Return what options wish; None: nothing by cell; `InvalidInput` ``no-cells``, ``which-band``."""
        if by is None:
            given = {"--stat": stats, "--band": band, "--map": picture, "--under": under}
            lone = next((name for name, value in given.items() if value is not None), None)
            if lone is not None:
                raise InvalidInput("no-cells", f"{lone} is of cells", hint="add --by 100m, unit or in:LAYER")
            return None
        if bands:
            raise InvalidInput("which-band", "--bands is of pixels", hint="by cell, name one: --band nir")
        return cls(by, tuple(split(stats)) or ("mean",), band, Drawing.of(picture, None, under))

    def show(
        self, city: City, choice: SceneChoice, target: Target, wanted: Mapping[str, Any], *, pin: bool
    ) -> None:
        """Summarise scenes, print them, and draw the map."""
        stat = self.stats[0] if len(self.stats) == 1 else self.stats
        terms = {name: value for name, value in wanted.items() if name != "bands"}
        result = choice.by(self.by, stat, self.band, **terms)
        note(", ".join(f"{name} {value}" for name, value in result.facts.items()))
        if pin:
            note(result.pin.text)
        for line in self.drawing.notes_of_features(partial(_map, city, result)):
            note(line)
        print_answer(result.answer(), target)


def _map(city: City, result: CellStatistics, path: Path, tell: Any, options: MapOptions) -> Path:
    from stcloud.saas.report.scenemap import map_by_cell  # noqa: PLC0415  (slow to import)

    return map_by_cell(city.query(result.facts["layer"]).subject, result, path, tell, options=options)
