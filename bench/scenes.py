"""Statistics of imagery by cell, beside exactextract on the same cells and pixels: the first scene, and every other.

The first scene makes the weights of the cells on the raster's grid; every other uses them. Both are measured twice:
of values in memory, and from the file to the answer. Every party works in a process of its own.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray

import stcloud
from bench.data import CRS, ZONE, Scale
from bench.process import apart
from bench.report import Finding, Target
from stcloud.daas.definition.scene import SceneDefinition
from stcloud.index import PixelWeights, cell_sums

__all__ = ["findings"]

_WEST, _SOUTH, _SIDE_M = 571_300.0, 4_488_300.0, 10.0
_TIMES = 5
_DEFINITION = """
id = "imagery"
kind = "scene"
product = "image"
tile = "one"
[acquired]
file = "image_%Y%m%d"
"""


def findings(scale: Scale) -> Iterator[Finding]:
    """Measure the first scene, every other, and a stack that is larger than what may be in memory."""
    across, rows = {"small": (50, 2_000), "full": (100, 4_000)}[scale.name]
    folder = scale.folder / "scenes"
    make = {"folder": str(folder), "across": across, "rows": rows}
    apart(make_images, **make, images=3)
    size = f"{across**2:,} cells × {rows**2 / 1e6:g}M pixels"
    ours, theirs = apart(our_values, **make), apart(their_values, **make)
    differing = {"exactextract": int(not np.allclose(ours.result["mean"], theirs.result["mean"], rtol=1e-6))}
    yield from _pair(f"{size}, in memory", ours.result, theirs.result, differing)
    ours, theirs = apart(our_city, **make), apart(their_file, **make)
    differing = {"exactextract": int(not np.allclose(ours.result["mean"], theirs.result["mean"], rtol=1e-6))}
    yield from _pair(f"{size}, from the file", ours.result, theirs.result, differing)
    yield _stack(scale, folder)


def _pair(
    size: str, ours: dict[str, Any], theirs: dict[str, Any], differing: dict[str, int]
) -> Iterator[Finding]:
    peer = float(statistics.median(theirs["seconds"]))
    more = {"ours": ours["seconds"], "exactextract": theirs["seconds"], "differing": differing}
    yield Finding(
        f"mean by cell, first scene, {size}", ours["first_s"], "s", "exactextract", peer, Target(ratio=1.3),
        Target(ratio=0.8), more,
    )  # fmt: skip
    yield Finding(
        f"mean by cell, every other scene, {size}", float(statistics.median(ours["seconds"])), "s", "exactextract",
        peer, Target(ratio=1 / 30), Target(ratio=1 / 100), more,
    )  # fmt: skip


def _stack(scale: Scale, folder: Path) -> Finding:
    images, rows = {"small": (4, 4_000), "full": (20, 8_000)}[scale.name]
    make = {"folder": str(folder.with_name("scene-stack")), "across": 50, "rows": rows}
    apart(make_images, **make, images=images)
    done = apart(our_stack, **make)
    name = f"means by cell of a stack of {images * rows**2 * 2 / 1e9:.2g} GB, memory"
    return Finding(name, done.peak_gb, "GB", "", None, Target(most=2), Target(most=1), done.result)


def cells(across: int, rows: int) -> geopandas.GeoDataFrame:
    """Return cells that leave no gap and do not lie along the pixels."""
    chance, side = np.random.default_rng(1), rows * _SIDE_M
    at = np.stack(np.meshgrid(*[np.linspace(0, side, across + 1)] * 2), -1)
    at[1:-1, 1:-1] += chance.uniform(-0.3, 0.3, (across - 1, across - 1, 2)) * side / across
    corners = [at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1], at[:-1, :-1]]
    rings = np.stack(corners, axis=2).reshape(-1, 5, 2) + np.array([_WEST, _SOUTH])
    names = [f"cell {number:06}" for number in range(across**2)]
    return geopandas.GeoDataFrame({"name": names}, geometry=list(shapely.polygons(rings)), crs=CRS)


def values(number: int, rows: int) -> NDArray[np.uint16]:
    """Return values of an image that compress as those of imagery do."""
    chance = np.random.default_rng(number)
    coarse = chance.integers(1, 5000, (rows // 100, rows // 100), dtype=np.uint16)
    noise = chance.integers(0, 16, rows, dtype=np.uint16)
    return np.repeat(np.repeat(coarse, 100, 0), 100, 1) + noise[None, :] + noise[:, None]


def _transform(rows: int) -> tuple[float, float, float, float, float, float]:
    return _SIDE_M, 0.0, _WEST, 0.0, -_SIDE_M, _SOUTH + rows * _SIDE_M


def make_images(folder: str, across: int, rows: int, images: int) -> None:
    """Write the images, and load them and the cells into a city."""
    shutil.rmtree(folder, ignore_errors=True)
    source = Path(folder) / "images"
    source.mkdir(parents=True)
    profile = {
        "driver": "GTiff", "count": 1, "height": rows, "width": rows, "dtype": "uint16", "crs": CRS, "nodata": 0,
        "transform": rasterio.Affine(*_transform(rows)), "tiled": True, "compress": "deflate", "zlevel": 1,
    }  # fmt: skip
    for number in range(images):
        with rasterio.open(source / f"image_{2000 + number}0101.tif", "w", **profile) as made:
            made.write(values(number, rows), 1)
    with stcloud.create(Path(folder) / "city", crs=CRS, zone=ZONE) as city:
        city.load("imagery", source, definition=SceneDefinition.from_toml(_DEFINITION, name="imagery.toml"))
        city.load("cells", cells(across, rows), key=["name"], valid_from="1990-01-01")


def our_values(folder: str, across: int, rows: int) -> dict[str, Any]:
    """Make weights, and apply them to values in memory."""
    del folder
    shapes, grid = cells(across, rows).geometry.to_numpy(), (_transform(rows), (rows, rows))
    images = [values(number, rows) for number in range(2)]
    cell_sums(PixelWeights.of(shapes, *grid), _strips(images[0]))  # compiles

    def first() -> PixelWeights:
        weights = PixelWeights.of(shapes, *grid)
        cell_sums(weights, _strips(images[0]))
        return weights

    first_s, weights = _timed(first, 1)
    seconds, sums = _timed(lambda: cell_sums(weights, _strips(images[1])))
    return {
        "first_s": first_s[0],
        "seconds": seconds,
        "mean": sums.mean.tolist(),
        "megabytes": weights.nbytes / 1e6,
    }


def _strips(image: NDArray[np.uint16]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    for row in range(0, len(image), 64):
        yield row, image[row : row + 64].astype(np.float64)


def their_values(folder: str, across: int, rows: int) -> dict[str, Any]:
    """Let exactextract do the same with an array in memory."""
    from exactextract import exact_extract  # noqa: PLC0415  (of this process alone)
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415

    del folder
    frame, side = cells(across, rows), rows * _SIDE_M
    bounds = (_WEST, _SOUTH, _WEST + side, _SOUTH + side)
    image = NumPyRasterSource(values(1, rows), *bounds, srs_wkt=frame.crs.to_wkt())
    seconds, table = _timed(lambda: exact_extract(image, frame, ["mean"], output="pandas"), 3)
    return {"seconds": seconds, "mean": table["mean"].tolist()}


def our_city(folder: str, across: int, rows: int) -> dict[str, Any]:
    """Ask a city for the first scene, with nothing kept, and then for others."""
    del across, rows
    place = Path(folder) / "city"

    def ask(city: Any, year: int) -> Any:
        return city.scenes("imagery").as_of(f"{year}-06-01").by("in:cells", "mean")

    with stcloud.open(place) as city:
        ask(city, 2000)  # compiles
    shutil.rmtree(place / "index", ignore_errors=True)
    with stcloud.open(place) as city:
        city.layer("cells")
        first_s, _ = _timed(lambda: ask(city, 2000), 1)
        seconds, answer = _timed(lambda: ask(city, 2001))
    return {"first_s": first_s[0], "seconds": seconds, "mean": answer.values["mean"][0].tolist()}


def their_file(folder: str, across: int, rows: int) -> dict[str, Any]:
    """Let exactextract read the file."""
    from exactextract import exact_extract  # noqa: PLC0415  (of this process alone)

    frame, path = cells(across, rows), Path(folder) / "images" / "image_20010101.tif"
    seconds, table = _timed(lambda: exact_extract(str(path), frame, ["mean"], output="pandas"), 3)
    return {"seconds": seconds, "mean": table["mean"].tolist()}


def our_stack(folder: str, across: int, rows: int) -> dict[str, Any]:
    """Summarise all images of a city."""
    del across, rows
    with stcloud.open(Path(folder) / "city") as city:
        start = time.perf_counter()
        stack = city.scenes("imagery").all().by("in:cells", "mean")
        return {"seconds": round(time.perf_counter() - start, 2), "images": len(stack.times_us)}


def _timed(work: Callable[[], Any], times: int = _TIMES) -> tuple[list[float], Any]:
    seconds, result = [], None
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        seconds.append(round(time.perf_counter() - start, 4))
    return seconds, result
