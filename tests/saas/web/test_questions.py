"""Questions are documents that Python and the shell know; their answers come in every format alike."""

import io
import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stcloud.saas.web.answerformat import json_rows, written
from stcloud.saas.web.media import JSON

ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"


def ask(place, path, document, accept="application/json"):
    response = place.client.post(path, json=document, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == accept
    return response


COUNTED = {"layer": "calls", "count": True, "by": ["category"]}


def test_a_count_is_that_of_pandas(place):
    document = ask(place, "/questions", COUNTED).json()
    counts = place.calls["category"].value_counts(dropna=False)
    expected = {None if pd.isna(name) else name: int(count) for name, count in counts.items()}
    assert {row["category"]: row["count"] for row in document["rows"]} == expected
    assert document["pin"].startswith("pin:")


@pytest.mark.parametrize("by", ["category", "weight", "ok", "day", "n"])
def test_groups_are_written_alike_column_by_column(place, by):
    for measures in (("count", "mean(weight)", "median(n)"), ("count", "max(at)")):
        answer = place.city.query("calls").measure(*measures, by=[by])
        assert json.loads(json_rows(answer)) == json.loads(written(answer, JSON))


def test_an_answer_is_that_of_python(place):
    given = ask(place, "/questions", COUNTED).json()["rows"]
    assert given == place.city.query("calls").count(by=["category"]).to_records()


def test_every_format_has_the_same_rows(place):
    question = {"layer": "calls", "what": ["n > 2"]}
    expected = place.calls["id"][place.calls["n"] > 2].tolist()
    rows = {"application/json": lambda body: [row["st_key"] for row in json.loads(body)["rows"]],
            "application/geo+json": lambda body: gpd.read_file(io.BytesIO(body))["st_key"].tolist(),
            "text/csv": lambda body: pd.read_csv(io.BytesIO(body), dtype=str)["st_key"].tolist(),
            "application/x-ndjson": lambda body: [json.loads(line)["st_key"] for line in body.splitlines()],
            ARROW: lambda body: pa.ipc.open_stream(body).read_all()["st_key"].to_pylist(),
            PARQUET: lambda body: pq.read_table(io.BytesIO(body))["st_key"].to_pylist()}  # fmt: skip
    for accept, read in rows.items():
        assert read(ask(place, "/questions", question, accept).content) == expected, accept


def test_pages_of_a_question_have_each_row_once(place):
    question, ids = {"layer": "calls", "limit": 7}, []
    while True:
        document = ask(place, "/questions", question).json()
        ids += [row["st_key"] for row in document["rows"]]
        if document["next"] is None:
            break
        question |= {"after": document["next"]}
    assert ids == place.calls["id"].tolist()


def test_a_join_finds_where_calls_lie(place):
    rows = ask(place, "/joins", {"layer": "calls", "join": "plots", "at": "2023-01-01"}).json()["rows"]
    assert len(rows) >= len(place.calls)


def test_cubes_and_hot_spots_are_counted(place):
    cube = {"layer": "calls", "cell": "1km", "every": "1D", "partial": "keep"}
    rows = ask(place, "/cubes", cube).json()["rows"]
    placed = place.calls["lon"].notna().sum()
    assert sum(row["count"] for row in rows) == placed
    assert ask(place, "/hotspots", {**cube, "distance_m": 2000}).json()["rows"]


def test_hot_spots_and_cubes_of_areas_have_their_places(auckland):
    cube = {"layer": "calls", "cell": "in:plots", "every": "1D", "partial": "keep"}
    headers = {"Accept": "application/geo+json"}
    for path, least in (("/hotspots", {**cube, "distance_m": 2000}), ("/cubes", cube)):
        features = auckland.client.post(path, json=least, headers=headers).json()["features"]
        assert features
        for feature in features:
            assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
            assert "st_geom" not in feature["properties"]


def test_a_situation_is_known(place):
    row = place.calls.dropna(subset=["lon"]).iloc[0]
    document = ask(place, "/situation", {"lon": row.lon, "lat": row.lat, "at": row["at"].isoformat()}).json()
    assert document


@pytest.mark.parametrize("path", ["/questions", "/joins", "/cubes", "/hotspots", "/situation"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"{}",
        b'{"layer": 7}',
        b'{"nope": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"layer": "\\ud800"}',
        b'{"layer": "calls", "what": ["\\ud800 = 1"]}',
        b'{"layer": "nope"}',
        b'{"layer": "calls", "limit": -1}',
        b'{"layer": "calls", "where": ["file:/etc/passwd"]}',
    ],
)
def test_what_is_no_question_is_refused(path, body, place):
    response = place.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 404), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in response.text
    assert "root:" not in response.text


def test_a_body_of_another_type_is_refused(place):
    response = place.client.post("/questions", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()["title"]) == (415, "wrong-media-type")
    assert place.client.post("/questions", json=COUNTED, headers={"Accept": "image/png"}).status_code == 406


def test_more_rows_than_are_given_at_once_are_refused(place):
    response = place.client.post("/questions", json={"layer": "calls", "limit": 10**9})
    assert (response.status_code, response.json()["title"]) == (400, "too-many-rows")
    assert place.client.post("/questions", json={"layer": "calls"}).status_code == 200


def test_every_fault_of_a_document_is_named(place):
    response = place.client.post("/questions", json={"layer": 7, "limit": "x", "nope": 1})
    assert response.status_code == 400
    assert len(response.json()["faults"]) == 3


@pytest.mark.parametrize(
    ("path", "document", "kind"),
    [
        ("/joins", {"layer": "calls", "join": "plots", "count": True}, "not-of-joins"),
        ("/cubes", {"layer": "calls", "limit": 3}, "not-of-cubes"),
        ("/questions", {"layer": "calls", "where": ["file:/etc/passwd"]}, "no-files"),
    ],
)
def test_what_a_document_must_not_have_is_named(path, document, kind, place):
    response = place.client.post(path, json=document)
    assert (response.status_code, response.json()["title"]) == (400, kind)
