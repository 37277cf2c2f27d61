"""A subject of NATS JetStream that notices are published to: one is taken when a stream has it on its disk.

The header ``Nats-Msg-Id`` is the notice's id, by which the server leaves out what comes again soon. Tested by
`tests/saas/test_natsreceiver.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import SplitResult, unquote

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.cloudevent import require_live
from stcloud.saas.delivery import NotTaken, signature

__all__ = ["NatsReceiver"]

_PORT, _TIMEOUT_S = 4222, 20


class NatsReceiver:
    """A subject that bodies are published to; each has a connection of its own, since notices are few.

    Parameters
    ----------
    parts
        ``nats://host:4222/SUBJECT`` or ``tls://…``, with a name and a password, or with a token as the name, before
        the host. `InvalidInput` ``unreadable-address``: it names no subject, or several.
    secret
        What bodies are signed with; None: they are not.
    """

    def __init__(self, parts: SplitResult, secret: bytes | None = None) -> None:
        self._subject = unquote(parts.path.strip("/"))
        if not self._subject or any(letter in self._subject for letter in "/*> "):
            raise InvalidInput(
                "unreadable-address", "notices cannot go to this address: it does not name one subject",
                hint="give nats://HOST/SUBJECT, such as nats://broker.example.org/city.alerts",
            )  # fmt: skip
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self._server = f"{parts.scheme}://{host}:{parts.port or _PORT}"
        name, password = (text and unquote(text) for text in (parts.username, parts.password))
        given = {"token": name} if name and password is None else {"user": name, "password": password}
        self._signed = {key: text for key, text in given.items() if text}
        self._secret = secret

    def send(self, name: str, body: bytes) -> None:
        """Publish a body under the name of its notice.

        Raises
        ------
        NotTaken
            The server cannot be reached, or no stream has the subject.
        MissingExtra
            ``live-needed``
        """
        try:
            from nats.errors import Error  # noqa: PLC0415
        except ImportError as error:
            raise require_live("delivery to NATS", error) from error
        logging.getLogger("nats").setLevel(
            logging.CRITICAL
        )  # what a notice needs and does not get is its error
        try:
            asyncio.run(asyncio.wait_for(self._published(name, body), _TIMEOUT_S))
        except (Error, TimeoutError, OSError) as error:
            raise NotTaken(_why(error)) from error

    async def _published(self, name: str, body: bytes) -> None:
        import nats  # noqa: PLC0415

        async def silent(_: Exception) -> None:
            """Say nothing: the call itself fails."""

        headers = {"Nats-Msg-Id": name, "Content-Type": "application/json"}
        headers |= signature(self._secret, body)
        client: Any = await nats.connect(
            self._server, connect_timeout=_TIMEOUT_S // 4, max_reconnect_attempts=1, reconnect_time_wait=0.1,
            allow_reconnect=False, error_cb=silent, **self._signed,
        )  # fmt: skip
        try:
            await client.jetstream().publish(self._subject, body, headers=headers)
        finally:
            await client.close()


def _why(error: Exception) -> str:
    kind = type(error).__name__
    return "no stream has this subject" if kind == "NoStreamResponseError" else f"{kind}: no broker took it"
