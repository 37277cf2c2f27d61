"""A request finds its handler by the address as it came; whatever is wrong is a problem."""

import pytest

import stcloud
from stcloud.errors import FormatError
from stcloud.saas.web import Service, Settings, application
from tests.saas.web.town import building, serving

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("application")
    building(place).close()
    return place / "building"


@pytest.fixture
def city(folder):
    """A service closes its cities, so that each has its own."""
    return stcloud.open(folder)


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/collections/building/nope",
        "/collections/",
        "/static/nope.css",
        "/static/%2e%2e/application.py",
        "/static/../application.py",
        "/collections/building/items/1/x",
    ],
)
def test_what_is_not_there_is_a_problem(path, city):
    with serving(city) as client:
        response = client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (404, PROBLEM)
        assert response.json()["title"] == "no-route"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_refused_with_those_that_there_are(method, city):
    with serving(city) as client:
        response = client.request(method, "/collections")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
        assert response.headers["content-type"] == PROBLEM
        assert response.json()["title"] == "wrong-method"
        assert client.get("/joins").headers["allow"] == "POST"


def test_a_head_has_the_headers_of_its_get(city):
    with serving(city) as client:
        given, whole = client.head("/collections"), client.get("/collections")
        assert given.status_code == 200
        assert given.headers["content-type"] == whole.headers["content-type"]


def test_every_response_is_hardened(city):
    with serving(city) as client:
        for path in ("/", "/?f=html", "/nope", "/static/style.css", "/health"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "script-src" not in headers["content-security-policy"]
            assert "default-src 'none'" in headers["content-security-policy"]


def test_an_answer_is_compressed_where_it_pays(city):
    with serving(city) as client:
        assert client.get("/api").headers["content-encoding"] == "gzip"
        assert "content-encoding" not in client.get("/health").headers
        assert "content-encoding" not in client.get("/api", headers={"Accept-Encoding": "identity"}).headers


def test_a_body_may_be_only_so_large(city):
    with serving(city, most_body_bytes=100) as client:
        response = client.post("/questions", content=b"x" * 101)
        assert (response.status_code, response.json()["title"]) == (413, "body-too-large")


@pytest.mark.parametrize("host", ["[", "a b", "evil<", "a/b", "x@y", ""])
def test_a_host_that_is_none_is_refused(host, city):
    with serving(city) as client:
        response = client.get("/", headers={"Host": host})
        assert response.status_code in (200, 400)
        assert host == "" or (response.status_code, response.json()["title"]) == (400, "unreadable-host")


def test_links_have_the_address_that_the_client_used(city, folder):
    with serving(city) as client:
        assert (
            client.get("/", headers={"Host": "data.example.org:81"}).json()["links"][0]["href"]
            == "http://data.example.org:81/"
        )
    with serving(stcloud.open(folder), base_url="https://data.example.org/town") as client:
        links = client.get("/collections/building/items/1").json()["links"]
        assert all(made["href"].startswith("https://data.example.org/town/") for made in links)


def test_origins_are_allowed_that_were_named(city, folder):
    with serving(city, origins=("https://maps.example.org",)) as client:
        given = client.get("/", headers={"Origin": "https://maps.example.org"})
        assert given.headers["access-control-allow-origin"] == "https://maps.example.org"
        assert "ETag" in given.headers["access-control-expose-headers"]
        other = client.get("/", headers={"Origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in other.headers
    with serving(stcloud.open(folder)) as client:
        assert (
            "access-control-allow-origin" not in client.get("/", headers={"Origin": "https://x.org"}).headers
        )


def test_a_fault_of_ours_is_a_problem_and_names_nothing(city, monkeypatch, caplog):
    monkeypatch.setattr(type(city), "layers", lambda _: 1 / 0)
    with serving(city) as client:
        response = client.get("/collections")
        assert (response.status_code, response.headers["content-type"]) == (500, PROBLEM)
        assert "ZeroDivision" not in response.text
        assert "ZeroDivisionError" in caplog.text


def test_a_fault_of_the_files_is_told_to_the_log_and_not_to_the_client(city, monkeypatch, caplog):
    def damaged(_):
        raise FormatError("damaged-file", "/srv/city/secret.parquet is damaged")

    monkeypatch.setattr(type(city), "layers", damaged)
    with serving(city) as client:
        response = client.get("/collections")
        assert (response.status_code, response.json()["title"]) == (500, "damaged-file")
        assert "secret" not in response.text
        assert "damaged-file: /srv/city/secret.parquet is damaged" in caplog.text
        caplog.clear()
        assert client.get("/collections/nothing").status_code in {404, 500}
        client.get("/nothing")
        assert "no-route" not in caplog.text


def test_several_cities_lie_below_their_names(tmp_path, city):
    other = stcloud.create(tmp_path / "other", crs="EPSG:2193", zone="Pacific/Auckland")
    from starlette.testclient import TestClient

    with TestClient(application(Service({"a": city, "b c": other}, Settings()))) as client:
        assert [made["href"] for made in client.get("/").json()["links"] if made["rel"] == "item"] == [
            "http://testserver/a/", "http://testserver/b%20c/",
        ]  # fmt: skip
        assert client.get("/a/collections/building/items").json()["numberMatched"] == 1
        assert [made["id"] for made in client.get("/b%20c/collections").json()["collections"]] == ["catalog"]
        assert client.get("/collections").status_code == 404
        for path in ("/", "/a?f=html", "/a/?f=html", "/b%20c?f=html"):
            page = client.get(path, headers={"Accept": "text/html"})
            assert page.status_code == 200, path
            assert 'href="http://testserver/static/style.css"' in page.text
        for made in client.get("/a/").json()["links"]:
            assert client.get(made["href"]).status_code == 200
