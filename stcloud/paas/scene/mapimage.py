"""Images for maps: scenes in Web Mercator, as a picture of bounded size with the places of its corners.

Law: **a pixel of the picture shows the scene's pixel that holds the place of its middle**, of a coarser copy where
the picture is coarser than the scene.

Tested by `tests/paas/scene/test_mapimage.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.raster.drivers import require_raster
from stcloud.paas.scene.quicklook import bands_shown, rgba_of
from stcloud.space import LONLAT, transformer
from stcloud.space.rastergrid import RasterGrid
from stcloud.space.tilegrid import WEB_MERCATOR

if TYPE_CHECKING:
    from stcloud.paas.scene.choice import SceneChoice
    from stcloud.paas.scene.scene import Scene

__all__ = ["MOST_PIXELS", "MapImage", "footprints_of", "map_image", "only_scene", "scene_id"]

MOST_PIXELS = 2_048
"""Most rows and columns of a picture."""
_ID_DIGITS = 12
_POLAR = 85.05

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class MapImage:
    """Scenes as they lie on a map in Web Mercator; the picture is made when it is asked for.

    Attributes
    ----------
    choice, grid, bands
        The scenes, the pixels of the picture, and the bands that it shows.
    """

    choice: SceneChoice
    grid: RasterGrid
    bands: tuple[str, ...]

    @property
    def corners(self) -> tuple[LonLat, LonLat, LonLat, LonLat]:
        """Longitude and latitude of the corners, degrees: north-west, north-east, south-east, south-west."""
        west, south, east, north = self.grid.bounds
        lon, lat = transformer(WEB_MERCATOR, LONLAT).transform(
            [west, east, east, west], [north, north, south, south]
        )
        first, second, third, fourth = zip(map(float, lon), map(float, lat), strict=True)
        return first, second, third, fourth

    def rgba(self) -> NDArray[np.uint8]:
        """Return ``(4, rows, columns)`` uint8, transparent where there is no value.

        Each band is stretched between the 2nd and the 98th percentile of what is shown.
        """
        bands = tuple(dict.fromkeys(self.bands))
        return rgba_of(self.choice.pixels(grid=self.grid, bands=bands, resampling="overview"), self.bands)


def map_image(
    choice: SceneChoice, width: int, bbox: Sequence[float] | None = None,
    bands: Sequence[str] | str | None = None,
) -> MapImage:  # fmt: skip
    """Return scenes as a picture for a map.

    Parameters
    ----------
    choice
        Scenes of one instant.
    width
        Columns of the picture, 1 to 2,048; fewer where it would have more rows.
    bbox
        West, south, east, north in degrees; None: all of the scenes.
    bands
        As for `write_quicklook`.

    Raises
    ------
    NotFound, InvalidInput, MissingExtra
        ``no-scenes``; ``bad-width``, ``bad-box``, ``wrong-bands``, ``stack-of-times``; ``missing-extra``.
    """
    require_raster()
    choice.refuse_stack()
    if not choice.scenes:
        raise NotFound("no-scenes", f"layer '{choice.layer}' has no scene then")
    if not 1 <= width <= MOST_PIXELS:
        raise InvalidInput("bad-width", f"a picture is 1 to {MOST_PIXELS:,} pixels wide, not {width}")
    west, south, east, north = _bounds(choice) if bbox is None else _of_box(bbox)
    across, down = east - west, north - south
    rows = max(1, math.ceil(width * down / across))
    columns = width if rows <= MOST_PIXELS else max(1, math.floor(width * MOST_PIXELS / rows))
    rows = min(rows, MOST_PIXELS)
    transform = (across / columns, 0.0, west, 0.0, -down / rows, north)
    grid = RasterGrid(WEB_MERCATOR, transform, (rows, columns))
    return MapImage(choice, grid, bands_shown(choice, bands))


def scene_id(scene: Scene) -> str:
    """Return a short name of a scene for addresses: when it was acquired, and the beginning of its digest."""
    at = str(np.datetime64(scene.acquired_us, "us").astype("M8[s]")).replace("-", "").replace(":", "")
    return f"{at}Z-{scene.digest[:_ID_DIGITS]}"


def only_scene(choice: SceneChoice, name: str) -> SceneChoice:
    """Return the scene of a name alone; `NotFound` ``unknown-scene``."""
    for scene in choice.scenes:
        if scene_id(scene) == name:
            return replace(choice, scenes=(scene,), stacked=False)
    raise NotFound("unknown-scene", f"layer '{choice.layer}' has no scene '{name[:80]}'")


def footprints_of(choice: SceneChoice) -> NDArray[np.object_]:
    """Return the footprints of scenes as polygons in degrees."""
    import shapely  # noqa: PLC0415  (slow to import)

    move = transformer(choice.configuration.crs, LONLAT)
    shapes = np.array([shapely.from_wkb(scene.footprint) for scene in choice.scenes], object)
    if not len(shapes):
        return shapes
    moved: NDArray[np.object_] = shapely.transform(
        shapes, lambda points: np.column_stack(move.transform(points[:, 0], points[:, 1]))
    )
    return moved


def _bounds(choice: SceneChoice) -> tuple[float, float, float, float]:
    """Return the bounds of scenes in metres of Web Mercator."""
    boxes = np.array([
        transformer(scene.facts.grid.crs, WEB_MERCATOR).transform_bounds(*scene.facts.grid.bounds)
        for scene in choice.scenes
    ])  # fmt: skip
    west, south = boxes[:, :2].min(axis=0).tolist()
    east, north = boxes[:, 2:].max(axis=0).tolist()
    return west, south, east, north


def _of_box(bbox: Sequence[float]) -> tuple[float, float, float, float]:
    """Return a box of degrees in metres of Web Mercator; `InvalidInput` ``bad-box``."""
    west, south, east, north = bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InvalidInput(
            "bad-box", "the box is empty, or lies outside of the degrees that there are",
            hint="write west, south, east, north, the lower ones first",
        )  # fmt: skip
    low, high = max(south, -_POLAR), min(north, _POLAR)
    if low < high:
        x, y = transformer(LONLAT, WEB_MERCATOR).transform([west, east], [low, high])
        left, right, bottom, top = (float(value) for value in (*x, *y))
        if left < right and bottom < top:
            return left, bottom, right, top
    raise InvalidInput("bad-box", "the box holds nothing of Web Mercator, which ends at 85 degrees")
