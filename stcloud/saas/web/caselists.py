"""Logs of cases over HTTP: which there are, their workflows, and lists of cases with their clocks.

Tested by `tests/saas/web/test_caselists.py`.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from stcloud.city.casereader import CaseReader
from stcloud.errors import NotFound
from stcloud.iaas.records import Find
from stcloud.iaas.store.folder import is_name
from stcloud.paas.case.published import log_of
from stcloud.paas.case.workflow import Workflow
from stcloud.saas.cli.caserecord import entry_record, form_record
from stcloud.saas.cli.output import plain
from stcloud.saas.rights.permittedcity import PermittedCity
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import JSON
from stcloud.saas.web.parameter import iso_utc, read_bbox, read_limit
from stcloud.time import instant_us

__all__ = ["LISTING", "case_list", "case_logs", "case_workflow", "log_to_read", "own_roles"]

LISTING = {
    "number": "Beginning of the number", "state": "States, with commas between them",
    "kind": "component or matter", "class": "Code of the class", "department": "Department",
    "cell": "Code of the unit cell", "bbox": "West, south, east, north in degrees",
    "due-before": "Deadline before this instant", "text": "Text of class, component or condition",
    "order": "number, reported (newest first) or due (earliest first)",
    "role": "Cases that a role can do something with",
    "at": "As they were at this instant", "known": "As they were known at this instant",
    "limit": "Most cases of a page", "after": "Where the page before ended",
}  # fmt: skip
"""Parameters of a list of cases, and what they mean."""
_DEFAULT_ROWS = 100


def case_logs(call: CityRequest) -> Response:
    """Return the logs of cases that may be read, with their workflows, and the roles that the principal has."""
    call.known_parameters(())
    media = call.media(JSON)
    layers = {log_of(layer.definition): layer for layer in call.city.layers()}
    logs = []
    for name in call.city.case_logs():
        layer = layers.get(name)
        with log_to_read(call, name) as cases:
            workflow = _workflow(cases)
        logs.append({
            "name": name, "title": (layer.title if layer is not None else None) or name,
            "layer": None if layer is None else layer.name, "workflow": workflow.key,
            "workflow_title": workflow.definition.title, "workflow_title_zh": workflow.definition.title_zh,
            "roles": [
                {"role": role, "title": clause.title, "title_zh": clause.title_zh, "side": clause.side}
                for role, clause in workflow.definition.roles.items()
            ],
            "own_roles": own_roles(call, workflow), "may": _may(call, name),
        })  # fmt: skip
    return call.reply(encoded({"logs": logs}), media)


def case_list(call: CityRequest) -> Response:
    """Return a page of cases: as they are, or as they were at ``at``, as known at ``known``; of a role its inbox."""
    given = call.known_parameters(LISTING)
    media = call.media(JSON)
    zone = call.city.configuration.zone
    limit = read_limit(given.get("limit"), _DEFAULT_ROWS, call.service.settings.most_rows)
    states = tuple(part for part in given.get("state", "").split(",") if part)
    due = given.get("due-before")
    what = Find(
        number=given.get("number"), state=states, kind=given.get("kind"), class_code=given.get("class"),
        department=given.get("department"), cell=given.get("cell"),
        bbox=read_bbox(given["bbox"]) if "bbox" in given else None,
        due_before_us=None if due is None else instant_us(due, zone), text=given.get("text"),
        order=given.get("order", "number"),
    )  # fmt: skip
    with log_to_read(call, call.segments["log"]) as cases:
        listing = cases.listed(
            what, role=given.get("role"), at=given.get("at"), known_at=given.get("known"), limit=limit,
            after=given.get("after"),
        )  # fmt: skip
        records = [entry_record(entry, listing.at_us, zone) for entry in listing.entries]
    call.given["rows"] = len(records)
    following = None if listing.next is None else call.again(after=listing.next)
    document = {
        "log": call.segments["log"], "at": iso_utc(listing.at_us), "cases": records, "after": listing.next,
        "next": following,
    }  # fmt: skip
    return call.reply(encoded(plain(document)), media)


def case_workflow(call: CityRequest) -> Response:
    """Return the workflow that cases of a log begin with, and the forms of what opens one by own role."""
    call.known_parameters(())
    media = call.media(JSON)
    with log_to_read(call, call.segments["log"]) as cases:
        workflow = _workflow(cases)
        roles = own_roles(call, workflow)
        opening = {role: [form_record(form) for form in cases.forms(None, role)] for role in roles}
    document: dict[str, Any] = {
        "key": workflow.key, "own_roles": roles,
        "opening": {role: forms for role, forms in opening.items() if forms},
        **workflow.definition.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }  # fmt: skip
    return call.reply(encoded(plain(document)), media)


def log_to_read(call: CityRequest, name: str) -> Any:
    """Open a log of cases to be read; `NotFound` ``no-records``: there is none that may be read."""
    if not is_name(name):
        raise NotFound("no-records", f"there is no log '{name[:80]}'")
    city = call.city
    return city.reading_cases(name) if isinstance(city, PermittedCity) else city.cases(name)


def own_roles(call: CityRequest, workflow: Workflow) -> list[str]:
    """Return the roles of a workflow that the principal has; where there is no policy, all."""
    roles = workflow.definition.roles
    return [role for role in roles if call.service.policy is None or role in call.principal.roles]


def _workflow(cases: CaseReader) -> Workflow:
    return cases.workflows[cases.workflow]


def _may(call: CityRequest, log: str) -> list[str]:
    city = call.city
    acts = not isinstance(city, PermittedCity) or city.grants.may_with_cases("act", log)
    return ["read", *(["act"] if acts else [])]
