"""The desk of a log of cases: its cases are requests, and reports open cases.

A description and an address may name persons: they are kept apart from the log, and no request shows them.

Tested by `tests/saas/web/open311/test_casedesk.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stcloud.errors import Conflict, InvalidInput, NotFound, Unsupported
from stcloud.iaas.records import CaseSummary, Find
from stcloud.paas.case.classes.class_row import KINDS
from stcloud.saas.web.open311.desk import Filed, RequestPage, ServiceType
from stcloud.saas.web.open311.document import instant_text
from stcloud.saas.web.open311.report import PublicReport
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.saas.web.open311.servicelist import (
    Opening,
    opening_of,
    service_code,
    service_named,
    service_of,
    services_of,
)
from stcloud.space import area_of_use, project

if TYPE_CHECKING:
    from stcloud.city import City
    from stcloud.paas.case.classes import ConditionTable
    from stcloud.paas.case.classes.class_row import Language
    from stcloud.paas.case.classes.class_table import ClassTable
    from stcloud.paas.case.workflow import Workflow

__all__ = ["CaseDesk"]

_ACTOR = "open311"
_DEGREES = "EPSG:4326"
_SCANNED = 1_000


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a state is to the public."""

    closed: bool
    title: str


class CaseDesk:
    """Requests that are cases of a log.

    Parameters
    ----------
    city, log
        The city, and the name of the log.
    now_us
        The present instant, UTC microseconds.
    """

    def __init__(self, city: City, log: str, now_us: int) -> None:
        self._city, self._cases, self._now_us = city, city.cases(log), now_us

    @property
    def personal(self) -> frozenset[str]:
        """Personal columns that requests show: none."""
        return frozenset()

    def close(self) -> None:
        """Close the log."""
        self._cases.close()

    def services(self) -> Sequence[ServiceType]:
        """Return the classes of the city that are valid today, with what their reports may state."""
        services = services_of(self._classes, self._day, self._language)
        opening = opening_of(self._workflow)
        if opening is None:
            return services
        workflow, conditions, day = self._workflow, self._conditions, self._day
        return [service_of(service, workflow, opening, conditions, day) for service in services]

    def service(self, code: str) -> ServiceType:
        """Return a class with what its reports may state; `NotFound` ``unknown-service``."""
        return service_named(self.services(), code)

    def search(self, search: RequestSearch) -> RequestPage:
        """Return a page of requests, newest first."""
        if search.numbers:
            summaries = [self._summary(number) for number in search.numbers]
            return RequestPage(tuple(self._documents(filter(None, summaries))))
        page: list[CaseSummary] = []
        for summary in self._newest_first(search):
            if search.codes and _code_of(summary) not in search.codes:
                continue
            if len(page) == search.size:
                last = page[-1]
                return RequestPage(tuple(self._documents(page)), f"{last.reported_us}:{last.number}")
            page.append(summary)
        return RequestPage(tuple(self._documents(page)))

    def request(self, number: str) -> Mapping[str, Any]:
        """Return one request; `NotFound` ``unknown-request``."""
        summary = self._summary(number)
        if summary is None:
            raise NotFound("unknown-request", f"there is no request '{number:.80}'")
        return next(self._documents([summary]))

    def check(self, report: PublicReport) -> None:
        """Refuse a report that cannot be filed.

        Raises
        ------
        Unsupported, NotFound, InvalidInput
            ``no-reports``: the workflow lets nobody of the public open a case; ``unknown-service``;
            ``outside-city``; ``unknown-attribute``, ``missing-field``, ``bad-value`` of what the service asks for.
        """
        self._opening()
        _check_attributes(self.service(report.code), report.attributes)
        if report.at is not None:
            self._check_place(*report.at)

    def file(self, report: PublicReport, key: str | None) -> Filed:
        """Open a case; `Conflict` ``other-report``: another report has the same ``key``."""
        opening = self._opening()
        kind, _, code = report.code.partition("-")
        fields = {"kind": kind, "class": code} if opening.has_kind else {"class": report.code}
        try:
            accepted = self._cases.open(
                action=opening.action, at=report.at, actor=_ACTOR, role=opening.role, id=_identity(key),
                fields={"source": _ACTOR, **fields, **report.attributes}, private=report.texts, person=report.person,
            )  # fmt: skip
        except InvalidInput as error:
            if error.kind == "action-id-reused":
                raise _other() from error
            raise
        number = accepted.state.case
        if accepted.repeated and self._texts_differ(number, report.texts):
            raise _other()
        return Filed(number, accepted.repeated)

    def _texts_differ(self, number: str, texts: Mapping[str, str]) -> bool:
        """Return whether a case that was opened with the same key has other texts; some may be erased."""
        kept = self._cases.private(number, who=_ACTOR, why="a report was sent again with the same key")
        return any(texts.get(value.field) != value.value for value in kept if value.seq == 1)

    def _opening(self) -> Opening:
        opening = opening_of(self._workflow)
        if opening is None:
            raise Unsupported("no-reports", "reports are not taken here: requests can be read only")
        return opening

    def _check_place(self, lon: float, lat: float) -> None:
        grids = [
            each.name for each in self._city.layers() if getattr(each.definition, "grid", None) is not None
        ]
        if len(grids) == 1:
            x, y = project([lon], [lat], _DEGREES, self._city.configuration.crs)
            inside = self._city.grid(grids[0]).locate(x, y, None).to_pylist()[0] is not None
        else:
            west, south, east, north = area_of_use(self._city.configuration.crs) or (-180, -90, 180, 90)
            inside = south <= lat <= north and (
                west <= lon <= east if west <= east else not east < lon < west
            )
        if not inside:
            raise InvalidInput("outside-city", f"the place {lon:g}, {lat:g} (lon, lat) is outside the city")

    def _newest_first(self, search: RequestSearch) -> Iterator[CaseSummary]:
        """Give the cases that a search may mean, from its cursor on."""
        first_us, last_us = search.reported_us
        position = None if search.cursor is None else _position(search.cursor)
        if position is not None:
            last_us = position[0] if last_us is None else min(last_us, position[0])
        states = self._states_of(search.statuses)
        if states is not None and not states:
            return
        what = Find(
            order="reported",
            reported_us=(first_us, last_us),
            changed_us=search.changed_us,
            state=states or (),
        )
        cursor = None
        while True:
            page = self._cases.find(what, limit=min(search.size + 1, _SCANNED), after=cursor)
            for summary in page.cases:
                if position is None or (summary.reported_us or 0, summary.number) < position:
                    yield summary
            if page.next is None:
                return
            cursor = page.next

    def _states_of(self, statuses: Iterable[str]) -> tuple[str, ...] | None:
        wanted = set(statuses)
        if len(wanted) != 1:
            return None
        return tuple(name for name, each in self._meanings.items() if each.closed is ("closed" in wanted))

    def _summary(self, number: str) -> CaseSummary | None:
        """Return the summary of a case as it is now; None: there is none."""
        try:
            page = self._cases.find(Find(number=number), limit=1)
        except InvalidInput:  # no number of a case has such characters
            return None
        return next((summary for summary in page.cases if summary.number == number), None)

    def _documents(self, summaries: Iterable[CaseSummary]) -> Iterator[dict[str, Any]]:
        page = list(summaries)
        closed = [each.number for each in page if self._meaning(each.state).closed]
        ends = {number: state.since_us for number, state in self._cases.states_of(closed).items()}
        zone = self._city.configuration.zone
        for summary in page:
            meaning = self._meaning(summary.state)
            updated_us = ends.get(summary.number, summary.changed_us)
            yield {
                "service_request_id": summary.number,
                "status": "closed" if meaning.closed else "open",
                "status_notes": meaning.title,
                "service_name": self._name(summary),
                "service_code": _code_of(summary),
                "description": None,
                "agency_responsible": summary.department,
                "service_notice": None,
                "requested_datetime": instant_text(summary.reported_us or 0, zone),
                "updated_datetime": instant_text(updated_us, zone),
                "expected_datetime": None if summary.due_us is None else instant_text(summary.due_us, zone),
                "address": None,
                "address_id": None,
                "zipcode": None,
                "lat": summary.lat,
                "long": summary.lon,
                "media_url": None,
            }

    def _name(self, summary: CaseSummary) -> str | None:
        kind, code = summary.kind, summary.class_code
        if code is None:
            return None
        if kind is None and code.partition("-")[0] in KINDS:
            kind, _, code = code.partition("-")
        return self._cases.class_name(kind, code) or summary.class_code

    def _meaning(self, state: str) -> _Meaning:
        return self._meanings.get(state, _Meaning(closed=False, title=state))

    @cached_property
    def _meanings(self) -> dict[str, _Meaning]:
        meanings = {}
        for workflow in self._cases.workflows.values():
            for name, state in workflow.definition.states.items():
                title = state.title_zh if self._language == "zh" and state.title_zh else state.title
                meanings[name] = _Meaning(state.terminal or state.milestone == "closed", title)
        return meanings

    @property
    def _workflow(self) -> Workflow:
        return self._cases.workflows[self._cases.workflow]

    @cached_property
    def _classes(self) -> ClassTable:
        return self._city.classes.table()

    @property
    def _language(self) -> Language:
        return self._city.configuration.language or "en"

    @property
    def _day(self) -> date:
        return date.fromisoformat(self._city.configuration.zone.iso(self._now_us)[:10])

    @cached_property
    def _conditions(self) -> ConditionTable | None:
        """The filing conditions that bind now; None: the log has none."""
        from stcloud.paas.case.classes import ConditionTable  # noqa: PLC0415

        rules = [
            rule for rule in self._cases.rules()
            if rule.kind == "conditions" and rule.valid_from_us <= self._now_us
        ]  # fmt: skip
        newest = max(rules, key=lambda rule: (rule.valid_from_us, rule.recorded_us), default=None)
        return None if newest is None else ConditionTable.from_csv(newest.body, None)


