"""The value at each event: that of the pixel that holds it, in the scene that held at its own time."""

import numpy as np
import pandas as pd
import pytest

from stcloud.errors import StcloudError
from stcloud.iaas.raster.window import RasterReader
from tests.paas.scene.imagery import COLUMNS, CRS, ROWS, SIDE, SOUTH, WEST, city_of, values_of, write_image

IMAGES = {f"image_{year}0601.tif": values_of(year, 9) for year in (2020, 2021, 2022)}
COUNT = 400


def events():
    chance = np.random.default_rng(5)
    at = pd.Timestamp("2020-01-01") + pd.to_timedelta(chance.integers(0, 4 * 365 * 86_400, COUNT), unit="s")
    x, y = WEST + chance.uniform(-50, 660, COUNT), SOUTH + chance.uniform(-50, 530, COUNT)
    return pd.DataFrame({"id": np.arange(COUNT), "at": at, "x": x.round(1), "y": y.round(1)})


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with city_of(tmp_path_factory.mktemp("imagery"), IMAGES) as city:
        city.load("requests", events(), key=["id"], time="at", x="x", y="y", crs=CRS)
        yield city


def expected(row, band):
    """The value that the last image before an event has there, one event after the other."""
    year = max((year for year in (2020, 2021, 2022) if pd.Timestamp(f"{year}-06-01") <= row.at), default=None)
    column, line = int((row.x - WEST) // SIDE), int((SOUTH + ROWS * SIDE - row.y) // SIDE)
    if year is None or not (0 <= column < COLUMNS and 0 <= line < ROWS):
        return np.nan
    value = float(IMAGES[f"image_{year}0601.tif"][band][line, column])
    return np.nan if value == 0 else value


def by_rows(frame, band):
    return [expected(row, band) for row in frame.itertuples()]


def test_each_event_has_the_value_of_its_own_place_and_time(city):
    joined = city.query("requests").join("sat", "at", band="nir").to_pandas().sort_values("id")
    values = by_rows(events(), 1)
    assert joined["sat_nir"].to_numpy() == pytest.approx(np.array(values), nan_ok=True)
    assert 50 < joined["sat_nir"].notna().sum() < COUNT
    known = joined.dropna(subset="sat_nir")
    assert (known["sat_acquired"].dt.tz_localize(None).dt.strftime("%m-%d %H:%M") == "06-01 00:00").all()
    assert joined["sat_acquired"].isna().sum() == joined["sat_nir"].isna().sum()


def test_arithmetic_one_instant_and_events_without_a_value(city):
    query = city.query("requests")
    joined = query.join("sat", "at", band="(nir - red)/(nir + red)", at="2020-07-01", inner=True).to_pandas()
    frame = events().set_index("id").loc[joined["id"]].assign(at=pd.Timestamp("2020-07-01"))
    red, nir = (np.array(by_rows(frame, band)) for band in (0, 1))
    assert joined["sat_value"].to_numpy() == pytest.approx((nir - red) / (nir + red))
    assert 0 < len(joined) < COUNT


def test_each_block_is_read_once(city, monkeypatch):
    reads, plain = [], RasterReader.read

    def counting(self, key, facts, grid, *rest):
        reads.append((key, grid.transform))
        return plain(self, key, facts, grid, *rest)

    monkeypatch.setattr(RasterReader, "read", counting)
    city.query("requests").join("sat", "at", band="nir")
    assert len(reads) == len(set(reads)) == 3


def test_a_join_with_scenes_is_pinned(tmp_path):
    with city_of(tmp_path, {"image_20200601.tif": values_of(2020, 9)}) as city:
        city.load("requests", events(), key=["id"], time="at", x="x", y="y", crs=CRS)
        first = city.query("requests").join("sat", "at", band="nir")
        write_image(tmp_path / "image_20200601.tif", values_of(3, 9))
        city.load("sat", tmp_path / "image_20200601.tif", datum="wgs84")
        again = city.query("requests").known_at(first.pin).join("sat", "at", band="nir")
        assert again.table.equals(first.table)
        assert not city.query("requests").join("sat", "at", band="nir").table.equals(first.table)


@pytest.mark.parametrize(
    ("layer", "how", "band", "kind"),
    [
        ("sat", "at", None, "which-band"), ("sat", "at", "green", "unknown-band"),
        ("areas", "at", None, "not-measured"), ("nothing", "at", None, "unknown-layer"),
        ("areas", "within", "nir", "not-measured"), ("sat", "within", "nir", "scenes-how"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(city, layer, how, band, kind):
    with pytest.raises(StcloudError) as caught:
        city.query("requests").join(layer, how, band=band)
    assert caught.value.kind == kind
