"""Our port of the abstract tests of OGC API Features, Part 1: core, GeoJSON, HTML and OpenAPI, by requirement."""

import json
import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import shapely

from tests.saas.web.town import href

COLLECTIONS = ("calls", "plots")
OFFERED = {"application/geo+json", "text/html", "text/csv"}


def links(document, relation):
    return [made for made in document["links"] if made["rel"] == relation]


def has_links(document, others):
    """Check that a document links to itself and to its other formats, all links with relation and type."""
    assert len(links(document, "self")) == 1
    assert {made["type"] for made in links(document, "alternate")} == others
    for made in document["links"]:
        assert made["rel"]
        assert made["href"]
        assert made.get("type") or made["rel"] == "profile"


def instants(feature):
    time = feature["time"]
    ends = [time["timestamp"]] * 2 if "timestamp" in time else time["interval"]
    return [None if end == ".." else pd.Timestamp(end) for end in ends]


def meets(feature, first, last):
    start, end = instants(feature)
    return not (
        (last is not None and start is not None and start > last)
        or (first is not None and end is not None and end < first)
    )


def root_op(town):
    document = town.get("/")
    assert links(document, "service-desc")
    assert links(document, "service-doc")
    assert links(document, "conformance")
    assert links(document, "data")


def api_definition_op(town):
    for made in (*links(town.get("/"), "service-desc"), *links(town.get("/"), "service-doc")):
        response = town.client.get(made["href"])
        assert response.status_code == 200
        assert response.headers["content-type"].removesuffix("; charset=utf-8") == made["type"]


def api_definition_success(town):
    document = town.get("/api")
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"]
    assert document["info"]["version"]
    for path, item in document["paths"].items():
        named = set(re.findall(r"{(\w+)}", path))
        for operation in item.values():
            given = {made["name"] for made in operation["parameters"] if made["in"] == "path"}
            assert given == named
            assert operation["responses"]


def conformance_op(town):
    for made in links(town.get("/"), "conformance"):
        declared = town.client.get(made["href"]).json()["conformsTo"]
        assert all(re.fullmatch(r"https?://\S+", uri) for uri in declared)
        assert "http://www.opengis.net/spec/ogcapi-features-1/1.1/conf/core" in declared
        assert len(set(declared)) == len(declared)


def http(town):
    assert town.client.get("/").http_version == "HTTP/1.1"


