"""What views of an answer need beside it: why a row is in it, its classes and colours, and how it is typed.

Tested by `tests/saas/web/test_linkedviews.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field
from starlette.responses import Response

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.query import Question
from stcloud.saas.reproduction import python_text, shell_text
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.personal import personal_in_document, personal_of
from stcloud.saas.web.questionaddress import text_of
from stcloud.saas.web.questions import no_file, read_document

if TYPE_CHECKING:
    from stcloud.paas.query import Answer

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
    from stcloud.saas.report.classes import class_limits  # noqa: PLC0415
    from stcloud.saas.report.classrows import class_rows  # noqa: PLC0415
    from stcloud.saas.report.palette import ABSENT, NO_VALUE, ZERO  # noqa: PLC0415

    document = read_document(call, LegendDocument)
    media = call.media(JSON)
    question = document.question()
    answer = question.answer(question.narrow(call.city.query(question.layer), no_file), no_file)
    values, whole = _numbers(answer, document.field)
    changes = document.field.endswith(("_change", "_change_pct"))
    limits = class_limits(values, whole=whole, diverging=True if changes else None, most=document.classes)
    rows = [] if limits is None else class_rows(limits, values)
    call.gives(answer, personal=personal_in_document(call.city, call.given["document"], [document.field]))
    given = {
        "field": document.field, "kind": "diverging" if changes or (limits and limits.diverging) else "sequential",
        "classes": [
            {"from": _plain(row.lower, whole), "to": _plain(row.upper, whole), "colour": row.colour,
             "label": row.label, "count": row.count}
            for row in rows
        ],
        "zero": {"colour": ZERO, "count": int((values == 0).sum())},
        "absent": {"colour": ABSENT}, "no_value": {"colour": NO_VALUE, "count": int(np.isnan(values).sum())},
        "pin": None if answer.pin is None else answer.pin.text,
    }  # fmt: skip
    return call.reply(encoded(given), media)


def _numbers(answer: Answer, field: str) -> tuple[Any, bool]:
    """Return a field's values, NaN where there is none, and whether they are whole numbers."""
    names = answer.table.column_names
    if field not in names:
        raise NotFound(
            "unknown-field", f"the answer has no field '{field}' (there are: {', '.join(names)})",
            nearest=nearest(field, names),
        )  # fmt: skip
    column = answer.table[field]
    whole = pa.types.is_integer(column.type)
    if not (whole or pa.types.is_floating(column.type)):
        raise InvalidInput(
            "no-number", f"'{field}' has no numbers that classes could be made of", hint="name a measure"
        )
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), whole


def _plain(value: float, whole: bool) -> float:  # noqa: FBT001
    return int(value) if whole else float(value)
