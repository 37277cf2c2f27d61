"""What a store is: bytes by key, under one root that no key leaves.

A store is a folder or a bucket. Whoever holds one knows keys, never paths, and so works on both. The suite that every
store passes is `stcloud.testing.stores`; ``tests/conformance/test_stores.py`` runs it.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from stcloud.errors import InvalidInput, NotFound

__all__ = ["Children", "Store", "check_key", "check_range", "is_temporary", "no_object"]

_LONGEST_KEY = 1024
_LONGEST_SEGMENT = 255
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class Children:
    """What lies right below a prefix: ``folders`` and ``keys``, each sorted, as whole keys."""

    folders: tuple[str, ...]
    keys: tuple[str, ...]


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

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key, whole or not at all; what was there is replaced."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some; of several writers at once, one gets True."""

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""

    def size(self, key: str) -> int:
        """Return the number of bytes of a key; `NotFound` ``no-object`` when it has none."""

    def list(self, prefix: str = "") -> list[str]:
        """Return all keys below a prefix, sorted by their text; none for a prefix that nothing has."""

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix, without walking what lies below that."""

    def delete(self, key: str) -> None:
        """Delete a key; does nothing when it is not there."""


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
