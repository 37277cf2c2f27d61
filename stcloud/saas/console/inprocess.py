"""A service in this process: requests of a notebook are answered without a port.

Tested by `tests/saas/console/test_notebook.py`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

__all__ = ["InProcess", "Received"]

_HOST = b"localhost"


@dataclass(frozen=True, slots=True)
class Received:
    """What a request is answered with: its status, its headers by names in lower case, its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class InProcess:
    """Asks an application as a client would; several requests at the same time, each in its turn on one loop.

    Parameters
    ----------
    application
        What answers. It is not started and not ended: the cities that it has stay open.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Run the loop until it is stopped."""
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        then: Callable[[Received], None],
    ) -> Future[None]:
        """Ask, and call ``then`` with the answer on the loop's thread.

        Parameters
        ----------
        method, path, headers, body
            The request; ``path`` with its query, as it stands in an address.
        """
        return asyncio.run_coroutine_threadsafe(self._run(method, path, headers, body, then), self._loop)

    async def _run(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        then: Callable[[Received], None],
    ) -> None:
        received: dict[str, Any] = {"status": 500, "headers": {}, "body": b""}
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Message:
            for message in messages:
                return message
            await asyncio.Event().wait()  # the client stays
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {
                    name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]
                }
                received.update(status=message["status"], headers=named)
            elif message["type"] == "http.response.body":
                received["body"] += message.get("body", b"")

        await self._application(_scope(method, path, headers), receive, send)
        then(Received(**received))

    def close(self) -> None:
        """End the loop; what is asked at that moment is not answered. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()


def _scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    raw, _, query = path.partition("?")
    named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(raw), "raw_path": raw.encode("ascii"), "query_string": query.encode("ascii"),
        "root_path": "", "headers": [(b"host", _HOST), *named], "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
    }  # fmt: skip
