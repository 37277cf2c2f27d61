"""Routes of Open311: what an address and a form ask for, printed in the format of its ending.

Errors are as the standard has them, a list of codes and descriptions; their statuses are those of all routes.

Tested by `tests/saas/web/open311/test_routes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from starlette.responses import Response

from stcloud.errors import InternalError, InvalidInput, NotFound, StcloudError
from stcloud.saas.web.call import CityRequest
from stcloud.saas.web.media import Media
from stcloud.saas.web.open311.desk import ServiceDesk
from stcloud.saas.web.open311.document import FORMATS, format_of, written
from stcloud.saas.web.open311.guard import ReportGuard
from stcloud.saas.web.open311.report import read_report
from stcloud.saas.web.open311.requestsearch import RequestSearch
from stcloud.saas.web.problem import problem_of, status_of
from stcloud.saas.web.service import Service

if TYPE_CHECKING:
    from stcloud.city import City

__all__ = [
    "open311_discovery", "open311_request", "open311_requests", "open311_service", "open311_services", "open_desk",
]  # fmt: skip

_SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_FORM = "application/x-www-form-urlencoded"
_MOST_KEY = 200
_GUARDS: WeakKeyDictionary[Service, ReportGuard] = WeakKeyDictionary()

Answer = Callable[[CityRequest, Media], Response]


def _answering(answer: Answer) -> Callable[[CityRequest], Response]:
    """Return a handler that prints errors as the standard has them."""

    @wraps(answer)
    def handler(call: CityRequest) -> Response:
        media = FORMATS.get(call.segments.get("format", ""), FORMATS["json"])
        try:
            return answer(call, format_of(call.segments["format"]))
        except InternalError:
            raise
        except StcloudError as error:
            return _failed(call, media, error)

    return handler


def _failed(call: CityRequest, media: Media, error: StcloudError) -> Response:
    status, problem = status_of(error), problem_of(error)
    call.given["error"] = error
    description = "; ".join(str(problem[name]) for name in ("detail", "hint") if name in problem)
    call.extra["Cache-Control"] = "no-store"
    if status in (429, 503):
        call.extra["Retry-After"] = str(error.context.get("retry_after_s", 1))
    return call.reply(written([{"code": status, "description": description}], media, "errors"), media, status)


@_answering
def open311_discovery(call: CityRequest, media: Media) -> Response:
    """Return where the interface is, and in which formats."""
    _log_of(call)
    endpoint = {
        "specification": _SPECIFICATION, "url": f"{call.base}/open311/v2", "changeset": None, "type": "production",
        "formats": [each.type.partition(";")[0] for each in FORMATS.values()],
    }  # fmt: skip
    document = {
        "changeset": None, "contact": None,
        "key_service": "No key is needed. Requests are read by everybody; reports are limited by address.",
        "endpoints": [endpoint],
    }  # fmt: skip
    return call.reply(written(document, media, "discovery"), media)


@_answering
def open311_services(call: CityRequest, media: Media) -> Response:
    """Return the types of requests."""
    with _desk(call) as desk:
        services = [service.document() for service in desk.services()]
    return call.reply(written(services, media, "services"), media)


@_answering
def open311_service(call: CityRequest, media: Media) -> Response:
    """Return a type of requests with what its reports may state."""
    with _desk(call) as desk:
        definition = desk.service(call.segments["code"]).definition()
    return call.reply(written(definition, media, "service_definition"), media)


@_answering
def open311_requests(call: CityRequest, media: Media) -> Response:
    """Return a page of requests; of a POST, file a report."""
    if call.method == "POST":
        return _filed(call, media)
    search = RequestSearch.of(call.parameters, call.city.configuration.zone, call.now_us)
    with _desk(call) as desk:
        page = desk.search(search)
        call.given.update(rows=len(page.requests), personal=desk.personal if page.requests else frozenset())
    if page.next is not None:
        call.extra["Link"] = f'<{_following(call, search, page.next)}>; rel="next"'
    return call.reply(written(list(page.requests), media, "service_requests"), media)


def _following(call: CityRequest, search: RequestSearch, cursor: str) -> str:
    """Return the address of the next page; its span does not move with the present instant."""
    kept = {name: value for name, value in call.query if name != "cursor"}
    first_us, _ = search.reported_us
    if first_us is not None:
        kept["start_date"] = kept.get("start_date") or call.city.configuration.zone.iso(first_us)
    return f"{call.base}{call.path}?{urlencode({**kept, 'cursor': cursor}, quote_via=quote)}"


@_answering
def open311_request(call: CityRequest, media: Media) -> Response:
    """Return one request."""
    with _desk(call) as desk:
        request = desk.request(call.segments["request"])
        call.given.update(rows=1, personal=desk.personal)
    return call.reply(written([request], media, "service_requests"), media)


def _filed(call: CityRequest, media: Media) -> Response:
    """File the report of a form: the guard first, then what the form says, then the desk."""
    _log_of(call)
    guard = _guard(call.service)
    guard.admit(call.address)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidInput("wrong-media-type", "a report is a form", hint=f"send it as {_FORM}")
    key = _key(call)
    report = read_report(call.body)
    with _desk(call) as desk:
        desk.check(report)
        with guard.once(report, call.address, key, call.now_us):
            filed = desk.file(report, key)
    call.extra["Cache-Control"] = "no-store"
    call.extra["Location"] = call.url("open311", "v2", "requests", f"{filed.number}.{media.name}")
    answer = {"service_request_id": filed.number, "service_notice": None, "account_id": None}
    return call.reply(written([answer], media, "service_requests"), media)


def _key(call: CityRequest) -> str | None:
    """Return the sender's identity of a report; `InvalidInput` ``bad-value``."""
    key = call.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key.strip()) <= _MOST_KEY and key.isprintable()):
        raise InvalidInput("bad-value", f"an Idempotency-Key has 1 to {_MOST_KEY} characters")
    return None if key is None else key.strip()


def _guard(service: Service) -> ReportGuard:
    if service not in _GUARDS:
        _GUARDS.setdefault(service, ReportGuard(service.settings.open311_rate))
    return _GUARDS[service]


def _log_of(call: CityRequest) -> str:
    """Return the log or layer whose requests are served; `NotFound` ``no-route``: none is that may be seen."""
    name = call.service.settings.open311
    if name is None or not _is_seen(call, name):
        raise NotFound("no-route", f"there is nothing at {call.path[:200]}")
    return name


def _is_seen(call: CityRequest, name: str) -> bool:
    """Return whether a log or a layer may be seen; without a policy it is there, or the service had not begun."""
    city = call.city
    return call.service.policy is None or name in (*city.case_logs(), *city.parts.catalogue.names())


@contextmanager
def _desk(call: CityRequest) -> Iterator[ServiceDesk]:
    desk = open_desk(call.city, _log_of(call), call.now_us)
    try:
        yield desk
    finally:
        desk.close()


def open_desk(city: City, name: str, now_us: int) -> ServiceDesk:
    """Return the desk of a log of cases, or of a layer.

    Raises
    ------
    NotFound, InvalidInput
        ``no-records``: the city has neither a log nor a layer of that name; what `LayerDesk` refuses.
    """
    from stcloud.saas.web.open311.casedesk import CaseDesk  # noqa: PLC0415
    from stcloud.saas.web.open311.layerdesk import LayerDesk  # noqa: PLC0415

    try:
        return CaseDesk(city, name, now_us)
    except NotFound:
        try:
            return LayerDesk(city, name)
        except NotFound as error:
            raise NotFound("no-records", f"there is neither a log of cases nor a layer '{name}'") from error
