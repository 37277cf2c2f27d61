"""Cubes of New York's 311 requests against pandas and shapely, and their hot spots against esda and an oracle."""

import itertools

import esda
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from libpysal.weights import W

import stcloud
from stcloud.testing.hotspots import benjamini_hochberg, class_of, gi_star, kendall

ZONE = "America/New_York"
WHEN = "2025-01-06/2025-03-10"  # nine weeks, the last of which has the day of 23 hours
METRES = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:32618", always_xy=True)


@pytest.fixture(scope="module")
def city(tmp_path_factory, real_data):
    city = stcloud.create(tmp_path_factory.mktemp("nyc") / "nyc", crs="EPSG:32618", zone=ZONE)
    city.load("requests", real_data / "nyc" / "requests_2025.csv", definition="nyc-311")
    city.load(
        "areas", real_data / "nyc" / "community_districts.geojson", key="boro_cd",
        valid_from="2024-01-01",
    )  # fmt: skip
    yield city
    city.close()


@pytest.fixture(scope="module")
def rows(real_data):
    rows = pd.read_csv(real_data / "nyc" / "requests_2025.csv", dtype=str)
    rows["local"] = pd.to_datetime(rows["Created Date"], format="%m/%d/%Y %H:%M")
    lon, lat = rows["Longitude"].astype(float), rows["Latitude"].astype(float)
    rows["x"], rows["y"] = METRES.transform(lon.to_numpy(), lat.to_numpy())
    rows["placed"] = lon.notna()
    return rows[(rows["local"] >= "2025-01-06") & (rows["local"] < "2025-03-10")]


@pytest.fixture(scope="module")
def weeks(city):
    return city.query("requests").when(WHEN).cube("1km", "1W")


def test_weeks_and_kilometres(weeks, rows):
    placed = rows[rows["placed"]]
    week = placed["local"].dt.strftime("%G-W%V")
    expected = placed.groupby([week, placed["x"] // 1000, placed["y"] // 1000]).size().to_dict()
    assert weeks.labels == tuple(sorted(week.unique()))
    array = weeks.dense()
    cells = list(zip(weeks.cells.x // 1000, weeks.cells.y // 1000, strict=True))
    for (step, label), (at, (x, y)) in itertools.product(enumerate(weeks.labels), enumerate(cells)):
        assert array[step, at] == expected.get((label, x, y), 0)
    assert int(array.sum()) == sum(expected.values())
    assert weeks.leftovers == {
        "partial": 0,
        "outside": 0,
        "unknown": 0,
        "unplaced": int((~rows["placed"]).sum()),
    }
    assert weeks.known.all()


def test_days_of_areas_with_a_class(city, rows, real_data):
    cube = city.query("requests").when(WHEN).cube("in:areas", "1D", by="Borough")
    areas = shapely.from_geojson((real_data / "nyc" / "community_districts.geojson").read_text())
    assert len(cube.cells) == len(areas.geoms) == 59
    day = rows["local"].dt.strftime("%Y-%m-%d")
    totals = cube.dense().sum(axis=(1, 2)) + 0
    inside = shapely.intersects_xy(
        shapely.transform(shapely.segmentize(areas, 1e-3), METRES.transform, interleaved=False),
        rows["x"].to_numpy(), rows["y"].to_numpy(),
    )  # fmt: skip
    expected = rows[inside].groupby(day[inside]).size().reindex(list(cube.labels), fill_value=0)
    assert abs(totals - expected.to_numpy()).max() <= 1  # an edge of a district may be a metre elsewhere
    assert len(cube.labels) == 63
    assert int(cube.dense().sum()) + sum(cube.leftovers.values()) == len(rows)


def test_one_step_has_the_deviates_of_esda(weeks):
    results = weeks.hotspots(distance_m=1500, steps=0, reference="step", per_km2=False)
    near = neighbours_of(weeks, 1500)
    star = W({cell: sorted(others) for cell, others in near.items()}, silence_warnings=True)
    for step, values in enumerate(weeks.dense()):
        theirs = esda.G_Local(values.astype(float), star, transform="B", star=True, permutations=0).Zs
        np.testing.assert_allclose(results.z[step], theirs, atol=1e-9)


@pytest.mark.thorough
def test_classes_are_those_of_the_oracle(city):
    cube = city.query("requests").when(WHEN).where("bbox:-73.97,40.72,-73.90,40.80").cube("1km", "1W")
    results = cube.hotspots(distance_m=1000, steps=1)
    values = cube.dense()
    bins = {at: int(values[at]) for at in itertools.product(*map(range, values.shape))}
    deviates = gi_star(bins, neighbours_of(cube, 1000), steps=1, both=False, reference="cube")
    assert len(deviates) == values.size
    for at, z in deviates.items():
        assert results.z[at] == pytest.approx(z, abs=1e-9)
    keys = list(deviates)
    past = dict(zip(keys, benjamini_hochberg([deviates[at] for at in keys], 0.10), strict=True))
    names = results.to_pandas()["class"].tolist()
    for cell, name in enumerate(names):
        signs = [int(np.sign(deviates[step, cell])) * past[step, cell] for step in range(len(values))]
        _, trend, p = kendall([deviates[step, cell] for step in range(1, len(values))])
        assert name == class_of(signs, int(np.sign(trend)) if p <= 0.10 else 0)
    assert len(set(names)) > 3


def neighbours_of(cube, distance_m):
    x, y = cube.cells.x, cube.cells.y
    return {
        cell: set(np.flatnonzero(np.hypot(x - x[cell], y - y[cell]) <= distance_m).tolist())
        for cell in range(len(x))
    }
