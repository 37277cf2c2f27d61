"""The application: its routes, below each city of a service, and what it does from time to time.

A request finds its endpoint by the address as it came.

Tested by `tests/saas/web/test_application.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from stcloud.errors import NotFound, StcloudError
from stcloud.saas.web import (
    caselists,
    caseroutes,
    collections,
    consoledocument,
    evaluations,
    functions,
    intake,
    items,
    landing,
    layerlist,
    linkedviews,
    loads,
    openapi,
    overview,
    questionaddress,
    questionbatch,
    questions,
    questiontiles,
    records,
    reference,
    sceneroutes,
    seriesroutes,
    tiles,
    trackroutes,
    versions,
)
from stcloud.saas.web.call import CityRequest, encoded
from stcloud.saas.web.consolepage import console_file
from stcloud.saas.web.endpoint import ByMethod, Handler, ResourceEndpoint
from stcloud.saas.web.hardened import Hardened
from stcloud.saas.web.media import PROBLEM
from stcloud.saas.web.open311 import routes as open311
from stcloud.saas.web.problem import FaultDocument, problem_document
from stcloud.saas.web.service import Service
from stcloud.saas.web.sharing import sharingroutes as sharing
from stcloud.saas.web.sharing.sharingdocument import error_document
from stcloud.saas.web.uploads import Uploads
from stcloud.saas.web.workers import Workers

__all__ = ["Handler", "application"]

_LOG = logging.getLogger("stcloud.web")
_SMALLEST_GZIP = 1_000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FILES = "/delta-sharing/files/"
_NO_FILE = "there is no such file here"


@dataclass(frozen=True, slots=True)
class Resource:
    """A path below a city's address, its handler, and what it may cost.

    ``admits`` refuses what is not to be loaded before a byte of the body is read, which then comes as a file.
    ``faults`` is how errors are told; ``signed``: its address says who asks, and no header.
    """

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET",)
    heavy: bool = False
    admits: Callable[[CityRequest], None] | None = None
    faults: FaultDocument = problem_document
    signed: bool = False


def _sharing(
    path: str,
    handler: Handler,
    methods: tuple[str, ...] = ("GET",),
    *,
    heavy: bool = False,
    signed: bool = False,
) -> Resource:
    """Return a resource of Delta Sharing."""
    return Resource(
        f"/delta-sharing{path}", handler, methods, heavy=heavy, faults=error_document, signed=signed
    )


_TABLES = "/shares/{share}/schemas/{schema}/tables"
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
    Resource("/collections/{collection}/loads", intake.load, ("POST",), admits=intake.admit),
    Resource("/collections/{collection}/loads/{load}", loads.recorded_load),
    Resource("/collections/{collection}/diff", loads.difference, heavy=True),
    Resource("/collections/{collection}/items", records.routed(items.items, records.records)),
    Resource("/collections/{collection}/items/{feature}", records.routed(versions.item, records.record)),
    Resource("/collections/{collection}/items/{feature}/versions", versions.time_map),
    Resource("/collections/{collection}/tracks", trackroutes.tracks, heavy=True),
    Resource("/collections/{collection}/tiles", tiles.tilesets),
    Resource("/collections/{collection}/tiles/{tileMatrixSet}", tiles.tileset),
    Resource("/collections/{collection}/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}", tiles.tile),
    Resource("/tileMatrixSets", tiles.tile_grids),
    Resource("/tileMatrixSets/{tileMatrixSet}", tiles.tile_grid),
    Resource("/console.json", consoledocument.console),
    Resource("/session", consoledocument.session),
    Resource("/layers", layerlist.layers),
    Resource("/layers/{collection}", layerlist.layer),
    Resource("/classes", reference.classes),
    Resource("/calendar", reference.calendar),
    Resource("/grids", reference.grids),
    Resource("/questions", questions.questions, ("POST",), heavy=True),
    Resource("/joins", questions.joins, ("POST",), heavy=True),
    Resource("/questions", questionaddress.question, heavy=True),
    Resource("/questions/batch", questionbatch.batch, ("POST",), heavy=True),
    Resource("/questions/forms", linkedviews.forms, ("POST",)),
    Resource(
        "/questions/tiles/{tileMatrixSet}/{tileMatrix}/{tileRow}/{tileCol}",
        questiontiles.question_tile,
        ("GET", "POST"),
    ),
    Resource("/why", linkedviews.why, ("POST",)),
    Resource("/legends", linkedviews.legends, ("POST",), heavy=True),
    Resource("/cubes", questions.cubes, ("POST",), heavy=True),
    Resource("/hotspots", questions.hotspots, ("POST",), heavy=True),
    Resource("/situation", questions.situation, ("POST",)),
    Resource("/scenes/{collection}", sceneroutes.scene_list),
    Resource("/scenes/{collection}/image", sceneroutes.mosaic_image, heavy=True),
    Resource("/scenes/{collection}/image.json", sceneroutes.mosaic_corners),
    Resource("/scenes/{collection}/{scene}/image", sceneroutes.scene_image, heavy=True),
    Resource("/scenes/{collection}/{scene}/image.json", sceneroutes.scene_corners),
    Resource("/series", seriesroutes.series, ("POST",), heavy=True),
    Resource("/series/{collection}", seriesroutes.series_layer),
    Resource("/series/{collection}/stations", seriesroutes.stations),
    Resource("/episodes", seriesroutes.episodes, ("POST",), heavy=True),
    Resource("/evaluations", evaluations.evaluations, ("POST",), heavy=True),
    Resource("/evaluations/cases", evaluations.evaluation_cases, ("POST",), heavy=True),
    Resource("/cases", caselists.case_logs),
    Resource("/cases/{log}", caselists.case_list),
    Resource("/cases/{log}/workflow", caselists.case_workflow),
    Resource("/cases/{log}/actions", caseroutes.act, ("POST",)),
    Resource("/cases/{log}/{case}", caseroutes.case),
    Resource("/open311/discovery.{format}", open311.open311_discovery),
    Resource("/open311/v2/services.{format}", open311.open311_services),
    Resource("/open311/v2/services/{code}.{format}", open311.open311_service),
    Resource("/open311/v2/requests.{format}", open311.open311_requests, ("GET", "POST")),
    Resource("/open311/v2/requests/{request}.{format}", open311.open311_request),
    _sharing("/shares", sharing.shares),
    _sharing("/shares/{share}", sharing.share),
    _sharing("/shares/{share}/schemas", sharing.sharing_schemas),
    _sharing("/shares/{share}/all-tables", sharing.sharing_tables),
    _sharing(_TABLES, sharing.sharing_tables),
    _sharing(f"{_TABLES}/{{table}}/version", sharing.table_version),
    _sharing(f"{_TABLES}/{{table}}/metadata", sharing.table_metadata),
    _sharing(f"{_TABLES}/{{table}}/query", sharing.table_query, ("POST",), heavy=True),
    _sharing(f"{_TABLES}/{{table}}/changes", sharing.table_changes),
    _sharing("/files/{file}", sharing.sharing_file, signed=True),
)


def application(service: Service) -> Starlette:
    """Return the application of a service: of one city at the root, of several each below its name."""
    workers = Workers(service.settings)
    names = list(service.cities)
    alone = len(names) == 1
    absent = ResourceEndpoint(service, workers, _absent, methods=_METHODS)
    routes: list[BaseRoute] = [
        Route("/health", ResourceEndpoint(service, workers, overview.health)),
        Route("/metrics", ResourceEndpoint(service, workers, overview.metrics)),
        Route("/static/console/{name:path}", console_file),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    if alone:
        routes += _routes(service, workers, names[0], "")
    else:
        routes.append(Route("/", ResourceEndpoint(service, workers, overview.cities)))
        for name in names:
            routes += _routes(service, workers, name, f"/{quote(name, safe='')}", absent)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tending = asyncio.ensure_future(_tended(service))
        yield
        tending.cancel()
        workers.close()
        await run_in_threadpool(service.close)

    middleware = [Middleware(Hardened), Middleware(_Compressing, minimum_size=_SMALLEST_GZIP)]
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
    app.router.default = _Absent(absent)
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


def _routes(
    service: Service, workers: Workers, city: str, base: str, absent: ResourceEndpoint | None = None
) -> Sequence[BaseRoute]:
    by_path: dict[str, list[Resource]] = {}
    for resource in RESOURCES:
        by_path.setdefault(resource.path, []).append(resource)
    uploads = Uploads(service.settings)
    routes = []
    for path, resources in by_path.items():
        methods = [method for resource in resources for method in resource.methods]
        endpoints = {
            method: ResourceEndpoint(
                service, workers, resource.handler, city, base, methods, heavy=resource.heavy,
                admits=resource.admits, uploads=uploads, absent=absent, faults=resource.faults,
                signed=resource.signed,
            )
            for resource in resources
            for method in resource.methods
        }  # fmt: skip
        addresses = (base + path,) if path != "/" or not base else (f"{base}/", base)
        routes += [Route(address, ByMethod(endpoints)) for address in addresses]
    return routes


async def _refused(_: Request, error: Exception) -> Response:
    """Return what the routes of files refuse as other handlers do."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = {"title": "no-route" if status == 404 else "refused", "status": status, "detail": _NO_FILE}
    return Response(encoded(problem), status, media_type=PROBLEM.type)


class _Compressing(GZipMiddleware):
    """Compresses responses, but for files of shared tables: they are compressed, and ranges of them are asked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _FILES in scope.get("path", ""):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Absent:
    """Answers addresses that there are not."""

    def __init__(self, endpoint: ResourceEndpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._endpoint(scope, receive, send)


def _absent(call: CityRequest) -> Response:
    raise NotFound("no-route", f"there is nothing at {call.path[:200]}")
