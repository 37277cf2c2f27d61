"""Stores by address: a path, ``file:///...``, ``memory://name``, or a bucket.

Tested by ``tests/conformance/test_stores.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.memory import MemoryStore
from stcloud.iaas.store.model import Store

__all__ = ["open_store"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_BUCKET = re.compile(r"(s3|az|gs)://")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,63}\Z")


def open_store(address: str | os.PathLike[str], options: Mapping[str, str] | None = None) -> Store:
    """Open the store of an address; nothing is read or written.

    Parameters
    ----------
    address
        The path of a folder, ``file:///path`` of one, ``memory://name``, or a bucket's: ``s3://bucket/prefix``,
        ``az://container/prefix``, ``gs://bucket/prefix``.
    options
        Of a bucket: credentials, endpoint, region (`stcloud.iaas.store.bucketoptions.bucket_options`), beside those
        of the environment. Other stores take none.

    Raises
    ------
    Unsupported
        ``unknown-store``: another scheme, or another machine's ``file://``.
    InvalidInput
        ``bad-name``: ``memory://`` without a plain name, a path with NUL in it, a bucket without a name.
        ``unknown-option``, ``bad-option``, ``insecure-endpoint``: options that cannot be used.

    Examples
    --------
    >>> open_store("file:///srv/cities/xiamen").url
    'file:///srv/cities/xiamen'
    """
    text = os.fspath(address)
    if _BUCKET.match(text):
        from stcloud.iaas.store.bucket import BucketStore  # noqa: PLC0415  (most cities lie in folders)

        return BucketStore(text, options)
    if options:
        raise InvalidInput("unknown-option", f"{text!r} takes no options", hint="only buckets have options")
    if not _SCHEME.match(text):
        return LocalStore(_path(text))
    parts = urlsplit(text)
    if (
        parts.scheme == "file"
        and parts.netloc in ("", "localhost")
        and not parts.query
        and not parts.fragment
    ):
        return LocalStore(_path(unquote(parts.path)))
    if parts.scheme == "memory":
        name = text.split("://", 1)[1]
        if not _NAME.match(name):
            raise InvalidInput(
                "bad-name",
                f"{text!r} names no store in memory",
                hint="write memory://name, of letters and digits",
            )
        return MemoryStore.named(name)
    raise Unsupported(
        "unknown-store",
        f"{text!r} is no place that can be opened",
        hint="name a folder, file:///path, s3://bucket/prefix, az://container/prefix or gs://bucket/prefix",
    )


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise InvalidInput("bad-name", f"{text!r} names no folder", hint="name a folder")
    return Path(text)
