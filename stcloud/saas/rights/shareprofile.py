"""Profiles of Delta Sharing: files by which clients know where tables are shared, and the token that they show.

Tested by `tests/saas/rights/test_shareprofile.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from stcloud.errors import InvalidInput
from stcloud.iaas.store.oserror import storage_errors
from stcloud.time import Zone

__all__ = ["new_profile"]

_VERSION = 1


@contextlib.contextmanager
def new_profile(path: Path, endpoint: str, expires_us: int | None = None) -> Iterator[Callable[[str], None]]:
    """Give what writes a token into a new profile, which its owner alone may read; without a token there is no file.

    Parameters
    ----------
    path
        The file, which is not there yet.
    endpoint
        Address of what is shared: that of a city of a service, with ``/delta-sharing``.
    expires_us
        When the token expires, UTC microseconds; None: never.

    Raises
    ------
    InvalidInput
        ``bad-setting``: the endpoint is no web address, or holds a password or a query; ``target-exists``.
    StorageError
        The file cannot be written.
    """
    parts = urlsplit(endpoint)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise InvalidInput(
            "bad-setting", f"'{endpoint}' is no endpoint",
            hint="write it like https://data.example.org/city/delta-sharing",
        )  # fmt: skip
    if path.exists():
        raise InvalidInput(
            "target-exists", f"{path} is there already", hint="name another file, or remove it"
        )
    document = {"shareCredentialsVersion": _VERSION, "endpoint": endpoint.rstrip("/")}
    expires = {} if expires_us is None else {"expirationTime": Zone("UTC").iso(expires_us)}
    with storage_errors(f"write {path}"):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with storage_errors(f"write {path}"), os.fdopen(descriptor, "w", encoding="utf-8") as sink:

            def write(token: str) -> None:
                json.dump({**document, "bearerToken": token, **expires}, sink, indent=2)
                sink.write("\n")

            yield write
    except BaseException:
        path.unlink(missing_ok=True)
        raise
