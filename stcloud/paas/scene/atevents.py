"""The value of a scene at the place and time of each event: the latest scene that holds there then.

Tested by `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput
from stcloud.iaas.raster.image import BLOCK
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.query.answer.pin import Known
from stcloud.paas.scene.choice import SceneChoice
from stcloud.paas.scene.expression import BandExpression
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.paas.scene.scene import Scene
from stcloud.paas.scene.scenes import Scenes
from stcloud.paas.scene.view import SceneView
from stcloud.space import project
from stcloud.time import Zone

__all__ = ["SceneReader", "SceneReading"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SceneReader:
    """Makes a layer of scenes ready to be read at events.

    Parameters
    ----------
    layer
        The layer.
    """

    layer: Scenes

    def reading(self, band: str | None, known: Known, zone: Zone) -> SceneReading:
        """Return the layer as it was known; raises as `SceneChoice.by` for a band."""
        choice = self.layer.all(known_at=known)
        bands = choice.scenes[-1].facts.bands if len(choice) else ()
        if band is None:
            if len(bands) > 1:
                raise InvalidInput(
                    "which-band", f"the scenes have several bands: {', '.join(bands)}", hint="name one: band='nir'",
                    in_shell="name one: --band nir",
                )  # fmt: skip
            band = bands[0] if bands else ""
        expression = BandExpression.read(band, bands) if bands else BandExpression(band, 0.0, ())
        return SceneReading(choice, expression, dict(choice.pin.layers)[self.layer.name], zone)


@dataclass(frozen=True, slots=True)
class SceneReading:
    """Scenes as known at an instant, and the band that is read of them.

    Parameters
    ----------
    choice, expression
        All scenes of the layer; the band, or arithmetic of bands.
    known_us
        The recorded instant, UTC microseconds.
    zone
        The city's.
    """

    choice: SceneChoice
    expression: BandExpression
    known_us: int
    zone: Zone

    def read(self, x: Floats, y: Floats, at_us: Ints) -> pa.Table:
        """Return ``acquired`` of the scene, and the value of the pixel that holds each point.

        Where several scenes hold at an instant, as of two tiles, the latest one with a value counts; of those
        acquired at once the last by product and tile. On the edge of two pixels it is the one east or south of it.

        Notes
        -----
        Each block of a scene that holds an event is read once.
        """
        values, acquired = np.full(len(x), np.nan), np.full(len(x), -1)
        order = np.argsort(at_us, kind="stable")
        ordered = at_us[order]
        places: dict[str, tuple[Floats, Floats]] = {}
        with RasterReader(self.choice.files) as reader:
            for scene in reversed(self.choice.scenes):
                until = FOREVER if scene.until_us is None else scene.until_us
                low, high = np.searchsorted(ordered, (scene.acquired_us, until))
                rows = order[low:high]
                rows = rows[np.isnan(values[rows])]
                if len(rows):
                    crs = scene.facts.grid.crs
                    if crs not in places:
                        places[crs] = project(x, y, self.choice.configuration.lattice.crs, crs)
                    east, north = places[crs]
                    read = self._of_scene(scene, reader, east[rows], north[rows])
                    valid = ~np.isnan(read)
                    values[rows[valid]] = read[valid]
                    acquired[rows[valid]] = scene.acquired_us
        instants = pa.array(acquired, pa.timestamp("us", "UTC"), mask=acquired < 0)
        name = self.expression.text if self.expression.is_band else "value"
        return pa.table({
            "acquired": instants.cast(pa.timestamp("us", self.zone.name)),
            name: pa.array(values, pa.float64(), from_pandas=True),
        })  # fmt: skip

    def _of_scene(self, scene: Scene, reader: RasterReader, x: Floats, y: Floats) -> Floats:
        """Return the values of one scene at points of its CRS; NaN where it has none."""
        grid, values = scene.facts.grid, np.full(len(x), np.nan)
        a, _, c, _, e, f = grid.transform
        with np.errstate(invalid="ignore"):
            column, row = np.floor((x - c) / a), np.floor((y - f) / e)
            inside = (column >= 0) & (column < grid.shape[1]) & (row >= 0) & (row < grid.shape[0])
        point = np.flatnonzero(inside)
        if not len(point):
            return values
        at_row, at_column = row[point].astype(np.int64), column[point].astype(np.int64)
        across = -(-grid.shape[1] // BLOCK)
        block = at_row // BLOCK * across + at_column // BLOCK
        by_block = np.argsort(block, kind="stable")
        blocks, first = np.unique(block[by_block], return_index=True)
        view = SceneView(self.choice.files, (scene,), grid, self.expression.bands, Mosaic(), None)
        for number, some in zip(blocks.tolist(), np.split(by_block, first[1:]), strict=True):
            top, left = number // across * BLOCK, number % across * BLOCK
            height, width = min(BLOCK, grid.shape[0] - top), min(BLOCK, grid.shape[1] - left)
            image = self.expression.values(view.pixels(reader, (top, left, height, width)))
            values[point[some]] = image[at_row[some] - top, at_column[some] - left]
        return values
