"""A polite reader over HTTP: it waits between requests, tries again a few times, and comes back when it may.

Tested by `tests/saas/harvest/test_politereader.py`.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from stcloud.errors import InvalidInput, StorageError
from stcloud.saas.plaintext import visible

__all__ = ["Fetched", "Page", "PoliteReader", "checked_address"]

_T = TypeVar("_T")
_TIMEOUT_S = 30
_LONGEST_READ_S = 300
_MOST_BYTES = 64 * 1024 * 1024
_CHUNK = 1 << 16
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_LONGEST_RETRY_AFTER_S = 900.0
_NOT_MODIFIED = 304
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Page:
    """What an address answered: its document, and the address of the next page; None: there is none."""

    document: Any
    next: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered: the bytes, None where they are as they were (304), and the headers."""

    body: bytes | None
    headers: Message


class PoliteReader:
    """Reads documents of one server, one after the other.

    Parameters
    ----------
    pause_s
        Seconds between two requests.
    attempts
        How often an address is tried.
    sleep
        Waits for seconds.
    """

    def __init__(
        self, *, pause_s: float = 1.0, attempts: int = 6, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._pause_s, self._attempts, self._sleep = pause_s, attempts, sleep
        self._opener = urllib.request.build_opener(_WebRedirects)
        self._began = False

    def page(self, address: str) -> Page:
        """Return what an address answers.

        Raises
        ------
        StorageError
            ``source-unreachable``: it failed again and again, or says to come back much later.
        InvalidInput
            ``source-refused``: the server refuses the request; ``source-too-large``: more than 64 MiB.
        """
        return self._patiently(self._page, address)

    def fetch(self, address: str, headers: Mapping[str, str]) -> Fetched:
        """Return the bytes that an address has, asked with some headers, such as ``If-None-Match``.

        Raises what `page` raises.
        """
        return self._patiently(self._fetched, address, headers)

    def _patiently(self, read: Callable[..., _T], *given: Any) -> _T:
        """Read; again, later and later, while that fails for a while."""
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts), retry=retry_if_exception_type(_Later), wait=_wait_s,
            sleep=self._sleep, reraise=True,
        )  # fmt: skip
        try:
            return retrying(read, *given)
        except _Later as error:
            raise StorageError(
                "source-unreachable", f"the server failed {self._attempts} times: {error}",
                hint="run it again later: it goes on where it was",
            ) from None  # fmt: skip

    def _page(self, address: str) -> Page:
        answer = self._fetched(address, {"Accept": "application/json"})
        return Page(_document(answer.body or b""), _next_of(answer.headers, address))

    def _fetched(self, address: str, headers: Mapping[str, str]) -> Fetched:
        if self._began:
            self._sleep(self._pause_s)
        self._began = True
        request = urllib.request.Request(  # noqa: S310  (`checked_address` lets http and https in)
            address, headers={**headers, "User-Agent": "stcloud"}
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return Fetched(_body(answer), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == _NOT_MODIFIED:
                    return Fetched(None, error.headers)
                raise _refused(error) from None
        except (OSError, HTTPException) as error:
            raise _Later(_reason(error)) from None


class _Later(Exception):
    """It did not work now; ``after_s``: the server says after how many seconds it may."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections within the web, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise InvalidInput(
                "source-refused", f"the server points to an address of {scheme or 'no scheme'}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def checked_address(text: str, of: str = "an Open311 endpoint") -> str:
    """Return an address of the web, that of something.

    Raises `InvalidInput` ``unreadable-address``: no http or https, or with a password.
    """
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        raise InvalidInput(
            "unreadable-address", "nothing can be read from this address",
            hint=f"give https://HOST/PATH of {of}, without a password",
        )  # fmt: skip
    return parts._replace(fragment="").geturl()


def _wait_s(state: RetryCallState) -> float:
    """Return how long to wait before the next attempt: twice as long each time, or as the server says."""
    error = state.outcome.exception() if state.outcome is not None else None
    after_s = error.after_s if isinstance(error, _Later) else 0.0
    return max(after_s, min(_FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT_S))


def _body(answer: Any) -> bytes:
    """Return a whole body that is neither too large nor too slow."""
    parts, size, end_s = [], 0, time.monotonic() + _LONGEST_READ_S
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > _MOST_BYTES:
            raise InvalidInput("source-too-large", f"an answer has more than {_MOST_BYTES >> 20} MiB")
        if time.monotonic() > end_s:
            raise _Later("an answer took too long")
    stated = answer.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) != size:
        raise _Later("an answer was cut off")
    return b"".join(parts)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _Later("an answer is no JSON") from None


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _refused(error: urllib.error.HTTPError) -> Exception:
    after_s = _retry_after_s(error.headers)
    if error.code in _AGAIN:
        if after_s > _LONGEST_RETRY_AFTER_S:
            return StorageError(
                "source-unreachable", f"the server answers {error.code}, and to come back in {after_s:,.0f} s",
                hint="run it again then: it goes on where it was",
            )  # fmt: skip
        return _Later(f"it answers {error.code}", after_s)
    try:
        text = " ".join(error.read(2_000).decode("utf-8", "replace").split())[:200]
    except (OSError, HTTPException):
        text = ""
    return InvalidInput(
        "source-refused", f"the server answers {error.code}: {visible(text) or 'nothing more'}"
    )


def _retry_after_s(headers: Message) -> float:
    """Return what ``Retry-After`` says, as seconds or as a date; 0: nothing that can be read."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _next_of(headers: Message, address: str) -> str | None:
    """Return the next page that the header ``Link`` names, if it is of the same server."""
    for link in ",".join(headers.get_all("Link") or ()).split(","):
        target, *parameters = (part.strip() for part in link.split(";"))
        if (
            target[:1] == "<"
            and target[-1:] == ">"
            and any(parameter.replace('"', "").lower() == "rel=next" for parameter in parameters)
        ):
            following = urljoin(address, target[1:-1])
            same = urlsplit(following)[:2] == urlsplit(address)[:2]
            return following if same and following != address else None
    return None


def _reason(error: Exception) -> str:
    """Return what went wrong, without the address, which may hold a key."""
    reason = getattr(error, "reason", error)
    return (
        f"no connection ({type(reason).__name__ if isinstance(reason, Exception) else type(error).__name__})"
    )
