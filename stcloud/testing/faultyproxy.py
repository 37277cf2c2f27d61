"""A proxy that injects faults between a client and a server of objects: seeded, so that a run can be had again.

Tested by `tests/reliability/test_bucket.py`.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

__all__ = ["FAULTS", "FaultyProxy", "NetworkFaults"]

FAULTS = (
    "error", "busy", "reset", "lost", "late-error", "truncated", "shortened", "slow", "duplicated",
)  # fmt: skip
"""What may happen to a request.

- ``error``, ``busy``: an answer 500, or 503 SlowDown; the server never sees the request.
- ``reset``: the connection is reset, and the server never sees the request.
- ``lost``: the connection is reset after the server did what it was to do.
- ``late-error``: an answer 500 after the server did it.
- ``truncated``: half a body, then the end of the connection.
- ``shortened``: half a body in an answer that looks whole.
- ``slow``: a long wait for the first byte.
- ``duplicated``: the server gets it twice, and the second answer is given.
"""
_ERROR = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>injected</Message></Error>"
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


@dataclass(frozen=True, slots=True)
class NetworkFaults:
    """Which faults are injected, and how often.

    Parameters
    ----------
    kinds
        Some of `FAULTS`.
    rate
        Share of the requests that meet one, 0 to 1.
    seed
        What the draws follow from.
    methods
        Methods of the requests that may meet one.
    most
        Number of faults after which there are no more; None: no end.
    slow_s
        Seconds that a ``slow`` answer takes.
    """

    kinds: tuple[str, ...] = FAULTS
    rate: float = 0.2
    seed: int = 0
    methods: tuple[str, ...] = ("GET", "HEAD", "PUT", "POST", "DELETE")
    most: int | None = None
    slow_s: float = 1.0

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(FAULTS):
            raise ValueError(f"no such faults: {', '.join(sorted(unknown))}")


class FaultyProxy:
    """A proxy of one server, on a port of its own, from ``with`` to the end of it.

    Parameters
    ----------
    endpoint
        The server's, ``http://HOST:PORT``.
    faults
        What is injected.
    """

    def __init__(self, endpoint: str, faults: NetworkFaults) -> None:
        self.faults = faults
        self._draw = random.Random(faults.seed)  # noqa: S311  (no secret)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        handler = type("_Handler", (_Handler,), {"proxy": self, "place": urlsplit(endpoint).netloc})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each fault was injected, and ``requests``."""
        with self._lock:
            return dict(self._counts)

    def drawn(self, method: str) -> str:
        """Return the fault that a request meets; empty: none."""
        faults = self.faults
        with self._lock:
            self._counts["requests"] += 1
            injected = self._counts.total() - self._counts["requests"]
            if method not in faults.methods or (faults.most is not None and injected >= faults.most):
                return ""
            if not faults.kinds or self._draw.random() >= faults.rate:
                return ""
            fault = self._draw.choice(faults.kinds)
            self._counts[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: that a client hangs up is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy
    place: str

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class calls it so)
        """Say nothing."""

    def handle_one_request(self) -> None:
        """Read a request, draw a fault, answer."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = self.proxy.drawn(self.command)
            self.meets[fault](self, body)
            self.wfile.flush()
            return
        self.close_connection = True

    def _forward(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Make the request of the server."""
        connection = http.client.HTTPConnection(self.place, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            length = (
                {}
                if self.command != "HEAD"
                else {"Content-Length": answer.headers.get("Content-Length", "0")}
            )
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return answer.status, {**kept, **length}, answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: Mapping[str, str], body: bytes, *, promised: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def _plainly(self, body: bytes) -> None:
        self._answer(*self._forward(body))

    def _error(self, _: bytes) -> None:
        self._answer(500, {"Content-Type": "application/xml"}, _ERROR % b"InternalError")

    def _busy(self, _: bytes) -> None:
        self._answer(503, {"Content-Type": "application/xml"}, _ERROR % b"SlowDown")

    def _reset(self, _: bytes) -> None:
        linger = struct.pack("ii", 1, 0)  # no farewell: a reset
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True

    def _lost(self, body: bytes) -> None:
        self._forward(body)
        self._reset(body)

    def _late_error(self, body: bytes) -> None:
        self._forward(body)
        self._error(body)

    def _truncated(self, body: bytes) -> None:
        status, headers, data = self._forward(body)
        self._answer(status, headers, data[: len(data) // 2], promised=len(data))
        self.close_connection = True

    def _shortened(self, body: bytes) -> None:
        status, headers, data = self._forward(body)
        self._answer(status, headers, data[: len(data) // 2] if status in (200, 206) else data)

    def _slow(self, body: bytes) -> None:
        answer = self._forward(body)
        time.sleep(self.proxy.faults.slow_s)
        self._answer(*answer)

    def _duplicated(self, body: bytes) -> None:
        self._forward(body)
        self._plainly(body)

    meets: ClassVar[Mapping[str, Callable[[Any, bytes], None]]] = {
        "": _plainly,
        "error": _error,
        "busy": _busy,
        "reset": _reset,
        "lost": _lost,
        "late-error": _late_error,
        "truncated": _truncated,
        "shortened": _shortened,
        "slow": _slow,
        "duplicated": _duplicated,
    }
    """What is done for a fault."""
