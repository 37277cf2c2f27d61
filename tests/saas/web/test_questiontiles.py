"""Tiles of questions are those of the library: rows, groups, comparisons; what is pinned never changes."""

import json

import pytest

import stcloud
from stcloud.space.tilegrid import Tile
from stcloud.testing.vectortiles import read_tile

TILES = "/questions/tiles/WebMercatorQuad"


@pytest.fixture(scope="module")
def base(shanghai):
    row = shanghai.calls.dropna(subset=["lon"]).iloc[0]
    return Tile.at(row.lon, row.lat, 9)


def tile(place, at, document, **parameters):
    given = {"question": json.dumps(document), **parameters}
    return place.client.get(f"{TILES}/{at.z}/{at.y}/{at.x}", params=given)


@pytest.mark.parametrize(
    "document",
    [
        {"what": ["n > 2"]}, {"by": ["cell:1km"], "measure": ["count", "sum(n)"]},
        {"by": ["in:plots"], "group": ["category=pothole"]},
        {"by": ["cell:1km"], "when": ["2024-03"], "compare": "previous", "having": "count > 0"},
        {"by": ["cell:10km"], "order": ["-count"], "limit": 1},
        {"by": ["cell:1km"], "compare": "known-at:2100-01-01"},
    ],
)  # fmt: skip
def test_a_tile_is_that_of_the_library(shanghai, base, document):
    document = {"layer": "calls", **document}
    reply = tile(shanghai, base, document, cluster="false")
    question = stcloud.Question(**document)
    query = question.narrow(shanghai.city.query("calls"))
    made = question.tile(query, (base.z, base.x, base.y), cluster=False)
    assert (reply.status_code, reply.content) == (200, made.content)
    posted = shanghai.client.post(f"{TILES}/{base.z}/{base.y}/{base.x}?cluster=false", json=document)
    assert posted.content == made.content != b""
    assert "etag" not in posted.headers
    if question.by:
        answer = question.answer(query)
        features = read_tile(made.content)["calls"]
        valued = {name for name in answer.table.column_names if answer.table[name].null_count < len(answer)}
        assert {*features.keys} == valued


def test_groups_on_a_tile_are_those_of_the_answer(shanghai, base):
    """Law: the values of groups on a tile are those of the answer, those beside them, too."""
    document = {"layer": "calls", "by": ["cell:1km"], "when": ["2024-03"], "compare": "known-at:2000-01-01"}
    shown = read_tile(tile(shanghai, base, document).content)["calls"].features
    counted = {row["cell_1km"]: row for row in shanghai.city.ask(stcloud.Question(**document)).to_records()}
    assert shown
    for feature in shown:
        record = counted[feature.attributes["cell_1km"]]
        assert feature.attributes["count_change"] == record["count_change"] == record["count"] > 0


def test_what_is_pinned_has_a_tag_and_never_changes(shanghai, base):
    document = {"layer": "calls", "by": ["cell:1km"]}
    first = tile(shanghai, base, document)
    assert "etag" not in first.headers
    pinned = shanghai.client.get(first.headers["content-location"])
    assert pinned.content == first.content
    assert "immutable" in pinned.headers["cache-control"]
    tag = {"If-None-Match": pinned.headers["etag"]}
    assert shanghai.client.get(first.headers["content-location"], headers=tag).status_code == 304
    known = {**document, "known_at": first.headers["pin"]}
    assert "etag" in tile(shanghai, base, known).headers
    assert "etag" not in tile(shanghai, base, {**known, "compare": "known-at:2020-01-01"}).headers
    assert "etag" in tile(shanghai, base, {**known, "compare": f"known-at:{first.headers['pin']}"}).headers
    assert "etag" not in tile(shanghai, base, {**known, "when": ["last 7 days"]}).headers


def test_a_question_in_an_address_is_answered(shanghai):
    document = {"layer": "calls", "by": ["category"]}
    posted = shanghai.client.post("/questions", json=document).json()
    given = shanghai.client.get("/questions", params={"question": json.dumps(document)})
    assert given.json() == posted
    known = {**document, "known_at": posted["pin"]}
    kept = shanghai.client.get("/questions", params={"question": json.dumps(known), "f": "csv"})
    assert "immutable" in kept.headers["cache-control"]
    assert kept.text.splitlines()[0] == "category,count"


@pytest.mark.parametrize(
    ("path", "question", "status", "kind"),
    [
        (f"{TILES}/1/0/0", None, 400, "no-question"), (f"{TILES}/1/0/0", "{", 400, "not-json"),
        (f"{TILES}/1/0/0", '{"layer": "calls", "what": ["' + " " * 8_000 + 'n > 1"]}', 414, "address-too-long"),
        (f"{TILES}/1/0/0", '{"layer": "calls", "by": ["week"]}', 400, "no-geometry"),
        (f"{TILES}/1/0/9", '{"layer": "calls"}', 400, "unknown-tile"),
        ("/questions/tiles/Other/1/0/0", '{"layer": "calls"}', 404, "unknown-tile-grid"),
        (f"{TILES}/1/0/0", '{"layer": "calls", "group": ["week=x"]}', 400, "unreadable-group"),
        (f"{TILES}/1/0/0", '{"layer": "calls", "where": ["file:/etc/passwd"]}', 400, "no-files"),
        ("/questions", '{"layer": "nope"}', 404, "unknown-layer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem(shanghai, path, question, status, kind):
    reply = shanghai.client.get(path, params={} if question is None else {"question": question})
    assert (reply.status_code, reply.json()["title"]) == (status, kind)
