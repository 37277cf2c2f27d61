"""Questions in addresses: ``question=`` with the document in JSON, and whether its answer ever changes.

Tested by `tests/saas/web/test_questiontiles.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from stcloud.errors import InvalidInput
from stcloud.saas.web.answerformat import OFFERED
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.pinned import not_modified, tag_of
from stcloud.saas.web.questions import answer_of, answered, checked_document, read_document

if TYPE_CHECKING:
    from stcloud.paas.query import Question

__all__ = ["MOST_ADDRESS_BYTES", "fixed_pin", "is_moving", "question", "question_of", "text_of"]

MOST_ADDRESS_BYTES = 8_000
"""Longer documents are sent as a body: servers between cut addresses."""
_KNOWN = "known-at:"


def question(call: CityRequest) -> Response:
    """Answer the question of an address: what is pinned is given once, and kept by who asked."""
    media = call.media(*OFFERED)
    wanted = question_of(call)
    tag = tag_of(call, media, moving=is_moving(wanted), known=fixed_pin(wanted) or "")
    unchanged = not_modified(call, tag)
    return answered(call, answer_of(call, wanted)) if unchanged is None else unchanged


def question_of(call: CityRequest, *others: str) -> Question:
    """Return the question of a request, of its parameter ``question`` or its body.

    Raises
    ------
    InvalidInput
        ``no-question``: there is none; ``address-too-long``.
    InvalidDefinition
        As `read_document`.
    """
    from stcloud.paas.query import Question  # noqa: PLC0415

    if call.method == "POST":
        posted: Question = read_document(call, Question, others)
        return posted
    text = call.known_parameters(("question", *others)).get("question")
    if text is None:
        raise InvalidInput(
            "no-question", "the address has no question", hint='write ?question={"layer": …}, or post the document'
        )  # fmt: skip
    if len(text.encode("utf-8", "replace")) > MOST_ADDRESS_BYTES:
        raise InvalidInput(
            "address-too-long", f"the question has more than {MOST_ADDRESS_BYTES:,} bytes",
            hint="post the document to the same address",
        )  # fmt: skip
    read: Question = checked_document(call, text, Question, "the question")
    return read


def fixed_pin(question: Question) -> str | None:
    """Return the pin of a question, of which nothing is known anew; None: it has none."""
    known = question.known_at
    beside = question.compare or ""
    if beside.startswith(_KNOWN) and not beside.startswith(f"{_KNOWN}pin:"):
        return None
    return known if known is not None and known.startswith("pin:") else None


def is_moving(question: Question) -> bool:
    """Tell whether an answer depends on the present instant."""
    from stcloud.time import is_relative  # noqa: PLC0415

    return question.now is None and any(map(is_relative, question.when))


def text_of(question: Question) -> str:
    """Return a question as an address has it."""
    document = question.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
