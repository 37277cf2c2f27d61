"""An endpoint: the way of a request from its bytes to a response.

A request is checked, its principal is admitted, a worker runs its handler, and the whole response is sent: a client
that reads slowly holds no worker, and one that leaves stops its question.

Tested by `tests/saas/web/test_application.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stcloud.errors import FormatError, InternalError, InvalidInput, StcloudError, StorageError
from stcloud.saas.rights.grants import not_permitted
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.problem import FaultDocument, problem_document, status_of
from stcloud.saas.web.service import Service
from stcloud.saas.web.uploads import Uploads, discard, read_body
from stcloud.saas.web.workers import Workers

__all__ = ["ByMethod", "Handler", "ResourceEndpoint"]

_Result = TypeVar("_Result")
Handler: TypeAlias = Callable[[CityRequest], Response]
_LOG = logging.getLogger("stcloud.web")
_HOST = re.compile(r"[\w.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)


class ByMethod:
    """Answers requests of one path, whose methods may have handlers of their own."""

    def __init__(self, endpoints: Mapping[str, ResourceEndpoint]) -> None:
        self._endpoints = endpoints
        self._other = next(iter(endpoints.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by its method; one that is not offered is refused by any of them."""
        await self._endpoints.get(scope["method"], self._other)(scope, receive, send)


