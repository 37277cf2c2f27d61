"""Services over HTTP: a city's layers for other systems, other departments, QGIS and browsers.

Ring: saas. It knows HTTP, media types, links and the standards of OGC; it builds questions and prints answers. It
must not know how a question is answered, who may do what, or files of a city.

Nouns: a `Service` has cities and settings; a `CityRequest` is one request of a principal to a city; a handler is a
function from a call to a response, run by a worker; a `Media` is a format by its type and its name in ``f=``.

Start at `application`, which has the routes. Tested by `tests/saas/web/`.
"""

from __future__ import annotations

from stcloud.saas.web.application import application
from stcloud.saas.web.service import Service
from stcloud.saas.web.settings import Settings

__all__ = ["Service", "Settings", "application"]
