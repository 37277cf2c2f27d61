"""Packages from the web: a file or an index, within bounds, from one server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stcloud.errors import StcloudError
from stcloud.iaas.package.fetched import fetched, is_web
from stcloud.testing.exchange import Sender, Ticking, receiving_city


@pytest.fixture
def web():
    """Serve what is put into a dictionary, by path: bytes, or a status and a header."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            if isinstance(page, bytes):
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                return
            status, name, value = page or (404, "X-None", "")
            self.send_response(status)
            self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"abc")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()
    server.server_close()


def kind_of(act):
    with pytest.raises(StcloudError) as caught:
        act()
    assert "\n" not in str(caught.value)
    return caught.value.kind


def test_a_package_and_an_index_are_received(web, tmp_path):
    address, pages = web
    sender = Sender(tmp_path, Ticking())
    city = receiving_city(tmp_path, sender.clock)
    sender.load(1)
    first = sender.pack()
    sender.load(2)
    second = sender.pack(first)
    pages["/in/a.stpack"], pages["/in/b.stpack"] = second.read_bytes(), first.read_bytes()
    pages["/in/index.json"] = json.dumps(["a.stpack", f"{address}/in/b.stpack"]).encode()
    pages["/in/index.txt"] = b"b.stpack\na.stpack\n"
    assert kind_of(lambda: city.receive(f"{address}/in/a.stpack")) == "missing-package"
    assert [done.outcome for done in city.receive(f"{address}/in/index.json")] == ["received", "received"]
    assert [done.outcome for done in city.receive(f"{address}/in/index.txt")] == ["known", "known"]
    assert city.query("events").rows().table.equals(sender.city.query("events").rows().table)


def test_what_is_refused(web, tmp_path):
    address, pages = web
    pages["/evil"] = b"http://example.org/a.stpack"
    pages["/page"] = b"<html>"
    pages["/list"] = b"[1]"
    pages["/many"] = b"a.stpack\n" * 10_001
    pages["/to-file"] = (302, "Location", "file:///etc/passwd")
    pages["/no-address"] = b'["//[x.stpack"]'
    pages["/half-a-letter"] = b'["\\ud800.stpack"]'
    pages["/foreign-letters"] = '["é.stpack"]'.encode()
    pages["/blanks"] = b'["a b.stpack"]'
    pages["/to-nowhere"] = (302, "Location", "http://[x/")
    pages["/short"] = (200, "Content-Length", "9")
    pages["/large.stpack"] = b"PK" + bytes(5000)
    refusals = {
        "/none": "source-refused", "/evil": "source-refused", "/page": "source-refused", "/list": "source-refused",
        "/no-address": "source-refused", "/half-a-letter": "source-refused", "/foreign-letters": "source-refused",
        "/blanks": "source-refused", "/to-nowhere": "source-unreachable",
        "/many": "source-refused", "/to-file": "source-refused", "/short": "source-unreachable",
        "/large.stpack": "source-too-large",
    }  # fmt: skip
    for path, kind in refusals.items():
        most = 99 if path == "/large.stpack" else 100_000
        assert (
            kind_of(lambda path=path, most=most: fetched(address + path, tmp_path, most_bytes=most)) == kind
        )
    for odd in (
        "http://user:secret@127.0.0.1/a",
        "http://",
        "http://127.0.0.1:99999/a",
        "https://a b/",
        "http://127.0.0.1/é",
    ):
        assert kind_of(lambda odd=odd: fetched(odd, tmp_path)) == "unreadable-address"
    assert kind_of(lambda: fetched("http://127.0.0.1:9/a.stpack", tmp_path)) == "source-unreachable"


def test_names_of_addresses_are_no_paths(web, tmp_path):
    address, pages = web
    pages["/x/%2e%2e%2fevil.stpack?..//"] = b"PK"
    (path,) = fetched(f"{address}/x/%2e%2e%2fevil.stpack?..//", tmp_path)
    assert path.parent == tmp_path
    assert is_web(address)
    assert not is_web(tmp_path)
