"""Messages of a stream of NATS JetStream, by a durable consumer that pulls them.

The server keeps what is not acknowledged, and gives it again: at once when it is released, after ``ack_wait_s``
seconds when the listener was killed. A message is known by its number in the stream, the same at each delivery.

Tested by `tests/iaas/feed/test_jetstream.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from stcloud.errors import InvalidInput, StorageError
from stcloud.iaas.feed.cloudevent import require_live
from stcloud.iaas.feed.message import Message, StreamPlace, Take

__all__ = ["JetStreamFeed"]

_Result = TypeVar("_Result")
_AT_ONCE = 5_000
_LOOK_S = 0.5
_CONNECT_S = 10
_CALL_S = 60.0


class JetStreamFeed:
    """Messages of one stream.

    Parameters
    ----------
    server
        ``nats://host:port`` or ``tls://host:port``, without names and passwords.
    stream, subject
        The stream, and which of its subjects; None: all.
    durable
        Name of the consumer at the server, which remembers what was acknowledged.
    user, password, token
        Who listens; None: nobody in particular.
    most_waiting
        Messages that are taken and not acknowledged, at most.
    ack_wait_s
        Seconds after which a message that is not acknowledged comes again.
    """

    def __init__(
        self, server: str, stream: str, durable: str, *, subject: str | None = None, user: str | None = None,
        password: str | None = None, token: str | None = None, most_waiting: int = 200_000, ack_wait_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._server, self._stream, self._durable, self._subject = server, stream, durable, subject
        self._signed = {"user": user, "password": password, "token": token}
        self._most_waiting, self._ack_wait_s = most_waiting, ack_wait_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Any = None
        self._pull: Any = None
        self._created = ""

    @property
    def address(self) -> str:
        """The server and the stream."""
        return f"{self._server}/{self._stream}"

    def open(self) -> None:
        """Connect, and have the consumer.

        Raises
        ------
        InvalidInput
            ``no-such-feed``: the server has no such stream.
        StorageError
            ``feed-unreachable``
        MissingExtra
            ``live-needed``
        """
        try:
            import nats  # noqa: PLC0415
        except ImportError as error:
            raise require_live("a feed of NATS", error) from error
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        try:
            self._call(self._connect(nats))
        except BaseException:
            self.close()
            raise

    async def _connect(self, nats: Any) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy  # noqa: PLC0415
        from nats.js.errors import NotFoundError  # noqa: PLC0415

        async def silent(_: Exception) -> None:
            """Say nothing: what a call needs and does not get is its error."""

        signed = {name: value for name, value in self._signed.items() if value is not None}
        self._client = await nats.connect(
            self._server, connect_timeout=_CONNECT_S, max_reconnect_attempts=2, reconnect_time_wait=0.2,
            error_cb=silent, allow_reconnect=False, **signed,
        )  # fmt: skip
        stream = self._client.jetstream()
        try:
            info = await stream.stream_info(self._stream)
        except NotFoundError as error:
            raise InvalidInput(
                "no-such-feed", f"{self._server} has no stream '{self._stream}'",
                hint="make the stream, or name another one: nats://host:4222/STREAM",
            ) from error  # fmt: skip
        self._created = str(info.created)
        consumer = ConsumerConfig(
            durable_name=self._durable, ack_policy=AckPolicy.EXPLICIT, deliver_policy=DeliverPolicy.ALL,
            ack_wait=self._ack_wait_s, max_ack_pending=self._most_waiting, filter_subject=self._subject,
        )  # fmt: skip
        await stream.add_consumer(self._stream, consumer)
        self._pull = await stream.pull_subscribe_bind(
            self._durable, self._stream, pending_msgs_limit=-1, pending_bytes_limit=-1
        )

    def take(self, take: Take) -> list[Message]:
        """Return messages in the order in which the server gives them."""
        until = time.monotonic() + take.wait_s
        taken: list[Message] = []
        size = 0
        while len(taken) < take.most and size < take.most_bytes and not take.stop.is_set():
            left_s = until - time.monotonic()
            if left_s <= 0 and (taken or take.wait_s > 0):
                break
            most = min(_AT_ONCE, take.most - len(taken))
            pulled = self._call(self._pulled(most, max(min(left_s, _LOOK_S), 0.05)))
            taken += [self._message(each) for each in pulled]
            size += sum(len(message.body) for message in taken[len(taken) - len(pulled) :])
            if not pulled and take.wait_s <= 0:
                break
        return taken

    async def _pulled(self, most: int, wait_s: float) -> Any:
        if self._client.is_closed:
            raise ConnectionResetError
        try:
            return await self._pull.fetch(most, timeout=wait_s)
        except TimeoutError:  # nothing came
            return []

    def _message(self, given: Any) -> Message:
        data = given.metadata
        headers = {name.lower(): text for name, text in (given.headers or {}).items()}
        place = StreamPlace(f"{data.stream}@{self._created}", int(data.sequence.stream))
        at_us = round(data.timestamp.timestamp() * 1_000_000)
        return Message(given.data, headers.get("content-type"), None, place, at_us, handle=given)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge each message; the server has heard of all when this returns."""
        self._call(self._settled([message.handle for message in messages], "ack"))

    def refuse(self, messages: Sequence[Message]) -> None:
        """End the delivery of messages."""
        self._call(self._settled([message.handle for message in messages], "term"))

    def release(self, messages: Sequence[Message]) -> None:
        """Have messages delivered again, at once."""
        self._call(self._settled([message.handle for message in messages], "nak"))

    async def _settled(self, given: Sequence[Any], verb: str) -> None:
        for each in given:
            await getattr(each, verb)()
        await self._client.flush(_CALL_S)

    def close(self) -> None:
        """End the connection; what the server is not told of comes again."""
        if self._thread is None or self._loop is None:
            return
        if self._client is not None and not self._client.is_closed:
            with contextlib.suppress(StorageError):
                self._call(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CONNECT_S)
        self._loop.close()
        self._thread = None

    def _call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Do work in the thread of the connection."""
        from nats.errors import Error  # noqa: PLC0415

        assert self._loop is not None  # noqa: S101  (it is open)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(_CALL_S + _CONNECT_S)
        except (Error, OSError, TimeoutError) as error:
            future.cancel()
            raise StorageError(
                "feed-unreachable", f"{self.address} does not answer: {type(error).__name__}",
                hint="try again when it does; nothing is lost",
            ) from error  # fmt: skip
