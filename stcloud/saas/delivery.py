"""Delivery of notices: to a file, to a web address, or to a subject of NATS.

Each notice is delivered at least once: it is taken for a minute, and tried again later unless its receiver took it.
Its id is in the body, by which a receiver knows what it has. Tested by `tests/saas/test_delivery.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from stcloud.errors import InvalidInput
from stcloud.iaas.store.oserror import storage_errors

if TYPE_CHECKING:
    from stcloud.iaas.records import Notice
    from stcloud.iaas.records.outbox import Notices

__all__ = ["SIGNATURE", "NotTaken", "delivered", "shown_address", "signature"]

SIGNATURE = "X-Stcloud-Signature"
"""Header of the signature of a body."""

_TIMEOUT_S = 20
_AT_ONCE = 3
"""So many that nobody else takes them while a receiver that hangs is waited for."""
_MOST_ATTEMPTS = 12
_FIRST_PAUSE_US = 5_000_000
_LONGEST_PAUSE_US = 3_600_000_000


class Receiver(Protocol):
    """Where notices go."""

    def send(self, name: str, body: bytes) -> None:
        """Deliver a body under its notice's id; `OSError` or ``HTTPException`` if it is not taken."""


class NotTaken(OSError):
    """A broker did not take a notice; the text says why, without an address."""


def signature(secret: bytes | None, body: bytes) -> dict[str, str]:
    """Return the header that signs a body: HMAC-SHA256, in hexadecimal digits; none without a secret."""
    return (
        {} if secret is None else {SIGNATURE: f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"}
    )


class FileReceiver:
    """A file that bodies are added to, a line each, on the disk when `send` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, name: str, body: bytes) -> None:  # noqa: ARG002  (the body has it)
        """Add a line."""
        with self._path.open("ab") as sink:
            sink.write(body + b"\n")
            sink.flush()
            os.fsync(sink.fileno())


class WebReceiver:
    """A web address that bodies are posted to; any answer from 200 to 299 takes them.

    A name and a password in the address are sent as HTTP has them, and put in no message. With a ``secret``, the
    header ``X-Stcloud-Signature`` has ``sha256=`` and the HMAC-SHA256 of the body in hexadecimal digits.
    """

    def __init__(self, parts: SplitResult, secret: bytes | None = None) -> None:
        host = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=host, fragment="").geturl()
        self._headers = {"Content-Type": "application/json"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._secret = secret
        self._opener = urllib.request.build_opener(_NoRedirect)

    def send(self, name: str, body: bytes) -> None:  # noqa: ARG002  (the body has it)
        """Post a body."""
        headers = self._headers | signature(self._secret, body)
        request = urllib.request.Request(  # noqa: S310  (http and https only: `_receiver` sees to it)
            self._url, data=body, headers=headers, method="POST"
        )
        with self._opener.open(request, timeout=_TIMEOUT_S):
            pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the body would not be sent to where it points."""

    def redirect_request(self, *_: Any) -> None:
        """Return no other request."""


def delivered(outbox: Notices, to: str, *, secret: bytes | None = None) -> dict[str, int]:
    """Deliver the notices that wait; return how many were delivered, will be tried again, and were given up.

    Parameters
    ----------
    outbox, to
        The notices; a file, a web address, or a subject of NATS.
    secret
        What bodies that go to a web address or to NATS are signed with; None: they are not.

    Raises
    ------
    InvalidInput
        ``unreadable-address``: none of these; ``secret-unused``: a file has no signature.
    StorageError
        The file cannot be written; the notices wait.
    """
    receiver = _receiver(to, secret)
    counts = {"delivered": 0, "again": 0, "given_up": 0}
    while notices := outbox.take(_AT_ONCE):
        for place, notice in enumerate(notices):
            counts[_deliver(outbox, receiver, notice, notices[place + 1 :])] += 1
    return counts


def shown_address(to: str) -> str:
    """Return where notices go without what may be a secret: name, password and query of a web address.

    >>> shown_address("https://desk:pw@example.org:8443/hook?token=1")
    'https://example.org:8443/hook'
    """
    if "://" not in to:
        return to
    parts = urlsplit(to)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _deliver(outbox: Notices, receiver: Receiver, notice: Notice, others: Sequence[Notice]) -> str:
    """Deliver a notice; give back ``others``, which were taken with it, if nothing can be delivered at all."""
    body = json.dumps({"id": notice.id, "to": notice.target, **json.loads(notice.body)}, ensure_ascii=False)
    try:
        receiver.send(notice.id, body.encode())
    except (OSError, HTTPException) as error:
        if isinstance(receiver, FileReceiver):
            for each in (notice, *others):
                outbox.failed(each, _reason(error), again_after_us=0)
            with storage_errors("write notices"):
                raise
        last = notice.attempts >= _MOST_ATTEMPTS
        pause_us = min(_FIRST_PAUSE_US * 2**notice.attempts, _LONGEST_PAUSE_US)
        outbox.failed(notice, _reason(error), again_after_us=None if last else pause_us)
        return "given_up" if last else "again"
    outbox.done(notice)
    return "delivered"


def _reason(error: Exception) -> str:
    """Return what went wrong, without the address, which may hold a secret."""
    if isinstance(error, NotTaken):
        return str(error)
    if isinstance(error, urllib.error.HTTPError):
        return f"the receiver answered {error.code}"
    if isinstance(error, HTTPException):
        return f"{type(error).__name__}: the receiver did not answer as HTTP has it"
    reason = getattr(error, "reason", error)
    errno = getattr(reason, "errno", None)
    words = os.strerror(errno) if isinstance(errno, int) and errno > 0 else "no connection"
    return f"{type(reason).__name__ if isinstance(reason, Exception) else type(error).__name__}: {words}"


def _receiver(to: str, secret: bytes | None = None) -> Receiver:
    if "://" not in to and "\0" not in to:
        if secret is not None:
            raise InvalidInput("secret-unused", "a secret signs what goes to a web address, no file")
        return FileReceiver(Path(to))
    try:
        parts = urlsplit(to)
        usable = bool(parts.hostname) and parts.port != 0 and to.isprintable() and " " not in to
    except ValueError:
        usable = False
    if not usable or parts.scheme not in ("http", "https", "nats", "tls"):
        raise InvalidInput(
            "unreadable-address",
            "notices cannot go to this address",
            hint="give a file, http://HOST, https://HOST or nats://HOST/SUBJECT",
        )
    if parts.scheme in ("nats", "tls"):
        from stcloud.saas.natsreceiver import NatsReceiver  # noqa: PLC0415  (an extra has its library)

        return NatsReceiver(parts, secret)
    return WebReceiver(parts, secret)
