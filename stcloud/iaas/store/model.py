"""What a store is: bytes by key, under one root that no key leaves.

A store is a folder or a bucket. Whoever holds one knows keys, never paths, and so works on both. The suite that every
store passes is `stcloud.testing.stores`; ``tests/conformance/test_stores.py`` runs it.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.store.traffic import Traffic

__all__ = [
    "Children",
    "Entry",
    "Store",
    "bytes_or_none",
    "check_key",
    "check_range",
    "is_temporary",
    "no_object",
]

_LONGEST_KEY = 1024
_LONGEST_SEGMENT = 255
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Children:
    """What lies right below a prefix: ``folders`` and ``keys``, each sorted, as whole keys."""

    folders: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list says of a key.

    Parameters
    ----------
    key
        The whole key.
    size
        Its number of bytes.
    modified_ms
        When it was written last, by the store's clock, in milliseconds since 1970 UTC. A bucket's clock is not ours.
    etag
        A text that changes when its bytes are written anew; empty where the store gives none.
    """

    key: str
    size: int
    modified_ms: int
    etag: str


@runtime_checkable
class Store(Protocol):
    """Bytes by key.

    A key is a relative path of segments joined by ``/``, such as ``layers/requests.toml``. A prefix is the beginning
    of a key in whole segments; the empty one is the root. A key is not at once the prefix of another. Every method
    raises `InvalidInput` ``bad-key`` for what is no key, and `StorageError` when the place refuses.
    """

    @property
    def url(self) -> str:
        """Address of the root: `stcloud.iaas.store.opening.open_store` opens the same store by it."""

    def get(self, key: str) -> bytes:
        """Return the bytes of a key; `NotFound` ``no-object`` when there are none."""

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return at most ``length`` bytes from byte ``start`` on: fewer at the end, none beyond it.

        Raises
        ------
        NotFound
            ``no-object``
        InvalidInput
            ``bad-range``: a negative number.
        """

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges (first byte, length) of a key, each as `get_range` does.

        Neighbours are read in one request, the requests run in parallel.
        """

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several keys, in parallel; None for a key that has none."""

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key, whole or not at all; what was there is replaced."""

    def put_file(self, key: str, path: Path) -> None:
        """Write a file's bytes as those of a key, whole or not at all; a large file is not held in memory."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some; of several writers at once, one gets True.

        The bytes must be the caller's own: no other writer may put the same under this key. A bucket's answer may
        get lost, and the bytes are then how a writer knows its own from another's.

        Raises
        ------
        StorageError
            ``outcome-unknown``: the bytes may be there or may still come. Nothing that they name may be cleaned up.
        """

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""

    def size(self, key: str) -> int:
        """Return the number of bytes of a key; `NotFound` ``no-object`` when it has none."""

    def list(self, prefix: str = "") -> list[str]:
        """Return all keys below a prefix, sorted by their text; none for a prefix that nothing has."""

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return what is known of all keys below a prefix, sorted by key.

        Parameters
        ----------
        prefix
            Beginning of the keys in whole segments.
        after
            A whole key: only later ones are returned, and a bucket passes over the others.
        """

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix, without walking what lies below that."""

    def delete(self, key: str) -> None:
        """Delete a key; does nothing when it is not there."""

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several keys; does nothing for those that are not there."""

    @property
    def identity(self) -> str:
        """What no two stores have in common: the address, and where that is."""

    @property
    def traffic(self) -> Traffic:
        """What the store was asked for since it was opened; all zero for a folder."""


@lru_cache(1024)  # a listing of layers looks for the same files again and again
def check_key(key: str) -> str:
    """Return ``key`` when it is one.

    Raises
    ------
    InvalidInput
        ``bad-key``: it is empty, absolute or long, has an empty segment, ``.``, ``..``, a backslash or a control
        character, or is a name that stores keep for files which are being written.

    Examples
    --------
    >>> check_key("layers/requests.toml")
    'layers/requests.toml'
    >>> check_key("../etc/passwd")
    Traceback (most recent call last):
    ...
    stcloud.errors.InvalidInput: '../etc/passwd' is no key of a store; ...
    """
    segments = key.split("/")
    if (
        _REFUSED.search(key)
        or any(segment in ("", ".", "..") for segment in segments)
        or any(is_temporary(segment) for segment in segments)
        or not _fits(key, segments)
    ):
        raise InvalidInput(
            "bad-key",
            f"{key[:200]!r} is no key of a store",
            hint="join plain names with /, such as layers/requests.toml",
        )
    return key


def _fits(key: str, segments: list[str]) -> bool:
    try:
        longest = max(len(segment.encode()) for segment in segments)
    except UnicodeEncodeError:
        return False
    return len(key.encode()) <= _LONGEST_KEY and longest <= _LONGEST_SEGMENT


def bytes_or_none(store: Store, key: str) -> bytes | None:
    """Return the bytes of a key; None: it has none."""
    try:
        return store.get(key)
    except NotFound:
        return None


def check_range(start: int, length: int) -> None:
    """Refuse a range with a negative number: `InvalidInput` ``bad-range``."""
    if start < 0 or length < 0:
        raise InvalidInput(
            "bad-range", f"{length} bytes from byte {start} on are no range", hint="count from 0"
        )


def is_temporary(name: str) -> bool:
    """Return whether a file's name is one that stores give to what they are still writing."""
    return bool(_TEMPORARY.match(name))


def no_object(url: str, key: str) -> NotFound:
    """Return the error for a key that has no bytes."""
    return NotFound("no-object", f"{url} has no {key}")
