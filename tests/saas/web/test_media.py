"""A request gets the format that ``f`` names, else what it accepts most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.web.media import CSV, GEOJSON, HTML, JSON, OPENAPI, preferred

OFFERED = (GEOJSON, HTML, CSV)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, GEOJSON),
        ("", GEOJSON),
        ("*/*", GEOJSON),
        ("text/html", HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/json", GEOJSON),
        ("application/geo+json;q=0.2, text/csv;q=0.3", CSV),
        ("text/*", HTML),
        ("text/*;q=0.5, text/csv", CSV),
        ("*/*;q=0.1, text/html;q=0", GEOJSON),
        ("TEXT/HTML ; Q=1", HTML),
        ("text/html;q=nan, text/csv;q=0.1", CSV),
        ("text/html;q=nonsense, text/csv;q=0.1", CSV),
        ("text/html;level=1;q=0.1, text/csv;q=0.2", CSV),
    ],
)
def test_a_request_gets_what_it_accepts_most(accept, media):
    assert preferred(OFFERED, None, accept) is media


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "nonsense", ";;;", ","])
def test_what_nobody_offers_is_refused(accept):
    with pytest.raises(Unsupported, match="offered are") as error:
        preferred(OFFERED, None, accept)
    assert error.value.kind == "not-acceptable"


@pytest.mark.parametrize(
    ("name", "media"), [("html", HTML), ("csv", CSV), ("geojson", GEOJSON), ("json", GEOJSON)]
)
def test_a_name_goes_before_what_is_accepted(name, media):
    assert preferred(OFFERED, name, "image/png") is media


def test_an_unknown_name_is_refused():
    with pytest.raises(InvalidInput, match="f=xml") as error:
        preferred(OFFERED, "xml", None)
    assert error.value.kind == "unknown-format"


@given(accept=st.text(max_size=80))
def test_whatever_is_accepted_there_is_a_format_or_a_refusal(accept):
    try:
        chosen = preferred((JSON, HTML, OPENAPI), None, accept)
    except Unsupported:
        chosen = JSON
    assert chosen in (JSON, HTML, OPENAPI)
