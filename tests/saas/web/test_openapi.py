"""The definition names every route of the service, and what each takes."""

import re

import pytest

from stcloud.saas.web.application import RESOURCES
from stcloud.saas.web.problem import STATUS_OF_CLASS, STATUS_OF_KIND

OURS = [resource for resource in RESOURCES if not resource.path.startswith(("/open311/", "/cases/"))]
"""All but those of Open311, which has a discovery of its own."""


@pytest.fixture(scope="module")
def definition(shanghai):
    response = shanghai.client.get("/api")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.1"
    return response.json()


def general(path):
    """Return a path of the definition as routes have it."""
    whole = re.sub(r"^/collections/[^/{]+", "/collections/{collection}", path)
    whole = re.sub(r"/shares/[^/]+", "/shares/{share}", whole).replace("/schemas/layers", "/schemas/{schema}")
    whole = re.sub(r"/tables/[^/]+", "/tables/{table}", whole).replace("{fileId}", "{file}")
    return re.sub(r"{(featureId|recordId)}", "{feature}", whole).replace("{loadId}", "{load}")


def test_it_has_every_route(definition):
    ours = {resource.path for resource in OURS} - {
        "/collections/{collection}/tracks"
    }  # of layers with movers: `test_trackroutes.py`
    assert {general(path) for path in definition["paths"]} == ours
    for path, item in definition["paths"].items():
        methods = [
            method for resource in OURS if resource.path == general(path) for method in resource.methods
        ]
        assert {method.upper() for method in item} == set(methods)


def test_it_has_every_collection(definition, shanghai):
    names = {path.split("/")[2] for path in definition["paths"] if path.startswith("/collections/")}
    assert names == {"calls", "plots", "catalog"}
    assert "/collections/calls/items/{featureId}/versions" not in definition["paths"]
    assert "/collections/plots/items/{featureId}/versions" in definition["paths"]


def test_every_operation_names_every_fault(definition):
    """A client learns of a fault from the definition, wherever it may happen: of rates, rights, names and time."""
    statuses = {*STATUS_OF_KIND.values(), *(status for _, status in STATUS_OF_CLASS)} - {405}
    for path, item in definition["paths"].items():
        for operation in item.values():
            assert statuses <= {int(status) for status in operation["responses"]}, path


def parameters(definition, path):
    return {made["name"]: made for made in definition["paths"][path]["get"]["parameters"]}


def test_every_queryable_is_a_parameter(definition, shanghai):
    for name in ("calls", "plots"):
        given = parameters(definition, f"/collections/{name}/items")
        queryables = shanghai.get(f"/collections/{name}/queryables")["properties"]
        for queryable, schema in queryables.items():
            if schema.get("type") not in (None, "array"):
                assert given[queryable]["schema"]["type"] == schema["type"], queryable
                assert given[queryable]["schema"].get("format") == schema.get("format")


def test_every_parameter_is_taken(definition, shanghai):
    """A parameter that the definition has is none that the service does not know."""
    example = {"bbox": "121,31,122,32", "datetime": "2024-03-01T00:00:00Z", "known": "2100-01-01", "limit": "3",
               "filter": "key = 'x'", "sortby": "", "properties": "", "after": "x", "from": "2024-03-01T00:00:00Z",
               "to": "2024-03-01T00:00:00Z", "from-known": "2100-01-01", "to-known": "2100-01-01"}  # fmt: skip
    for path, item in definition["paths"].items():
        if "get" not in item:
            continue
        for name, made in parameters(definition, path).items():
            if made["in"] == "query":
                schema = made["schema"]
                value = example.get(name, schema.get("enum", ["1"])[0])
                response = shanghai.client.get(path.replace("{featureId}", "p3"), params={name: value})
                signed = "/files/" in path and name == "token"
                assert response.status_code in ((401,) if signed else (200, 400, 404))
                if response.status_code == 400:
                    assert response.json().get("title") != "unknown-parameter", (path, name)


def test_references_are_there(definition):
    text = str(definition)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in definition["components"]["schemas"]


def test_documents_are_described_whole(definition):
    documents = [path for path, item in definition["paths"].items() if "post" in item and "{" not in path]
    assert len(documents) > 8
    for path in set(documents) - {path for path in documents if path.startswith("/collections/")}:
        schema = definition["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema["type"] == "object"
        for reference in set(re.findall(r"'\$ref': '([^']+)'", str(schema))):
            assert reference.startswith("#/components/schemas/")
            assert reference.rpartition("/")[2] in definition["components"]["schemas"]


def test_it_has_a_page(shanghai):
    page = shanghai.client.get("/api?f=html")
    assert page.status_code == 200
    assert "/collections/calls/items" in page.text


def test_it_is_there_in_the_words_of_openapi_30(definition, shanghai):
    response = shanghai.client.get("/api?f=openapi30")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    older = response.json()
    assert older["openapi"].startswith("3.0.")
    assert set(older["paths"]) == set(definition["paths"])
    for text in ("$defs", "const", "'null'", "anyOf"):
        assert text not in str(older)
    assert older["components"]["schemas"]["featureCollection"]["properties"]["pin"] == {
        "type": "string",
        "nullable": True,
    }
