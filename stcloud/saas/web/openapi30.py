"""The definition as OpenAPI 3.0, for clients that read no later one: GDAL, QGIS, OWSLib.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["as_openapi_30"]

_VERSION = "3.0.3"


def as_openapi_30(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition of OpenAPI 3.1 in the words of 3.0, which has none for the bodies of requests."""
    older: dict[str, Any] = _older(document)
    older["openapi"] = _VERSION
    for item in older["paths"].values():
        for operation in item.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = {"type": "object"}
    return older


def _older(part: Any) -> Any:
    if isinstance(part, Mapping):
        changed = {name: _older(below) for name, below in part.items()}
        kinds = changed.get("type")
        if isinstance(kinds, list):
            changed["type"] = next(kind for kind in kinds if kind != "null")
            changed["nullable"] = True
        return changed
    return [_older(below) for below in part] if isinstance(part, list | tuple) else part
