"""Pixels by cell: what exactextract says of the same file, of the cells as they were, and the difference of two."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from stcloud.errors import StcloudError
from tests.paas.scene.imagery import AREAS, CRS, SOUTH, WEST, areas, city_of, values_of, write_image

STATISTICS = {
    "mean": "mean", "sum": "sum", "min": "min", "max": "max", "count": "count", "stdev": "stdev",
    "median": "quantile_50", "p90": "quantile_90",
}  # fmt: skip
NDVI = "(nir - red)/(nir + red)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("imagery")


@pytest.fixture(scope="module")
def city(folder):
    images = {f"image_{year}0601.tif": values_of(year) for year in (2020, 2021)}
    with city_of(folder, images) as city:
        yield city


def by_exactextract(path, band, shapes):
    import rasterio
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    names = ["mean", "sum", "min", "max", "count", "stdev", "quantile(q=0.5)", "quantile(q=0.9)"]
    with rasterio.open(path) as source:
        values = source.read(band).astype(float)
        values[values == source.nodata] = np.nan
        image = NumPyRasterSource(values, *source.bounds, nodata=np.nan, srs_wkt=shapes.crs.to_wkt())
        part = shapely.intersection(shapes.geometry.to_numpy(), shapely.box(*source.bounds))
        inside = shapes[shapely.area(part) > 0]
    table = exact_extract(image, inside, names, include_cols=["name"], output="pandas").set_index("name")
    return table.reindex(shapes["name"])


@pytest.mark.thorough
def test_statistics_of_areas_are_those_of_exactextract(city, folder):
    ours = city.scenes("sat").as_of("2020-07-01").by("in:areas", list(STATISTICS), "nir").to_pandas()
    theirs = by_exactextract(folder / "images" / "image_20200601.tif", 2, areas())
    assert ours["in_areas"].tolist() == ["a", "b", "c", "d"]
    for name, other in STATISTICS.items():
        expected = theirs[other].astype(float).to_numpy()
        assert ours[name].to_numpy()[:3] == pytest.approx(expected[:3], rel=1e-6), name
        assert ours["count"][3] == 0
        assert name == "count" or np.isnan(ours[name][3])
    area = np.array([shape.area for shape in areas().geometry]) / 100
    assert ours["coverage"].to_numpy() == pytest.approx(theirs["count"].fillna(0).to_numpy() / area)


@pytest.mark.parametrize("cells", ["100m", "250m", "1km"])
def test_statistics_of_the_lattice_are_those_of_its_squares(city, folder, cells):
    ours = city.scenes("sat").as_of("2021-07-01").by(cells, "mean", "red").to_geopandas()
    frame = ours[[f"cell_{cells}", "geometry"]].rename(columns={f"cell_{cells}": "name"})
    frame["name"] = frame["name"].astype(str)
    theirs = by_exactextract(folder / "images" / "image_20210601.tif", 1, frame)
    assert ours["mean"].to_numpy() == pytest.approx(theirs["mean"].to_numpy(), rel=1e-6)
    assert ours.geometry.union_all().covers(shapely.box(WEST, SOUTH, WEST + 600, SOUTH + 480))
    assert (ours["coverage"] > 0).all()


def test_arithmetic_of_bands_is_that_of_numpy_and_a_division_by_zero_is_missing(city):
    ours = city.scenes("sat").as_of("2020-07-01").by("1km", ["mean", "count"], NDVI).to_pandas()
    red, nir = values_of(2020).astype(float)
    with np.errstate(all="ignore"):
        expected = np.where((red == 0) | (nir == 0), np.nan, (nir - red) / (nir + red))
    assert ours["mean"].tolist() == pytest.approx([np.nanmean(expected)])
    assert ours["count"].tolist() == [np.isfinite(expected).sum()]


def test_a_share_of_a_class_is_that_of_its_pixels(city):
    ours = city.scenes("sat").as_of("2020-07-01").by("1km", ["share:water", "share:7"], "red").to_pandas()
    red = values_of(2020)[0]
    valid = (red != 0).sum()
    assert ours["share_water"].tolist() == pytest.approx([(red == 1).sum() / valid])
    assert ours["share_7"].tolist() == pytest.approx([(red == 7).sum() / valid])


def test_the_change_of_two_dates_is_the_difference_cell_by_cell(city):
    scenes = city.scenes("sat")
    before, after = (scenes.as_of(at).by("in:areas", "mean", "nir") for at in ("2020-07-01", "2021-07-01"))
    change = (after - before).to_pandas()
    expected = after.to_pandas()["mean"] - before.to_pandas()["mean"]
    pd.testing.assert_series_equal(change["mean_change"], expected, check_names=False)
    pd.testing.assert_series_equal(change["mean_before"], before.to_pandas()["mean"], check_names=False)
    with pytest.raises(StcloudError) as caught:
        after.change(scenes.as_of("2020-07-01").by("100m", "mean", "nir"))
    assert caught.value.kind == "not-alike"


def test_a_stack_is_its_images_one_by_one(city):
    scenes = city.scenes("sat")
    stack = scenes.between("2020", "2022").by("in:areas", ["mean", "p90"], NDVI).to_xarray()
    assert dict(stack.sizes) == {"time": 2, "cell": 4}
    assert stack["time"].values.astype("M8[us]").astype(str).tolist() == [
        "2020-05-31T16:00:00.000000", "2021-05-31T16:00:00.000000",
    ]  # fmt: skip
    for step, at in enumerate(("2020-07-01", "2021-07-01")):
        image = scenes.as_of(at).by("in:areas", ["mean", "p90"], NDVI).to_pandas()
        for name in ("mean", "p90", "coverage"):
            assert stack[name].values[step] == pytest.approx(image[name].to_numpy(), nan_ok=True)


def test_images_of_another_crs_are_summarised_in_their_own_pixels(tmp_path):
    import rasterio.warp

    values = np.random.default_rng(3).integers(1, 99, (1, 300, 300)).astype("uint8")
    (west,), (north,) = rasterio.warp.transform(CRS, "EPSG:4326", [WEST - 100], [SOUTH + 500])
    with city_of(tmp_path, {}) if False else city_of(tmp_path, {"image_20000101.tif": values_of(1)}) as city:
        other = tmp_path / "image_20190601.tif"
        write_image(other, values, crs="EPSG:4326", west=west, north=north, side=3e-5)
        city.load("sat", other, datum="wgs84")
        ours = (
            city.scenes("sat")
            .as_of("2019-07-01")
            .by("in:areas", "mean")
            .to_pandas()
            .set_index("in_areas")["mean"]
        )
    frame = areas().set_geometry(shapely.segmentize(areas().geometry.to_numpy(), 1.0), crs=CRS).to_crs(4326)
    theirs = by_exactextract(other, 1, frame)["mean"].astype(float)
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), rel=1e-4, nan_ok=True)


def test_pinned_statistics_stay_when_image_and_areas_are_corrected(tmp_path):
    with city_of(tmp_path, {"image_20200601.tif": values_of(2020)}) as city:
        first = city.scenes("sat").as_of("2020-07-01").by("in:areas", "mean", "nir")
        write_image(tmp_path / "image_20200601.tif", values_of(7))
        city.load("sat", tmp_path / "image_20200601.tif", datum="wgs84")
        moved = {
            name: shapely.transform(shape, lambda xy: xy + 50)
            for name, shape in zip("abcd", areas().geometry, strict=True)
        }
        city.load("areas", areas(moved), key=["name"], valid_from="2000-01-01", mode="snapshot")
        scenes = city.scenes("sat")
        again = scenes.as_of("2020-07-01", known_at=first.pin).by("in:areas", "mean", "nir")
        now = scenes.as_of("2020-07-01").by("in:areas", "mean", "nir")
        assert again.to_arrow().equals(first.to_arrow())
        assert not now.to_arrow().equals(first.to_arrow())
        assert again.pin == first.pin
        belief = now - again
        assert "left out" in belief.facts["notes"]


@pytest.mark.parametrize(
    ("cells", "stat", "band", "kind"),
    [
        ("in:areas", "mode", "nir", "unknown-statistic"), ("in:areas", "mean", None, "which-band"),
        ("in:areas", "mean", "green", "unknown-band"), ("in:areas", "mean", "nir >", "unreadable-expression"),
        ("in:nothing", "mean", "nir", "unknown-layer"), ("unit", "mean", "nir", "which-grid"),
        ("in:areas.size", "mean", "nir", "unknown-column"), ("areas", "mean", "nir", "unknown-group"),
        ("in:areas", "share:land", "nir", "unknown-class"), ("7m", "mean", "nir", "unknown-level"),
        ("in:areas", ["mean", "mean"], "nir", "unknown-statistic"), ("in:areas", [], "nir", "unknown-statistic"),
        ("in:sat", "mean", "nir", None),
    ],
)  # fmt: skip
def test_what_cannot_be_summarised_is_refused(city, cells, stat, band, kind):
    choice = city.scenes("sat").as_of("2020-07-01")
    if kind is None:
        assert len(choice.by(cells, stat, band)) == 1
        return
    with pytest.raises(StcloudError) as caught:
        choice.by(cells, stat, band)
    assert caught.value.kind == kind
    with pytest.raises(StcloudError) as caught:
        city.scenes("sat").as_of("1990-01-01").by("in:areas")
    assert caught.value.kind == "no-scenes"


def test_areas_are_taken_as_they_were_at_the_instant_of_the_image(tmp_path):
    images = {f"image_{year}0601.tif": values_of(year) for year in (2020, 2021)}
    later = {**AREAS, "a": shapely.box(WEST + 100, SOUTH + 100, WEST + 305, SOUTH + 207)}
    with city_of(tmp_path, images) as city:
        city.load("areas", areas(later), key=["name"], valid_from="2021-01-01", mode="snapshot")
        scenes = city.scenes("sat")
        first, second = (scenes.as_of(at).by("in:areas", "sum", "nir") for at in ("2020-07-01", "2021-07-01"))
        stack = scenes.between("2020", "2022").by("in:areas", "sum", "nir").to_xarray()
    for result, year, shapes in ((first, 2020, AREAS), (second, 2021, later)):
        expected = by_exactextract(tmp_path / "images" / f"image_{year}0601.tif", 2, areas(shapes))["sum"]
        assert result.to_pandas()["sum"].to_numpy()[:3] == pytest.approx(expected.to_numpy(float)[:3])
    assert stack["sum"].values[1] == pytest.approx(second.values["sum"][0], nan_ok=True)
    old = by_exactextract(tmp_path / "images" / "image_20200601.tif", 2, areas(later))["sum"]
    assert stack["sum"].values[0][:3] == pytest.approx(old.to_numpy(float)[:3])
    assert "a" not in (second - first).to_pandas()["in_areas"].tolist()


def test_units_and_communities_of_the_only_grid(tmp_path):
    with city_of(tmp_path, {"image_20200601.tif": values_of(2020)}) as city:
        codes = [f"110101001{community:03}{number:03}" for community in (1, 2) for number in (1, 2, 3)]
        west = WEST + np.array([0, 100, 200, 300, 400, 500.0])
        shapes = list(shapely.box(west, SOUTH, west + 100, SOUTH + 475))
        grid = geopandas.GeoDataFrame({"gridCode": codes}, geometry=shapes, crs=CRS)
        city.load("grid", grid.to_crs("OGC:CRS84"), definition="unit-grid", valid_from="2019-01-01")
        choice = city.scenes("sat").as_of("2020-07-01")
        units, communities = (choice.by(by, "sum", "nir").to_pandas() for by in ("unit", "community"))
    expected = by_exactextract(
        tmp_path / "images" / "image_20200601.tif", 2, grid.rename(columns={"gridCode": "name"})
    )
    assert units["unit"].tolist() == codes
    assert units["sum"].to_numpy() == pytest.approx(expected["sum"].to_numpy(float))
    assert communities["community"].tolist() == ["110101001001", "110101001002"]
    assert communities["sum"].to_numpy() == pytest.approx(
        expected["sum"].to_numpy(float).reshape(2, 3).sum(axis=1)
    )