def crs84(town):
    for name in COLLECTIONS:
        west, south, east, north = town.get(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
        for feature in town.items(name)["features"]:
            if feature["geometry"]:
                bounds = shapely.from_geojson(json.dumps(feature["geometry"])).bounds
                assert west <= bounds[0] <= bounds[2] <= east
                assert south <= bounds[1] <= bounds[3] <= north


def fc_md_op(town):
    for made in links(town.get("/"), "data"):
        assert town.client.get(made["href"]).status_code == 200


def fc_md_links(town):
    has_links(town.get("/collections"), {"text/html"})


def fc_md_items(town):
    entries = town.get("/collections")["collections"]
    assert [entry["id"] for entry in entries if entry["itemType"] == "feature"] == list(COLLECTIONS)
    for entry in entries[:2]:
        assert {made["type"] for made in links(entry, "items")} == OFFERED
        assert all(made.get("type") for made in entry["links"])


def fc_md_extent(town):
    for name in COLLECTIONS:
        extent = town.get(f"/collections/{name}")["extent"]
        first, last = extent["temporal"]["interval"][0]
        parameters = {"datetime": "0002-01-01T00:00:00Z/.."} if name == "plots" else {}
        for feature in town.items(name, **parameters)["features"]:
            start, end = instants(feature)
            assert pd.Timestamp(first) <= start
            assert last is None or end <= pd.Timestamp(last)


def sfc_md_success(town):
    for entry in town.get("/collections")["collections"]:
        alone = town.get(f"/collections/{entry['id']}")
        for name in ("id", "title", "extent", "itemType"):
            assert alone[name] == entry[name]
        assert all(made in alone["links"] for made in entry["links"])


def fc_op(town):
    for name in COLLECTIONS:
        response = town.client.get(f"/collections/{name}/items")
        assert response.status_code == 200
        document = response.json()
        assert document["type"] == "FeatureCollection"
        assert all(feature["type"] == "Feature" for feature in document["features"])


def fc_bbox_definition(town):
    made = parameter(town, "bbox")
    assert (made["in"], made["required"], made["style"], made["explode"]) == ("query", False, "form", False)
    schema = made["schema"]
    assert (schema["type"], schema["items"]) == ("array", {"type": "number"})
    assert {(part["minItems"], part["maxItems"]) for part in schema["oneOf"]} == {(4, 4), (6, 6)}


def fc_limit_definition(town):
    made = parameter(town, "limit")
    assert (made["in"], made["required"], made["style"], made["explode"]) == ("query", False, "form", False)
    assert made["schema"]["type"] == "integer"


def fc_time_definition(town):
    made = parameter(town, "datetime")
    assert (made["in"], made["required"], made["style"], made["explode"]) == ("query", False, "form", False)
    assert made["schema"]["type"] == "string"


def parameter(town, name):
    given = town.get("/api")["paths"]["/collections/calls/items"]["get"]["parameters"]
    return next(made for made in given if made["name"] == name)


def fc_bbox_response(town):
    for name in COLLECTIONS:
        whole = town.items(name)["features"]
        west, south, _, _ = town.get(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
        box = shapely.box(west - 0.005, south - 0.005, west + 0.0145, south + 0.0145)
        given = town.items(name, bbox=",".join(map(str, box.bounds)))["features"]
        expected = [
            feature for feature in whole
            if not feature["geometry"] or shapely.from_geojson(json.dumps(feature["geometry"])).intersects(box)
        ]  # fmt: skip
        assert [feature["id"] for feature in given] == [feature["id"] for feature in expected]
        assert 0 < len(given) < len(whole)


def fc_limit_response(town):
    most = parameter(town, "limit")["schema"].get("maximum", 10_000)
    assert len(town.items(limit=3)["features"]) == 3
    assert len(town.items(limit=most + 1)["features"]) <= most


def fc_time_response(town):
    for name in COLLECTIONS:
        whole = town.items(name, datetime="0002-01-01T00:00:00Z/..")["features"]
        known = sorted({end for feature in whole for end in instants(feature) if end is not None})
        first, last = known[len(known) // 3], known[-2]
        texts = [end.isoformat().replace("+00:00", "Z") for end in (first, last)]
        for text, ends in (
            (f"{texts[0]}/{texts[1]}", (first, last)), (f"../{texts[1]}", (None, last)),
            (f"{texts[0]}/..", (first, None)), (f"/{texts[1]}", (None, last)), (f"{texts[0]}/", (first, None)),
        ):  # fmt: skip
            given = town.items(name, datetime=text)["features"]
            assert [feature["id"] for feature in given] == [
                feature["id"] for feature in whole if meets(feature, *ends)
            ]
        instant = town.items(name, datetime=texts[0])["features"]
        assert all(meets(feature, first, first) for feature in instant)


def combined(town):
    west, south, east, north = town.get("/collections/calls")["extent"]["spatial"]["bbox"][0]
    box, time = f"{west},{south},{(west + east) / 2},{north}", "2024-03-01T12:00:00Z/.."
    both = set(town.keys(bbox=box, datetime=time))
    assert both == set(town.keys(bbox=box)) & set(town.keys(datetime=time))
    assert both


def fc_links(town):
    for name in COLLECTIONS:
        has_links(town.items(name), OFFERED - {"application/geo+json"})
        assert links(town.items(name), "collection")


def fc_time_stamp(town):
    stamp = datetime.fromisoformat(town.items()["timeStamp"])
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=5)


def fc_number_matched(town):
    for name in COLLECTIONS:
        document = town.items(name, limit=1)
        assert document["numberMatched"] == len(town.keys(name, limit=1))


def fc_number_returned(town):
    for name in COLLECTIONS:
        document = town.items(name, limit=2)
        assert document["numberReturned"] == len(document["features"])


def query_param_invalid(town):
    for text in ("limit=x", "bbox=1", "datetime=x", "crs=x", "filter=%28", "f=x"):
        assert town.client.get(f"/collections/calls/items?{text}").status_code == 400


def query_param_unknown(town):
    for path in ("/", "/conformance", "/api", "/collections", "/collections/calls", "/collections/calls/items",
                 "/collections/calls/items/a%2Fb", "/collections/calls/queryables", "/functions"):  # fmt: skip
        assert town.client.get(path, params={"unknown": "1"}).status_code == 400


def f_op(town):
    for name in COLLECTIONS:
        for feature in town.items(name)["features"][::5]:
            path = f"/collections/{name}/items/" + feature["id"].replace("%", "%25").replace("/", "%2F")
            alone = town.get(path)
            assert alone["type"] == "Feature"
            assert {key: alone[key] for key in ("id", "geometry", "properties")} == {
                key: feature[key] for key in ("id", "geometry", "properties")
            }


def f_links(town):
    for path in ("/collections/calls/items/a%2Fb", "/collections/plots/items/p3"):
        document = town.get(path)
        has_links(document, {"text/html"})
        assert links(document, "collection")


def geojson_definition(town):
    for path in ("/", "/conformance", "/collections", "/collections/calls"):
        response = town.client.get(path, headers={"Accept": "application/json"})
        assert response.headers["content-type"] == "application/json"
    for path in ("/collections/calls/items", "/collections/calls/items/a%2Fb"):
        response = town.client.get(path, headers={"Accept": "application/geo+json"})
        assert response.headers["content-type"] == "application/geo+json"


def geojson_content(town):
    for name in COLLECTIONS:
        response = town.client.get(f"/collections/{name}/items")
        for feature in response.json()["features"]:
            assert set(feature) >= {"type", "id", "geometry", "properties"}
            if feature["geometry"]:
                assert shapely.from_geojson(json.dumps(feature)).is_valid


def html_definition(town):
    for path in ("/", "/conformance", "/api", "/collections", "/collections/calls", "/collections/calls/items",
                 "/collections/calls/items/a%2Fb"):  # fmt: skip
        response = town.client.get(path, headers={"Accept": "text/html"})
        assert response.headers["content-type"].startswith("text/html")


def html_content(town):
    page = town.client.get("/collections/calls/items?f=html&limit=1000").text
    for feature in town.items(limit=1000)["features"]:
        assert (feature["properties"]["category"] or "").replace("'", "&#39;") in page
    assert href(town.items(limit=2), "next").replace("&", "&amp;").split("?")[0] in page


def oas31_completeness(town):
    definition = town.get("/api")
    assert {"/", "/api", "/conformance", "/collections"} <= set(definition["paths"])
    for name in COLLECTIONS:
        for path in (
            f"/collections/{name}",
            f"/collections/{name}/items",
            f"/collections/{name}/items/{{featureId}}",
        ):
            operation = definition["paths"][path]["get"]
            assert operation["responses"]["200"]["content"]


def oas31_exception_codes(town):
    for item in town.get("/api")["paths"].values():
        for operation in item.values():
            assert {"400", "404"} <= set(operation["responses"])


REQUIREMENTS = {
    "core/root-op": root_op,
    "core/api-definition-op": api_definition_op,
    "core/api-definition-success": api_definition_success,
    "core/conformance-op": conformance_op,
    "core/http": http,
    "core/crs84": crs84,
    "core/fc-md-op": fc_md_op,
    "core/fc-md-links": fc_md_links,
    "core/fc-md-items-links": fc_md_items,
    "core/fc-md-extent": fc_md_extent,
    "core/sfc-md-success": sfc_md_success,
    "core/fc-op": fc_op,
    "core/fc-bbox-definition": fc_bbox_definition,
    "core/fc-bbox-response": fc_bbox_response,
    "core/fc-limit-definition": fc_limit_definition,
    "core/fc-limit-response": fc_limit_response,
    "core/fc-time-definition": fc_time_definition,
    "core/fc-time-response": fc_time_response,
    "core/fc-op (bbox and datetime)": combined,
    "core/fc-links": fc_links,
    "core/fc-timeStamp": fc_time_stamp,
    "core/fc-numberMatched": fc_number_matched,
    "core/fc-numberReturned": fc_number_returned,
    "core/query-param-invalid": query_param_invalid,
    "core/query-param-unknown": query_param_unknown,
    "core/f-op": f_op,
    "core/f-links": f_links,
    "geojson/definition": geojson_definition,
    "geojson/content": geojson_content,
    "html/definition": html_definition,
    "html/content": html_content,
    "oas31/completeness": oas31_completeness,
    "oas31/exception-codes": oas31_exception_codes,
}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_requirement_of_part_1_is_met(requirement, place):
    REQUIREMENTS[requirement](place)
