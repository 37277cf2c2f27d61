"""Questions in the definition of the interface: in addresses, on tiles, together, and what views need beside them.

Tested by `tests/saas/web/test_openapi.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.saas.web.answerformat import OFFERED
from stcloud.saas.web.apioperation import body_schema, get_of, operation, query_parameter
from stcloud.saas.web.media import JSON, TILE, Media
from stcloud.saas.web.tilepaths import place_parameters

__all__ = ["address_operation", "question_paths"]

_OBJECT = {"type": "object"}
_QUESTION = query_parameter(
    "question", {"type": "string", "example": '{"layer":"requests","count":true}'}, "Document of the question"
) | {"required": True}  # fmt: skip
_DRAWING = [
    query_parameter("properties", {"type": "string"}, "Names of the properties of rows that are wanted"),
    query_parameter(
        "cluster", {"type": "string", "pattern": "^(?:true|false|[1-9][0-9]*k?m)$", "example": "250m"},
        "Rows by cell: true, false, or the size of the cells",
    ),
]  # fmt: skip


def question_paths() -> dict[str, Any]:
    """Return the paths of questions but that of an answer to a document."""
    from stcloud.paas.query import Question  # noqa: PLC0415
    from stcloud.saas.web.linkedviews import FormsDocument, LegendDocument, WhyDocument  # noqa: PLC0415
    from stcloud.saas.web.questionbatch import BatchDocument  # noqa: PLC0415

    posted = {
        "/questions/batch": (BatchDocument, "Answer several questions at one pin"),
        "/questions/forms": (FormsDocument, "Write a question in words, and as it is typed, saved and sent"),
        "/why": (WhyDocument, "Answer why a row is in the answer to a question"),
        "/legends": (LegendDocument, "Answer the classes and colours of a field of an answer"),
    }
    paths = {path: {"post": _posted(summary, (JSON,), model)} for path, (model, summary) in posted.items()}
    tile = get_of("Tile of a question", (TILE,), _OBJECT, [*place_parameters(), _QUESTION, *_DRAWING])
    tile["post"] = _posted("Tile of a long question", (TILE,), Question, [*place_parameters(), *_DRAWING])
    for method in tile.values():
        method["responses"]["204"] = {"description": "Nothing lies on the tile"}
    paths["/questions/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}"] = tile
    return paths


def address_operation() -> dict[str, Any]:
    """Return the operation that answers the question of an address."""
    return operation("Answer the question of an address", OFFERED, _OBJECT, [_QUESTION])


def _posted(
    summary: str, media: tuple[Media, ...], model: Any, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    body = {"required": True, "content": {JSON.type: {"schema": body_schema(model)}}}
    return operation(summary, media, _OBJECT, parameters or []) | {"requestBody": body}
