"""Features and their versions: every example of the draft *Versioned Features* that reads, and its rules."""

from itertools import pairwise

import pandas as pd
import pytest
import shapely

from tests.saas.web.town import building, href, serving

ORIGINAL = "http://testserver/collections/building/items/1"
FIRST = f"{ORIGINAL}?datetime=2001-07-02T10%3A43%3A17Z"
SECOND = f"{ORIGINAL}?datetime=2012-10-14T16%3A43%3A17Z"
VERSIONS = f"{ORIGINAL}/versions"
POINT = {"type": "Point", "coordinates": [7, 50]}
OLD = {
    "type": "Feature", "id": "1", "time": {"interval": ["2001-07-02T10:43:17Z", "2012-10-14T16:43:17Z"]},
    "geometry": POINT, "properties": {"use": "residential building", "height_m": 10.8},
}  # fmt: skip
NEW = {
    "type": "Feature", "id": "1", "time": {"interval": ["2012-10-14T16:43:17Z", ".."]},
    "geometry": POINT, "properties": {"use": "residential building", "height_m": 14.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with serving(building(tmp_path_factory.mktemp("versions"))) as served:
        yield served


def links(response):
    """Links of the header, by relation."""
    parts = [part.split(">; rel=") for part in response.headers["link"].split(", <")]
    return {relation.split('"')[1]: address.lstrip("<") for address, relation in parts}


def shown(feature):
    """Return what the draft shows of a feature; the column with the key is ours."""
    properties = {name: value for name, value in feature["properties"].items() if name != "id"}
    return {name: feature[name] for name in ("type", "id", "time", "geometry")} | {"properties": properties}


def test_a_request_to_retrieve_the_feature_returns_the_current_version(client):
    response = client.get("/collections/building/items/1")
    assert response.status_code == 200
    assert response.headers["memento-datetime"] == "Sun, 14 Oct 2012 16:43:17 GMT"
    assert shown(response.json()) == NEW
    assert response.json()["featureType"] == "building"
    header = links(response)
    assert header["self"] == header["original"] == ORIGINAL
    assert header["predecessor-version"] == FIRST
    assert header["timemap"] == header["version-history"] == VERSIONS
    assert "successor-version" not in header


def test_a_request_to_a_timestamp_in_2005_returns_the_first_version(client):
    response = client.get("/collections/building/items/1?datetime=2005-01-01T00:00:00Z")
    assert response.status_code == 200
    assert response.headers["memento-datetime"] == "Mon, 02 Jul 2001 10:43:17 GMT"
    assert shown(response.json()) == OLD
    header = links(response)
    assert header["self"] == f"{ORIGINAL}?datetime=2005-01-01T00%3A00%3A00Z"
    assert header["original"] == ORIGINAL
    assert header["successor-version"] == SECOND
    assert header["timemap"] == header["version-history"] == VERSIONS
    assert "predecessor-version" not in header


def test_a_request_exactly_at_the_transition_instant_returns_the_later_version(client):
    response = client.get("/collections/building/items/1?datetime=2012-10-14T16:43:17Z")
    assert response.headers["memento-datetime"] == "Sun, 14 Oct 2012 16:43:17 GMT"
    assert shown(response.json()) == NEW
    header = links(response)
    assert header["self"] == SECOND
    assert header["original"] == ORIGINAL
    assert header["predecessor-version"] == FIRST
    before = client.get("/collections/building/items/1?datetime=2012-10-14T16:43:16.999999Z")
    assert shown(before.json()) == OLD


def test_a_request_to_a_timestamp_in_1990_returns_410_gone(client):
    response = client.get("/collections/building/items/1?datetime=1990-01-01T00:00:00Z")
    assert (response.status_code, response.json()["title"]) == (410, "feature-gone")
    header = links(response)
    assert header["latest-version"] == SECOND
    assert header["timemap"] == header["version-history"] == VERSIONS


def test_a_request_to_the_version_history_returns_the_time_map(client):
    document = client.get("/collections/building/items/1/versions").json()
    ours = [made for made in document["links"] if made["rel"] != "alternate"]
    short = [{name: made[name] for name in ("rel", "href", "datetime") if name in made} for made in ours]
    assert short == [
        {"rel": "self", "href": VERSIONS},
        {"rel": "original", "href": ORIGINAL},
        {"rel": "memento", "href": FIRST, "datetime": "Mon, 02 Jul 2001 10:43:17 GMT"},
        {"rel": "memento", "href": SECOND, "datetime": "Sun, 14 Oct 2012 16:43:17 GMT"},
        {"rel": "latest-version", "href": SECOND},
    ]


def test_the_time_map_has_a_link_format(client):
    response = client.get(
        "/collections/building/items/1/versions", headers={"Accept": "application/link-format"}
    )
    assert response.headers["content-type"] == "application/link-format"
    assert (
        f'<{FIRST}>;rel="memento";type="application/geo+json";datetime="Mon, 02 Jul 2001 10:43:17 GMT"'
        in response.text
    )


def test_a_request_to_retrieve_building_features_returns_the_current_versions(client):
    document = client.get("/collections/building/items").json()
    assert [shown(feature) for feature in document["features"]] == [NEW]
    assert (document["type"], document["featureType"], document["numberReturned"]) == (
        "FeatureCollection",
        "building",
        1,
    )


def test_a_request_for_the_building_on_1_january_2005_returns_the_first_version(client):
    document = client.get("/collections/building/items?datetime=2005-01-01T00:00:00Z").json()
    assert [shown(feature) for feature in document["features"]] == [OLD]
    assert document["numberReturned"] == 1


def test_a_request_for_the_building_on_1_january_1990_returns_no_buildings(client):
    document = client.get("/collections/building/items?datetime=1990-01-01T00:00:00Z").json()
    assert (document["features"], document["numberReturned"], document["numberMatched"]) == ([], 0, 0)


def since_2005(client, profile):
    response = client.get(
        "/collections/building/items", params={"datetime": "2005-01-01T00:00:00Z/..", "profile": profile}
    )
    assert f'<http://www.opengis.net/def/profile/OGC/0/{profile}>; rel="profile"' in response.headers["link"]
    document = response.json()
    assert document["numberReturned"] == document["numberMatched"] == len(document["features"])
    return document["features"]


def test_profile_versions_as_features(client):
    assert [shown(feature) for feature in since_2005(client, "versions-as-features")] == [OLD, NEW]


def test_profile_versions_as_features_unique_ids(client):
    features = since_2005(client, "versions-as-features-unique-ids")
    assert [shown(feature) for feature in features] == [
        OLD | {"id": "1.20010702T104317Z"}, NEW | {"id": "1.20121014T164317Z"},
    ]  # fmt: skip
    assert [href(feature, "original") for feature in features] == [ORIGINAL, ORIGINAL]


def test_profile_features_with_time_slices(client):
    (feature,) = since_2005(client, "features-with-time-slices")
    periods = ["2001-07-02T10:43:17Z/2012-10-14T16:43:17Z", "2012-10-14T16:43:17Z/.."]
    assert list(feature["properties"]) == periods
    assert feature == {
        "type": "Feature", "id": "1", "time": {"interval": ["2001-07-02T10:43:17Z", ".."]}, "geometry": POINT,
        "properties": {
            period: {"id": "1", **version["properties"]}
            for period, version in zip(periods, (OLD, NEW), strict=True)
        },
    }  # fmt: skip


def test_a_profile_that_is_unknown_is_refused(client):
    response = client.get("/collections/building/items?datetime=2005-01-01T00:00:00Z/..&profile=slices")
    assert (response.status_code, response.json()["title"]) == (400, "unknown-profile")


def test_a_collection_declares_its_time_axis(client):
    assert client.get("/collections/building").json()["versioning"] == {"timeAxis": "validity-time"}


def test_a_feature_that_never_was_is_404(client):
    for below in ("2", "2?datetime=2005-01-01T00:00:00Z", "2/versions"):
        assert client.get(f"/collections/building/items/{below}").status_code == 404


def test_of_a_feature_an_interval_is_refused(client):
    response = client.get("/collections/building/items/1?datetime=2005-01-01T00:00:00Z/..")
    assert response.status_code == 400
    assert response.json()["title"] == "not-an-instant"


@pytest.mark.parametrize("interval", ["2012-10-14T16:43:17Z/..", "../2012-10-14T16:43:17Z"])
def test_an_interval_that_ends_where_two_versions_meet_has_both(interval, client):
    assert (
        client.get("/collections/building/items", params={"datetime": interval}).json()["numberMatched"] == 2
    )


def test_an_interval_just_before_or_after_has_one(client):
    for interval in ("2012-10-14T16:43:17.000001Z/..", "../2012-10-14T16:43:16.999999Z"):
        assert (
            client.get("/collections/building/items", params={"datetime": interval}).json()["numberMatched"]
            == 1
        )


def test_filters_see_the_version_that_is_selected(client):
    tall = {"filter": "height_m > 12", "datetime": "2005-01-01T00:00:00Z"}
    assert client.get("/collections/building/items", params=tall).json()["numberMatched"] == 0
    tall["datetime"] = "2005-01-01T00:00:00Z/.."
    assert client.get("/collections/building/items", params=tall).json()["numberMatched"] == 1


def test_a_memento_is_asked_by_its_own_address(client):
    document = client.get("/collections/building/items/1/versions").json()
    for made in document["links"]:
        if made["rel"] == "memento":
            assert client.get(made["href"]).headers["memento-datetime"] == made["datetime"]


def iso(at):
    return at.tz_convert("UTC").isoformat().replace("+00:00", "Z")


def edges(town):
    ends = sorted({at for plot in town.plots for at in (plot.start, plot.end) if at is not None})
    return [at + pd.Timedelta(shift, "us") for at in ends for shift in (-1, 0, 1)]


def test_at_every_instant_the_versions_are_those_that_hold(place):
    for at in edges(place):
        expected = sorted(plot.key for plot in place.plots if plot.holds(at))
        document = place.items("plots", datetime=iso(at))
        assert sorted(feature["id"] for feature in document["features"]) == expected
        for plot in place.plots:
            path = f"/collections/plots/items/{plot.key.replace('/', '%2F')}"
            response = place.client.get(path, params={"datetime": iso(at)})
            holding = [other for other in place.plots if other.key == plot.key and other.holds(at)]
            assert response.status_code == (200 if holding else 410)
            if holding:
                assert response.json()["properties"]["use"] == holding[0].use
                shape = shapely.from_geojson(response.text)
                assert shape.symmetric_difference(holding[0].shape).area < 1e-9


def test_an_interval_has_every_version_that_meets_it(place):
    for first, last in [*pairwise(edges(place)), (None, edges(place)[3]), (edges(place)[4], None)]:
        interval = "/".join(".." if at is None else iso(at) for at in (first, last))
        ids = place.keys("plots", datetime=interval, profile="versions-as-features", limit=2)
        expected = [plot.key for plot in place.plots if plot.touches(first, last)]
        assert sorted(ids) == sorted(expected), interval


def test_an_event_has_one_state(place):
    response = place.client.get("/collections/calls/items/a%2Fb")
    assert response.json()["id"] == "a/b"
    assert "memento-datetime" not in response.headers
    assert place.problem("/collections/calls/items/a%2Fb/versions", 404)["title"] == "no-versions"
    assert place.client.get("/collections/calls/items/a%2Fb?datetime=2024-01-01T00:00:00Z").status_code == 400


@pytest.mark.parametrize("crs", ["EPSG/0/4326", "EPSG/0/3857"])
def test_a_feature_is_given_in_a_crs(crs, client):
    address = f"http://www.opengis.net/def/crs/{crs}"
    response = client.get("/collections/building/items/1", params={"crs": address})
    assert response.headers["content-crs"] == f"<{address}>"
    expected = [50, 7] if crs.endswith("4326") else [779236.4356, 6446275.8411]
    assert response.json()["geometry"]["coordinates"] == pytest.approx(expected, abs=1e-3)
