"""netCDF in: steps, axes and times; what is odd is refused in one line."""

import numpy as np
import pytest
import xarray as xr

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.netcdf import open_netcdf
from stcloud.iaas.source.rasterreading import RasterReading, Regridding

READING = RasterReading("p", "t", crs="EPSG:4326")
LAT, LON = np.linspace(-1, 1, 5), np.linspace(10, 12, 9)


def dataset(lat=LAT, lon=LON, **time):
    values = np.arange(3 * len(lat) * len(lon), dtype="float32").reshape(3, len(lat), len(lon))
    attrs = {"units": "hours since 2020-01-01 06:00", **time}
    return xr.Dataset(
        {"rain": (("time", "lat", "lon"), values, {"units": "mm"})},
        {
            "time": ("time", [0.0, 1.0, 2.5], attrs),
            "lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )  # fmt: skip


def written(made, path, engine="h5netcdf"):
    made.to_netcdf(path, engine=engine, **({"format": "NETCDF3_CLASSIC"} if engine == "scipy" else {}))
    return path


def whole(image):
    values = np.zeros((len(image.facts.bands), *image.facts.grid.shape), image.facts.dtype)
    for row, column, block in image.blocks():
        values[:, row : row + block.shape[1], column : column + block.shape[2]] = block
    return values


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
@pytest.mark.parametrize("down", [False, True])
def test_steps_are_images_from_north_to_south(tmp_path, engine, down):
    made = dataset(LAT[::-1] if down else LAT)
    steps = open_netcdf(written(made, tmp_path / "x.nc", engine), READING)
    assert steps.times == tuple(f"2020-01-01T{at}.000000Z" for at in ("06:00:00", "07:00:00", "08:30:00"))
    grid = steps.facts.grid
    assert grid.bounds == pytest.approx((9.875, -1.25, 12.125, 1.25))
    north = made.sortby("lat", ascending=False)
    for at, (_, image) in enumerate(steps.images()):
        assert np.array_equal(whole(image)[0], north.rain[at])


def test_longitudes_of_0_to_360_are_turned(tmp_path):
    made = dataset(lon=np.arange(0, 360, 45.0))
    steps = open_netcdf(written(made, tmp_path / "x.nc"), READING)
    assert steps.facts.grid.bounds[0] == pytest.approx(-202.5)
    turned = made.assign_coords(lon=(made.lon + 180) % 360 - 180).sortby("lon").sortby("lat", ascending=False)
    assert np.array_equal(whole(next(steps.images())[1])[0], turned.rain[0])


def test_packed_values_stay_as_they_are_stored(tmp_path):
    made = dataset()
    made["rain"].encoding = {"dtype": "int16", "scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -1}
    steps = open_netcdf(written(made, tmp_path / "x.nc"), READING)
    facts = steps.facts
    assert (facts.dtype, facts.scale, facts.offset, facts.nodata) == ("int16", (0.5,), (10.0,), -1)
    first = whole(next(steps.images())[1])
    assert np.allclose(facts.measured(first, 0)[0], made.rain[0][::-1], atol=0.25)


def curved(made):
    lon, lat = np.meshgrid(LON, LAT)
    turned = made.drop_vars(["lat", "lon"]).rename_dims(lat="y", lon="x")
    return turned.assign_coords(
        lat=(("y", "x"), lat + lon / 50, {"units": "degrees_north"}),
        lon=(("y", "x"), lon - lat / 50, {"units": "degrees_east"}),
    )


def test_curvilinear_places_become_pixels_by_a_declared_rule(tmp_path):
    made = curved(dataset())
    rule = Regridding("EPSG:4326", 0.25, 30_000)
    steps = open_netcdf(written(made, tmp_path / "x.nc"), RasterReading("p", "t", regridding=rule))
    values, grid = whole(next(steps.images())[1])[0], steps.facts.grid
    a, _, c, _, e, f = grid.transform
    lon, lat = made.lon.values.ravel(), made.lat.values.ravel()
    for row in range(grid.shape[0]):
        for column in range(grid.shape[1]):
            x, y = c + a * (column + 0.5), f + e * (row + 0.5)
            metres = 111_195 * np.hypot((lon - x) * np.cos(np.radians(y)), lat - y)
            near = metres.argmin()
            if metres[near] < 29_900:
                assert values[row, column] == made.rain.values[0].ravel()[near]
            elif metres[near] > 30_100:
                assert np.isnan(values[row, column])


BAD = {
    "odd-calendar": (lambda: dataset(calendar="360_day"), {}, "odd-calendar", "360_day"),
    "no-leap": (lambda: dataset(calendar="noleap"), {}, "odd-calendar", "noleap"),
    "months": (lambda: dataset(units="months since 2020-01-01"), {}, "odd-calendar", "months"),
    "no-crs": (dataset, {"crs": None}, "no-crs", "never guessed"),
    "no-time": (lambda: dataset().isel(time=0, drop=True), {}, "no-date", "time"),
    "no-units": (lambda: dataset(units="hours"), {}, "no-date", "units"),
    "bad-units": (lambda: dataset(units="hours since Monday"), {}, "no-date", "Monday"),
    "uneven": (lambda: dataset(lat=np.array([0, 1, 3.0])), {}, "no-grid", "evenly"),
    "antimeridian": (lambda: dataset(lon=np.array([170.0, 180, 190])), {}, "no-grid", "180"),
    "no-variable": (dataset, {"bands": ("snow",)}, "wrong-bands", "snow"),
    "no-grid": (lambda: dataset()[["time"]], {}, "wrong-bands", "grid"),
    "curvilinear": (lambda: curved(dataset()), {}, "curvilinear", "raster.regrid"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD)
def test_what_cannot_be_scenes_is_refused_in_one_line(fault, tmp_path):
    make, stated, kind, text = BAD[fault]
    path = written(make(), tmp_path / "x.nc")
    with pytest.raises(InvalidInput, match=text) as refused:
        open_netcdf(path, RasterReading("p", "t", **{"crs": "EPSG:4326", **stated}))
    assert refused.value.kind == kind
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [b"not a netCDF", b"\x89HDF" + b"x" * 300, b"CDF\x01" + b"\xff" * 40])
def test_what_is_no_netcdf_is_refused(data, tmp_path):
    (tmp_path / "x.nc").write_bytes(data)
    with pytest.raises(InvalidInput, match=r"x\.nc") as refused:
        open_netcdf(tmp_path / "x.nc", READING)
    assert refused.value.kind == "unreadable-source"
