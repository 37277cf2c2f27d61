"""Pixels of scenes, summarised by cell: the image of an instant, or a stack in time, strip by strip.

Tested by `tests/paas/scene/test_bycell.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.scene.cellsource import CellSource, SceneCells
from stcloud.paas.scene.cellstatistics import CellStatistics
from stcloud.paas.scene.choice import LATEST_US, SceneChoice
from stcloud.paas.scene.expression import BandExpression
from stcloud.paas.scene.kept_weights import cropped, kept_weights
from stcloud.paas.scene.statistic import Statistic
from stcloud.paas.scene.view import SceneView
from stcloud.space.polygons import project_polygons

if TYPE_CHECKING:
    from stcloud.index import PixelWeights
    from stcloud.index.cellsums import Strip

__all__ = ["Wanted", "by_cell", "statistics_of", "wanted_of"]

Floats = NDArray[np.float64]
_STRIP_ROWS, _STRIP_PIXELS = 512, 1 << 23
_NEAR_M = 1.0
_KEPT_PIXELS = 1 << 24  # of a scene that is needed twice: fewer are kept in memory between


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of every image."""

    statistics: tuple[Statistic, ...]
    expression: BandExpression
    terms: dict[str, Any]


def by_cell(
    choice: SceneChoice, by: str, stat: str | Sequence[str], band: str | None, **terms: Any
) -> CellStatistics:
    """Return statistics of the pixels in each cell; see `SceneChoice.by`."""
    source, known = choice.cells, choice.known
    if source is None:
        raise InvalidInput("no-cells", "these scenes know no cells", hint="ask with city.scenes")
    wanted = wanted_of(choice, stat, band, terms)
    steps = choice.steps() if choice.stacked else ((choice.at_us, choice),)
    if not any(len(step) for _, step in steps):
        choice.grid()  # refuses
    cells = source.cells(by, choice.at_us, known, _extent(choice, terms))
    rows = [statistics_of(step, cells, source, wanted) for _, step in steps]
    values = {
        statistic.name: np.stack([row[place] for row, _ in rows])
        for place, statistic in enumerate(wanted.statistics)
    }
    coverage = np.stack([share for _, share in rows])
    if cells.home is None:  # cells of the lattice that no pixel is in
        kept = np.asarray(~np.isnan(coverage).all(axis=0), np.bool_)
        cells, coverage = cells.take(kept), coverage[:, kept]
        values = {name: array[:, kept] for name, array in values.items()}
    now = choice.at_us == LATEST_US
    then = "after their last change" if now else f"as of {choice.configuration.zone.iso(choice.at_us)}"
    facts = {
        "layer": choice.layer, **choice.facts, "by": by, "band": wanted.expression.text,
        **{name: str(term) for name, term in terms.items() if term is not None},
        **({"cells": then} if cells.home and choice.stacked else {}),
    }  # fmt: skip
    pin = Pin.of({**cells.known, **dict(choice.pin.layers)}, dict(choice.pin.rules))
    return CellStatistics(
        cells, np.array([at for at, _ in steps], np.int64), values, np.nan_to_num(coverage), choice.stacked,
        facts, pin, choice.configuration.lattice, choice.configuration.zone,
    )  # fmt: skip


def wanted_of(
    choice: SceneChoice, stat: str | Sequence[str], band: str | None, terms: dict[str, Any]
) -> Wanted:
    """Return what is wanted of every image; raises as `SceneChoice.by`."""
    texts = (stat,) if isinstance(stat, str) else tuple(stat)
    statistics = tuple(Statistic.read(text, dict(choice.classes)) for text in texts)
    if not statistics or len({each.name for each in statistics}) < len(statistics):
        raise InvalidInput(
            "unknown-statistic", "statistics are named once each, and at least one", hint="e.g. mean"
        )
    bands = choice.scenes[-1].facts.bands if len(choice) else ()
    return Wanted(statistics, BandExpression.chosen(band, bands), terms)


def statistics_of(
    step: SceneChoice, cells: SceneCells, source: CellSource, wanted: Wanted
) -> tuple[list[Floats], Floats]:
    """Return each statistic of one image, ``(c,)``, and the share of each cell in pixels with a value.

    The share is NaN where a cell has no pixel at all.
    """
    if not len(step):
        nothing = np.full(len(cells), np.nan)
        return [nothing] * len(wanted.statistics), nothing
    terms = {
        name: term
        for name, term in wanted.terms.items()
        if name in ("mosaic", "resampling") and term is not None
    }
    place = {name: wanted.terms.get(name) for name in ("bbox", "crs", "resolution")}
    crs = step.configuration.lattice.crs
    grid = cropped(cells, crs, step.grid(place["bbox"], crs=place["crs"], resolution=place["resolution"]))
    view = step.view(bands=wanted.expression.bands, grid=grid, **terms)
    weights = kept_weights(cells, crs, grid, source.place(cells.home or step.layer), source.memory)
    strips = _Strips(view, wanted.expression, weights)
    repeated = len(wanted.statistics) > 1 or wanted.statistics[0].kind == "quantile"
    if repeated and grid.shape[0] * grid.shape[1] <= _KEPT_PIXELS:
        kept = list(strips())
        results = [each.values(weights, lambda: kept) for each in wanted.statistics]
    else:
        results = [each.values(weights, strips) for each in wanted.statistics]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.minimum(results[0][1] / weights.area, 1.0)
    touched = (np.diff(weights.edges) > 0) | (np.diff(weights.runs) > 0)
    return [values for values, _ in results], np.where(touched, share, np.nan)


@dataclass(frozen=True, slots=True)
class _Strips:
    """Reads the values of an image, strip by strip, where cells have pixels."""

    view: SceneView
    expression: BandExpression
    weights: PixelWeights

    def __call__(self) -> Iterator[Strip]:
        rows, columns = self.view.grid.shape
        height = max(1, min(_STRIP_ROWS, _STRIP_PIXELS // columns))
        wanted = self._rows(columns)
        with RasterReader(self.view.files) as reader:
            for row in range(0, rows, height):
                count = min(height, rows - row)
                if wanted[row : row + count].any():
                    yield row, self.expression.values(self.view.pixels(reader, (row, 0, count, columns)))

    def _rows(self, columns: int) -> NDArray[np.bool_]:
        """Return which rows have a pixel of a cell."""
        there = np.zeros(self.weights.shape[0], np.bool_)
        there[self.weights.pixel // columns] = True
        there[self.weights.first // columns] = True
        return there


def _extent(choice: SceneChoice, terms: dict[str, Any]) -> tuple[float, float, float, float]:
    """Return the box in the city's CRS that the images cover."""
    crs = choice.configuration.lattice.crs
    if terms.get("bbox") is not None:
        grids: Iterable[Any] = [
            choice.grid(terms["bbox"], crs=terms.get("crs"), resolution=terms.get("resolution"))
        ]
    else:
        grids = dict.fromkeys(scene.facts.grid for scene in choice.scenes)
    hulls = [
        project_polygons(shapely.box(*np.array([grid.bounds]).T), grid.crs, crs, _NEAR_M)[0] for grid in grids
    ]
    boxes = [hull.bounds for hull in hulls]
    west, south, east, north = np.array(boxes).T
    return float(west.min()), float(south.min()), float(east.max()), float(north.max())
