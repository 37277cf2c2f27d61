"""Rows are features of GeoJSON that shapely reads."""

import json

import shapely


def test_shapes_of_features_are_what_was_loaded(place):
    document = place.items("plots", datetime="2021-01-01T00:00:00Z")
    at = {plot.key: plot for plot in place.plots if plot.start.year < 2021}
    assert sorted(feature["id"] for feature in document["features"]) == sorted(at)
    for feature in document["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.symmetric_difference(at[feature["id"]].shape).area < 1e-9
        assert shape.exterior.is_ccw


def test_periods_are_intervals_of_json_fg(place):
    document = place.items("plots", datetime="2021-01-01T00:00:00Z")
    ends = {feature["id"]: feature["time"]["interval"] for feature in document["features"]}
    for plot in place.plots:
        if plot.start.year < 2021:
            start, end = (at.isoformat().replace("+00:00", "Z") for at in (plot.start, plot.end))
            assert ends[plot.key] == [start, end]


def test_a_plain_reader_reads_a_page(place):
    collection = shapely.from_geojson(json.dumps(place.items("plots")))
    assert len(collection.geoms) == sum(plot.end is None for plot in place.plots)
