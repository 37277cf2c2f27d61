"""An operation of the interface's definition: what it takes, what it answers, and every fault it may answer.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stcloud.saas.web.media import PROBLEM

if TYPE_CHECKING:
    from pydantic import BaseModel

    from stcloud.saas.web.media import Media

__all__ = ["body_schema", "get_of", "operation", "query_parameter"]

_FAULTS = {
    "400": "The request is wrong", "401": "Nobody is signed in", "403": "It is not permitted",
    "404": "There is no such thing", "406": "No accepted format is offered", "410": "It was, and is no more",
    "414": "The address is too long",
    "421": "The service is not of this name", "429": "Too many requests", "500": "A fault of the service",
    "501": "A part of the service is not installed", "503": "Too busy, or it took too long",
}  # fmt: skip
_FAULTS_OF_BODY = {
    "409": "Others were faster", "413": "The body is too large", "415": "The body is of another type",
}  # fmt: skip
_ANSWERED = {"200": "The answer"}


def get_of(
    summary: str,
    formats: Sequence[Media],
    schema: dict[str, Any],
    parameters: Sequence[dict[str, Any]] = (),
    name: str | None = None,
) -> dict[str, Any]:
    """Return a path that is read; arguments are those of `operation`."""
    return {"get": operation(summary, formats, schema, parameters, name)}


def operation(
    summary: str,
    formats: Sequence[Media],
    schema: dict[str, Any],
    parameters: Sequence[dict[str, Any]] = (),
    name: str | None = None,
    *,
    statuses: Mapping[str, str] = _ANSWERED,
) -> dict[str, Any]:
    """Return an operation; ``schema`` is that of its answers in JSON, ``name`` the id that a standard gives it.

    ``statuses`` are those of answers, and what they mean.
    """
    content = {
        media.type.partition("; charset")[0]: {
            "schema": schema if "json" in media.type else {"type": "string"}
        }
        for media in formats
    }
    names = [media.name for media in formats]
    form = query_parameter("f", {"type": "string", "enum": names}, "Format, before what Accept says")
    faults = {status: _fault(text) for status, text in (_FAULTS | _FAULTS_OF_BODY).items()}
    return {
        **({} if name is None else {"operationId": name}),
        "summary": summary,
        "parameters": [*parameters, form],
        "responses": {
            **{status: {"description": text, "content": content} for status, text in statuses.items()}, **faults,
        },
    }  # fmt: skip


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a document, with those of its parts inside: an operation has no place to refer to."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def whole(value: Any) -> Any:
        if isinstance(value, list):
            return [whole(part) for part in value]
        if not isinstance(value, dict):
            return value
        name = str(value.get("$ref", "")).removeprefix("#/$defs/")
        return whole(parts[name]) if name in parts else {key: whole(part) for key, part in value.items()}

    written: dict[str, Any] = whole(schema)
    return written


def query_parameter(name: str, schema: dict[str, Any], about: str) -> dict[str, Any]:
    """Return an optional parameter of the query."""
    return {
        "name": name, "in": "query", "required": False, "schema": schema, "style": "form", "explode": False,
        "description": about,
    }  # fmt: skip


def _fault(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {PROBLEM.type: {"schema": {"$ref": "#/components/schemas/problem"}}},
    }