def _code_of(summary: CaseSummary) -> str | None:
    return None if summary.class_code is None else service_code(summary.kind, summary.class_code)


def _identity(key: str | None) -> str | None:
    return None if key is None else f"{_ACTOR}-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def _other() -> Conflict:
    return Conflict(
        "other-report",
        "another report has the same Idempotency-Key",
        hint="give each report a key of its own",
    )


def _position(cursor: str) -> tuple[int, str]:
    reported, colon, number = cursor.partition(":")
    digits = reported.removeprefix("-")
    if not (colon and digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise InvalidInput("bad-cursor", "this is no cursor of requests", hint="begin without a cursor")
    return int(reported), number


def _check_attributes(service: ServiceType, given: Mapping[str, str]) -> None:
    known = {attribute.code: attribute for attribute in service.attributes}
    for code, value in given.items():
        if code not in known:
            raise InvalidInput(
                "unknown-attribute", f"service '{service.code}' asks for no attribute '{code}'"
            )
        keys = [key for key, _ in known[code].values]
        if keys and value not in keys:
            raise InvalidInput(
                "bad-value", f"attribute {code} cannot be '{value:.80}'", hint=f"give {', '.join(keys[:20])}"
            )
    for code, attribute in known.items():
        if attribute.required and code not in given:
            raise InvalidInput("missing-field", f"service '{service.code}' needs the attribute '{code}'")
