"""Scenes as a dataset of xarray, with the CRS and transform of their grid (CF 1.11, as odc-geo reads it).

Tested by `tests/paas/scene/test_xarraydataset.py`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.raster.geobox import grid_coordinates
from stcloud.iaas.raster.image import windows
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.scene.mosaic import Mosaic
from stcloud.paas.scene.view import SceneView, bands_of
from stcloud.space import GivenCRS
from stcloud.space.rastergrid import RasterGrid

if TYPE_CHECKING:
    import xarray as xr

    from stcloud.paas.scene.choice import SceneChoice
    from stcloud.paas.scene.target import Box

__all__ = ["CHUNK", "dataset_of"]

CHUNK = 1024
"""Rows and columns of a chunk."""


def dataset_of(
    choice: SceneChoice,
    bbox: Box | None = None,
    *,
    bands: Sequence[str] | str | None = None,
    grid: RasterGrid | None = None,
    crs: GivenCRS | None = None,
    resolution: float | None = None,
    resampling: str | None = None,
    mosaic: str | Mosaic = "latest",
    most_mb: float = 2_000.0,
) -> xr.Dataset:
    """Return scenes as a dataset; see `SceneChoice.to_xarray`.

    Raises
    ------
    MissingExtra
        ``missing-extra``: xarray or odc-geo is not installed.
    InvalidInput
        ``too-large``: larger than ``most_mb``, and dask is not installed; what `SceneChoice.pixels` raises.
    """
    _require()
    import xarray as xr  # noqa: PLC0415

    target = grid or choice.grid(bbox, crs=crs, resolution=resolution)
    names, rule = bands_of(choice.scenes, bands), Mosaic.read(mosaic)
    steps = choice.steps() if choice.stacked else ((None, choice),)
    views = [SceneView(choice.files, step.scenes, target, names, rule, resampling) for _, step in steps]
    own, coords = grid_coordinates(target)
    dims: tuple[str, ...] = own
    if choice.stacked:
        dims = ("time", *own)
        times = np.array([at for at, _ in steps], "datetime64[us]").astype("datetime64[ns]")
        coords["time"] = ("time", times, {"long_name": "acquired", "standard_name": "time"})
    arrays = _arrays(views, most_mb, stacked=choice.stacked)
    grid_mapping = next(name for name, coord in coords.items() if not coord.dims) if coords else "spatial_ref"
    attrs: dict[str, Any] = {"grid_mapping": grid_mapping}
    if choice.classes:
        attrs |= {
            "flag_values": np.array([value for value, _ in choice.classes], np.int64),
            "flag_meanings": " ".join(name.replace(" ", "_") for _, name in choice.classes),
        }  # fmt: skip
    variables = {name: (dims, arrays[at], dict(attrs)) for at, name in enumerate(names)}
    facts = {"Conventions": "CF-1.11", "title": choice.layer, "pin": choice.pin.text, **choice.facts}
    made = xr.Dataset(variables, coords, facts)
    for name in names:  # where readers of CF look for it once the dataset is a file
        made[name].encoding["grid_mapping"] = made[name].attrs.pop("grid_mapping")
    return made


def _require() -> None:
    for name in ("xarray", "odc.geo"):
        try:
            missing = importlib.util.find_spec(name) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            raise MissingExtra(
                "missing-extra", f"scenes become datasets with {name.partition('.')[0]}, which is not installed",
                hint="pip install 'stcloud[scene]'",
            )  # fmt: skip


def _arrays(views: Sequence[SceneView], most_mb: float, *, stacked: bool) -> list[Any]:
    """Return an array for each band, read when it is used if dask is there."""
    view = views[0]
    if importlib.util.find_spec("dask") is None:
        rows, columns = view.grid.shape
        size_mb = rows * columns * len(view.bands) * len(views) * 8 / 1e6
        if size_mb > most_mb:
            raise InvalidInput(
                "too-large", f"{size_mb:,.0f} MB are too many to be read at once",
                hint="install dask, which reads them when they are used, or name a box",
            )  # fmt: skip
        read = [_floats(each, (0, 0, *view.grid.shape)) for each in views]
        return [
            np.stack([step[at] for step in read]) if stacked else read[0][at] for at in range(len(view.bands))
        ]
    import dask.array  # noqa: PLC0415
    from dask.delayed import delayed  # noqa: PLC0415

    da: Any = dask.array
    lazy = delayed(_floats, pure=True)
    stack = da.stack([_mosaicked(da, lazy, each) for each in views])  # (steps, bands, y, x)
    return [stack[:, at] if stacked else stack[0, at] for at in range(len(view.bands))]


def _mosaicked(da: Any, lazy: Any, view: SceneView) -> Any:
    """Return the lazy array of one step, ``(bands, y, x)``, in chunks."""
    rows: dict[int, list[Any]] = {}
    for window in windows(view.grid.shape, CHUNK):
        shape = (len(view.bands), *window[2:])
        rows.setdefault(window[0], []).append(da.from_delayed(lazy(view, window), shape, _float_type(view)))
    return da.concatenate([da.concatenate(blocks, axis=2) for blocks in rows.values()], axis=1)


def _float_type(view: SceneView) -> np.dtype[Any]:
    kind = view.dtype()
    return np.dtype(np.float32) if kind.itemsize <= 2 or kind == np.float32 else np.dtype(np.float64)


def _floats(view: SceneView, window: tuple[int, int, int, int]) -> NDArray[Any]:
    """Return the values of a block as floating-point numbers that hold them exactly, NaN where there are none."""
    with RasterReader(view.files) as reader:
        values, missing = view.read(reader, view.grid.window(*window))
    floats: NDArray[Any] = values.astype(_float_type(view))
    floats[missing] = np.nan
    return floats
