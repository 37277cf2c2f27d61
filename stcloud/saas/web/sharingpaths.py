"""Delta Sharing in the definition of the interface: its paths, and its own form of errors.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stcloud.saas.web.apioperation import body_schema, operation, query_parameter
from stcloud.saas.web.apivalues import INSTANT
from stcloud.saas.web.media import JSON, PARQUET, Media
from stcloud.saas.web.sharing.sharingdocument import LINES
from stcloud.saas.web.sharing.sharingroutes import SCHEMA_NAME, TableQuery, share_name, shared_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcloud.saas.web.call import CityRequest

__all__ = ["sharing_paths"]

_BASE = "/delta-sharing"
_OBJECT = {"type": "object"}
_ERROR = {"content": {JSON.type: {"schema": {"$ref": "#/components/schemas/sharingError"}}}}
_PAGING = [
    query_parameter("maxResults", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "Most results of a page"),
    query_parameter("pageToken", {"type": "string"}, "The nextPageToken of the page before"),
]  # fmt: skip
_AS_OF = [
    query_parameter("version", {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}, "A version of the table"),
    query_parameter("timestamp", INSTANT, "An instant: the newest version that is not later"),
]  # fmt: skip


def sharing_paths(call: CityRequest) -> dict[str, Any]:
    """Return the paths of what is shared with the principal."""
    base = f"{_BASE}/shares/{share_name(call)}"
    tables = f"{base}/schemas/{SCHEMA_NAME}/tables"
    paths: dict[str, Any] = {
        f"{_BASE}/shares": _read("Shares", _PAGING),
        base: _read("The share"),
        f"{base}/schemas": _read("Schemas of the share", _PAGING),
        f"{base}/all-tables": _read("Tables of the share", _PAGING),
        tables: _read("Tables of the schema", _PAGING),
        f"{_BASE}/files/{{fileId}}": _file(),
    }
    for layer in shared_layers(call):
        paths |= _table_paths(f"{tables}/{layer.name}", layer.name)
    return paths


def _table_paths(base: str, name: str) -> dict[str, Any]:
    since = query_parameter(
        "startingTimestamp", INSTANT, "An instant: the earliest version that is not earlier"
    )
    version = _read(f"Version of table {name}", [since])
    version["get"]["responses"]["200"] = {
        "description": "The version",
        "headers": {"Delta-Table-Version": {"schema": {"type": "integer", "minimum": 0}, "required": True}},
    }
    body = {"required": False, "content": {JSON.type: {"schema": body_schema(TableQuery)}}}
    query = _described(operation(f"Files of table {name}", (LINES,), _OBJECT)) | {"requestBody": body}
    changes = _read(f"Changes of table {name}: they are not shared")
    del changes["get"]["responses"]["200"]
    return {
        f"{base}/version": version,
        f"{base}/metadata": _read(f"Columns of table {name}", _AS_OF, LINES),
        f"{base}/query": {"post": query},
        f"{base}/changes": changes,
    }


def _file() -> dict[str, Any]:
    file = {
        "name": "fileId",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "Its id",
    }
    token = query_parameter("token", {"type": "string"}, "What its address was signed with") | {
        "required": True
    }
    return _read("A file of a table, by its signed address", [file, token], PARQUET)


def _read(summary: str, parameters: Sequence[dict[str, Any]] = (), media: Media = JSON) -> dict[str, Any]:
    return {"get": _described(operation(summary, (media,), _OBJECT, parameters))}


def _described(described: dict[str, Any]) -> dict[str, Any]:
    """Return an operation whose faults are told as the protocol has them, and whose format is not chosen."""
    responses = {
        status: response if status.startswith("2") else {"description": response["description"], **_ERROR}
        for status, response in described["responses"].items()
    }
    parameters = [each for each in described["parameters"] if each["name"] != "f"]
    return {**described, "parameters": parameters, "responses": responses}
