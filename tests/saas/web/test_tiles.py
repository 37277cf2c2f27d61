"""OGC API Tiles over HTTP: the tiles are those of the library, the documents name what the standard asks for."""

from functools import partial

import httpx2
import numpy as np
import pandas as pd
import pytest
from anyio.from_thread import start_blocking_portal

import stcloud
from stcloud.saas.web import Service, Settings, application
from stcloud.space.tilegrid import Tile
from stcloud.testing.vectortiles import read_tile

ZONE, CRS = "Pacific/Auckland", "EPSG:2193"
AT = Tile.at(174.8, -41.27, 14)
TILES = "/collections/calls/tiles"
PLACE = f"{TILES}/WebMercatorQuad/{AT.z}/{AT.y}/{AT.x}"


def frame(start, count=60):
    chance = np.random.default_rng(start)
    x, y = chance.uniform(1_750_600, 1_751_000, count), chance.uniform(5_429_000, 5_429_400, count)
    at = pd.Timestamp("2024-01-05", tz="UTC") + pd.to_timedelta(np.arange(count) * 4, unit="D")
    kinds = chance.choice(["pothole", "noise"], count)
    return pd.DataFrame(
        {"id": np.arange(start, start + count), "at": at, "x": x, "y": y, "kind": kinds, "by": "me"}
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles") / "town"
    stcloud.create(folder, crs=CRS, zone=ZONE)
    with stcloud.open(folder) as opened:
        opened.load("calls", frame(0), key="id", time="at", x="x", y="y", crs=CRS)
        yield opened


class Client:
    """A client of the application, in one thread of its own."""

    def __init__(self, portal, app):
        self.portal = portal
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://town.test")

    def get(self, path, **options):
        return self.portal.call(partial(self.client.get, path, **options))


@pytest.fixture(scope="module")
def client(city):
    app = application(Service({"town": city}, Settings()))
    with start_blocking_portal() as portal:
        yield Client(portal, app)


def test_a_tile_is_that_of_the_library(client, city):
    reply = client.get(PLACE)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert reply.content == city.query("calls").tile(AT.z, AT.x, AT.y) != b""
    few = client.get(
        PLACE, params={"filter": "kind = 'noise'", "datetime": "2024-02-01/2024-03-31", "properties": "kind"}
    )
    query = city.query("calls").what("kind = 'noise'").when("2024-02/2024-04")
    assert few.content == query.tile(AT.z, AT.x, AT.y, columns="kind") != reply.content
    assert {*read_tile(few.content)["calls"].keys} == {"kind"}


def test_clusters_and_groups_can_be_asked_for(client, city):
    wide = Tile(11, AT.x >> 3, AT.y >> 3)
    base = f"{TILES}/WebMercatorQuad/{wide.z}/{wide.y}/{wide.x}"
    clustered = client.get(base, params={"cluster": "1km"})
    assert clustered.content == city.query("calls").tile(11, wide.x, wide.y, cluster="1km")
    points = client.get(base, params={"cluster": "false"})
    assert len(read_tile(points.content)["calls"].features) == 60
    assert (
        client.get(base, params={"by": "me", "cluster": "false"}).content == points.content
    )  # a column of that name
    groups = client.get(base, params={"measures": "count"})
    assert groups.status_code == 200


def test_an_empty_tile_has_no_content(client):
    reply = client.get(f"{TILES}/WebMercatorQuad/14/0/0")
    assert (reply.status_code, reply.content) == (204, b"")


def test_a_pinned_tile_has_a_tag_and_never_changes(client, city):
    first = client.get(PLACE)
    assert "etag" not in first.headers
    address = first.headers["content-location"]
    pinned = client.get(address)
    assert pinned.content == first.content
    assert "immutable" in pinned.headers["cache-control"]
    again = client.get(address, headers={"If-None-Match": pinned.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    city.load("calls", frame(1_000, 5))
    assert client.get(address).content == first.content
    assert client.get(PLACE).content != first.content


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        (f"{TILES}/Other/14/0/0", 404, "unknown-tile-grid"), (f"{TILES}/WebMercatorQuad/3/8/0", 400, "unknown-tile"),
        (f"{TILES}/WebMercatorQuad/30/0/0", 400, "unknown-tile"),
        (f"{TILES}/WebMercatorQuad/3/-1/0", 400, "unknown-tile"),
        (f"{TILES}/WebMercatorQuad/3/x/0", 400, "unknown-tile"), ("/tileMatrixSets/Other", 404, "unknown-tile-grid"),
        (f"{PLACE}?knid=1", 400, "unknown-parameter"), (f"{PLACE}?cluster=7m", 400, "unknown-level"),
        (f"{PLACE}?properties=knid", 400, "unknown-property"), ("/collections/none/tiles", 404, "unknown-layer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem_in_one_line(client, path, status, kind):
    reply = client.get(path)
    assert (reply.status_code, reply.json()["title"]) == (status, kind)


def test_documents_name_the_grid_the_tileset_and_the_template_of_tiles(client):
    relation = "http://www.opengis.net/def/rel/ogc/1.0/"
    grid = client.get("/tileMatrixSets/WebMercatorQuad").json()
    assert grid["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559_082_264.028_717)
    assert [matrix["matrixWidth"] for matrix in grid["tileMatrices"]] == [2**z for z in range(25)]
    assert client.get("/tileMatrixSets").json()["tileMatrixSets"][0]["id"] == "WebMercatorQuad"
    collection = client.get("/collections/calls").json()
    (address,) = [part["href"] for part in collection["links"] if part["rel"] == f"{relation}tilesets-vector"]
    (listed,) = client.get(address).json()["tilesets"]
    assert (listed["dataType"], listed["crs"].rpartition("/")[2]) == ("vector", "3857")
    assert {"self", f"{relation}tiling-scheme"} <= {part["rel"] for part in listed["links"]}
    own = next(part["href"] for part in listed["links"] if part["rel"] == "self")
    tileset = client.get(own).json()
    (item,) = [part for part in tileset["links"] if part["rel"] == "item"]
    assert item["templated"] is True
    assert item["type"] == "application/vnd.mapbox-vector-tile"
    filled = item["href"].format(tileMatrix=AT.z, tileRow=AT.y, tileCol=AT.x)
    assert client.get(filled).status_code == 200
    assert tileset["layers"][0]["propertiesSchema"]["properties"]["kind"] == {"type": "string"}
    for path in ("/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad", TILES, f"{TILES}/WebMercatorQuad"):
        assert "</html>" in client.get(path, params={"f": "html"}).text


def test_the_definition_names_every_path_of_tiles_once(client):
    paths = client.get("/api").json()["paths"]
    ids = [item["get"]["operationId"] for item in paths.values() if "operationId" in item.get("get", {})]
    suffixes = {"getTileMatrixSetsList", "getTileMatrixSet", "getTileSetsList", "getTileSet", "getTile"}
    assert {name.rpartition(".")[2] for name in ids} >= suffixes
    assert len(set(ids)) == len(ids)
    tile = paths[f"{TILES}/{{tileMatrixSet}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"]["get"]
    assert {"datetime", "known", "filter", "properties"} <= {part["name"] for part in tile["parameters"]}
    assert "204" in tile["responses"]
    classes = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt" in classes
