"""Open311 GeoReport v2: service requests of a log of cases, or of a layer, and reports of the public.

Ring: saas. It knows the interface and what a city keeps; how cases go on is that of their workflow, which it must
not know. Nouns: a desk (`desk.py`) is where requests are kept and reports are filed; `casedesk.py` is a log,
`layerdesk.py` a layer that is only read. A report (`report.py`) is what a form says, and the guard (`guard.py`) is
before the desk. Start at `routes.py`.

Tested by `tests/saas/web/open311`.
"""

from __future__ import annotations

from stcloud.saas.web.open311.desk import ServiceDesk

__all__ = ["ServiceDesk"]