class ResourceEndpoint:
    """Answers requests of one resource."""

    def __init__(
        self, service: Service, workers: Workers, handler: Handler, city: str = "", base: str = "",
        methods: Sequence[str] = ("GET",), *, heavy: bool = False,
        admits: Callable[[CityRequest], None] | None = None, uploads: Uploads | None = None,
        absent: ResourceEndpoint | None = None, faults: FaultDocument = problem_document, signed: bool = False,
    ) -> None:  # fmt: skip
        self._service, self._workers, self.handler = service, workers, handler
        self._city, self._base, self._heavy, self._absent = city, base, heavy, absent
        self._admits, self._uploads = admits, uploads
        self._faults, self._signed = faults, signed
        self._methods = {*methods, *(("HEAD",) if "GET" in methods else ())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong becomes a problem document."""
        request = Request(scope, receive)
        start = time.perf_counter()
        endpoint, response = self, None
        telling = self._absent or self  # until it is known who asks, nothing tells one city from another
        try:
            self._refuse_host(request)
            principal = await self._principal(request)
            endpoint = telling = await self._for(principal)
            response = await endpoint.response_to(request, principal)
        except ClientDisconnect:
            pass
        except StcloudError as error:
            if isinstance(
                error, StorageError | FormatError | InternalError
            ):  # its client is told nothing of it
                _LOG.error("a request to %s failed: %s: %s", endpoint.handler.__name__, error.kind, error)
            response = telling.failed(error)
        except Exception as error:  # noqa: BLE001  (the one place where everything ends)
            _LOG.exception("a request to %s failed", endpoint.handler.__name__)
            response = telling.failed(error)
        if response is not None:
            await response(scope, receive, send)
        self._service.counts.add(endpoint.handler.__name__, response, time.perf_counter() - start)

    async def _for(self, principal: Principal) -> ResourceEndpoint:
        """Return what answers a principal: of a city that it may not know of, what answers where nothing is."""
        if self._absent is None or await run_in_threadpool(self._service.shows, self._city, principal):
            return self
        return self._absent

    async def response_to(self, request: Request, principal: Principal) -> Response | None:
        """Return the response to a request of a principal; None: its client went away. Raises what goes wrong."""
        self._refuse_method(request.method)
        call = await self._call(request, principal)
        if self._admits is not None and self._uploads is not None:
            return await self._loaded(call, request, self._admits, self._uploads)
        return await self._workers.run(
            lambda: self._answered(call), _gone(request.receive), heavy=self._heavy
        )

    async def _loaded(
        self, call: CityRequest, request: Request, admits: Callable[[CityRequest], None], uploads: Uploads
    ) -> Response | None:
        """Return the response to a body that is loaded; None if its client left before."""
        try:
            await self._workers.run(lambda: self._noted(call, admits), asyncio.Event().wait)
        except StcloudError:
            await discard(request)
            raise
        upload = await uploads.received(request)
        with_file = replace(call, upload=upload.path)
        return await self._workers.run(
            lambda: self._answered(with_file), _gone(request.receive), loading=True, ended=upload.close
        )

    def _answered(self, call: CityRequest) -> Response:
        """Return the response, once it is noted who is given what."""
        response = self._noted(call, self.handler)
        if self._city:
            self._service.notes.answered(call, self.handler.__name__, self._city, response.status_code)
        return response

    def _noted(self, call: CityRequest, work: Callable[[CityRequest], _Result]) -> _Result:
        """Return what is made of a request; note it, if it is refused."""
        try:
            return work(call)
        except StcloudError as error:
            if self._city or len(self._service.cities) > 1:
                self._service.notes.failed(call, self.handler.__name__, self._city, error)
            raise

    async def _principal(self, request: Request) -> Principal:
        """Return who asks, admitted; files and keys are read in a thread, and tokens that fail count, too."""
        address = _address(request)
        try:
            known = await self._known(request)
        except InvalidInput as error:
            self._admit(ANONYMOUS, address)
            self._service.notes.turned_away(ANONYMOUS, address, self._city, error)
            raise
        principal = known or ANONYMOUS
        self._admit(principal, address)
        return principal

    async def _known(self, request: Request) -> Principal | None:
        """Return to whom a signed address was given, or who shows a token; None: nobody, and handlers may refuse."""
        if self._signed:
            with contextlib.suppress(InvalidInput):
                return self._service.file_reader(request.query_params.get("token", ""))
        shown = request.headers.get("authorization")
        return None if shown is None else await run_in_threadpool(self._service.principal, shown)

    def _admit(self, principal: Principal, address: str) -> None:
        """Count a request, and note one too many."""
        try:
            self._service.admit(principal, address)
        except StcloudError as error:
            self._service.notes.turned_away(principal, address, self._city, error)
            raise

    def _refuse_host(self, request: Request) -> None:
        """Refuse a name of the service that is not its own, and what a page of another site sends to be done."""
        settings = self._service.settings
        name = request.headers.get("host", "").lower()
        if not settings.hosts:
            return
        if re.sub(r":\d+$", "", name) not in settings.hosts:
            raise InvalidInput("foreign-host", "the header Host names another service")
        origin = request.headers.get("origin")
        if request.method == "POST" and origin is not None and not settings.trusts(origin, name):
            raise not_permitted("a page of another site may not have anything done here")

    def _refuse_method(self, method: str) -> None:
        if method not in self._methods:
            raise InvalidInput("wrong-method", f"{method} is not offered here")

    def failed(self, error: Exception) -> Response:
        """Return the response that an error is."""
        status = status_of(error)
        headers = {"Vary": "Accept, Authorization", "Cache-Control": "no-store"}
        if status == 405:
            headers["Allow"] = ", ".join(sorted(self._methods))
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status in (429, 503):
            headers["Retry-After"] = "1"
        document, media = self._faults(error)
        return Response(encoded(document), status, headers, media_type=media.type)

    async def _call(self, request: Request, principal: Principal) -> CityRequest:
        settings = self._service.settings
        root = settings.base_url or _root(request)
        path = request.scope["path"].removeprefix(self._base)
        rights = self._service.rights(principal)
        return CityRequest(
            service=self._service,
            city=self._service.city(self._city or next(iter(self._service.cities)), principal),
            name=self._city,
            root=root.rstrip("/"),
            base=root.rstrip("/") + self._base,
            path=path,
            segments={name: _decoded(value) for name, value in request.path_params.items() if self._city},
            query=request.query_params.multi_items(),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=b"" if self._admits is not None else await read_body(request, settings.most_body_bytes),
            now_us=self._service.clock(),
            principal=principal,
            rights=rights,
            public=rights == self._service.rights(ANONYMOUS),
            method=request.method,
            address=_address(request),
        )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _root(request: Request) -> str:
    """Return the address that the client used; `InvalidInput` ``unreadable-host``."""
    host = request.headers.get("host")
    if host is not None and not _HOST.fullmatch(host):
        raise InvalidInput("unreadable-host", "the header Host names no host")
    try:
        return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    except ValueError as error:
        raise InvalidInput("unreadable-host", "the header Host names no host") from error


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidInput("unreadable-address", "the address has bytes that are no UTF-8") from error


def _gone(receive: Receive) -> Callable[[], Awaitable[object]]:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return gone
