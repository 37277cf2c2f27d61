"""Our tests of the requirements of OGC API Features, Part 3 (filtering), and of the draft of sorting."""

import json

import pytest
import shapely

COLLECTIONS = ("calls", "plots")
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
SHAPES = {"point", "any"}
ALWAYS = {"calls": "n >= 0 OR n IS NULL", "plots": "use <> 'never'"}


def queryables(town, name):
    return town.get(f"/collections/{name}/queryables")


def parameters(town, name):
    given = town.get("/api")["paths"][f"/collections/{name}/items"]["get"]["parameters"]
    return {made["name"]: made for made in given}


def get_queryables_op(town):
    for name in COLLECTIONS:
        response = town.client.get(
            f"/collections/{name}/queryables", headers={"Accept": "application/schema+json"}
        )
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/schema+json"


def get_queryables_response(town):
    for name in COLLECTIONS:
        document = queryables(town, name)
        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert document["$id"].endswith(f"/collections/{name}/queryables")
        assert document["type"] == "object"
        for schema in document["properties"].values():
            spatial = schema.get("format", "").startswith("geometry-")
            assert ("type" in schema) != spatial
            assert not spatial or schema["format"].partition("-")[2] in SHAPES
            assert schema.get("format") not in ("date", "date-time") or schema["type"] == "string"


def queryables_link(town):
    for name in COLLECTIONS:
        made = [
            made
            for made in town.get(f"/collections/{name}")["links"]
            if made["rel"] == f"{RELATION}queryables"
        ]
        assert [town.client.get(given["href"]).status_code for given in made] == [200]


def expression_construction(town):
    for name in COLLECTIONS:
        assert queryables(town, name)["additionalProperties"] is False
        for unknown in ("nope", "st_key", "st_load", "Key"):
            town.problem(f"/collections/{name}/items", 400, filter=f"{unknown} IS NULL")


def query_parameters(town):
    for name in COLLECTIONS:
        given = parameters(town, name)
        for queryable, schema in queryables(town, name)["properties"].items():
            if schema.get("type") in ("string", "number", "integer", "boolean"):
                assert given[queryable]["schema"]["type"] == schema["type"]
    for feature in town.items()["features"][::7]:
        for queryable, value in (*feature["properties"].items(), ("key", feature["id"])):
            if value is not None:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                assert feature["id"] in town.keys(**{queryable: text}), queryable


def filter_parameter(town):
    for name in COLLECTIONS:
        made = parameters(town, name)
        for parameter in ("filter", "filter-lang", "filter-crs"):
            assert (made[parameter]["in"], made[parameter]["required"]) == ("query", False)
            assert made[parameter]["schema"]["type"] == "string"


def filter_lang_parameter(town):
    for name in COLLECTIONS:
        schema = parameters(town, name)["filter-lang"]["schema"]
        assert set(schema["enum"]) == {"cql2-text", "cql2-json"}
        assert schema["default"] == "cql2-text"
        tree = json.dumps({"op": "isNull", "args": [{"property": "key"}]})
        assert (
            town.keys(name, filter=tree, filter_lang="cql2-json")
            == town.keys(name, filter="key IS NULL")
            == []
        )


def filter_crs_wgs84(town):
    for name in COLLECTIONS:
        west, south, east, north = town.get(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
        box = shapely.box(west - 0.001, south - 0.001, east + 0.001, north + 0.001)
        placed = [feature["id"] for feature in town.items(name)["features"] if feature["geometry"]]
        assert town.keys(name, filter=f"S_INTERSECTS(geometry, {box.wkt})") == placed
        assert town.keys(name, filter=f"S_INTERSECTS(geometry, {shapely.box(0, 0, 1, 1).wkt})") == []


def filter_crs_parameter(town):
    for name in COLLECTIONS:
        for uri in town.get(f"/collections/{name}")["crs"]:
            for feature in town.items(name, crs=uri)["features"][:3]:
                if feature["geometry"]:
                    shape = shapely.from_geojson(json.dumps(feature["geometry"]))
                    near = shape.buffer(1e-4 if "84" in uri or "4326" in uri else 10)
                    assert feature["id"] in town.keys(
                        name, filter=f"S_WITHIN(geometry, {near.wkt})", filter_crs=uri
                    )
        town.problem(f"/collections/{name}/items", 400, filter="key='x'", filter_crs="EPSG:1")


def mixing_expressions(town):
    for name in COLLECTIONS:
        west, south, east, north = town.get(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
        box, time = f"{west},{south},{(west + east) / 2},{north}", "2024-03-01T12:00:00Z/2024-03-05T00:00:00Z"
        text = "n < 4" if name == "calls" else "use = 'park'"
        everything = [
            set(town.keys(name, datetime=time, **given)) for given in ({"bbox": box}, {"filter": text}, {})
        ]
        assert set(town.keys(name, bbox=box, filter=text, datetime=time)) == set.intersection(*everything)


def response(town):
    for name in COLLECTIONS:
        text = "n = 3" if name == "calls" else "use = 'park'"
        assert set(town.keys(name, filter=f"NOT ({text})")).isdisjoint(town.keys(name, filter=text))
        assert town.keys(name, filter=ALWAYS[name]) == town.keys(name)
        for wrong in (
            {"filter": "n >"},
            {"filter": "key='x'", "filter_lang": "x"},
            {"filter": "key='x'", "filter_crs": "x"},
        ):
            town.problem(f"/collections/{name}/items", 400, **wrong)


def get_functions(town):
    made = [made for made in town.get("/")["links"] if made["rel"] == f"{RELATION}functions"]
    for given in made:
        for function in town.client.get(given["href"]).json()["functions"]:
            assert function["name"]
            assert set(function["returns"]) <= {
                "string",
                "number",
                "integer",
                "datetime",
                "geometry",
                "boolean",
            }
            for argument in function["arguments"]:
                assert set(argument["type"]) <= {
                    "string",
                    "number",
                    "integer",
                    "datetime",
                    "geometry",
                    "boolean",
                }
    assert made


def sorting(town):
    for name in COLLECTIONS:
        made = [
            made
            for made in town.get(f"/collections/{name}")["links"]
            if made["rel"] == f"{RELATION}sortables"
        ]
        assert len(made) == 1
        for sortable in town.client.get(made[0]["href"]).json()["properties"]:
            up = [
                feature["properties"][sortable] for feature in town.items(name, sortby=sortable)["features"]
            ]
            down = [
                feature["properties"][sortable]
                for feature in town.items(name, sortby=f"-{sortable}")["features"]
            ]
            assert sorted(map(str, up)) == sorted(map(str, down))
            values = [value for value in up if value is not None]
            assert values == sorted(values)
            assert [value for value in down if value is not None] == sorted(values, reverse=True)


REQUIREMENTS = {
    "queryables/get-queryables-op": get_queryables_op,
    "queryables/get-queryables-response": get_queryables_response,
    "queryables/queryables-link": queryables_link,
    "queryables/expression-construction": expression_construction,
    "queryables-query-parameters/parameters": query_parameters,
    "filter/filter-param": filter_parameter,
    "filter/filter-lang-param": filter_lang_parameter,
    "filter/filter-crs-wgs84": filter_crs_wgs84,
    "filter/filter-crs-param": filter_crs_parameter,
    "filter/mixing-expressions": mixing_expressions,
    "filter/response": response,
    "filter/get-functions": get_functions,
    "sorting (draft)": sorting,
}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_requirement_of_part_3_is_met(requirement, place):
    REQUIREMENTS[requirement](place)
