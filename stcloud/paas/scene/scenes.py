"""A layer of scenes: which hold at an instant, or were acquired in a period, as known at a recorded instant.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition.scene import SceneDefinition
from stcloud.daas.table.feature import micros
from stcloud.daas.table.scene import scene_rows
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.paas.query.answer.pin import GivenKnown, Pin, known_us, read_known
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.paas.scene.choice import LATEST_US, SceneChoice
from stcloud.paas.scene.scene import scenes_of
from stcloud.time import Instant, instant_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from stcloud.paas.cube.cube import Cube
    from stcloud.paas.scene.cellsource import CellSource
    from stcloud.time import Zone

__all__ = ["Scenes"]


@dataclass(frozen=True, slots=True, repr=False)
class Scenes:
    """A layer of scenes, from one version of its table.

    Parameters
    ----------
    layer
        The layer.
    files
        Its array files.
    configuration
        The city's.

    Examples
    --------
    With ``city`` an open city that has a layer of scenes::

        city.scenes("landsat").as_of("1999-06-01").to_xarray(bands=["red", "nir"])
        city.scenes("landsat").between("1985", "2016").value_at((-74.55, -8.38), "nir")
    """

    layer: Layer
    files: ArrayFiles
    configuration: CityConfiguration
    cells: CellSource | None = None
    """Gives cells of the city."""

    @classmethod
    def of(
        cls,
        layer: Layer,
        files: ArrayFiles,
        configuration: CityConfiguration,
        cells: CellSource | None = None,
    ) -> Scenes:
        """Make a layer ready; `InvalidInput` ``not-scenes``: it is of another kind."""
        if not isinstance(layer.definition, SceneDefinition):
            raise InvalidInput(
                "not-scenes",
                f"layer '{layer.name}' holds {layer.kind}s, not scenes",
                hint="ask it with query",
            )
        return cls(layer, files, configuration, cells)

    def __repr__(self) -> str:
        return repr(self.layer)

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.layer.name

    @property
    def classes(self) -> dict[int, str]:
        """Names of classes by value, where values are classes."""
        definition = self.layer.definition
        classes = definition.raster.classes if isinstance(definition, SceneDefinition) else {}
        return {int(value): name for value, name in classes.items()}

    def as_of(self, at: Instant, *, known_at: GivenKnown | None = None) -> SceneChoice:
        """Return the scenes that hold at an instant: the latest one of each product and tile.

        Parameters
        ----------
        at
            Valid time: text in the city's zone, UTC microseconds, or an aware datetime.
        known_at
            Recorded time; default: now.
        """
        at_us = instant_us(at, self._zone)
        rows, known = self._believed(known_at, at_us)
        start, end = (micros(rows[name], FOREVER) for name in ("st_valid_from", "st_valid_to"))
        facts = {"as_of": self._zone.iso(at_us)}
        choice = self._choice(rows, (start <= at_us) & (at_us < end), known, facts, stacked=False)
        return self._with_cells(choice, at_us, known_at)

    def between(self, start: Instant, end: Instant, *, known_at: GivenKnown | None = None) -> SceneChoice:
        """Return the scenes that were acquired in ``[start, end)``, as a stack in time."""
        start_us, end_us = instant_us(start, self._zone), instant_us(end, self._zone)
        if end_us <= start_us:
            raise InvalidInput("empty-period", f"from {start} to {end} there is no time")
        rows, known = self._believed(known_at, start_us)
        acquired = micros(rows["st_valid_from"], FOREVER)
        facts = {"from": self._zone.iso(start_us), "to": self._zone.iso(end_us)}
        choice = self._choice(rows, (start_us <= acquired) & (acquired < end_us), known, facts, stacked=True)
        return self._with_cells(choice, end_us - 1, known_at)

    def all(self, *, known_at: GivenKnown | None = None) -> SceneChoice:
        """Return all scenes, as a stack in time."""
        rows, known = self._believed(known_at, None)
        choice = self._choice(rows, np.ones(len(rows), np.bool_), known, {}, stacked=True)
        return self._with_cells(choice, LATEST_US, known_at)

    def beside(
        self, cube: Cube, stat: str | Sequence[str] = "mean", band: str | None = None, *,
        known_at: GivenKnown | None = None, mosaic: str = "latest",
    ) -> xr.Dataset:  # fmt: skip
        """Return a cube as a dataset with statistics of the scenes by its cells and steps.

        Parameters
        ----------
        cube
            Of cells with shapes: ``100m``, ``unit``, ``in:LAYER``.
        stat, band, mosaic
            As for `SceneChoice.by`.
        known_at
            What the scenes are known at; None: now.

        Returns
        -------
        The cube's dataset, with ``LAYER_STAT`` and ``LAYER_coverage`` on ``(time, cell)``: of the image that holds at
        the last instant of each step. NaN where no image holds, or the cell was not there then.

        Raises
        ------
        InvalidInput
            ``no-cells``, ``repeated-column``; otherwise as `SceneChoice.by`
        """
        from stcloud.paas.scene.withcube import beside_cube  # noqa: PLC0415  (xarray is slow to import)

        return beside_cube(self.all(known_at=known_at), cube, stat, band, mosaic=mosaic)

    def _with_cells(self, choice: SceneChoice, at_us: int, known_at: GivenKnown | None) -> SceneChoice:
        known = None if known_at is None else read_known(known_at, self._zone)
        return replace(choice, at_us=at_us, known=known, cells=self.cells)

    @property
    def _zone(self) -> Zone:
        return self.configuration.zone

    def _believed(self, known_at: GivenKnown | None, after_us: int | None) -> tuple[pa.Table, int]:
        known = known_us(self.layer, None if known_at is None else read_known(known_at, self._zone))
        refuse_purged(self.layer, known, self._zone, after_us=after_us)
        return scene_rows(self.layer.snapshot, known), known

    def _choice(
        self, rows: pa.Table, chosen: np.ndarray, known: int, facts: dict[str, str], *, stacked: bool
    ) -> SceneChoice:
        pin = Pin.of({self.layer.name: known}, {"zone": self._zone.rules})
        meant = rows.filter(pa.array(chosen)) if not chosen.all() else rows
        return SceneChoice(
            self.layer.name, scenes_of(meant), self.files, self.configuration, pin,
            {**facts, "known_at": self._zone.iso(known)}, stacked, tuple(self.classes.items()),
        )  # fmt: skip
