"""The application: routes, and the way of a request from its bytes to a response.

A request finds its handler by the address as it came, is checked, handed to a worker, and answered with the whole
response: a client that reads slowly holds no worker, and one that leaves stops its question.

Tested by `tests/saas/web/test_application.py`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stcloud.errors import InvalidInput, NotFound, StcloudError
from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.web import (
    caseroutes,
    collections,
    functions,
    items,
    landing,
    loads,
    openapi,
    overview,
    questions,
    records,
    tiles,
    versions,
)
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.media import PROBLEM
from stcloud.saas.web.open311 import routes as open311
from stcloud.saas.web.problem import problem_of, status_of
from stcloud.saas.web.service import Service
from stcloud.saas.web.workers import Workers

__all__ = ["Handler", "application"]

Handler = Callable[[CityRequest], Response]
_LOG = logging.getLogger("stcloud.web")
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SMALLEST_GZIP = 1_000
_HOST = re.compile(r"[\w.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", re.ASCII)
_NO_FILE = "there is no such file here"


@dataclass(frozen=True, slots=True)
class Resource:
    """A path below a city's address, its handler, and what it may cost."""

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    heavy: bool = False


RESOURCES: tuple[Resource, ...] = (
    Resource("/", landing.landing),
    Resource("/conformance", landing.conformance),
    Resource("/api", openapi.definition),
    Resource("/functions", functions.functions),
    Resource("/collections", collections.collections),
    Resource("/collections/{collection}", records.routed(collections.collection, records.catalogue)),
    Resource("/collections/{collection}/queryables", collections.queryables),
    Resource("/collections/{collection}/sortables", collections.sortables),
    Resource("/collections/{collection}/loads", loads.loads),
    Resource("/collections/{collection}/diff", loads.difference, heavy=True),
    Resource("/collections/{collection}/items", records.routed(items.items, records.records)),
    Resource("/collections/{collection}/items/{feature}", records.routed(versions.item, records.record)),
    Resource("/collections/{collection}/items/{feature}/versions", versions.time_map),
    Resource("/collections/{collection}/tiles", tiles.tilesets),
    Resource("/collections/{collection}/tiles/{tileMatrixSet}", tiles.tileset),
    Resource("/collections/{collection}/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}", tiles.tile),
    Resource("/tileMatrixSets", tiles.tile_grids),
    Resource("/tileMatrixSets/{tileMatrixSet}", tiles.tile_grid),
    Resource("/questions", questions.questions, ("POST",), heavy=True),
    Resource("/joins", questions.joins, ("POST",), heavy=True),
    Resource("/cubes", questions.cubes, ("POST",), heavy=True),
    Resource("/hotspots", questions.hotspots, ("POST",), heavy=True),
    Resource("/situation", questions.situation, ("POST",)),
    Resource("/cases/{log}/actions", caseroutes.act, ("POST",)),
    Resource("/cases/{log}/{case}", caseroutes.case),
    Resource("/open311/discovery.{format}", open311.open311_discovery),
    Resource("/open311/v2/services.{format}", open311.open311_services),
    Resource("/open311/v2/services/{code}.{format}", open311.open311_service),
    Resource("/open311/v2/requests.{format}", open311.open311_requests, ("GET", "POST")),
    Resource("/open311/v2/requests/{request}.{format}", open311.open311_request),
)


def application(service: Service) -> Starlette:
    """Return the application of a service: of one city at the root, of several each below its name."""
    workers = Workers(service.settings)
    names = list(service.cities)
    alone = len(names) == 1
    routes: list[BaseRoute] = [
        Route("/health", _Endpoint(service, workers, overview.health)),
        Route("/metrics", _Endpoint(service, workers, overview.metrics)),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    if alone:
        routes += _routes(service, workers, names[0], "")
    else:
        routes.append(Route("/", _Endpoint(service, workers, overview.cities)))
        for name in names:
            routes += _routes(service, workers, name, f"/{quote(name, safe='')}")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tending = asyncio.ensure_future(_tended(service))
        yield
        tending.cancel()
        workers.close()
        await run_in_threadpool(service.close)

    middleware = [Middleware(_Hardened), Middleware(GZipMiddleware, minimum_size=_SMALLEST_GZIP)]
    if service.settings.origins:
        middleware.append(
            Middleware(
                CORSMiddleware, allow_origins=service.settings.origins, allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "If-None-Match"],
                expose_headers=["Link", "ETag", "Content-Crs", "Memento-Datetime", "Content-Location"],
            )
        )  # fmt: skip
    app = Starlette(
        routes=routes, middleware=middleware, lifespan=lifespan, exception_handlers={HTTPException: _refused}
    )
    app.router.redirect_slashes = False
    app.router.default = _Absent(service, workers)
    return app


async def _tended(service: Service) -> None:
    """Do from time to time what nobody asks for: what was purged is to lie nowhere, what was counted is noted."""
    while True:
        await asyncio.sleep(service.settings.renew_s)
        for what, tend in (
            ("what principals may see could not be renewed", service.renew),
            ("the audit trail could not be kept", service.keep_trail),
        ):
            try:
                await run_in_threadpool(tend)
            except (StcloudError, OSError):
                _LOG.exception(what)


