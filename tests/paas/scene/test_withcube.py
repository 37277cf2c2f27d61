"""Event counts and imagery in one dataset: each step has the image that held at its last instant."""

import numpy as np
import pandas as pd
import pytest

from stcloud.errors import StcloudError
from tests.paas.scene.imagery import COLUMNS, CRS, ROWS, SIDE, SOUTH, WEST, city_of, values_of


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    images = {f"image_{year}0601.tif": values_of(year) for year in (2020, 2021)}
    with city_of(tmp_path_factory.mktemp("imagery"), images) as city:
        chance, count = np.random.default_rng(5), 300
        at = pd.Timestamp("2020-01-01") + pd.to_timedelta(chance.integers(0, 730 * 86_400, count), unit="s")
        x, y = WEST + chance.uniform(0, COLUMNS * SIDE, count), SOUTH + chance.uniform(0, ROWS * SIDE, count)
        frame = pd.DataFrame({"id": np.arange(count), "at": at, "x": x, "y": y})
        city.load("requests", frame, key=["id"], time="at", x="x", y="y", crs=CRS)
        yield city


@pytest.mark.parametrize("cell", ["100m", "in:areas"])
def test_each_step_has_the_image_of_its_last_instant(city, cell):
    cube = city.query("requests").when("2020/2022").cube(cell, "1M")
    scenes = city.scenes("sat")
    data = scenes.beside(cube, ["mean", "p90"], "nir")
    assert data["count"].equals(cube.to_xarray()["count"])
    assert data["sat_mean"].dims == ("time", "cell") == data["sat_coverage"].dims
    for step, label in enumerate(data["time_label"].values):
        last = pd.Period(label, "M").end_time.strftime("%Y-%m-%d %H:%M:%S")
        if last < "2020-06":
            assert np.isnan(data["sat_mean"].values[step]).all()
            continue
        image = scenes.as_of(last).by(cell, ["mean", "p90"], "nir").to_xarray().isel(time=0)
        image = image.reindex(cell=data["cell"].values)
        for name in ("mean", "p90"):
            np.testing.assert_allclose(data[f"sat_{name}"].values[step], image[name].values, rtol=1e-12)
        np.testing.assert_allclose(
            data["sat_coverage"].values[step], image["coverage"].fillna(0).values, rtol=1e-12
        )


def test_each_image_is_summarised_once(city, monkeypatch):
    from stcloud.paas.scene import withcube

    counted, plain = [], withcube.statistics_of
    monkeypatch.setattr(withcube, "statistics_of", lambda *given: counted.append(1) or plain(*given))
    city.scenes("sat").beside(city.query("requests").when("2020/2022").cube("1km", "1W"), "mean", "nir")
    assert len(counted) == 3  # none, 2020, 2021


def test_names_that_collide_are_refused(city):
    cube = city.query("requests").when("2020/2022").cube("1km", "1M", measures=["sat_mean = count"])
    with pytest.raises(StcloudError) as caught:
        city.scenes("sat").beside(cube, "mean", "nir")
    assert caught.value.kind == "repeated-column"
