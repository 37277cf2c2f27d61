"""Some scenes of a layer: listed, narrowed to a place, and read as pixels, arrays, pictures and values at points.

Tested by `tests/paas/scene/test_scenes.py`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.raster.arrayfiles import ArrayFiles
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.query.answer.pin import Known, Pin
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.paas.scene.pixels import Pixels, RasterGrid
from stcloud.paas.scene.scene import Scene
from stcloud.paas.scene.target import Box, target_grid
from stcloud.paas.scene.view import BlockWindow, SceneView, bands_of
from stcloud.space import LONLAT, GivenCRS, project

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from stcloud.paas.scene.cellsource import CellSource
    from stcloud.paas.scene.cellstatistics import CellStatistics

__all__ = ["LATEST_US", "SceneChoice"]

LATEST_US = FOREVER - 1
_BLOCK = 1024
_MOST_MB = 2_000.0


@dataclass(frozen=True, slots=True, repr=False)
class SceneChoice:
    """Scenes of a layer as known at a recorded instant, ordered by when they were acquired.

    Parameters
    ----------
    layer, scenes
        Name of the layer; the scenes.
    files, configuration
        The layer's array files, the city's configuration.
    pin
        Asked again with it as ``known_at``, the same scenes are chosen for ever.
    facts
        What they were chosen by, as text.
    stacked
        Whether they are a stack in time; else they are one image of an instant.
    classes
        Value and name of classes, where values are classes.
    """

    layer: str
    scenes: tuple[Scene, ...]
    files: ArrayFiles
    configuration: CityConfiguration
    pin: Pin
    facts: Mapping[str, str]
    stacked: bool
    classes: tuple[tuple[int, str], ...] = ()
    at_us: int = LATEST_US
    """Instant at which cells are taken: that of the image, or the last one of the stack's period."""
    known: Known = None
    """What the scenes are known at; None: now."""
    cells: CellSource | None = field(default=None, compare=False)
    """Gives cells of the city."""

    def __len__(self) -> int:
        return len(self.scenes)

    def __repr__(self) -> str:
        terms = ", ".join(f"{name} {text}" for name, text in self.facts.items())
        lines = [f"{len(self)} scene{'' if len(self) == 1 else 's'} of {self.layer} ({terms})"]
        zone = self.configuration.zone
        for scene in self.scenes[:10]:
            rows, columns = scene.facts.grid.shape
            lines.append(
                f"  {zone.iso(scene.acquired_us)} {scene.product} {scene.tile}: {rows} x {columns}, "
                f"{', '.join(scene.facts.bands)}"
            )
        return "\n".join([*lines, *(["  ..."] if len(self) > 10 else [])])

    def list(self) -> list[Scene]:
        """Return the scenes, in the order in which they were acquired."""
        return list(self.scenes)

    def at(self, point: Any) -> SceneChoice:
        """Return the scenes whose footprint covers a point: longitude and latitude, degrees, or a shapely point."""
        import shapely  # noqa: PLC0415  (slow to import)

        from stcloud.paas.scene.values import lonlat_of  # noqa: PLC0415

        (lon,), (lat,) = lonlat_of([point])
        x, y = project([lon], [lat], LONLAT, self.configuration.lattice.crs)
        place = shapely.Point(x[0], y[0])
        shapes = shapely.from_wkb([scene.footprint for scene in self.scenes])
        covers = shapely.covers(shapes, place) if len(self.scenes) else []
        return replace(self, scenes=tuple(itertools.compress(self.scenes, covers)))

    def steps(self) -> tuple[tuple[int, SceneChoice], ...]:
        """Return the stack step by step: when, UTC microseconds, and the scenes that were acquired then."""
        grouped = itertools.groupby(self.scenes, key=lambda scene: scene.acquired_us)
        return tuple((at, replace(self, scenes=tuple(scenes), stacked=False)) for at, scenes in grouped)

    def to_table(self) -> pa.Table:
        """Return the scenes as rows, with their footprints as WKB in the city's CRS."""
        zone = pa.timestamp("us", self.configuration.zone.name)
        rows = [{**scene.columns(), "geometry": scene.footprint} for scene in self.scenes]
        table = pa.Table.from_pylist(rows, _SCHEMA)
        for name in ("acquired", "until", "recorded"):
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast(pa.timestamp("us", "UTC")).cast(zone))
        return table

    def to_pandas(self) -> pd.DataFrame:
        """Return the scenes as rows."""
        frame: pd.DataFrame = self.to_table().to_pandas()
        return frame

    def grid(
        self, bbox: Box | None = None, *, crs: GivenCRS | None = None, resolution: float | None = None
    ) -> RasterGrid:
        """Return the grid that pixels are given on; see `pixels`. `NotFound` ``no-scenes``."""
        return target_grid([scene.facts.grid for scene in self._some()], bbox, crs, resolution)

    def view(
        self,
        bbox: Box | None = None,
        *,
        bands: Sequence[str] | str | None = None,
        grid: RasterGrid | None = None,
        crs: GivenCRS | None = None,
        resolution: float | None = None,
        resampling: str | None = None,
        mosaic: str | Mosaic = "latest",
    ) -> SceneView:
        """Return the scenes as one image, not yet read; parameters as for `pixels`."""
        scenes = self._some()
        target = grid or self.grid(bbox, crs=crs, resolution=resolution)
        return SceneView(self.files, scenes, target, bands_of(scenes, bands), Mosaic.read(mosaic), resampling)

    def pixels(self, bbox: Box | None = None, *, most_mb: float = _MOST_MB, **wanted: Any) -> Pixels:
        """Return the scenes as one image.

        Parameters
        ----------
        bbox
            West, south, east, north in degrees; None: all of the scenes.
        bands
            Names; None: all of the latest scene.
        grid, crs, resolution
            A grid, or the CRS and the size of its pixels; default: the grid of the latest scene.
        resampling
            How values come to pixels of another grid: ``nearest``, ``bilinear``, ``average`` …; None: not at all.
        mosaic
            ``latest``, ``first``, ``median``, ``best:BAND``: what counts where scenes overlap.
        most_mb
            Larger arrays are refused; `blocks` has no limit.

        Raises
        ------
        NotFound
            ``no-scenes``, ``unknown-band``
        InvalidInput
            ``resampling-needed``, ``resolution-needed``, ``unknown-mosaic``, ``too-large``; ``stack-of-times``:
            scenes of several instants that were chosen by a period.
        """
        self.refuse_stack()
        view = self.view(bbox, **wanted)
        _refuse_large(view, most_mb)
        with RasterReader(self.files) as reader:
            return view.pixels(reader, (0, 0, *view.grid.shape))

    def blocks(
        self, bbox: Box | None = None, *, size: int = _BLOCK, **wanted: Any
    ) -> Iterator[tuple[BlockWindow, Pixels]]:
        """Give the image block by block, row of blocks by row of blocks: its window and its pixels.

        Parameters are those of `pixels`; ``size`` is how many rows and columns a block has.
        """
        self.refuse_stack()
        return self.view(bbox, **wanted).blocks(size)

    def to_xarray(self, bbox: Box | None = None, **wanted: Any) -> xr.Dataset:
        """Return the scenes as a dataset: a variable a band on ``(y, x)``, of a stack on ``(time, y, x)``.

        Values are those of `pixels`, as floating-point numbers with NaN where there is none; read when they are
        first used where dask is installed. Parameters are those of `pixels`.
        """
        from stcloud.paas.scene.xarraydataset import dataset_of  # noqa: PLC0415  (xarray is slow to import)

        return dataset_of(self, bbox, **wanted)

    def quicklook(
        self,
        path: str | os.PathLike[str],
        *,
        bands: Sequence[str] | str | None = None,
        pixels: int = 1000,
        **wanted: Any,
    ) -> None:
        """Write a picture (PNG): three bands as red, green and blue, or one as grey; see `write_quicklook`."""
        from stcloud.paas.scene.quicklook import write_quicklook  # noqa: PLC0415

        self.refuse_stack()
        write_quicklook(self, path, bands, pixels, **wanted)

    def by(
        self, cells: str, stat: str | Sequence[str] = "mean", band: str | None = None, *, bbox: Box | None = None,
        crs: GivenCRS | None = None, resolution: float | None = None, resampling: str | None = None,
        mosaic: str | Mosaic = "latest",
    ) -> CellStatistics:  # fmt: skip
        """Return statistics of the pixels in each cell, each pixel weighted by its exact share inside of the cell.

        Parameters
        ----------
        cells
            ``100m`` (any size of the lattice), ``unit``, ``community``, ``street``, ``district``, ``in:LAYER``,
            ``in:LAYER.COLUMN``: as they were at the instant of the image, or at the end of the stack's period.
        stat
            ``mean``, ``sum``, ``min``, ``max``, ``count`` (of pixels), ``stdev``, ``median``, ``p90``,
            ``share:CLASS``; or several.
        band
            A band, or arithmetic of bands: ``(nir - red)/(nir + red)``; None: the only one.
        bbox, crs, resolution, resampling, mosaic
            As for `pixels`. Without them each image is summarised on its own pixels, and nothing is resampled.

        Returns
        -------
        A row a cell; of scenes that were chosen by a period a row an instant and cell, of which `to_xarray` makes
        arrays. Cells without a value have nulls, and their ``coverage`` is 0.

        Raises
        ------
        NotFound
            ``no-scenes``, ``unknown-band``, ``unknown-layer``, ``unknown-column``
        InvalidInput
            ``unknown-statistic``, ``unknown-class``, ``unreadable-expression``, ``which-band``, ``which-grid``,
            ``unknown-group``, ``too-many-cells``
        """
        from stcloud.paas.scene.bycell import by_cell  # noqa: PLC0415  (cells need queries)

        return by_cell(
            self,
            cells,
            stat,
            band,
            bbox=bbox,
            crs=crs,
            resolution=resolution,
            resampling=resampling,
            mosaic=mosaic,
        )

    def to_file(self, path: str | os.PathLike[str], **wanted: Any) -> None:
        """Write cloud-optimised GeoTIFF (``.tif``), netCDF (``.nc``) or a picture (``.png``); see `pixels`."""
        from stcloud.paas.scene.export import write_scenes  # noqa: PLC0415

        write_scenes(self, Path(path), **wanted)

    def value_at(self, points: Any, band: str) -> pd.DataFrame:
        """Return the value of a band at points: a row a step, a column a point; see `values_at`."""
        from stcloud.paas.scene.values import values_at  # noqa: PLC0415

        return values_at(self, points, band)

    def _some(self) -> tuple[Scene, ...]:
        if not self.scenes:
            terms = ", ".join(f"{name} {text}" for name, text in self.facts.items())
            raise NotFound("no-scenes", f"layer '{self.layer}' has no scene {terms}")
        return self.scenes

    def refuse_stack(self) -> None:
        """Refuse scenes of several instants: `InvalidInput` ``stack-of-times``."""
        if self.stacked and len({scene.acquired_us for scene in self.scenes}) > 1:
            raise InvalidInput(
                "stack-of-times", "the scenes are of several instants, and one image is wanted",
                hint="use as_of for the image of an instant, steps() or to_xarray() for all",
                in_shell="name an instant with --as-of, or write .nc",
            )  # fmt: skip


def _refuse_large(view: SceneView, most_mb: float) -> None:
    rows, columns = view.grid.shape
    size_mb = rows * columns * len(view.bands) * (view.dtype().itemsize + 1) * max(1, len(view.scenes)) / 1e6
    if size_mb > most_mb:
        raise InvalidInput(
            "too-large", f"{rows:,} x {columns:,} pixels of {len(view.bands)} bands take {size_mb:,.0f} MB",
            hint="name a box, fewer bands or a coarser resolution; blocks() gives them one by one",
        )  # fmt: skip


_SCHEMA = pa.schema([
    ("product", pa.string()), ("tile", pa.string()), ("acquired", pa.int64()), ("until", pa.int64()),
    ("recorded", pa.int64()), ("crs", pa.string()), ("transform", pa.string()), ("rows", pa.int64()),
    ("columns", pa.int64()), ("bands", pa.string()), ("dtype", pa.string()), ("nodata", pa.string()),
    ("scale", pa.string()), ("offset", pa.string()), ("digest", pa.string()), ("file", pa.string()),
    ("geometry", pa.binary()),
])  # fmt: skip
