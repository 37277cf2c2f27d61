"""What the interface's definition says of loads: how a file is sent. Tested by `tests/saas/web/test_openapi.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.apioperation import operation, query_parameter
from stcloud.saas.web.apischemas import STRING
from stcloud.saas.web.intake import FILE_TYPES, LOAD_FLAGS, LOAD_OPTIONS
from stcloud.saas.web.media import JSON

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer
    from stcloud.saas.web.call import CityRequest

__all__ = ["LOAD_ID", "load_of"]

LOAD_ID = {
    "name": "loadId", "in": "path", "required": True, "schema": STRING, "description": "Identity of a load",
}  # fmt: skip
_STATUSES = {"201": "It was loaded", "200": "It was loaded before, or is not to be loaded"}
_FLAG = {"type": "boolean", "default": False}
_FILE = {"type": "string", "format": "binary"}


def load_of(layer: Layer, call: CityRequest) -> dict[str, Any]:
    """Return the operation that loads into a layer; nothing if the principal may not."""
    if not call.service.settings.most_load_bytes:
        return {}
    if isinstance(call.city, PermittedCity) and not call.city.may("load", layer.name):
        return {}
    modes = {"type": "string", "enum": list(layer.definition.modes)}
    parameters = [
        query_parameter(name, modes if name == "mode" else STRING, text)
        for name, text in LOAD_OPTIONS.items()
    ]
    parameters += [query_parameter(name, _FLAG, text) for name, text in LOAD_FLAGS.items()]
    made = operation(f"Load into {layer.name}", (JSON,), {"type": "object"}, parameters, statuses=_STATUSES)
    content = {kind: {"schema": _FILE} for kind in FILE_TYPES}
    return {"post": made | {"requestBody": {"required": True, "content": content}}}
