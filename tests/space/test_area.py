"""Asked areas: what is refused, and edges that bend as they must."""

from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings

from stcloud.errors import InvalidInput
from stcloud.space import LONLAT, Area, contains, project, project_area
from stcloud.testing.examples import examples
from stcloud.testing.space import polygons

UTM = "EPSG:32618"
RING = [[-74.0, 40.7], [-73.9, 40.7], [-73.9, 40.8], [-74.0, 40.7]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}


def refused(kind, call, *args):
    with pytest.raises(InvalidInput) as caught:
        call(*args)
    assert caught.value.kind == kind
    return caught.value


def densely(area, n=400):
    """The oracle: each edge cut into n pieces in the CRS it was given in, then projected."""
    points = []
    for polygon in shapely.get_parts(area.geometry):
        for ring in shapely.get_rings(polygon):
            start = shapely.get_coordinates(ring)
            t = np.linspace(0, 1, n, endpoint=False)[:, None]
            points.append(np.concatenate([a + t * (b - a) for a, b in pairwise(start)]))
    flat = np.concatenate(points)
    return shapely.points(*project(flat[:, 0], flat[:, 1], area.crs, UTM))


def test_a_parallel_bends_over_fifteen_kilometres():
    area = Area.from_bbox(-74.5, 40.70, -74.32, 40.80)
    chord = shapely.Polygon(np.stack(project(*shapely.get_coordinates(area.geometry).T, LONLAT, UTM), axis=1))
    assert shapely.distance(densely(area), chord.boundary).max() > 2.5
    assert shapely.distance(densely(area), project_area(area, UTM).boundary).max() < 0.01


@given(polygons(centre=(-74.0, 40.7), radius=0.5))
@settings(deadline=None, max_examples=examples(20))
def test_projected_edges_deviate_less_than_a_centimetre(asked):
    area = Area(asked)
    projected = project_area(area, UTM)
    assert projected.is_valid
    assert len(projected.interiors) == len(asked.interiors)
    assert shapely.distance(densely(area, 37), projected.boundary).max() < 0.01
    vertices = np.stack(project(*shapely.get_coordinates(asked).T, LONLAT, UTM), axis=1)
    assert set(map(tuple, vertices)) <= set(map(tuple, shapely.get_coordinates(projected)))


def test_edge_bent_like_an_s_is_followed():
    # Symmetric about (75 W, 0): the middle of the curve lies on its chord.
    area = Area(shapely.Polygon([(-77.9, -2.9), (-72.1, 2.9), (-72.1, 2.95), (-77.9, -2.85)]))
    assert shapely.distance(densely(area), project_area(area, UTM).boundary).max() < 0.01


def test_the_other_way_round_edges_are_straight_in_metres():
    area = Area(shapely.box(40_550_000, 3_400_000, 40_650_000, 3_500_000), "EPSG:4528")
    projected = project_area(area, "EPSG:32651")
    x, y = project(40_600_000.0, 3_400_000.0, "EPSG:4528", "EPSG:32651")
    assert shapely.distance(shapely.Point(x, y), projected.boundary) < 0.01


def test_equal_crs_gives_the_very_geometry():
    area = Area(shapely.box(0, 0, 1, 1), UTM)
    assert project_area(area, UTM) is area.geometry
    assert project_area(area, pyproj.CRS(UTM)) is area.geometry


def test_multipolygon_keeps_parts_and_holes():
    donut = shapely.box(-74.0, 40.7, -73.9, 40.8) - shapely.box(-73.97, 40.73, -73.93, 40.77)
    area = Area(shapely.MultiPolygon([donut, shapely.box(-73.8, 40.7, -73.7, 40.8)]))
    projected = project_area(area, UTM)
    assert [len(part.interiors) for part in projected.geoms] == [1, 0]
    assert contains(projected, *project(-73.95, 40.75, LONLAT, UTM)) == np.False_


def test_touching_parts_stay_valid():
    asked = shapely.MultiPolygon(
        [shapely.box(-74, 40, -73.5, 40.5), shapely.Polygon([(-73.5, 40.1), (-73, 40), (-73, 41)])]
    )
    assert asked.is_valid
    assert project_area(Area(asked), UTM).is_valid


@pytest.mark.parametrize("bbox", [(-180, -90, 180, 90), (-170, -60, 170, 60)])
def test_more_than_the_crs_can_show_is_refused(bbox):
    refused("area-not-projectable", project_area, Area.from_bbox(*bbox), UTM)


def test_target_in_degrees_is_refused():
    refused("metric-crs-needed", project_area, Area.from_bbox(0, 0, 1, 1), "EPSG:4326")


def test_bbox_across_the_antimeridian_has_two_parts():
    area = Area.from_bbox(179.0, -18.0, -179.0, -17.0)
    assert [part.bounds for part in area.geometry.geoms] == [(179, -18, 180, -17), (-180, -18, -179, -17)]
    fiji = project_area(area, "EPSG:3460")
    inside = project([179.5, 180.0, -180.0, -179.5, 178.9], [-17.5] * 5, LONLAT, "EPSG:3460")
    near = shapely.dwithin(fiji, shapely.points(*inside), 0.01)
    assert near.tolist() == [True, True, True, True, False]
    assert len(Area.from_bbox(180, 0, -179, 1).geometry.geoms) == 1


