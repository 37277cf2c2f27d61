"""Pages for people have what documents have, no scripts, and nothing that a value could break out of."""

from html.parser import HTMLParser

import pytest

import stcloud
from tests.saas.web.town import building, serving

PATHS = ["/?f=html", "/conformance", "/api", "/functions", "/collections", "/collections/calls", "/collections/plots",
         "/collections/calls/queryables", "/collections/calls/sortables", "/collections/calls/loads",
         "/collections/calls/items", "/collections/plots/items", "/collections/plots/items?datetime=2020-06-01/..",
         "/collections/calls/items/a%2Fb", "/collections/plots/items/p%2F1?datetime=2021-01-01T00:00:00Z",
         "/collections/plots/items/p%202/versions",
         "/collections/plots/diff?from=2021-01-01T00:00:00Z&to=2025-01-01T00:00:00Z",
         "/collections/calls/items?limit=2", "/health"]  # fmt: skip
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Elements, addresses and text of a page; open elements are closed in their order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.addresses, self.text = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.addresses += [value for name, value in attrs if name == "href" and tag == "a"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def page(client, path):
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    return Page(response.text)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_whole_and_has_no_script(path, place):
    shown = page(place.client, path)
    assert not [tag for tag, _ in shown.elements if tag in ("script", "iframe", "object", "style")]
    assert not [
        name for _, given in shown.elements for name in given if name.startswith("on") or name == "style"
    ]
    assert sum(tag == "h1" for tag, _ in shown.elements) == 1
    assert any(tag == "title" for tag, _ in shown.elements)


def test_addresses_of_pages_lead_somewhere(shanghai):
    seen, pending = set(), ["http://testserver/?f=html"]
    while pending and len(seen) < 150:
        address = pending.pop()
        if address in seen or not address.startswith("http://testserver"):
            continue
        seen.add(address)
        response = shanghai.client.get(address, headers={"Accept": "text/html,*/*;q=0.1"})
        assert response.status_code == 200, address
        if response.headers["content-type"].startswith("text/html"):
            pending += Page(response.text).addresses
    assert len(seen) > 60


def test_a_page_of_features_has_each_of_them(place):
    text = " ".join(page(place.client, "/collections/calls/items?limit=1000").text)
    for key in place.calls["id"]:
        assert key in text
    assert f"{len(place.calls)} features" in text


def test_a_version_leads_to_what_it_was(place):
    shown = page(place.client, "/collections/plots/items?datetime=2020-06-01/..&known=2100-01-01")
    ways = [address for address in shown.addresses if "/collections/plots/items/p%202" in address]
    uses = {
        place.client.get(address.replace("f=html", "f=geojson")).json()["properties"]["use"]
        for address in ways
    }
    assert uses == {"park", "road"}
    assert all("known=2100-01-01" in address for address in ways)


def test_values_are_text(tmp_path):
    city = stcloud.create(
        tmp_path / "town", crs="EPSG:4549", zone="Asia/Shanghai", name="<script>alert(1)</script>"
    )
    evil = '"><script>alert(1)</script>'
    row = {"id": evil, "at": "2024-03-01T00:00:00Z", "lon": 120.0, "lat": 31.0, "note": f"{evil}&amp;"}
    city.load("calls", [row], key="id", time="at", lon="lon", lat="lat", datum="wgs84")
    with serving(city) as client:
        for path in (
            "/?f=html",
            "/collections",
            "/collections/calls/items",
            f"/collections/calls/items?filter={evil}' = note",
        ):
            response = client.get(path, params=None, headers={"Accept": "text/html"})
            assert "<script" not in response.text or response.status_code == 400
        shown = page(client, "/collections/calls/items")
        assert f"{evil}&amp;" in "".join(shown.text)
        assert [client.get(address).status_code for address in shown.addresses if "%3Cscript" in address] == [
            200
        ]


def test_the_styles_are_one_file_of_ours(tmp_path):
    with serving(building(tmp_path)) as client:
        shown = page(client, "/?f=html")
        styles = [given["href"] for tag, given in shown.elements if tag == "link"]
        assert styles == ["http://testserver/static/style.css"]
        assert client.get(styles[0]).headers["content-type"].startswith("text/css")


def test_pages_are_well_formed(place):
    text = place.client.get("/collections/calls/items?f=html").text
    body = text.partition("<main>")[2].partition("</main>")[0]
    assert body.count("<tr>") == body.count("</tr>") == len(place.calls) + 1
