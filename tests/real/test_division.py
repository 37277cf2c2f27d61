"""Real streets and buildings divided: Guanggu in Wuhan, the centre of Helsinki; communities are invented."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely

from stcloud.paas.grid.division import divide

_WUHAN, _HELSINKI = 4547, 3879
_BOX = (24.9351812, 60.1641558, 24.9534132, 60.1791074)
_ROADS = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "pedestrian", "primary_link", "secondary_link", "tertiary_link",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    communities: np.ndarray
    codes: np.ndarray
    streets: np.ndarray
    buildings: np.ndarray


def communities(box, columns, rows, seed):
    """Jittered quads that do not follow the streets."""
    chance = np.random.default_rng(seed)
    west, south, east, north = box
    x, y = np.meshgrid(
        np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1), indexing="ij"
    )
    x[1:-1] += chance.uniform(-0.25, 0.25, x[1:-1].shape) * (east - west) / columns
    y[:, 1:-1] += chance.uniform(-0.25, 0.25, y[:, 1:-1].shape) * (north - south) / rows
    corners = [
        [(x[i + a, j + b], y[i + a, j + b]) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
        for i in range(columns)
        for j in range(rows)
    ]
    return np.array([shapely.Polygon(one) for one in corners], object)


def place(box, shape, seed, streets, buildings):
    found = communities(box, *shape, seed)
    codes = np.array([f"420111001{number:03}" for number in range(1, len(found) + 1)])
    return Place(found, codes, np.asarray(streets, object), np.asarray(buildings, object))


def polygons(series):
    return series[series.geom_type.isin(["Polygon", "MultiPolygon"])].to_numpy()


@pytest.fixture(scope="module")
def wuhan(real_data):
    roads = geopandas.read_file(real_data / "osm" / "wuhan_roads.geojson").to_crs(_WUHAN)
    kinds = roads.kind.isin(["highway", "major_road", "minor_road"])
    roads = roads[kinds & (roads.is_tunnel.fillna(0) == 0)]
    houses = geopandas.read_file(real_data / "osm" / "wuhan_buildings.geojson").to_crs(_WUHAN)
    return place(roads.total_bounds, (3, 2), 1, roads.geometry.to_numpy(), polygons(houses.geometry))


@pytest.fixture(scope="module")
def helsinki(real_data):
    file = real_data / "osm" / "helsinki.osm.pbf"
    lines = pyogrio.read_dataframe(
        file, layer="lines", columns=["highway", "other_tags"], where="highway is not null"
    )
    lines = lines[lines.highway.isin(_ROADS)]
    lines = lines[~lines.other_tags.fillna("").str.contains('"tunnel"=>"yes"')].to_crs(_HELSINKI)
    wkb = pyogrio.raw.read(file, layer="multipolygons", columns=["building"], where="building is not null")[2]
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    houses = geopandas.GeoSeries(shapes[~shapely.is_missing(shapes)], crs=4326).to_crs(_HELSINKI).make_valid()
    box = geopandas.GeoSeries([shapely.box(*_BOX)], crs=4326).to_crs(_HELSINKI).total_bounds
    return place(box, (3, 3), 2, lines.geometry.to_numpy(), polygons(houses))


def made(where, **options):
    return divide(where.communities, where.codes, where.streets, where.buildings, **options)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["wuhan", "helsinki"])
def test_a_real_district_is_divided_well(request, name):
    quality = made(request.getfixturevalue(name)).quality
    assert quality.crossing <= 5e-7
    assert quality.uncovered <= 5e-7
    assert quality.fitting >= 0.98
    assert quality.streets_near >= 0.88
    assert quality.streets_beside >= 0.96
    assert quality.compactness >= 0.70
    assert quality.compactness_low >= 0.60
    assert quality.loose <= 0.06
    assert quality.buildings_cut <= 0.01


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_the_cells_are_the_same_bit_for_bit(wuhan):
    """Law: cells do not depend on order, on direction, or on how many work at once."""
    order = np.random.default_rng(3).permutation(len(wuhan.streets))
    turned = np.asarray(shapely.reverse(wuhan.streets[order]), object)
    one, other = (
        made(wuhan),
        made(Place(wuhan.communities[::-1], wuhan.codes[::-1], turned, wuhan.buildings[::-1]), workers=2),
    )
    assert one.codes.tolist() == other.codes.tolist()
    assert shapely.to_wkb(one.cells).tolist() == shapely.to_wkb(other.cells).tolist()
