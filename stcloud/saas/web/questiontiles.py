"""Vector tiles of questions: rows, or groups with all fields of the answer, on a square of a web map.

Tested by `tests/saas/web/test_questiontiles.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import TILE
from stcloud.saas.web.parameter import read_names
from stcloud.saas.web.personal import personal_in_document
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.questionaddress import fixed_pin, is_moving, question_of, text_of
from stcloud.saas.web.questions import no_file
from stcloud.saas.web.tiles import TRUTHS, tile_place

if TYPE_CHECKING:
    from stcloud.paas.query import Question
    from stcloud.paas.query.answer.vector_tile import VectorTile

__all__ = ["DRAWING", "question_tile"]

DRAWING = ("properties", "cluster")
"""Parameters of a tile of a question, beside the question."""


def question_tile(call: CityRequest) -> Response:
    """Return a tile of a question, which the address has, or the body; 204 where nothing lies on it."""
    media = call.media(TILE)
    place = tile_place(call)
    question = question_of(call, *DRAWING)
    pinned = call.method != "POST"
    tag = tag_of(call, media, moving=is_moving(question), known=fixed_pin(question) or "") if pinned else None
    unchanged = not_modified(call, tag)
    if unchanged is not None:
        return unchanged
    made = _drawn(call, question, (place.z, place.x, place.y))
    call.given.update(rows=made.features, pin=made.pin.text, personal=_personal(call, question, made))
    call.extra["Pin"] = made.pin.text
    if pinned and tag is None and not is_moving(question):
        settled = question.model_copy(update={"known_at": made.pin.text})
        call.extra["Content-Location"] = call.again(question=text_of(settled))
    return call.reply(made.content, TILE, 200 if made.content else 204)


def _drawn(call: CityRequest, question: Question, place: tuple[int, int, int]) -> VectorTile:
    given: dict[str, Any] = {}
    if "properties" in call.parameters:
        own = sorted(attribute.name for attribute in call.city.layer(question.layer).attributes)
        given["columns"] = read_names(call.parameters["properties"], own, "properties")
    if "cluster" in call.parameters:
        given["cluster"] = TRUTHS.get(call.parameters["cluster"], call.parameters["cluster"])
    narrowed = question.narrow(call.city.query(question.layer), no_file)
    return question.tile(narrowed, place, no_file, **given)


def _personal(call: CityRequest, question: Question, made: VectorTile) -> frozenset[str]:
    """Return the personal columns that a tile may hold: of rows those that are named, or all."""
    if not made.features:
        return frozenset()
    layer = call.city.layer(question.layer)
    names = [attribute.name for attribute in layer.attributes]
    names = call.parameters["properties"].split(",") if "properties" in call.parameters else names
    columns = () if question.by else ("st_key", *names)
    return personal_in_document(call.city, json.loads(encoded(call.given["document"])), columns)
