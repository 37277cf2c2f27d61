"""Tracks as Moving Features JSON."""

import json

import numpy as np
import pytest

from stcloud.paas.movement.mfjson import mfjson_of
from stcloud.space import LONLAT, project
from stcloud.testing.movers import SECOND, fixes_of

BEGIN_US = int(np.datetime64("2024-03-01T08:00", "us").astype(np.int64))
AUCKLAND = "EPSG:2193"


def rows_of(lonlat, mover="a"):
    x, y = project([place[1] for place in lonlat], [place[2] for place in lonlat], LONLAT, AUCKLAND)
    return [
        (mover, BEGIN_US + at * SECOND, float(px), float(py))
        for (at, _, _), px, py in zip(lonlat, x, y, strict=True)
    ]


def test_a_track_is_a_moving_point():
    document = mfjson_of(fixes_of(rows_of([(0, 174.7, -36.9), (1.5, 174.8, -36.8)])), AUCKLAND)
    assert document["type"] == "FeatureCollection"
    ((feature),) = document["features"]
    assert feature["properties"] == {"mover": "a"}
    moving = feature["temporalGeometry"]
    assert (moving["type"], moving["interpolation"]) == ("MovingPoint", "Linear")
    assert moving["datetimes"] == ["2024-03-01T08:00:00Z", "2024-03-01T08:00:01.500000Z"]
    assert np.array(moving["coordinates"]) == pytest.approx(np.array([[174.7, -36.9], [174.8, -36.8]]))
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_instants_increase_and_a_gap_cuts():
    rows = rows_of([(0, 174.7, -36.9), (1, 174.8, -36.8), (1, 174.9, -36.8), (900, 174.9, -36.7)])
    moving = mfjson_of(fixes_of(rows), AUCKLAND)["features"][0]["temporalGeometry"]
    assert moving["type"] == "MovingGeometryCollection"
    assert [len(part["datetimes"]) for part in moving["prisms"]] == [2, 2]
    cut = mfjson_of(fixes_of(rows), AUCKLAND, 600 * SECOND)["features"][0]["temporalGeometry"]
    assert [len(part["datetimes"]) for part in cut["prisms"]] == [2, 1, 1]
    for part in (*moving["prisms"], *cut["prisms"]):
        assert part["datetimes"] == sorted(set(part["datetimes"]))


def test_across_the_antimeridian_longitudes_go_on():
    moving = mfjson_of(fixes_of(rows_of([(0, 179.9, -40), (60, -179.9, -40)])), AUCKLAND)
    lon = [place[0] for place in moving["features"][0]["temporalGeometry"]["coordinates"]]
    assert lon == pytest.approx([179.9, 180.1])
