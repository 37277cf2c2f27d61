"""Desks: where service requests are kept, and where reports of the public are filed.

Tested by `tests/saas/web/open311/test_casedesk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stcloud.saas.web.open311.report import PublicReport
from stcloud.saas.web.open311.requestsearch import RequestSearch

__all__ = ["Filed", "RequestPage", "ServiceAttribute", "ServiceDesk", "ServiceType"]


@dataclass(frozen=True, slots=True)
class ServiceAttribute:
    """What a report of a service may state besides place and description.

    Parameters
    ----------
    code, description
        Its name, and what it asks for.
    datatype
        ``string``, ``number``, ``datetime`` or ``singlevaluelist``.
    required
        Whether a report must state it.
    values
        Keys and names of a list.
    """

    code: str
    description: str
    datatype: str = "string"
    required: bool = False
    values: tuple[tuple[str, str], ...] = ()

    def document(self, order: int) -> dict[str, Any]:
        """Return it as the standard has it; ``order`` is its place, from 1."""
        return {
            "variable": True, "code": self.code, "datatype": self.datatype, "required": self.required,
            "datatype_description": None, "order": order, "description": self.description,
            "values": [{"key": key, "name": name} for key, name in self.values],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceType:
    """A type of request: its code, its name, the group that it is in, and what reports of it may state."""

    code: str
    name: str
    group: str = ""
    keywords: str = ""
    attributes: tuple[ServiceAttribute, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as the list of services has it."""
        return {
            "service_code": self.code, "service_name": self.name, "description": self.name,
            "metadata": bool(self.attributes), "type": "realtime", "keywords": self.keywords, "group": self.group,
        }  # fmt: skip

    def definition(self) -> dict[str, Any]:
        """Return its definition: the attributes in their order."""
        attributes = [attribute.document(order) for order, attribute in enumerate(self.attributes, start=1)]
        return {"service_code": self.code, "attributes": attributes}


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some requests as documents, newest first, and the cursor of those after them; None: there are none."""

    requests: tuple[Mapping[str, Any], ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was filed: number of its request; ``repeated``: it had been filed before."""

    number: str
    repeated: bool = False


class ServiceDesk(Protocol):
    """Where requests are kept."""

    @property
    def personal(self) -> frozenset[str]:
        """Personal columns that requests show, as ``LAYER.COLUMN``; the private fields of a log are in none."""

    def services(self) -> Sequence[ServiceType]:
        """Return the types of requests, by code."""

    def service(self, code: str) -> ServiceType:
        """Return a type with its attributes; `NotFound` ``unknown-service``."""

    def search(self, search: RequestSearch) -> RequestPage:
        """Return a page of requests."""

    def request(self, number: str) -> Mapping[str, Any]:
        """Return one request; `NotFound` ``unknown-request``."""

    def check(self, report: PublicReport) -> None:
        """Refuse a report that cannot be filed: `NotFound` ``unknown-service``, `InvalidInput` of its place."""

    def file(self, report: PublicReport, key: str | None) -> Filed:
        """File a report; ``key`` is its sender's identity of it: sent again, it is no second one."""

    def close(self) -> None:
        """Let go of what is open."""
