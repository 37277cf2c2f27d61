"""Cases over HTTP: one as it is or was, and actions on it.

Who acts is the principal; a role is one that the principal has. Where there is no policy, the service is reached by
the machine's own user alone, who states both.

Tested by `tests/saas/web/test_caseroutes.py`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from stcloud.daas.definition.clause import Closed
from stcloud.errors import InvalidInput, Unsupported
from stcloud.saas.cli.caserecord import case_record, form_record
from stcloud.saas.cli.output import plain
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.caselists import log_to_read, own_roles
from stcloud.saas.web.media import HTML, JSON
from stcloud.saas.web.questions import read_document

__all__ = ["ActionDocument", "act", "case"]


class ActionDocument(Closed):
    """An action on a case; see `Cases.act`.

    Parameters
    ----------
    case, action, role
        The case, the action and the role, in the words of the workflow. Without a case the action opens one, ``at``
        its place.
    actor
        Who acts, where there is no policy.
    expected
        Number of the last action that the actor knows of; None: act on whatever the case is now.
    id
        The actor's identity of the action: sent again, it is no second one.
    post, department, happened, at, fields, private, person
        As for `Cases.act`.
    """

    case: str | None = None
    action: str
    role: str
    actor: str | None = None
    post: str | None = None
    department: str | None = None
    happened: str | None = None
    expected: Annotated[int, Field(strict=True)] | None = None
    id: str | None = None
    at: tuple[float, float] | None = None
    fields: dict[str, str | int | float | bool] | None = None
    private: dict[str, str] | None = Field(default=None, exclude=True)  # in no document that is written
    person: str | None = Field(default=None, exclude=True)


def case(call: CityRequest) -> Response:
    """Return a case, its actions, clocks and links; ``at`` and ``known`` set the clocks.

    As it is now it also has the forms of what may be done with it, by role: those that the principal has, or one.
    """
    given = call.known_parameters(("at", "known", "role"))
    number, role = call.segments["case"], given.get("role")
    with log_to_read(call, call.segments["log"]) as cases:
        record = case_record(cases, number, given.get("at"), given.get("known"))
        if "at" not in given and "known" not in given:
            roles = own_roles(call, cases.workflows[record["workflow"]])
            record["linked"] = cases.linked(number)
            record["legal"] = {
                each: [form_record(form) for form in cases.forms(number, each)]
                for each in roles if role in (None, each)
            }  # fmt: skip
    return call.document(plain(record), "case", (JSON, HTML))


def act(call: CityRequest) -> Response:
    """Do something with a case; return what it is then.

    Raises
    ------
    InvalidInput, Conflict, NotFound
        As `Cases.act`; ``not-permitted``: the principal may not act, or has not the role; ``actor-needed``.
    Unsupported
        ``wrong-media-type``.
    """
    if "content-type" not in call.headers:  # a page of another site can have a browser send such a body
        raise Unsupported("wrong-media-type", "the body is of no stated type; it is to be application/json")
    document: ActionDocument = read_document(call, ActionDocument)
    actor = _actor(call, document)
    with call.city.cases(call.segments["log"]) as cases:
        stated: dict[str, Any] = {
            "actor": actor, "role": document.role, "post": document.post, "department": document.department,
            "happened": document.happened, "id": document.id, "at": document.at, "fields": document.fields,
            "private": document.private, "person": document.person,
        }  # fmt: skip
        if document.case is None:
            accepted = cases.open(action=document.action, **stated)
        else:
            accepted = cases.act(document.case, document.action, expected=document.expected, **stated)
    answer: dict[str, Any] = {
        "case": accepted.state.case,
        "state": accepted.state.state,
        "seq": accepted.state.seq,
        "repeated": accepted.repeated,
    }
    return call.reply(encoded(answer), JSON)


def _actor(call: CityRequest, document: ActionDocument) -> str:
    """Return who acts."""
    if call.service.policy is None:
        if document.actor is None:
            raise InvalidInput("actor-needed", "the document does not say who acts", hint="state the actor")
        return document.actor
    principal = call.principal
    if principal.is_anonymous or document.actor not in (None, principal.name):
        raise InvalidInput("not-permitted", "who acts is who is signed in", hint="show a token of your own")
    if document.role not in principal.roles:
        raise InvalidInput(
            "not-permitted", f"you have not the role '{document.role}'", hint="act in a role that you have"
        )
    return principal.name
