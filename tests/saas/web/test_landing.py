"""The landing page leads to all there is; what is declared to conform is what the tests of the project pass."""

from pathlib import Path

from tests.saas.web.town import href


def test_the_landing_page_leads_to_all(place):
    document = place.get("/")
    assert document["title"] == "Town <1>"
    assert document["zone"] == place.zone.key
    for relation in ("self", "alternate", "service-desc", "service-doc", "conformance", "data"):
        assert place.client.get(href(document, relation)).status_code == 200, relation


def test_parts_of_features_are_declared_that_the_conformance_tests_have(place):
    declared = set(place.get("/conformance")["conformsTo"])
    tests = Path(__file__).resolve().parents[2] / "conformance" / "web"
    for part, name in ((1, "core"), (2, "crs"), (3, "filtering")):
        assert (tests / f"test_features_{name}.py").exists()
        assert any(f"/ogcapi-features-{part}/" in uri for uri in declared)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.1/conf/oas31" in declared