@pytest.mark.parametrize(
    ("bbox", "kind"),
    [
        ((40.7, -74.0, 40.8, -73.9), None),
        ((31.0, 121.0, 32.0, 122.0), "lon-lat-out-of-range"),
        ((0, 0, 181, 1), "lon-lat-out-of-range"),
        ((0, 0, float("nan"), 1), "lon-lat-out-of-range"),
        ((0, 0, 0, 1), "empty-area"),
        ((0, 1, 1, 0), "empty-area"),
        ((0, 0, 1, 0), "empty-area"),
    ],
)
def test_bbox_that_is_refused(bbox, kind):
    if kind is None:
        assert Area.from_bbox(*bbox).crs == LONLAT
    else:
        refused(kind, Area.from_bbox, *bbox)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("POINT (0 0)", "not-an-area"),
        ("LINESTRING (0 0, 1 1)", "not-an-area"),
        ("GEOMETRYCOLLECTION EMPTY", "not-an-area"),
        ("POLYGON EMPTY", "empty-area"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "invalid-area"),
        ("POLYGON ((0 0, 1 1, 0 0))", "invalid-area"),
        ("POLYGON ((0 0, 0 0, 0 0, 0 0))", "invalid-area"),
        ("POLYGON ((31 121, 32 121, 32 122, 31 121))", "lon-lat-out-of-range"),
        ("POLYGON ((31 NaN, 32 1, 32 2, 31 NaN))", "unreadable-area"),
        ("somewhere", "unreadable-area"),
        ("", "unreadable-area"),
    ],
)
def test_wkt_that_is_refused(text, kind):
    refused(kind, Area.from_wkt, text)


def test_refusals_tell_what_to_do():
    assert "[0.5 0.5]" in str(refused("invalid-area", Area.from_wkt, "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"))
    swapped = refused("lon-lat-out-of-range", Area.from_wkt, "POLYGON ((31 121, 32 121, 32 122, 31 121))")
    assert swapped.hint.startswith("give lon first")
    refused("unknown-crs", Area.from_wkt, "POLYGON ((0 0, 1 0, 1 1, 0 0))", "EPSG:0")


def test_geojson_of_every_shape():
    feature = {"type": "Feature", "geometry": POLYGON, "properties": {}}
    other = {"type": "Polygon", "coordinates": [[[x + 1, y] for x, y in RING]]}
    collection = {"type": "FeatureCollection", "features": [feature, {**feature, "geometry": other}]}
    one = Area.from_geojson(POLYGON)
    assert Area.from_geojson(feature) == one
    assert Area.from_geojson({**collection, "features": [feature]}) == one
    assert Area.from_geojson(collection).geometry.geom_type == "MultiPolygon"


def test_geojson_names_its_crs_in_the_old_way():
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32618"}}
    area = Area.from_geojson(
        {"type": "Polygon", "coordinates": [[[0, 0], [500, 0], [500, 500], [0, 0]]], "crs": named}
    )
    assert project_area(area, UTM) is area.geometry
    assert Area.from_geojson({**POLYGON, "crs": None}).crs == LONLAT


@pytest.mark.parametrize(
    ("mapping", "kind"),
    [
        ({}, "unreadable-area"),
        ({"type": "Polygon"}, "unreadable-area"),
        ({"type": "Nonsense", "coordinates": []}, "unreadable-area"),
        ({"type": "Feature", "geometry": None}, "unreadable-area"),
        ({"type": "Feature"}, "unreadable-area"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, "unreadable-area"),
        ({**POLYGON, "crs": {"type": "link"}}, "unreadable-area"),
        ({"type": "FeatureCollection", "features": []}, "empty-area"),
        ({"type": "Point", "coordinates": [0, 0]}, "not-an-area"),
    ],
)
def test_geojson_that_is_refused(mapping, kind):
    refused(kind, Area.from_geojson, mapping)


def test_missing_coordinates_are_refused():
    with np.errstate(invalid="ignore"):
        asked = shapely.Polygon([(0, 0), (1, float("nan")), (1, 1)])
    refused("invalid-area", Area, asked)


def test_heights_are_dropped():
    area = Area.from_wkt("POLYGON Z ((0 0 5, 1 0 5, 1 1 5, 0 0 5))")
    assert not area.geometry.has_z


@pytest.mark.parametrize(
    "make",
    [
        Area.from_wkt,
        lambda text: Area(shapely.from_wkt(text)),
        lambda text: Area.from_geojson(shapely.geometry.mapping(shapely.from_wkt(text))),
    ],
)
def test_an_area_of_very_many_vertices_is_refused_at_once(make):
    ring = ", ".join(f"{at / 1e4:.4f} 0" for at in range(510_000))
    with pytest.raises(InvalidInput, match="at most 500,000 are taken; simplify it") as error:
        make(f"POLYGON (({ring}, 51 1, 0 1, 0 0))")
    assert error.value.kind == "too-many-vertices"


@pytest.mark.parametrize("text", ["GEOMETRYCOLLECTION(" * 10**6, "POLYGON " + "(" * 10**6, "(" * 9])
def test_wkt_nested_deeper_than_an_area_is_refused_before_it_is_parsed(text):
    with pytest.raises(InvalidInput, match="nested more than 8 deep") as error:
        Area.from_wkt(text)
    assert error.value.kind == "unreadable-area"


def test_a_geojson_collection_is_no_area_however_deep():
    deep = {"type": "Polygon", "coordinates": [RING]}
    for _ in range(10_000):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    with pytest.raises(InvalidInput, match="a GeometryCollection is not an area"):
        Area.from_geojson(deep)