def _routes(service: Service, workers: Workers, city: str, base: str) -> Sequence[BaseRoute]:
    by_path: dict[str, list[Resource]] = {}
    for resource in RESOURCES:
        by_path.setdefault(resource.path, []).append(resource)
    return [
        Route(
            address,
            _Endpoint(service, workers, resource.handler, city, base, resource.methods, heavy=resource.heavy),
        )
        for path, resources in by_path.items()
        for resource in resources
        for address in ((base + path,) if path != "/" or not base else (f"{base}/", base))
    ]


class _Hardened:
    """Adds headers of security, and lets routes see the path as it came: an encoded slash is part of a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        path = raw.partition(b"?")[0].decode("latin-1")

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] += [
                    (name.lower().encode(), value.encode())
                    for name, value in _SECURITY.items()
                    if name.lower().encode() not in there
                ]
            await send(message)

        await self._app({**scope, "path": path}, receive, sent)


class _Endpoint:
    """Answers requests of one resource."""

    def __init__(
        self, service: Service, workers: Workers, handler: Handler, city: str = "", base: str = "",
        methods: Sequence[str] = ("GET",), *, heavy: bool = False,
    ) -> None:  # fmt: skip
        self._service, self._workers, self._handler = service, workers, handler
        self._city, self._base, self._heavy = city, base, heavy
        self._methods = {*methods, *(("HEAD",) if "GET" in methods else ())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        start = time.perf_counter()
        response = await self._response(request)
        if response is not None:
            await response(scope, receive, send)
        self._service.counts.add(self._handler.__name__, response, time.perf_counter() - start)

    async def _response(self, request: Request) -> Response | None:
        try:
            self._refuse_method(request.method)
            self._refuse_host(request)
            call = await self._call(request, await self._principal(request))
            return await self._workers.run(
                lambda: self._answered(call), _gone(request.receive), heavy=self._heavy
            )
        except ClientDisconnect:
            return None
        except StcloudError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001  (the one place where everything ends)
            _LOG.exception("a request to %s failed", self._handler.__name__)
            return self._failed(error)

    def _answered(self, call: CityRequest) -> Response:
        """Return the response, once it is noted who is given what."""
        if not self._city:
            return self._handler(call)
        notes, name = self._service.notes, self._handler.__name__
        try:
            response = self._handler(call)
        except StcloudError as error:
            notes.failed(call, name, self._city, error)
            raise
        notes.answered(call, name, self._city, response.status_code)
        return response

    async def _principal(self, request: Request) -> Principal:
        """Return who asks, admitted; files and keys are read in a thread, and tokens that fail count, too."""
        shown, address = request.headers.get("authorization"), _address(request)
        try:
            known = None if shown is None else await run_in_threadpool(self._service.principal, shown)
        except InvalidInput as error:
            self._admit(ANONYMOUS, address)
            self._service.notes.turned_away(ANONYMOUS, address, self._city, error)
            raise
        principal = known or ANONYMOUS
        self._admit(principal, address)
        return principal

    def _admit(self, principal: Principal, address: str) -> None:
        """Count a request, and note one too many."""
        try:
            self._service.admit(principal, address)
        except StcloudError as error:
            self._service.notes.turned_away(principal, address, self._city, error)
            raise

    def _refuse_host(self, request: Request) -> None:
        """Refuse a name of the service that is not its own: a page of another site may have its name lead here."""
        hosts = self._service.settings.hosts
        name = request.headers.get("host", "").lower()
        if hosts and re.sub(r":\d+$", "", name) not in hosts:
            raise InvalidInput("foreign-host", "the header Host names another service")

    def _refuse_method(self, method: str) -> None:
        if method not in self._methods:
            raise InvalidInput("wrong-method", f"{method} is not offered here")

    def _failed(self, error: Exception) -> Response:
        status = status_of(error)
        headers = {"Vary": "Accept, Authorization", "Cache-Control": "no-store"}
        if status == 405:
            headers["Allow"] = ", ".join(sorted(self._methods))
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status in (429, 503):
            headers["Retry-After"] = "1"
        return Response(encoded(problem_of(error)), status, headers, media_type=PROBLEM.type)

    async def _call(self, request: Request, principal: Principal) -> CityRequest:
        settings = self._service.settings
        root = settings.base_url or _root(request)
        path = request.scope["path"].removeprefix(self._base)
        rights = self._service.rights(principal)
        return CityRequest(
            service=self._service,
            city=self._service.city(self._city or next(iter(self._service.cities)), principal),
            root=root.rstrip("/"),
            base=root.rstrip("/") + self._base,
            path=path,
            segments={name: _decoded(value) for name, value in request.path_params.items()},
            query=request.query_params.multi_items(),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await _body(request, settings.most_body_bytes),
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


async def _refused(_: Request, error: Exception) -> Response:
    """Return what the routes of files refuse as other handlers do."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = {"title": "no-route" if status == 404 else "refused", "status": status, "detail": _NO_FILE}
    return Response(encoded(problem), status, media_type=PROBLEM.type)


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidInput("unreadable-address", "the address has bytes that are no UTF-8") from error


async def _body(request: Request, most: int) -> bytes:
    """Return the whole body; `InvalidInput` ``body-too-large``."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise InvalidInput("body-too-large", f"the body has more than {most:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _gone(receive: Receive) -> Callable[[], Awaitable[object]]:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return gone


class _Absent:
    """Answers addresses that there are not."""

    def __init__(self, service: Service, workers: Workers) -> None:
        self._endpoint = _Endpoint(
            service, workers, _absent, methods=("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._endpoint(scope, receive, send)


def _absent(call: CityRequest) -> Response:
    raise NotFound("no-route", f"there is nothing at {call.path[:200]}")
