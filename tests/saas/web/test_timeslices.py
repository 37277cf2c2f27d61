"""Time slices of a feature are its versions, each once, whatever page they come on."""

import io
from itertools import groupby

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import stcloud
from tests.saas.web.test_versions import edges, iso
from tests.saas.web.town import href, serving

PROFILE = "features-with-time-slices"
EVER = "../2100-01-01T00:00:00Z"


def pages(client, path, **parameters):
    """Return the documents of all pages."""
    response = client.get(path, params={"profile": PROFILE, **parameters})
    documents = []
    while True:
        assert response.status_code == 200, response.text
        documents.append(response.json())
        following = href(documents[-1], "next")
        if following is None:
            return documents
        response = client.get(following)


def period(plot):
    return f"{iso(plot.start)}/{'..' if plot.end is None else iso(plot.end)}"


@pytest.mark.parametrize("limit", [1, 2, 1_000])
def test_slices_are_the_versions_that_meet_the_interval(limit, place):
    instants = edges(place)
    for first, last in [
        (None, instants[-1]),
        (instants[1], instants[2]),
        (instants[4], None),
        (instants[-1], None),
    ]:
        interval = "/".join(".." if at is None else iso(at) for at in (first, last))
        documents = pages(place.client, "/collections/plots/items", datetime=interval, limit=limit)
        met = sorted(
            (plot for plot in place.plots if plot.touches(first, last)),
            key=lambda plot: (plot.key, plot.start),
        )
        expected = {key: list(plots) for key, plots in groupby(met, key=lambda plot: plot.key)}
        features = {feature["id"]: feature for document in documents for feature in document["features"]}
        assert list(features) == list(expected), interval
        for key, plots in expected.items():
            slices = features[key]["properties"]
            assert {at: values["use"] for at, values in slices.items()} == {
                period(plot): plot.use for plot in plots
            }
            assert "/".join(features[key]["time"]["interval"]) == (
                f"{period(plots[0]).partition('/')[0]}/{period(plots[-1]).partition('/')[2]}"
            )
            shape = shapely.from_geojson(str(features[key]["geometry"]).replace("'", '"'))
            assert shape.symmetric_difference(plots[0].shape).area < 1e-9
        assert {document["numberMatched"] for document in documents} == {len(expected)}
        assert [document["numberReturned"] for document in documents] == [
            len(document["features"]) for document in documents
        ]
        assert len({document["pin"] for document in documents}) == 1


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A city of a kiosk that moved twice and had six uses, and of one that stays."""
    folder = tmp_path_factory.mktemp("slices") / "moved"
    city = stcloud.create(folder, crs="EPSG:4549", zone="Asia/Shanghai")
    for number in range(6):
        places = [shapely.Point(120 + number // 2, 30), shapely.Point(121, 31)]
        frame = gpd.GeoDataFrame(
            {"k": ["a", "b"], "use": [str(number), "x"]}, geometry=places, crs="EPSG:4326"
        )
        city.load("kiosks", frame, key="k", valid_from=f"202{number}-01-01")
    city.close()
    return folder


def test_of_what_has_moved_each_slice_has_its_own_geometry(moved):
    with serving(stcloud.open(moved), most_rows=6) as client:
        first, second = pages(
            client, "/collections/kiosks/items", datetime=EVER, limit=2
        )  # six versions a page
        (kiosk,), (stays,) = first["features"], second["features"]
        assert kiosk["geometry"] is None
        eastings = [round(made["coordinates"][0], 6) for made in kiosk["geometries"].values()]
        assert eastings == [120, 120, 121, 121, 122, 122]
        assert list(kiosk["geometries"]) == list(kiosk["properties"])
        assert [values["use"] for values in kiosk["properties"].values()] == list("012345")
        assert stays["geometry"]["coordinates"] == [121, 31]
        assert "geometries" not in stays
        assert len(stays["properties"]) == 1
        bare = pages(client, "/collections/kiosks/items", datetime=EVER, skipGeometry="true", properties="k")
        assert [set(values) for values in bare[0]["features"][0]["properties"].values()] == [{"k"}] * 6
        assert bare[0]["features"][0]["geometry"] is None
        assert "geometries" not in bare[0]["features"][0]
        filtered = pages(client, "/collections/kiosks/items", datetime=EVER, filter="use > '3'")[0]
        assert [len(feature["properties"]) for feature in filtered["features"]] == [2, 1]


def test_what_slices_cannot_do_is_refused_or_said(moved):
    with serving(stcloud.open(moved), most_rows=5) as client:

        def get(**more):
            return client.get(
                "/collections/kiosks/items", params={"datetime": EVER, "profile": PROFILE, **more}
            )

        assert (get().status_code, get().json()["title"]) == (400, "too-many-rows")
        assert (get(sortby="use").status_code, get(sortby="use").json()["title"]) == (400, "unfit-profile")
        table = get(f="csv")
        assert "versions-as-features-unique-ids" in table.headers["link"]
        assert len(pd.read_csv(io.StringIO(table.text))) == 5
        assert get(f="html").status_code == 200
        assert get(datetime="2023-06-01T00:00:00Z").json()["features"][0]["properties"]["use"] == "3"
