"""Four Landsat dates in degrees by squares of a city in metres: what exactextract says of the squares in degrees."""

import numpy as np
import pytest
import rasterio
import shapely

import stcloud
from tests.real.test_scenes import LANDSAT

NDVI = "(nir - red)/(nir + red)"


@pytest.fixture(scope="module")
def city(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("landsat")
    (folder / "landsat.toml").write_text(LANDSAT)
    with stcloud.create(folder / "city", crs="EPSG:32718", zone="America/Lima") as city:
        city.load("landsat", real_data / "landsat", definition=folder / "landsat.toml")
        yield city


def by_exactextract(values, source, squares, names):
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    image = NumPyRasterSource(values, *source.bounds, nodata=np.nan, srs_wkt=squares.crs.to_wkt())
    return exact_extract(image, squares, names, output="pandas")


@pytest.mark.thorough
def test_statistics_of_landsat_are_those_of_exactextract(city, real_data):
    images = city.scenes("landsat")
    for year in (2015,):
        choice = images.as_of(f"{year + 1}-06-01")
        ours = choice.by("1km", ["mean", "p90", "min", "count", "share:60"], "nir").to_geopandas()
        squares = ours[["geometry"]].set_geometry(
            shapely.segmentize(ours.geometry.to_numpy(), 20), crs=ours.crs
        )
        squares = squares.to_crs(4326)
        with rasterio.open(real_data / f"landsat/{year}.tif") as source:
            red, nir = (source.read(band).astype(float) for band in (3, 2))
            red[red == 0], nir[nir == 0] = np.nan, np.nan
            names = ["mean", "quantile(q=0.9)", "min", "count"]
            theirs = by_exactextract(nir, source, squares, names)
            index = by_exactextract((nir - red) / (nir + red), source, squares, ["mean"])
            water = by_exactextract(np.where(np.isnan(nir), np.nan, nir == 60), source, squares, ["mean"])
        inside = theirs["count"].to_numpy() > 0.5
        assert inside.sum() > 1500
        for name, other in (("mean", theirs["mean"]), ("share_60", water["mean"])):
            assert ours[name][inside].to_numpy() == pytest.approx(other[inside].to_numpy(float), abs=5e-3)
        assert ours["count"].to_numpy() == pytest.approx(theirs["count"].to_numpy(), abs=5e-3)
        assert np.median(np.abs(ours["p90"][inside] - theirs["quantile_90"][inside].astype(float))) < 1e-3
        ndvi = choice.by("1km", "mean", NDVI).to_pandas()["mean"]
        assert ndvi[inside].to_numpy() == pytest.approx(index["mean"][inside].to_numpy(float), abs=1e-4)


def test_the_stack_of_four_dates_is_the_dates_one_by_one(city):
    images = city.scenes("landsat")
    stack = images.between("1980", "2020").by("10km", "mean", NDVI).to_xarray()
    assert stack.sizes["time"] == 4
    for step, year in enumerate((1985, 1995, 2005, 2015)):
        image = images.as_of(f"{year + 1}-06-01").by("10km", "mean", NDVI).to_pandas()
        assert stack["mean"].values[step] == pytest.approx(image["mean"].to_numpy(), nan_ok=True)
