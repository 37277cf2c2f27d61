"""Several questions at once, at one pin: what the views of one page ask when a slider is let go.

Tested by `tests/saas/web/test_questionbatch.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated
from urllib.parse import unquote

from pydantic import Field
from starlette.responses import Response

from stcloud.daas.definition.clause import Closed
from stcloud.errors import StcloudError
from stcloud.paas.query import Question
from stcloud.paas.query.answer.pin import Pin
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.personal import personal_in_document
from stcloud.saas.web.problem import problem_of
from stcloud.saas.web.questions import answer_of, answer_text, read_document

__all__ = ["BatchDocument", "batch"]

_MOST = 50


class BatchDocument(Closed):
    """Questions that are answered together, in their order; those without `known_at` at one pin."""

    questions: Annotated[tuple[Question, ...], Field(max_length=_MOST)]


def _note(call: CityRequest, question: Question, error: StcloudError) -> None:
    """Note a question that is refused, as if it were asked alone."""
    cities = list(call.service.cities)
    city = cities[0] if len(cities) == 1 else unquote(call.base.rpartition("/")[2])
    document = question.model_dump(mode="json", exclude_defaults=True)
    call.service.notes.failed(replace(call, given={"document": document}), "questions", city, error)


def batch(call: CityRequest) -> Response:
    """Answer several questions: each answer as a question alone has it, or its problem."""
    document = read_document(call, BatchDocument)
    media = call.media(JSON)
    pin = Pin.of({layer.name: layer.pin_us() for layer in call.city.layers()}, {}).text
    rows, personal, texts = 0, frozenset[str](), []
    for question in document.questions:
        known = question if question.known_at is not None else question.model_copy(update={"known_at": pin})
        try:
            answer = answer_of(call, known)
        except StcloudError as error:
            _note(call, known, error)
            texts.append(encoded({"problem": problem_of(error)}))
            continue
        given = known.model_dump(mode="json", exclude_defaults=True)
        personal |= (
            personal_in_document(call.city, given, answer.table.column_names) if len(answer) else frozenset()
        )
        rows += len(answer)
        texts.append(answer_text(answer))
    call.given.update(rows=rows, personal=personal, pin=pin)
    return call.reply(
        b'{"pin":' + json.dumps(pin).encode() + b',"answers":[' + b",".join(texts) + b"]}", media
    )
