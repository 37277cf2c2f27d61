"""The value of a scene at the place and time of each event: the latest scene that holds there then.

Tested by `tests/paas/scene/test_atevents.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput
from stcloud.iaas.raster.image import BLOCK
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.query.answer.pin import Known, Pin
from stcloud.paas.query.join.how import At
from stcloud.paas.query.resolve.measured import ValueRequest
from stcloud.paas.query.resolve.scope import Scope
from stcloud.paas.scene.choice import SceneChoice
from stcloud.paas.scene.expression import BandExpression
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.paas.scene.scene import Scene
from stcloud.paas.scene.scenes import Scenes
from stcloud.paas.scene.view import SceneView
from stcloud.space import project
from stcloud.time import Zone

__all__ = ["SceneSource", "SceneValues"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SceneSource:
    """Makes a layer of scenes ready to be read at events; a `ValueSource`.

    Parameters
    ----------
    layer
        The layer.
    """

    layer: Scenes

    def for_events(self, request: ValueRequest, scope: Scope, known: Known) -> SceneValues:  # noqa: ARG002
        """Return the layer as it was known.

        Raises
        ------
        InvalidInput
            ``scenes-how``; ``which-band``; what `SceneChoice.by` raises for a band.
        """
        if not isinstance(request.how, At) or request.within is not None or len(request.names) > 1:
            raise InvalidInput(
                "scenes-how", f"scenes of '{self.layer.name}' have values at the place of an event, in one band",
                hint="join with how='at', and a band", in_shell="join with --how at --band BAND",
            )  # fmt: skip
        choice = self.layer.all(known_at=known)
        bands = choice.scenes[-1].facts.bands if len(choice) else ()
        expression = BandExpression.chosen(request.names[0] if request.names else None, bands)
        return SceneValues(self.layer.name, choice, expression, request.at_us)


@dataclass(frozen=True, slots=True)
class SceneValues:
    """Scenes as known at an instant, and the band that is read of them.

    Parameters
    ----------
    name
        Name of the layer, for names of columns.
    choice, expression
        All scenes of the layer; the band, or arithmetic of bands.
    at_us
        The instant at which they are read, UTC microseconds; None: each event's own.
    """

    name: str
    choice: SceneChoice
    expression: BandExpression
    at_us: int | None

    @property
    def pin(self) -> Pin:
        """What the values are pinned at."""
        return self.choice.pin

    @property
    def deciding(self) -> tuple[str, ...]:
        """The column of the value."""
        return (f"{self.name}_{self.expression.text if self.expression.is_band else 'value'}",)

    @property
    def rows_at_once(self) -> int:
        """A million, so that a block of a scene is read once a million events."""
        return 1 << 20

    @property
    def zone(self) -> Zone:
        """The city's."""
        return self.choice.configuration.zone

    def described(self) -> str:
        """Return the rule, for people."""
        when = "each event's own time" if self.at_us is None else self.zone.iso(self.at_us)
        known_us = dict(self.choice.pin.layers)[self.name]
        return f"at {self.name} as of {when}, known at {self.zone.iso(known_us)}"

    def columns(self, events: pa.Table) -> Mapping[str, pa.ChunkedArray]:
        """Return the columns beside events: ``NAME_acquired``, and ``NAME_BAND`` or ``NAME_value``."""
        x, y = (
            np.asarray(events[name].cast(pa.float64()).to_numpy(), np.float64) for name in ("st_x", "st_y")
        )
        at_us = micros(events["st_time"], FOREVER)
        if self.at_us is not None:
            at_us = np.full(len(events), self.at_us)
        beside = self.read(x, y, at_us)
        names = (f"{self.name}_acquired", *self.deciding)
        return dict(zip(names, beside.columns, strict=True))

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
        return pa.table({
            "acquired": instants.cast(pa.timestamp("us", self.zone.name)),
            "value": pa.array(values, pa.float64(), from_pandas=True),
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
