"""What handlers refuse: each kind with its status, in one problem."""

from urllib.parse import quote

import pytest

PATHS = {
    "/collections/calls/items?filter-lang=sql&filter=n%3D1": ("unknown-filter-lang", 400),
    "/collections/calls/diff": ("which-difference", 400),
    "/collections/plots/diff?from=2024-01-01T00:00:00Z%2F..&to=2024-02-01T00:00:00Z": ("not-an-instant", 400),
    "/collections/plots/items/{plot}?datetime=1990-01-01T00:00:00Z": ("feature-gone", 410),
    "/collections/calls/items/r007/versions": ("no-versions", 404),
    "/questions": ("no-question", 400),
}
DOCUMENTS = {
    "/joins": ({"layer": "calls", "join": "plots", "count": True}, "not-of-joins"),
    "/questions": ({"layer": "calls", "where": "file:/etc/passwd"}, "no-files"),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_request_is_refused_in_one_problem(shanghai, path):
    kind, status = PATHS[path]
    response = shanghai.client.get(path.format(plot=quote(shanghai.plots[0].key, safe="")))
    assert (response.json()["title"], response.status_code) == (kind, status)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_refused_in_one_problem(shanghai, path):
    document, kind = DOCUMENTS[path]
    response = shanghai.client.post(path, json=document)
    assert (response.json()["title"], response.status_code) == (kind, 400)
    assert "passwd" not in response.text
