"""A small city with images of two bands and two areas, far from UTC, for tests of statistics by cell."""

import geopandas
import numpy as np
import shapely

import stcloud
from stcloud.daas.definition.scene import SceneDefinition

CRS, ZONE = "EPSG:4548", "Asia/Shanghai"
WEST, SOUTH = 500_000.0, 3_380_000.0
ROWS, COLUMNS, SIDE = 48, 60, 10.0
AREAS = {
    "a": shapely.box(WEST + 3, SOUTH + 5, WEST + 233, SOUTH + 244),
    "b": shapely.Point(WEST + 400, SOUTH + 300).buffer(122) - shapely.Point(WEST + 410, SOUTH + 300).buffer(31),
    "c": shapely.box(WEST + 540, SOUTH + 400, WEST + 700, SOUTH + 520),
    "d": shapely.box(WEST - 90, SOUTH, WEST - 1, SOUTH + 9),
}  # fmt: skip
DEFINITION = """
id = "sat"
kind = "scene"
product = "image"
tile = "one"
[acquired]
file = "image_%Y%m%d"
[raster.classes]
1 = "water"
"""


def write_image(path, values, nodata=0, crs=CRS, west=WEST, north=SOUTH + ROWS * SIDE, side=SIDE):
    """Write a GeoTIFF of bands ``(bands, rows, columns)``."""
    import rasterio

    profile = {
        "driver": "GTiff", "count": len(values), "height": values.shape[1], "width": values.shape[2], "crs": crs,
        "dtype": values.dtype, "nodata": nodata, "transform": rasterio.Affine(side, 0, west, 0, -side, north),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as made:
        made.write(values)
        made.descriptions = ("red", "nir")[: len(values)]
    return path


def values_of(year, most=500):
    """Return the values of a year's image."""
    return np.random.default_rng(year).integers(0, most, (2, ROWS, COLUMNS)).astype("uint16")


def areas(shapes=AREAS):
    return geopandas.GeoDataFrame({"name": list(shapes)}, geometry=list(shapes.values()), crs=CRS)


def city_of(folder, images):
    """Return a city with images, by the name of the file, and the areas."""
    source = folder / "images"
    source.mkdir()
    for name, values in images.items():
        write_image(source / name, values)
    city = stcloud.create(folder / "city", crs=CRS, zone=ZONE)
    definition = SceneDefinition.from_toml(DEFINITION, name="sat.toml")
    city.load("sat", source, definition=definition, datum="wgs84")
    city.load("areas", areas(), key=["name"], valid_from="2000-01-01")
    return city
