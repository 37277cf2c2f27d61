"""Our port of the abstract tests of OGC API Features, Part 2: coordinate reference systems, by requirement."""

import json
import re

import numpy as np
import pyproj
import pytest
import shapely

COLLECTIONS = {"calls": "a%2Fb", "plots": "p3"}
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
NAME = re.compile(r"http://www\.opengis\.net/def/crs/[A-Z]+/[\d.]+/\w+")


def systems(town, name):
    return town.get(f"/collections/{name}")["crs"]


def shapes(document):
    features = document["features"] if document["type"] == "FeatureCollection" else [document]
    return [
        shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features if feature["geometry"]
    ]


def both(name):
    return f"/collections/{name}/items", f"/collections/{name}/items/{COLLECTIONS[name]}"


def crs_uri(town):
    entries = [
        *(entry for entry in town.get("/collections")["collections"] if entry["itemType"] == "feature"),
        *(town.get(f"/collections/{name}") for name in COLLECTIONS),
    ]
    for entry in entries:
        assert all(NAME.fullmatch(uri) for uri in (*entry["crs"], entry["storageCrs"]))


def default_crs(town):
    assert all(CRS84 in systems(town, name) for name in COLLECTIONS)


def storage_crs(town):
    for name in COLLECTIONS:
        entry = town.get(f"/collections/{name}")
        assert entry["storageCrs"] in entry["crs"]


def crs_parameter(town):
    for name in COLLECTIONS:
        for path in both(name):
            for uri in systems(town, name):
                response = town.client.get(path, params={"crs": uri})
                assert response.status_code == 200
                assert response.headers["content-crs"] == f"<{uri}>"
                assert response.headers["content-type"] == "application/geo+json"


def crs_parameter_invalid(town):
    for name in COLLECTIONS:
        for path in both(name):
            for uri in ("http://www.opengis.net/def/crs/EPSG/0/0", "nonsense", ""):
                assert town.client.get(path, params={"crs": uri}).status_code == 400


def crs_parameter_default(town):
    for name in COLLECTIONS:
        for path in both(name):
            assert town.client.get(path).headers["content-crs"] == f"<{CRS84}>"


def crs_parameter_transform(town):
    for name in COLLECTIONS:
        for path in both(name):
            plain = shapes(town.get(path))
            for uri in systems(town, name):
                back = pyproj.Transformer.from_crs(uri, "OGC:CRS84")
                moved = [
                    shapely.transform(shape, lambda pairs, by=back: np.column_stack(by.transform(*pairs.T)))
                    for shape in shapes(town.get(path, crs=uri))
                ]
                assert len(moved) == len(plain)
                for one, other in zip(moved, plain, strict=True):
                    assert one.hausdorff_distance(other) < 1e-7


def boxes(town, name):
    """Return a box in the collection, by CRS, in the order of its axes."""
    west, south, east, north = town.get(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
    box = west - 1e-4, south - 1e-4, (west + east) / 2 + 0.003, (south + north) / 2 + 0.003
    for uri in systems(town, name):
        move = pyproj.Transformer.from_crs("OGC:CRS84", uri)
        first, second = move.transform([box[0], box[2]], [box[1], box[3]])
        yield uri, (first[0], second[0], first[1], second[1])


def bbox_crs_parameter(town):
    for name in COLLECTIONS:
        for uri, box in boxes(town, name):
            area = shapely.box(*box)
            text = ",".join(f"{number:.9f}" for number in box)
            given = town.items(name, bbox=text, bbox_crs=uri, crs=uri)
            whole = town.items(name, crs=uri)
            inside = [
                feature["id"] for feature in whole["features"]
                if not feature["geometry"] or shapely.from_geojson(json.dumps(feature["geometry"])).intersects(area)
            ]  # fmt: skip
            assert [feature["id"] for feature in given["features"]] == inside
            assert 0 < len(inside) < whole["numberReturned"]


def bbox_crs_parameter_invalid(town):
    for name in COLLECTIONS:
        for uri in ("http://www.opengis.net/def/crs/EPSG/0/0", "nonsense"):
            response = town.client.get(
                f"/collections/{name}/items", params={"bbox": "0,0,1,1", "bbox-crs": uri}
            )
            assert response.status_code == 400


def bbox_crs_parameter_default(town):
    for name in COLLECTIONS:
        box = ",".join(map(str, next(iter(boxes(town, name)))[1]))
        assert town.keys(name, bbox=box) == town.keys(name, bbox=box, bbox_crs=CRS84)


REQUIREMENTS = {
    "crs/crs-uri": crs_uri,
    "crs/default-crs": default_crs,
    "crs/storageCrs": storage_crs,
    "crs/crs-parameter": crs_parameter,
    "crs/crs-parameter-invalid": crs_parameter_invalid,
    "crs/crs-parameter-default": crs_parameter_default,
    "crs/crs-parameter-transform": crs_parameter_transform,
    "crs/bbox-crs-parameter": bbox_crs_parameter,
    "crs/bbox-crs-parameter-invalid": bbox_crs_parameter_invalid,
    "crs/bbox-crs-parameter-default": bbox_crs_parameter_default,
}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_requirement_of_part_2_is_met(requirement, place):
    REQUIREMENTS[requirement](place)
