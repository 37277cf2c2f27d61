"""The logs of cases that may be read, in the definition of the interface.

Tested by `tests/saas/web/test_caselists.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.saas.web.apioperation import get_of, operation, query_parameter
from stcloud.saas.web.apischemas import STRING
from stcloud.saas.web.apivalues import BOX, INSTANT, KNOWN, names_of
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.caselists import LISTING, log_to_read
from stcloud.saas.web.media import HTML, JSON

__all__ = ["case_paths"]

_OBJECT = {"type": "object"}
_NUMBER = {
    "name": "case", "in": "path", "required": True, "schema": STRING, "description": "Number of a case",
}  # fmt: skip


def case_paths(call: CityRequest) -> dict[str, Any]:
    """Return the paths of the logs of cases that may be read."""
    from stcloud.saas.web.caseroutes import ActionDocument  # noqa: PLC0415

    at = query_parameter("at", INSTANT, "As it was at this instant")
    known = query_parameter("known", KNOWN, "As it was known at this instant")
    body = {"required": True, "content": {JSON.type: {"schema": ActionDocument.model_json_schema()}}}
    paths: dict[str, Any] = {"/cases": get_of("Logs of cases", (JSON,), _OBJECT)}
    for log in call.city.case_logs():
        with log_to_read(call, log) as cases:
            workflow = cases.workflows[cases.workflow]
        role = query_parameter(
            "role", {"type": "string", "enum": list(workflow.definition.roles)}, LISTING["role"]
        )
        paths[f"/cases/{log}"] = get_of(f"Cases of {log}", (JSON,), _OBJECT, _listing(workflow.states, role))
        paths[f"/cases/{log}/workflow"] = get_of(f"Workflow of {log}", (JSON,), _OBJECT)
        paths[f"/cases/{log}/{{case}}"] = get_of(
            f"Case of {log}", (JSON, HTML), _OBJECT,
            [_NUMBER, at, known, role | {"description": "Forms of this role alone"}],
        )  # fmt: skip
        act = operation(f"Act on a case of {log}", (JSON,), _OBJECT, [])
        paths[f"/cases/{log}/actions"] = {"post": act | {"requestBody": body}}
    return paths


def _listing(states: tuple[str, ...], role: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters of a list of cases."""
    schemas: dict[str, dict[str, Any]] = {
        "text": {"type": "string", "pattern": "[^ ]"},
        "state": names_of(states), "kind": {"type": "string", "enum": ["component", "matter"]}, "bbox": BOX,
        "due-before": INSTANT, "order": {"type": "string", "enum": ["number", "reported", "due"]}, "at": INSTANT,
        "known": INSTANT, "limit": {"type": "integer", "minimum": 1, "default": 100},
    }  # fmt: skip
    return [
        role if name == "role" else query_parameter(name, schemas.get(name, STRING), about)
        for name, about in LISTING.items()
    ]
