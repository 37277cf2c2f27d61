"""The console over HTTP: who gets the page, under which policy, and its files."""

from __future__ import annotations

import gzip

from stcloud.saas.console.consolefiles import console_files

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_browser_gets_the_page_and_others_the_landing_page(auckland):
    page = auckland.client.get("/", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "static/console/main.js" in page.text
    assert auckland.client.get("/").json()["title"] == auckland.city.name
    for parameters in ({"f": "html"}, {"f": "json"}):
        assert "main.js" not in auckland.client.get("/", params=parameters, headers=BROWSER).text


def test_the_page_may_run_its_own_files_alone(auckland):
    policy = auckland.client.get("/", headers=BROWSER).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["script-src"], rules["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in policy
    assert auckland.client.get("/", params={"f": "html"}).headers["content-security-policy"] != policy


def test_a_file_comes_compressed_and_once(auckland):
    address = "/static/console/core/state.js"
    file = console_files().files["core/state.js"]
    response = auckland.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert (response.content, response.headers["content-encoding"]) == (file.content, "gzip")
    assert int(response.headers["content-length"]) == len(file.compressed) < len(file.content)
    plain = auckland.client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.content == file.content == gzip.decompress(file.compressed)
    again = auckland.client.get(address, headers={"If-None-Match": f"W/{response.headers['etag']}"})
    assert (again.status_code, again.content) == (304, b"")


def test_no_other_file_is_given(auckland):
    for name in ("index.html", "../files.py", "%2e%2e/files.py", "vendor/htm.d.mts", "", "core"):
        assert auckland.client.get(f"/static/console/{name}").status_code == 404
