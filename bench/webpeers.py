"""Other servers of OGC API Features over the PostGIS of the bench: tipg, and pygeoapi where a Python for it is found.

pygeoapi needs Python 3.12, so it has an environment of its own: `make .venv/.pygeoapi`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from bench import postgis

__all__ = ["Server", "pygeoapi", "tipg"]


@dataclass(slots=True)
class Server:
    """A server on loopback, and one connection to it; ``prefix`` is the path of its collection."""

    port: int
    prefix: str
    _connection: http.client.HTTPConnection | None = field(default=None)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers, by names in lower case."""
        for again in (True, False):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self._connection.request("GET", path, headers=dict(headers or {}))
                response = self._connection.getresponse()
                body = response.read()
                break
            except (OSError, http.client.HTTPException):
                self._connection = None
                if not again:  # else it had been idle for some seconds, and was closed
                    raise
        return response.status, body, {name.lower(): value for name, value in response.getheaders()}

    def timed_ms(self, path: str, headers: Mapping[str, str] | None = None, status: int = 200) -> float:
        """Return how long an answer took, which must have this status."""
        start = time.perf_counter()
        given, body, _ = self.get(path, headers)
        taken = time.perf_counter() - start
        if given != status:
            raise RuntimeError(f"{path}: {given}: {body[:300]!r}")
        return taken * 1e3


@contextlib.contextmanager
def tipg(connection: postgis.Connection) -> Iterator[Server | None]:
    """Serve the table of events with tipg; None where it is not installed."""
    if find_spec("tipg") is None:
        yield None
        return
    environment = {
        "DATABASE_URL": f"postgresql://bench@{quote(connection.info.host, safe='')}:5432/postgres",
        "TIPG_TABLE_CONFIG__public_events__datetimecol": "at",
        "TIPG_CACHECONTROL": "",
    }
    with _uvicorn(
        sys.executable, "tipg.main:app", lambda _: environment, "/collections/public.events"
    ) as server:
        yield server


@contextlib.contextmanager
def pygeoapi(connection: postgis.Connection, folder: Path) -> Iterator[Server | None]:
    """Serve the table of events with pygeoapi; None where it is not installed. Its files are put into a folder."""
    python = Path(sys.prefix) / ".pygeoapi" / "bin" / "python"
    if not python.exists():
        yield None
        return
    definition = folder / "pygeoapi-openapi.json"

    def environment(port: int) -> Mapping[str, str]:
        config = folder / "pygeoapi.json"  # which is YAML, too
        config.write_text(json.dumps(_configuration(port, connection.info.host)))
        words = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(definition)}
        command = [str(python.with_name("pygeoapi")), "openapi", "generate", str(config), "--format", "json"]
        made = subprocess.run(command, check=True, capture_output=True, env={**os.environ, **words})
        definition.write_bytes(made.stdout)
        return words

    with _uvicorn(str(python), "pygeoapi.starlette_app:APP", environment, "/collections/events") as server:
        yield server


def _configuration(port: int, host: str) -> Mapping[str, object]:
    url = f"http://127.0.0.1:{port}"
    metadata = {
        "identification": {
            "title": "events", "description": "events", "keywords": ["events"], "keywords_type": "theme",
            "terms_of_service": url, "url": url,
        },
        "license": {"name": "none", "url": url},
        "provider": {"name": "bench", "url": url},
        "contact": {"name": "bench"},
    }  # fmt: skip
    collection = {
        "type": "collection", "title": "events", "description": "events", "keywords": ["events"], "links": [],
        "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
        "providers": [{
            "type": "feature", "name": "PostgreSQL", "id_field": "id", "table": "events", "geom_field": "geom",
            "time_field": "at", "storage_crs": postgis.CRS, "crs": [postgis.CRS],
            "data": {
                "host": host, "port": 5432, "dbname": "postgres", "user": "bench", "password": "",
                "search_path": ["public"],
            },
        }],
    }  # fmt: skip
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port}, "url": url, "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8", "languages": ["en-US"], "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": url, "attribution": ""},
        },
        "logging": {"level": "ERROR"}, "metadata": metadata, "resources": {"events": collection},
    }  # fmt: skip


@contextlib.contextmanager
def _uvicorn(
    python: str, application: str, environment: Callable[[int], Mapping[str, str]], prefix: str
) -> Iterator[Server]:
    """Serve an application of a Python's, until the block ends."""
    port = _free_port()
    command: Sequence[str] = [
        python, "-m", "uvicorn", application, "--port", str(port), "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, **environment(port)})
    try:
        server = Server(port, prefix)
        for _ in range(600):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if server.get("/collections")[0] == 200:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{application} did not start")
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
