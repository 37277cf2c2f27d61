"""Packages from the web: one file, or those that an index names, with bounds on count, bytes and time.

An index is a JSON list, or a text with a line for each package: names or addresses, all of them on its own server.

Tested by `tests/iaas/package/test_fetched.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from stcloud.errors import InvalidInput, StcloudError, StorageError
from stcloud.iaas.package.packagefile import SUFFIX

__all__ = ["fetched", "is_web"]

_TIMEOUT_S, _LONGEST_S = 30, 3600
_MOST_BYTES, _MOST_INDEX_BYTES, _MOST_PACKAGES = 16 << 30, 1 << 20, 10_000
_BLOCK_BYTES = 1 << 16
_ZIP = b"PK"


def is_web(source: str | os.PathLike[str]) -> bool:
    """Tell whether a source is an address of the web."""
    return isinstance(source, str) and source.startswith(("http://", "https://"))


def fetched(address: str, folder: Path, *, most_bytes: int = _MOST_BYTES) -> list[Path]:
    """Fetch a package, or those of an index, into a folder; return the files.

    Parameters
    ----------
    address
        http or https, without a password.
    folder
        Where; files are numbered, and keep no more of an address than its last part.
    most_bytes
        Of all of them.

    Raises
    ------
    InvalidInput
        ``unreadable-address``; ``source-refused``: the server refuses, or leads elsewhere; ``source-too-large``.
    StorageError
        ``source-unreachable``
    """
    _check(address)
    opener = urllib.request.build_opener(_SameWeb)
    first = folder / _name(address, 0)
    size = _fetch(opener, address, first, most_bytes)
    with first.open("rb") as file:
        head = file.read(_MOST_INDEX_BYTES + 1)
    if head.startswith(_ZIP):
        return [first]
    files = []
    for number, each in enumerate(_listed(head, address), 1):
        files.append(folder / _name(each, number))
        size += _fetch(opener, each, files[-1], most_bytes - size)
    return files


def _name(address: str, number: int) -> str:
    last = "".join(
        letter for letter in urlsplit(address).path.rpartition("/")[2] if letter.isalnum() or letter in "-_."
    )
    stem = last[-100:].lstrip(".").removesuffix(SUFFIX) or "package"
    return f"{stem}{SUFFIX}" if number == 0 else f"{number:05d}-{stem}{SUFFIX}"


def _check(address: str) -> None:
    if not _usable(address):
        raise InvalidInput(
            "unreadable-address", "packages cannot be read from this address",
            hint="give https://HOST/PATH of a package or of an index, without a password",
        )  # fmt: skip


def _usable(address: str) -> bool:
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return named and address.isascii() and address.isprintable() and " " not in address


def _listed(content: bytes, address: str) -> list[str]:
    """Return the addresses of an index; all of them are on its server."""
    fault = None
    names: list[Any] = []
    try:
        text = content.decode()
        names = json.loads(text) if text.lstrip().startswith("[") else text.split()
    except (ValueError, RecursionError):
        fault = "it is neither a package nor an index"
    if len(content) > _MOST_INDEX_BYTES or len(names) > _MOST_PACKAGES:
        fault = f"an index names {_MOST_PACKAGES:,} packages at the most"
    if fault is None and not (
        names and all(isinstance(name, str) and name.endswith(SUFFIX) for name in names)
    ):
        fault = "it is neither a package nor an index"
    addresses: list[str] = []
    with contextlib.suppress(ValueError):
        addresses = [] if fault else [urljoin(address, name) for name in names]
    if fault is None and not (addresses and all(map(_usable, addresses))):
        fault = "its index has what is no address"
    elif any(urlsplit(each)[:2] != urlsplit(address)[:2] for each in addresses):
        fault = "its index leads to another server"
    if fault is not None:
        raise InvalidInput("source-refused", f"nothing was received from this address: {fault}")
    return addresses


def _fetch(opener: urllib.request.OpenerDirector, address: str, target: Path, most_bytes: int) -> int:
    request = urllib.request.Request(address, headers={"User-Agent": "stcloud"})  # noqa: S310  (http and https alone)
    size, end_s = 0, time.monotonic() + _LONGEST_S
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer, target.open("wb") as sink:
            while block := answer.read1(_BLOCK_BYTES):
                size += len(block)
                sink.write(block)
                if size > most_bytes:
                    raise InvalidInput(
                        "source-too-large", f"what is there has more than {most_bytes:,} bytes"
                    )
                if time.monotonic() > end_s:
                    raise StorageError(
                        "source-unreachable", "the server takes too long", hint="try again later"
                    )
            stated = answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        with error:
            raise InvalidInput("source-refused", f"the server answers {error.code}") from None
    except StcloudError:
        raise
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise StorageError(
            "source-unreachable", f"no connection ({type(reason).__name__})", hint="try again later"
        ) from None
    if stated.isdecimal() and stated.lstrip("0") != (str(size) if size else ""):
        raise StorageError("source-unreachable", "the answer was cut off", hint="try again later")
    return size


class _SameWeb(urllib.request.HTTPRedirectHandler):
    """Follows redirections within http and https, and never from https to http."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError:  # what it leads to is no address, or is refused
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise InvalidInput(
                "source-refused", f"the server points to an address of {scheme or 'no scheme'}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
