"""The service as a whole: its cities, whether it is well, and what it counts.

Tested by `tests/saas/web/test_overview.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, link
from stcloud.saas.web.media import JSON, Media

__all__ = ["cities", "health", "metrics"]

_METRICS = Media("openmetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", "OpenMetrics")


def cities(call: CityRequest) -> Response:
    """Return the cities of the service that the principal may know of."""
    call.known_parameters(())
    links = [
        link(f"{call.url(name)}/", "item", JSON, city.name)
        for name, city in call.service.cities.items()
        if call.service.shows(name, call.principal)
    ]
    return call.document({"title": "Cities", "links": links}, "cities")


def health(call: CityRequest) -> Response:
    """Return that the service answers."""
    call.known_parameters(())
    return call.document({"status": "ok", "cities": len(call.service.cities)}, "health")


def metrics(call: CityRequest) -> Response:
    """Return what the service counts."""
    return call.reply(call.service.counts.text(), _METRICS)
