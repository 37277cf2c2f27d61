"""What views of an answer need beside it: why a row is in it, its classes and colours, and how it is typed.

Tested by `tests/saas/web/test_linkedviews.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import pyarrow as pa
from pydantic import Field
from starlette.responses import Response

from stcloud.errors import Unsupported
from stcloud.paas.query import Question
from stcloud.saas.reproduction import python_text, shell_text
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.personal import personal_in_document, personal_of
from stcloud.saas.web.questionaddress import text_of
from stcloud.saas.web.questions import no_file, read_document

__all__ = ["FormsDocument", "LegendDocument", "WhyDocument", "forms", "legends", "why"]

_MOST_CLASSES = 6


class WhyDocument(Question):
    """A question, and the key of a row; see `Query.why`."""

    key: str

    def question(self) -> Question:
        """Return the question alone."""
        return Question(**{name: getattr(self, name) for name in Question.model_fields})


class LegendDocument(Question):
    """A question, and the field of its answer that areas are coloured by, in so many classes at most."""

    field: str
    classes: Annotated[int, Field(strict=True, ge=1, le=_MOST_CLASSES)] = 5

    def question(self) -> Question:
        """Return the question alone."""
        return Question(**{name: getattr(self, name) for name in Question.model_fields})


class FormsDocument(Question):
    """A question that is written in other forms."""


def why(call: CityRequest) -> Response:
    """Answer why a row is in an answer, or is not: its versions, and each condition with its result."""
    document = read_document(call, WhyDocument)
    media = call.media(JSON)
    query = document.question().narrow(call.city.query(document.layer), no_file)
    reason = query.why(document.key)
    personal = personal_of(call.city.layer(document.layer), ["st_key"]) if reason.versions else frozenset()
    call.given.update(rows=len(reason.versions), personal=personal, pin=query.inquiry().pin().text)
    given = {
        "key": reason.key, "found": reason.found, "versions": list(reason.versions),
        "conditions": [asdict(result) for result in reason.conditions], "facts": query.facts(),
    }  # fmt: skip
    return call.reply(encoded(given), media)


def forms(call: CityRequest) -> Response:
    """Answer how a question is understood, and how it is typed, saved and sent."""
    document = read_document(call, FormsDocument)
    media = call.media(JSON)
    question = Question(**{name: getattr(document, name) for name in Question.model_fields})
    words = question.narrow(call.city.query(question.layer), no_file).facts()
    call.given.update(rows=0, personal=frozenset())
    given = {
        "words": words, "shell": shell_text(question, call.city.name), "python": python_text(question, "city"),
        "toml": question.to_toml(), "json": question.to_json(),
        "url": call.url("questions", question=text_of(question)),
    }  # fmt: skip
    return call.reply(encoded(given), media)


def legends(call: CityRequest) -> Response:
    """Answer the classes and colours of a field of an answer, as maps of the library have them."""
    from stcloud.saas.report.fieldclasses import field_classes  # noqa: PLC0415

    document = read_document(call, LegendDocument)
    media = call.media(JSON)
    table, pin = _shaded(document.question(), call)
    given = field_classes(table, document.field, document.classes)
    personal = personal_in_document(call.city, call.given["document"], [document.field])
    call.given.update(rows=len(table), pin=pin, personal=personal if len(table) else frozenset())
    return call.reply(encoded({**given, "pin": pin}), media)


def _shaded(question: Question, call: CityRequest) -> tuple[pa.Table, str | None]:
    """Return what is coloured, and its pin: groups that have a place, which tiles of them share, or else all."""
    query = question.narrow(call.city.query(question.layer), no_file)
    if question.by:
        try:
            groups = question.whole_groups(query, no_file)
        except Unsupported as error:
            if error.kind != "no-geometry":
                raise
        else:
            return groups.table, groups.pin.text
    answer = question.answer(query, no_file)
    return answer.table, None if answer.pin is None else answer.pin.text
