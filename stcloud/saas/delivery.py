"""Delivery of notices: to a file, or to a web address.

Each notice is delivered at least once: it is taken for a minute, and tried again later unless its receiver took it.
Its id is in the body, by which a receiver knows what it has. Tested by `tests/saas/test_delivery.py`.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from stcloud.errors import InvalidInput
from stcloud.iaas.store.oserror import storage_errors

if TYPE_CHECKING:
    from stcloud.iaas.records import Notice
    from stcloud.iaas.records.outbox import Outbox

__all__ = ["delivered"]

_TIMEOUT_S = 20
_MOST_ATTEMPTS = 12
_FIRST_PAUSE_US = 5_000_000
_LONGEST_PAUSE_US = 3_600_000_000


class Receiver(Protocol):
    """Where notices go."""

    def send(self, body: bytes) -> None:
        """Deliver a body; `OSError` or ``HTTPException`` if it is not taken."""


class FileReceiver:
    """A file that bodies are added to, a line each, on the disk when `send` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, body: bytes) -> None:
        """Add a line."""
        with self._path.open("ab") as sink:
            sink.write(body + b"\n")
            sink.flush()
            os.fsync(sink.fileno())


class WebReceiver:
    """A web address that bodies are posted to; any answer from 200 to 299 takes them."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, body: bytes) -> None:
        """Post a body."""
        request = urllib.request.Request(  # noqa: S310  (http and https only: `_receiver` sees to it)
            self._url, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
            pass


def delivered(outbox: Outbox, to: str) -> dict[str, int]:
    """Deliver the notices that wait; return how many were delivered, will be tried again, and were given up.

    Raises
    ------
    InvalidInput
        ``unreadable-address``: neither a file nor a web address.
    StorageError
        The file cannot be written; the notices wait.
    """
    receiver = _receiver(to)
    counts = {"delivered": 0, "again": 0, "given_up": 0}
    while notices := outbox.take():
        for notice in notices:
            counts[_deliver(outbox, receiver, notice)] += 1
    return counts


def _deliver(outbox: Outbox, receiver: Receiver, notice: Notice) -> str:
    body = json.dumps({"id": notice.id, "to": notice.target, **json.loads(notice.body)}, ensure_ascii=False)
    try:
        receiver.send(body.encode())
    except OSError as error:
        if isinstance(receiver, FileReceiver):
            outbox.failed(notice, _reason(error), again_after_us=0)
            with storage_errors("write notices"):
                raise
        last = notice.attempts >= _MOST_ATTEMPTS
        pause_us = min(_FIRST_PAUSE_US * 2**notice.attempts, _LONGEST_PAUSE_US)
        outbox.failed(notice, _reason(error), again_after_us=None if last else pause_us)
        return "given_up" if last else "again"
    outbox.done(notice)
    return "delivered"


def _reason(error: OSError) -> str:
    """Return what went wrong, without the address, which may hold a secret."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the receiver answered {error.code}"
    reason = getattr(error, "reason", error)
    return f"{type(reason).__name__}: {os.strerror(error.errno) if error.errno else 'no connection'}"


def _receiver(to: str) -> Receiver:
    scheme = urlsplit(to).scheme
    if scheme in ("http", "https"):
        return WebReceiver(to)
    if scheme and "://" in to:
        raise InvalidInput(
            "unreadable-address", f"notices cannot go to {scheme}://", hint="give a file, http:// or https://"
        )
    return FileReceiver(Path(to))
