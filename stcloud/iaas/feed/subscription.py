"""Messages of topics of an MQTT broker, QoS 1, in a session that the broker keeps.

The broker keeps what is not acknowledged, and gives it again when the listener connects anew. It gives no more than
``most_waiting`` before some is acknowledged. MQTT has no identity of messages: that of a CloudEvent is taken (user
properties ``id`` and ``source``, or a structured event), and a message that is none is known by the keys of its rows.

Tested by `tests/iaas/feed/test_subscription.py`.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from stcloud.errors import InvalidInput, StorageError
from stcloud.iaas.feed.cloudevent import STRUCTURED, events_of, require_live
from stcloud.iaas.feed.message import Message, Take

__all__ = ["MqttFeed"]

_CONNECT_S = 10.0
_SESSION_S = 7 * 86_400
_SETTLE_S = 2.0
_LOOK_S = 0.1
_MOST_WAITING = 65_535


class MqttFeed:
    """Messages of topics.

    Parameters
    ----------
    host, port, topic
        The broker, and a filter of topics: ``vehicles/#``.
    client
        Name of the session at the broker.
    user, password, tls
        Who listens; None: nobody in particular. Whether the connection is encrypted.
    most_waiting
        Messages that are taken and not acknowledged, at most; a batch has no more.
    """

    def __init__(
        self, host: str, port: int, topic: str, client: str, *, user: str | None = None, password: str | None = None,
        tls: bool = False, most_waiting: int = _MOST_WAITING,
    ) -> None:  # fmt: skip
        self._host, self._port, self._topic, self._name = host, port, topic, client
        self._user, self._password, self._tls = user, password, tls
        self._most_waiting = min(most_waiting, _MOST_WAITING)
        self._ready = threading.Condition()
        self._came: deque[Any] = deque()
        self._state = ""
        self._client: Any = None
        self._ended = False

    @property
    def address(self) -> str:
        """The broker and the topics."""
        return f"mqtt{'s' if self._tls else ''}://{self._host}:{self._port}/{self._topic}"

    def open(self) -> None:
        """Connect and subscribe.

        Raises
        ------
        StorageError
            ``feed-unreachable``
        MissingExtra
            ``live-needed``
        """
        try:
            from paho.mqtt.client import Client, MQTTv5  # noqa: PLC0415
            from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
        except ImportError as error:
            raise require_live("a feed of MQTT", error) from error
        client = self._client = Client(
            CallbackAPIVersion.VERSION2, self._name, protocol=MQTTv5, manual_ack=True
        )
        if self._user is not None:
            client.username_pw_set(self._user, self._password)
        if self._tls:
            client.tls_set_context(ssl.create_default_context())
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._settled
        client.on_message = self._arrived
        client.on_disconnect = self._disconnected
        try:
            client.connect(
                self._host, self._port, keepalive=30, clean_start=False, properties=self._session()
            )
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from error
        client.loop_start()
        with self._ready:
            self._ready.wait_for(lambda: self._state, _CONNECT_S)
        if self._state != "subscribed":
            why = self._state or "it does not answer"
            self.close()
            raise self._unreachable(why)

    def _session(self) -> Any:
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415
        from paho.mqtt.properties import Properties  # noqa: PLC0415

        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = _SESSION_S
        session.ReceiveMaximum = self._most_waiting
        return session

    def _unreachable(self, why: str) -> StorageError:
        return StorageError(
            "feed-unreachable",
            f"{self.address} does not answer: {why}",
            hint="try again when it does; nothing is lost",
        )

    def _connected(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say(f"the broker says {reason}")
        else:
            client.subscribe(self._topic, qos=1)

    def _subscribed(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        failed = next((reason for reason in reasons if reason.is_failure), None)
        self._say("subscribed" if failed is None else f"the broker says {failed}")

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._ready:
            self._ended = True
            self._came.clear()  # the broker gives them again
            if not self._state:
                self._state = f"the broker says {reason}"
            self._ready.notify_all()

    def _settled(self, _client: Any, _data: Any, _mid: int, _reasons: Any, _properties: Any) -> None:
        self._say("settled")

    def _say(self, state: str) -> None:
        with self._ready:
            self._state = state
            self._ready.notify_all()

    def _arrived(self, _client: Any, _data: Any, given: Any) -> None:
        with self._ready:
            self._came.append(given)
            self._ready.notify_all()

    def take(self, take: Take) -> list[Message]:
        """Return messages as they came."""
        most = min(take.most, self._most_waiting)
        until = time.monotonic() + take.wait_s
        taken: list[Message] = []
        size = 0
        with self._ready:
            while True:
                while self._came and len(taken) < most and (not taken or size < take.most_bytes):
                    taken.append(_message(self._came.popleft()))
                    size += len(taken[-1].body)
                left_s = until - time.monotonic()
                if len(taken) >= most or size >= take.most_bytes or left_s <= 0 or take.stop.is_set():
                    return taken
                if self._ended:
                    raise self._unreachable("the connection ended")
                self._ready.wait(min(left_s, _LOOK_S))

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Acknowledge each message."""
        with self._ready:
            if self._ended and messages:
                raise self._unreachable("the connection ended")
        for message in messages:
            given = message.handle
            if given.qos:
                self._client.ack(given.mid, given.qos)

    def refuse(self, messages: Sequence[Message]) -> None:
        """Acknowledge each message: it is in quarantine."""
        self.acknowledge(messages)

    def release(self, messages: Sequence[Message]) -> None:
        """Do nothing: the broker gives them again once the listener connects anew."""

    def close(self) -> None:
        """End the connection once the broker has read what was acknowledged; the session stays at the broker."""
        if self._client is not None:
            self._settle()
            self._client.disconnect()
            self._client.loop_stop()

    def _settle(self) -> None:
        """Wait for an answer to what follows the acknowledgements.

        A broker reads a connection in order, but a new one of the same name ends it unread, and what was acknowledged
        there would come again. The topic is one that was never subscribed to, so that nothing ends.
        """
        with self._ready:
            if self._state == "subscribed" and not self._ended:
                self._client.unsubscribe(f"stcloud/{self._name}/settled")
                self._ready.wait_for(lambda: self._ended or self._state == "settled", _SETTLE_S)


def _message(given: Any) -> Message:
    """Return what came as a message, by what it says of itself."""
    properties = given.properties
    media = getattr(properties, "ContentType", None)
    stated = dict(getattr(properties, "UserProperty", ()))
    headers = {f"ce-{name.lower()}": text for name, text in stated.items()}
    if media is not None:
        headers["content-type"] = media
    if (media or "").startswith(STRUCTURED + "+json") or "ce-specversion" in headers:
        try:
            (event,) = events_of(headers, given.payload)
        except (InvalidInput, ValueError):
            pass
        else:
            return Message(event.body, event.media, event.id, at_us=event.at_us, handle=given)
    return Message(given.payload, media, handle=given)
