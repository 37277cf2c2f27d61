"""Feeds by their address, as people write it.

=====================================  ==================================================================
``arrivals/``                          Files that arrive in a folder.
``http://127.0.0.1:8090``              CloudEvents that are posted to this machine; ``http``: port 8090.
``nats://host:4222/STREAM``            A stream of NATS JetStream; ``?subject=city.vehicles.*``: some of it;
                                       ``&ack_wait=60``: when messages of a killed listener come again.
``mqtt://host:1883/vehicles/#``        Topics of an MQTT broker; ``mqtts://``: encrypted.
=====================================  ==================================================================

Names and passwords may stand before the host; they are put in no message.

Tested by `tests/iaas/feed/test_address.py`.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.message import Feed

__all__ = ["open_feed"]

_PORTS = {"http": 8090, "nats": 4222, "tls": 4222, "mqtt": 1883, "mqtts": 8883}
_LONGEST_WAIT_S = 3600
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def open_feed(address: str, name: str = "stcloud", token: str | None = None) -> Feed:
    """Return the feed of an address, which is not opened yet.

    Parameters
    ----------
    address
        As above.
    name
        What brokers know the listener by: a durable consumer, a session.
    token
        What requests must bear; of a broker the password, or for NATS without a user its token.

    Raises
    ------
    InvalidInput
        ``unreadable-address``; ``token-needed``: others reach the address, and nothing says who may post.
    """
    scheme = address.partition("://")[0] if "://" in address else ""
    if address == "http":
        address, scheme = "http://127.0.0.1", "http"
    if not scheme:
        from stcloud.iaas.feed.arrivals import FolderFeed  # noqa: PLC0415

        return FolderFeed(Path(address))
    if scheme not in _PORTS:
        raise _unreadable(f"there are no feeds of {scheme}://")
    try:
        parts = urlsplit(address.replace("#", "%23"))
        number = parts.port if parts.port is not None else _PORTS[scheme]
    except ValueError as error:
        raise _unreadable("its port is no number") from error
    if not parts.hostname:
        raise _unreadable("it names no host")
    if scheme == "http":
        return _posted(parts.hostname, number, parts.path.strip("/"), token)
    return _of_broker(parts, number, name, token)


def _of_broker(parts: SplitResult, port: int, name: str, token: str | None) -> Feed:
    """Return the feed of a broker: who listens stands before the host."""
    host, path = parts.hostname or "", unquote(parts.path.strip("/"))
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else token if user else None
    if parts.scheme in ("mqtt", "mqtts"):
        from stcloud.iaas.feed.subscription import MqttFeed  # noqa: PLC0415

        if not path:
            raise _unreadable("it names no topic: mqtt://host/vehicles/#")
        return MqttFeed(host, port, path, name, user=user, password=password, tls=parts.scheme == "mqtts")
    from stcloud.iaas.feed.jetstream import JetStreamFeed  # noqa: PLC0415

    if not path or "/" in path:
        raise _unreadable("it names no stream: nats://host/STREAM")
    query = parse_qs(parts.query)
    subject, wait = query.pop("subject", [None])[0], query.pop("ack_wait", ["60"])[0]
    if query:
        raise _unreadable(f"there is no parameter {', '.join(query)}")
    if not wait.isdecimal() or not 1 <= int(wait) <= _LONGEST_WAIT_S:
        raise _unreadable(f"ack_wait is a number of seconds from 1 to {_LONGEST_WAIT_S}")
    shown = f"[{host}]" if ":" in host else host
    return JetStreamFeed(
        f"{parts.scheme}://{shown}:{port}", path, name, subject=subject, user=user, password=password,
        token=None if user else token, ack_wait_s=int(wait),
    )  # fmt: skip


def _posted(host: str, port: int, path: str, token: str | None) -> Feed:
    from stcloud.iaas.feed.posted import PostedFeed  # noqa: PLC0415

    if path:
        raise _unreadable("events are posted to the root: leave out the path")
    if token is None and host not in _LOOPBACK:
        raise InvalidInput(
            "token-needed", f"{host} is reached by others, and nothing says who may post",
            hint="state a token", in_shell="state a --token-file, or listen at http://127.0.0.1",
        )  # fmt: skip
    return PostedFeed(host, port, token)


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-address", f"the address of the feed cannot be read: {why}",
        hint="name a folder, http://host:port, nats://host/STREAM or mqtt://host/topic",
    )  # fmt: skip
