"""Whatever is asked of a service, it answers with a document or with a problem: never a fault, never a traceback."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import examples
from tests.saas.web.conftest import auckland  # noqa: F401
from tests.saas.web.town import ODD_KEYS

DOCUMENTS = (
    "application/json", "application/geo+json", "text/html", "text/csv", "application/schema+json",
    "application/link-format", "application/openmetrics-text", "application/vnd.oai.openapi+json",
    "application/vnd.mapbox-vector-tile", "application/ogc-catalog+json", "application/x-ndjson",
    "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet", "text/css", "text/xml",
    "application/xml",
)  # fmt: skip
WORDS = (
    "collections", "calls", "plots", "items", "versions", "queryables", "loads", "diff", "api", "functions",
    "nope", "health", "metrics", "static", "catalog", "tiles", "..", ".", "%2e%2e", "%00", "%ff", "%",
    "a%2Fb", "p3",
)  # fmt: skip
NAMES = (
    "bbox", "bbox-crs", "crs", "datetime", "known", "limit", "after", "filter", "filter-lang", "filter-crs",
    "sortby", "properties", "profile", "skipGeometry", "f", "n", "category", "weight", "ok", "day", "at",
    "key", "time", "from", "to", "from-known", "to-known", "use", "q", "ids",
)  # fmt: skip
VALUES = (
    "", "0", "-1", "1", "1e400", "nan", "-inf", "true", "null", "..", "/", "../..", "2024-03-01",
    "0001-01-01", "9999-12-31", "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z/..", "-9999-01-01T00:00:00Z",
    "0,0,1,1", "174,-37,175,-36", "-180,-90,180,90", "170,-50,-170,-30", "0,0,0,0", "EPSG:4326",
    "http://www.opengis.net/def/crs/EPSG/0/3857", "n > 2", "n = 'x'", "key = 'a b'",
    "S_INTERSECTS(geometry, POINT(0 0))", "S_INTERSECTS(geometry, BBOX(0,0,1,1))",
    "T_DURING(period, INTERVAL('..', '..'))", "n/0 = 1", "(((", "'", '{"op":"="}', '{"op":"and","args":[]}',
    "pin:", "pin:{}", 'pin:{"layers":{"calls":9999999999999999999}}', 'pin:{"layers":{"calls":-1}}',
    'pin:{"layers":{"calls":1e400}}', 'pin:{"layers":{"calls":"x"}}', "cql2-json", "cql2-text", "html",
    "json", "csv", "-n", "n,-n", "n,n", "\u0000", "\ud7ff", "é", "%", "a" * 5_000,
)  # fmt: skip
FIELDS = (
    "layer", "what", "where", "by", "measure", "count", "limit", "after", "order", "when", "join", "how",
    "lon", "lat", "at", "cell", "every", "known_at", "x", "period", "within", "radius", "layers",
)  # fmt: skip
BELOW = ("calls/items", "plots/items", "calls/diff", "plots/diff", "plots/items/p3", "plots/items/p3/versions",
         *(f"calls/items/{quote(key, safe='')}" for key in ODD_KEYS))  # fmt: skip
HEADERS = {
    "Accept": (
        "*/*",
        "text/html",
        "text/*;q=nan",
        "application/json;q=0",
        ";;",
        "é",
        "a" * 3_000,
        "image/png",
    ),
    "If-None-Match": ("*", '"x"', "W/", "", '"x", *'),
    "Content-Type": ("application/json", "text/plain", "", "application/json; charset=latin-1"),
    "Content-Length": ("0",),
    "Host": ("testserver", "[", "a b", "[::1]:8080", "x" * 300, "a:99999999"),
    "Range": ("bytes=0-1", "bytes=x"),
    "Accept-Encoding": ("gzip", "identity;q=0", "br, x"),
    "Authorization": ("Bearer x", "Basic eDp5", "", "Bearer " + "x" * 5_000),
}

values = st.sampled_from(VALUES) | st.text(max_size=20)
queries = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), values), max_size=4)
paths = st.lists(
    st.sampled_from(WORDS) | st.text(max_size=6).map(lambda part: quote(part, safe="")), max_size=6
)
headers = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(given) for name, given in HEADERS.items()}
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from((*VALUES, "calls", "plots")),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(
        st.sampled_from(FIELDS),
        below, max_size=5,
    ),
    max_leaves=8,
)  # fmt: skip


def answered(response):
    """Check that a response is a document or a problem, and tells nothing of the machine."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    assert response.status_code < 500, response.text
    assert response.status_code in (200, 204, 304, 400, 401, 403, 404, 405, 406, 409, 410, 413, 415), (
        response.status_code
    )
    if response.status_code == 200:
        assert kind in DOCUMENTS, kind
    elif response.status_code not in (204, 304):
        assert kind == "application/problem+json"
        if response.request.method == "HEAD":
            return
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["title"]
        assert problem["detail"]
    for word in (b"Traceback", b"site-packages", b"/work/", b"/tmp/"):
        assert word not in response.content
    assert response.headers["x-content-type-options"] == "nosniff"
    if "immutable" in response.headers.get("cache-control", ""):
        assert response.status_code in (200, 304, 410)
        assert response.headers["etag"].startswith('"')


def encoded(query):
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)


@given(
    path=paths,
    query=queries,
    sent=headers,
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "PUT", "x"]),
)
@settings(max_examples=examples(2_000))
def test_random_requests_are_answered(path, query, sent, method, auckland):  # noqa: F811
    sent = {name: value.encode("latin-1", "ignore") for name, value in sent.items()}
    address = f"http://testserver/{'/'.join(path)}?{encoded(query)}"
    answered(auckland.client.request(method, address, headers=sent))


@given(
    below=st.sampled_from(BELOW), query=queries, sent=headers,
)  # fmt: skip
@settings(max_examples=examples(2_000))
def test_random_parameters_of_features_are_answered(below, query, sent, auckland):  # noqa: F811
    sent = {name: value.encode("latin-1", "ignore") for name, value in sent.items() if name != "Host"}
    answered(auckland.client.get(f"/collections/{below}?{encoded(query)}", headers=sent))


@given(
    path=st.sampled_from(["/questions", "/joins", "/cubes", "/hotspots", "/situation"]), document=documents,
    layer=st.sampled_from(["calls", "plots", "nope", ""]), whole=st.booleans(),
)  # fmt: skip
@settings(max_examples=examples(1_500))
def test_random_documents_are_answered(path, document, layer, whole, auckland):  # noqa: F811
    if whole and isinstance(document, dict):
        document = {"layer": layer, **document}
    answered(auckland.client.post(path, content=json.dumps(document)))


@given(body=st.binary(max_size=60), path=st.sampled_from(["/questions", "/joins", "/situation"]))
@settings(max_examples=examples(300))
def test_random_bytes_are_answered(body, path, auckland):  # noqa: F811
    answered(auckland.client.post(path, content=body))


@pytest.mark.parametrize("length", [10, 1_000, 50_000])
def test_deep_and_long_filters_are_answered(length, auckland):  # noqa: F811
    texts = ("(" * length + "n=1" + ")" * length, "NOT " * length + "n=1", " AND ".join(["n=1"] * length))
    for text in (*texts, "n IN (" + ",".join(["1"] * length) + ")", "'" * length):
        if length < 50_000:
            answered(auckland.client.get("/collections/calls/items", params={"filter": text}))
        answered(auckland.client.post("/questions", json={"layer": "calls", "what": [text]}))
