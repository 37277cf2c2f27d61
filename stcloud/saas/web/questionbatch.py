"""Several questions at once, at one pin: what the views of one page ask when a slider is let go.

Tested by `tests/saas/web/test_questionbatch.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import unquote

from pydantic import Field
from starlette.responses import Response

from stcloud.daas.definition.clause import Closed
from stcloud.errors import StcloudError
from stcloud.iaas.job import Cancelled
from stcloud.paas.query import Question
from stcloud.paas.query.answer.pin import Pin
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.personal import personal_in_document
from stcloud.saas.web.problem import problem_of
from stcloud.saas.web.questions import answer_of, answer_text, read_document

__all__ = ["BatchDocument", "batch"]

_MOST, _THREADS = 50, 2


class BatchDocument(Closed):
    """Questions that are answered together, in their order; those without `known_at` at one pin."""

    questions: Annotated[tuple[Question, ...], Field(max_length=_MOST)]


def _note(call: CityRequest, question: Question, error: StcloudError) -> None:
    """Note a question that is refused, as if it were asked alone."""
    cities = list(call.service.cities)
    city = cities[0] if len(cities) == 1 else unquote(call.base.rpartition("/")[2])
    document = question.model_dump(mode="json", exclude_defaults=True)
    call.service.notes.failed(replace(call, given={"document": document}), "questions", city, error)


@dataclass(frozen=True, slots=True)
class _Part:
    """An answer as JSON, or its problem, and what it gives."""

    text: bytes
    rows: int = 0
    personal: frozenset[str] = frozenset()


def _together(call: CityRequest, questions: Sequence[Question]) -> list[_Part]:
    """Answer questions two at a time: what is read and counted runs beside Python."""
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="batch") as threads:
        given = [threads.submit(copy_context().run, _answered, call, question) for question in questions]
        return [future.result() for future in given]


def _answered(call: CityRequest, question: Question) -> _Part:
    try:
        answer = answer_of(call, question)
    except StcloudError as error:
        if isinstance(error, Cancelled):
            raise
        _note(call, question, error)
        return _Part(encoded({"problem": problem_of(error)}))
    document = question.model_dump(mode="json", exclude_defaults=True)
    columns = answer.table.column_names if len(answer) else ()
    personal = personal_in_document(call.city, document, columns) if columns else frozenset[str]()
    return _Part(answer_text(answer), len(answer), personal)


def batch(call: CityRequest) -> Response:
    """Answer several questions: each answer as a question alone has it, or its problem."""
    document = read_document(call, BatchDocument)
    media = call.media(JSON)
    pin = Pin.of({layer.name: layer.pin_us() for layer in call.city.layers()}, {}).text
    questions = [
        each if each.known_at is not None else each.model_copy(update={"known_at": pin})
        for each in document.questions
    ]
    parts = _together(call, questions)
    rows = sum(part.rows for part in parts)
    personal = frozenset(name for part in parts for name in part.personal)
    texts = [part.text for part in parts]
    call.given.update(rows=rows, personal=personal, pin=pin)
    return call.reply(
        b'{"pin":' + json.dumps(pin).encode() + b',"answers":[' + b",".join(texts) + b"]}", media
    )
