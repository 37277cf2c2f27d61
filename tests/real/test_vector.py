"""Real vector files: each feature is what pyogrio and geopandas read of the same file."""

import warnings

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import GEOMETRY, Reading
from stcloud.iaas.source.registry import open_source

NYC = ["boroughs", "community_districts", "council_districts_2023", "census_tracts_2010"]


def read(path, **reading):
    source = open_source(path, Reading(**reading))
    batches = [batch.rows for batch in source.batches()]
    wkb = np.array([one for rows in batches for one in rows.column(GEOMETRY).to_pylist()], object)
    return source, batches, shapely.from_wkb(wkb, on_invalid="ignore")


def same(found, path, **how):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = pyogrio.raw.read(path, columns=[], **how)[2]
    return list(found) == list(shapely.from_wkb(expected, on_invalid="ignore"))


@pytest.mark.costly
@pytest.mark.parametrize("name", NYC)
def test_new_york(real_data, name):
    file = real_data / "nyc" / f"{name}.geojson"
    source, _, shapes = read(file)
    assert source.crs == "EPSG:4326"
    assert len(shapes) > 4
    assert same(shapes, file)


def test_st_louis(real_data):
    file = real_data / "stl" / "STL_BOUNDARY_Nhoods.shp"
    source, batches, shapes = read(file)
    assert pyproj.CRS(source.crs).to_authority() == ("ESRI", "102696")
    assert len(shapes) == 88
    assert "Carondelet" in batches[0].column("NHD_NAME").to_pylist()
    assert same(shapes, file)


def test_san_francisco_in_a_zip_file(real_data):
    file = real_data / "sf" / "SFCrime_July_Dec2012.zip"
    names = "sf_cartheft, sf_drugs, sf_robbery, sf_vandalism, SFCrime_blocks"
    with pytest.raises(InvalidInput, match=names) as error:
        open_source(file, Reading())
    assert error.value.kind == "several-layers"
    _, _, shapes = read(file, layer="sf_drugs")
    inside = "SFCrime_July_Dec2012 2/Crime Events/sf_drugs.shp"
    assert len(shapes) > 1000
    assert same(shapes, f"/vsizip/{file}/{inside}")


@pytest.mark.costly
@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ("points", 8045),
        ("lines", None),
        ("multilinestrings", None),
        ("multipolygons", 1095),
        ("other_relations", 232),
    ],
)
def test_helsinki(real_data, layer, count):
    file = real_data / "osm" / "helsinki.osm.pbf"
    source, _, shapes = read(file, layer=layer)
    assert source.crs == "EPSG:4326"
    assert count in (None, len(shapes))
    assert same(shapes, file, layer=layer)


@pytest.mark.parametrize("name", ["wuhan_buildings", "wuhan_roads"])
def test_wuhan(real_data, name):
    file = real_data / "osm" / f"{name}.geojson"
    assert same(read(file)[2], file)
