"""The landing page, what a service conforms to, and its health. Tested by `tests/saas/web/test_landing.py`."""

from __future__ import annotations

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, link
from stcloud.saas.web.conformance import CONFORMANCE
from stcloud.saas.web.consolepage import console_page, wants_console
from stcloud.saas.web.media import HTML, JSON, OPENAPI, OPENAPI_30
from stcloud.saas.web.records import CATALOGUE_JSON, catalogue_id

__all__ = ["conformance", "landing"]


def landing(call: CityRequest) -> Response:
    """Return what there is of a city, with links to it; a browser that names no format gets the console."""
    if wants_console(call):
        return console_page(call)
    call.known_parameters(())
    city = call.city
    links = [
        link(call.url("api"), "service-desc", OPENAPI, "Definition of this API"),
        link(
            call.url("api", f="openapi30"), "service-desc", OPENAPI_30, "Definition of this API, OpenAPI 3.0"
        ),
        link(call.url("api", f="html"), "service-doc", HTML, "Description of this API"),
        link(call.url("conformance"), "conformance", JSON, "What this API conforms to"),
        link(call.url("conformance"), "http://www.opengis.net/def/rel/ogc/1.0/conformance", JSON),
        link(call.url("collections"), "data", JSON, "Collections: the layers of the city"),
        link(call.url("collections"), "http://www.opengis.net/def/rel/ogc/1.0/data", JSON),
        link(
            call.url("tileMatrixSets"),
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
            JSON,
            "Tile grids",
        ),
        link(
            call.url("collections", catalogue_id(call)),
            "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog",
            CATALOGUE_JSON,
            "Catalogue: a record of each layer",
        ),
        link(
            call.url("functions"),
            "http://www.opengis.net/def/rel/ogc/1.0/functions",
            JSON,
            "Functions of filters",
        ),
    ]
    document = {
        "title": city.name,
        "description": f"Time-stamped layers of {city.name}: what was so, and what was known of it, at any instant",
        "zone": str(city.configuration.zone),
        "crs": city.configuration.crs,
        "links": links,
    }
    return call.document(document, "landing")


def conformance(call: CityRequest) -> Response:
    """Return the conformance classes that the tests of this project pass."""
    call.known_parameters(())
    return call.document({"conformsTo": list(CONFORMANCE)}, "conformance")
