"""What a page needs of a city at its start, in one document; no rows are read.

Tested by `tests/saas/web/test_consoledocument.py`.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

import stcloud
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.layerdocument import short_documents
from stcloud.saas.web.media import JSON
from stcloud.saas.web.parameter import iso_utc
from stcloud.saas.web.records import whole_box

__all__ = ["console", "session"]

_LANGUAGES = ("en", "zh")


def console(call: CityRequest) -> Response:
    """Return the city, its layers in short, its logs of cases and its grids, and who is signed in."""
    call.known_parameters(())
    media = call.media(JSON)
    call.service.note_page()
    city, configuration = call.city, call.city.configuration
    layers = short_documents(call, city.layers())
    boxes = [made["bbox"] for made in layers if made["bbox"] is not None]
    document = {
        "name": city.name,
        "zone": str(configuration.zone),
        "crs": configuration.crs,
        "calendar": configuration.calendar,
        "language": configuration.language or "en",
        "languages": list(_LANGUAGES),
        "now": iso_utc(call.now_us),
        "version": stcloud.__version__,
        "bbox": whole_box(boxes) if boxes else None,
        "layers": layers,
        "logs": list(city.case_logs()),
        "grids": [made["name"] for made in layers if made["role"] == "unit-grid"],
        "session": _session(call),
    }
    return call.reply(encoded(document), media)


def session(call: CityRequest) -> Response:
    """Return who asks, and which cities it may know of; never what it showed to say so."""
    call.known_parameters(())
    return call.reply(encoded(_session(call)), call.media(JSON))


def _session(call: CityRequest) -> dict[str, Any]:
    service, principal = call.service, call.principal
    alone = len(service.cities) == 1
    return {
        "principal": None if principal.is_anonymous else principal.name,
        "anonymous": principal.is_anonymous,
        "roles": sorted(principal.roles),
        "policy": service.policy is not None,
        "cities": [
            {"name": city.name, "href": call.root + ("/" if alone else f"/{name}/")}
            for name, city in service.cities.items()
            if service.shows(name, principal)
        ],
    }
