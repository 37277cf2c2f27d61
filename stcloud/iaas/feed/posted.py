"""CloudEvents that are posted: each request is answered once its events are visible in the layer.

======  ================================================================================================
204     All events of the request are in the layer, or were before.
422     They are in quarantine: to send them again changes nothing.
503     The queue is full, or the listener ends: send them again later (``Retry-After``).
4xx     No event (400), no or another token (401), too long (413), another method than POST (405).
======  ================================================================================================

Tested by `tests/iaas/feed/test_posted.py`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stcloud.errors import InvalidInput, StcloudError, StorageError
from stcloud.iaas.feed.cloudevent import events_of, require_live
from stcloud.iaas.feed.message import MOST_BODY_BYTES, Message, Take

__all__ = ["PostedFeed"]

_MOST_WAITING = 200_000
_MOST_WAITING_BYTES = 128 << 20
_MOST_REQUESTS = 4096
_LOOK_S = 0.1
_LONGEST_BODY_S = 30.0
_STOP_S = 5.0


@dataclass(slots=True, eq=False)
class _Request:
    """A request that waits: how many of its events are left, and what it is answered."""

    loop: asyncio.AbstractEventLoop
    left: int
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 204

    def settle(self, count: int, status: int) -> None:
        """Note what became of some events; called from the listener's thread."""
        self.left -= count
        self.status = max(self.status, status)
        if not self.left or status == 503:
            self.loop.call_soon_threadsafe(self.answered.set)


class PostedFeed:
    """Events that are posted to an address of this machine.

    Parameters
    ----------
    host, port
        Where it listens; port 0: any that is free.
    token
        What requests must bear; None: whoever reaches the address may post.
    most_waiting, most_bytes
        Events that wait to be taken, and their bytes; of more the sender is told to come again.
    """

    def __init__(
        self, host: str, port: int, token: str | None = None, *, most_waiting: int = _MOST_WAITING,
        most_bytes: int = _MOST_WAITING_BYTES,
    ) -> None:  # fmt: skip
        self._host, self._port, self._token = host, port, token
        self._most_waiting, self._most_bytes = most_waiting, most_bytes
        self._lock = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._requests: set[_Request] = set()
        self._socket: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where events are posted to."""
        port = self._socket.getsockname()[1] if self._socket is not None else self._port
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    @property
    def waiting(self) -> int:
        """Events that came and were not taken yet."""
        return len(self._waiting)

    def open(self) -> None:
        """Listen.

        Raises
        ------
        InvalidInput
            ``cannot-listen``
        MissingExtra
            ``live-needed``
        """
        try:
            import cloudevents  # noqa: F401, PLC0415
            import uvicorn  # noqa: PLC0415
        except ImportError as error:
            raise require_live("a feed over HTTP", error) from error
        try:
            family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=2048)
        except OSError as error:
            raise InvalidInput(
                "cannot-listen", f"nothing can listen at {self._host}, port {self._port}: {error.strerror or error}",
                hint="choose another port",
            ) from error  # fmt: skip
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            self._answer, interface="asgi3", log_level="critical", access_log=False, server_header=False,
            lifespan="off", timeout_graceful_shutdown=int(_STOP_S), ws="none", limit_concurrency=_MOST_REQUESTS,
        )  # fmt: skip
        server = self._server = uvicorn.Server(config)
        sockets = [self._socket]
        self._thread = threading.Thread(target=lambda: server.run(sockets=sockets), name="feed", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _LONGEST_BODY_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise StorageError("feed-unreachable", f"nothing listens at {self.address}")
            time.sleep(0.01)

    def take(self, take: Take) -> list[Message]:
        """Return events as they came."""
        until = time.monotonic() + take.wait_s
        taken: list[Message] = []
        size = 0
        with self._lock:
            while True:
                while self._waiting and len(taken) < take.most and (not taken or size < take.most_bytes):
                    message = self._waiting.popleft()
                    size += len(message.body)
                    taken.append(message)
                left_s = until - time.monotonic()
                full = len(taken) >= take.most or size >= take.most_bytes
                if full or left_s <= 0 or take.stop.is_set():
                    self._bytes -= size
                    return taken
                self._lock.wait(min(left_s, _LOOK_S))

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Answer that events are in the layer."""
        _settle(messages, 204)

    def refuse(self, messages: Sequence[Message]) -> None:
        """Answer that events are in quarantine."""
        _settle(messages, 422)

    def release(self, messages: Sequence[Message]) -> None:
        """Answer that events are to be sent again."""
        _settle(messages, 503)

    def close(self) -> None:
        """Answer who still waits, and end."""
        with self._lock:
            left, self._waiting = list(self._waiting), deque()
        _settle(left, 503)
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(2 * _STOP_S)
        if self._socket is not None:
            self._socket.close()

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        try:
            status, why = await self._status(scope["method"], headers, receive)
        except StcloudError as error:
            status, why = 400, error.message
        extra = {
            405: [(b"allow", b"POST")],
            503: [(b"retry-after", b"5")],
            401: [(b"www-authenticate", b"Bearer")],
        }
        content = b"" if status == 204 else json.dumps({"title": why}).encode()
        kind = [] if status == 204 else [(b"content-type", b"application/problem+json")]
        length = [] if status == 204 else [(b"content-length", str(len(content)).encode())]
        await send({
            "type": "http.response.start", "status": status, "headers": [*extra.get(status, []), *kind, *length],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": content})

    async def _status(self, method: str, headers: dict[str, str], receive: Any) -> tuple[int, str]:
        if self._token is not None and not _bears(headers, self._token):
            return 401, "a token is needed"
        if method != "POST":
            return 405, "events are posted"
        try:
            async with asyncio.timeout(_LONGEST_BODY_S):
                body = await _body(receive)
        except TimeoutError:
            return 408, "the body did not come in time"
        if body is None:
            return 413, f"a request has at most {MOST_BODY_BYTES:,} bytes"
        return await self._settled(events_of(headers, body), len(body))

    async def _settled(self, events: list[Message], size: int) -> tuple[int, str]:
        """Wait until events are settled; return the answer."""
        if not events:
            return 204, ""
        request = _Request(asyncio.get_running_loop(), len(events))
        if not self._put([replace(event, handle=request) for event in events], size):
            return 503, "more events wait than can be held"
        await request.answered.wait()
        words = {422: "what was sent is in quarantine", 503: "the events were not loaded: send them again"}
        return request.status, words.get(request.status, "")

    def _put(self, events: list[Message], size: int) -> bool:
        with self._lock:
            server = self._server
            full = self._waiting and (
                len(self._waiting) + len(events) > self._most_waiting or self._bytes + size > self._most_bytes
            )
            if full or server is None or server.should_exit:
                return False
            self._waiting.extend(events)
            self._bytes += sum(len(event.body) for event in events)
            self._lock.notify_all()
        return True


def _settle(messages: Sequence[Message], status: int) -> None:
    counts: dict[int, tuple[_Request, int]] = {}
    for message in messages:
        request, count = counts.get(id(message.handle), (message.handle, 0))
        counts[id(request)] = (request, count + 1)
    for request, count in counts.values():
        request.settle(count, status)


def _bears(headers: dict[str, str], token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


async def _body(receive: Any) -> bytes | None:
    """Return the body of a request; None: it is too long."""
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise InvalidInput("not-a-cloudevent", "the request broke off")
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY_BYTES:
            return None
        if not event.get("more_body"):
            return b"".join(parts)
