"""Values at points: of each scene no more than the block is read in which a point lies.

Tested by `tests/paas/scene/test_values.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.errors import NotFound, nearest
from stcloud.iaas.raster.window import RasterReader
from stcloud.paas.scene.scene import Scene
from stcloud.space import LONLAT, transformer

if TYPE_CHECKING:
    import pandas as pd

    from stcloud.paas.scene.choice import SceneChoice

__all__ = ["lonlat_of", "values_at"]


def values_at(choice: SceneChoice, points: Any, band: str) -> pd.DataFrame:
    """Return the value of a band at points: that of the pixel in which each lies.

    Parameters
    ----------
    choice
        The scenes; where several of a step cover a point, the latest that has a value counts.
    points
        One ``(longitude, latitude)`` in degrees, several, or shapely points.
    band
        The band.

    Returns
    -------
    A row a step, by when it was acquired on the city's clock (of an image of an instant one row, by the latest of its
    scenes), and a column a point, in order: float64, NaN where there is no value.

    Raises
    ------
    NotFound
        ``unknown-band``
    """
    import pandas as pd  # noqa: PLC0415  (slow to import)

    lon, lat = lonlat_of(points)
    if choice.stacked:
        steps = [(at, step.scenes) for at, step in choice.steps()]
    else:
        steps = [(choice.scenes[-1].acquired_us, choice.scenes)] if choice.scenes else []
    with RasterReader(choice.files) as reader:
        rows = [_step(reader, scenes, lon, lat, band) for _, scenes in steps]
    zone = choice.configuration.zone.name
    index = pd.DatetimeIndex(np.array([at for at, _ in steps], "datetime64[us]"), tz="UTC", name="acquired")
    values = np.array(rows).reshape(len(steps), len(lon))
    return pd.DataFrame(values, index=index.tz_convert(zone), columns=range(len(lon)))


def lonlat_of(points: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return longitudes and latitudes of one point or several: pairs, or shapely points."""
    if hasattr(points, "x") or (len(points) == 2 and np.ndim(points[0]) == 0 and not hasattr(points[0], "x")):
        points = [points]
    pairs = [(point.x, point.y) if hasattr(point, "x") else tuple(point) for point in points]
    array = np.asarray(pairs, np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _step(
    reader: RasterReader, scenes: tuple[Scene, ...], lon: np.ndarray, lat: np.ndarray, band: str
) -> np.ndarray:
    values = np.full(len(lon), np.nan)
    for scene in reversed(scenes):
        wanted = np.flatnonzero(np.isnan(values))
        if not len(wanted):
            break
        values[wanted] = _scene(reader, scene, lon[wanted], lat[wanted], band)
    return values


def _scene(reader: RasterReader, scene: Scene, lon: np.ndarray, lat: np.ndarray, band: str) -> np.ndarray:
    """Return the values of one scene at points, NaN where it has none."""
    facts = scene.facts
    if band not in facts.bands:
        raise NotFound(
            "unknown-band", f"the scene of {scene.product} {scene.tile} has no band '{band}'",
            nearest=nearest(band, facts.bands),
        )  # fmt: skip
    place = facts.bands.index(band)
    x, y = (np.asarray(axis) for axis in transformer(LONLAT, facts.grid.crs).transform(lon, lat))
    a, _, c, _, e, f = facts.grid.transform
    column, row = np.floor((x - c) / a), np.floor((y - f) / e)
    rows, columns = facts.grid.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    values = np.full(len(lon), np.nan)
    pixels: dict[tuple[int, int], float] = {}
    for at in np.flatnonzero(inside).tolist():
        pixel = int(row[at]), int(column[at])
        if pixel not in pixels:
            read, missing = reader.read(scene.file, facts, facts.grid.window(*pixel, 1, 1), [place], None)
            pixels[pixel] = np.nan if missing[0, 0, 0] else float(facts.measured(read[0], place)[0, 0])
        values[at] = pixels[pixel]
    return values
