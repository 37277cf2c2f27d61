"""A probe of what a store promises: without an atomic put-if-absent, commits of two writers would both win.

Some file systems and gateways take the call and replace what is there. Such a store may be read and not written.

Tested by ``tests/conformance/test_stores.py``.
"""

from __future__ import annotations

import builtins
import contextlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stcloud.errors import StorageError
from stcloud.iaas.store.model import Children, Entry, Store
from stcloud.iaas.store.traffic import Traffic

__all__ = ["ReadOnlyStore", "guarded", "keeps_put_if_absent", "require_put_if_absent"]

_FOLDER = ".work"


def keeps_put_if_absent(store: Store) -> bool:
    """Return whether a second put-if-absent of one key is refused and leaves the first bytes; writes a small file."""
    key = f"{_FOLDER}/{uuid.uuid4().hex}.probe"
    try:
        first = store.put_if_absent(key, b"first")
        second = store.put_if_absent(key, b"second")
        return first and not second and store.get(key) == b"first"
    finally:
        with contextlib.suppress(StorageError):
            store.delete(key)


def require_put_if_absent(store: Store) -> None:
    """Refuse to write to a store that does not keep put-if-absent.

    Raises
    ------
    StorageError
        ``read-only``: it does not. Others: nothing can be written there at all.
    """
    if not keeps_put_if_absent(store):
        raise _read_only(store, _BROKEN)


def guarded(store: Store) -> Store:
    """Return the store when it keeps put-if-absent, else one that reads the same and refuses to write."""
    try:
        return store if keeps_put_if_absent(store) else ReadOnlyStore(store, _BROKEN)
    except StorageError as error:
        return ReadOnlyStore(store, error.message)


@dataclass(frozen=True, slots=True)
class ReadOnlyStore:
    """A store that may be read: every write raises `StorageError` ``read-only``, which says why."""

    store: Store
    why: str

    @property
    def url(self) -> str:
        """Address of the store."""
        return self.store.url

    def get(self, key: str) -> bytes:
        """Return the bytes of a key."""
        return self.store.get(key)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return some bytes of a key."""
        return self.store.get_range(key, start, length)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges of a key."""
        return self.store.get_ranges(key, ranges)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several keys."""
        return self.store.get_many(keys)

    def put(self, key: str, data: bytes) -> None:  # noqa: ARG002  (a store's signature)
        """Refuse."""
        raise self._refused()

    def put_file(self, key: str, path: Path) -> None:  # noqa: ARG002  (a store's signature)
        """Refuse."""
        raise self._refused()

    def put_if_absent(self, key: str, data: bytes) -> bool:  # noqa: ARG002  (a store's signature)
        """Refuse."""
        raise self._refused()

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""
        return self.store.exists(key)

    def size(self, key: str) -> int:
        """Return the number of bytes of a key."""
        return self.store.size(key)

    def list(self, prefix: str = "") -> list[str]:
        """Return all keys below a prefix, sorted."""
        return self.store.list(prefix)

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return what is known of all keys below a prefix, sorted by key."""
        return self.store.entries(prefix, after)

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix."""
        return self.store.children(prefix)

    def delete(self, key: str) -> None:  # noqa: ARG002  (a store's signature)
        """Refuse."""
        raise self._refused()

    def delete_many(self, keys: Iterable[str]) -> None:  # noqa: ARG002  (a store's signature)
        """Refuse."""
        raise self._refused()

    @property
    def identity(self) -> str:
        """What no two stores have in common."""
        return self.store.identity

    @property
    def traffic(self) -> Traffic:
        """What the store was asked for since it was opened."""
        return self.store.traffic

    def _refused(self) -> StorageError:
        return _read_only(self.store, self.why)


_BROKEN = "it does not keep its promise to write a file only if it is absent"


def _read_only(store: Store, why: str) -> StorageError:
    return StorageError(
        "read-only", f"{store.url} is read-only: {why}", hint="move the city to another file system or bucket"
    )
