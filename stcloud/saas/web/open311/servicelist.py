"""Services of a log of cases: the classes of its city, and what its workflow takes of a report.

Tested by `tests/saas/web/open311/test_servicelist.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from stcloud.errors import NotFound
from stcloud.paas.case.definition import FieldClause
from stcloud.saas.web.open311.desk import ServiceAttribute, ServiceType

if TYPE_CHECKING:
    from stcloud.paas.case.classes import ConditionTable
    from stcloud.paas.case.classes.class_row import ClassRow, Language
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.paas.case.transition import Transition
    from stcloud.paas.case.workflow import Workflow

__all__ = ["Opening", "opening_of", "service_code", "service_named", "service_of", "services_of"]

_OURS = frozenset({
    "kind", "class", "cell", "lon", "lat", "source", "department", "status", "promised", "limit_kind", "limit_value",
    "opinion", "reason", "whole", "master", "due",
})  # fmt: skip
"""Fields that the city fills in, or that no reporter knows."""
_TYPES = {"integer": "number", "number": "number", "instant": "datetime"}


@dataclass(frozen=True, slots=True)
class Opening:
    """How the public opens a case: the action, as which role, and what it may state."""

    action: str
    role: str
    transition: Transition

    @property
    def has_kind(self) -> bool:
        """Whether classes are of components and matters, which share numbers."""
        return "kind" in self.transition.takes


def opening_of(workflow: Workflow) -> Opening | None:
    """Return the first action by which a role of the public opens a case; None: there is none."""
    roles = workflow.definition.roles
    public = [name for name, role in roles.items() if role.side == "public"]
    for transition in workflow.table[None].values():
        role = next((name for name in public if name in transition.roles), None)
        if role is not None:
            return Opening(transition.action, role, transition)
    return None


def service_code(kind: str | None, code: str) -> str:
    """Return the code of the service of a class.

    >>> service_code("matter", "01001"), service_code(None, "Pothole")
    ('matter-01001', 'Pothole')
    """
    return code if kind is None else f"{kind}-{code}"


def services_of(classes: ClassTable, day: date, language: Language) -> list[ServiceType]:
    """Return a service for each minor class that is valid on a day, by code."""
    rows = [row for row in classes if row.is_valid(day)]
    majors = {(row.kind, row.edition, row.code): row.name_in(language) for row in rows if not row.major}
    newest: dict[str, ClassRow] = {}
    for row in sorted((row for row in rows if row.major), key=lambda row: row.edition):
        newest[service_code(row.kind, row.code)] = row
    return [
        ServiceType(
            code, row.name_in(language), majors.get((row.kind, row.edition, row.major), ""),
            ", ".join(dict.fromkeys((row.name, row.name_zh))),
        )
        for code, row in sorted(newest.items())
    ]  # fmt: skip


def service_of(
    service: ServiceType, workflow: Workflow, opening: Opening, conditions: ConditionTable | None, day: date
) -> ServiceType:
    """Return a service with its attributes: what the action that opens a case takes of the public."""
    kind, _, code = service.code.partition("-")
    named = () if conditions is None else conditions.of_class(kind, code, day)
    values = tuple((each.condition, each.filing) for each in named)
    attributes = _attributes(workflow, opening, kind, values)
    return ServiceType(service.code, service.name, service.group, service.keywords, tuple(attributes))


def _attributes(
    workflow: Workflow, opening: Opening, kind: str, conditions: tuple[tuple[str, str], ...]
) -> Iterator[ServiceAttribute]:
    for name in _in_order(workflow.definition.fields, opening):
        clause, required = workflow.definition.fields[name], name in opening.transition.needs
        about = clause.title or name.replace("_", " ")
        if name == "component" and kind == "matter":
            continue
        if name == "condition" and conditions:
            yield ServiceAttribute(name, about, "singlevaluelist", required, conditions)
        elif name != "condition" or required:
            yield ServiceAttribute(name, about, _datatype(clause), required, _values(clause))


def _in_order(fields: Iterable[str], opening: Opening) -> list[str]:
    taken = opening.transition.takes
    return [name for name in fields if name in taken and name not in _OURS and not name.startswith("rule_")]


def _datatype(clause: FieldClause) -> str:
    return (
        "singlevaluelist" if clause.values or clause.type == "boolean" else _TYPES.get(clause.type, "string")
    )


def _values(clause: FieldClause) -> tuple[tuple[str, str], ...]:
    values = ("true", "false") if clause.type == "boolean" else clause.values
    return tuple((value, value) for value in values)


def service_named(services: Iterable[ServiceType], code: str) -> ServiceType:
    """Return the service of a code; `NotFound` ``unknown-service``."""
    service = next((each for each in services if each.code == code), None)
    if service is None:
        raise NotFound("unknown-service", f"there is no service '{code:.80}'")
    return service
