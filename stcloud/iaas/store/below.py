"""The keys of a store below a prefix, as a store of their own.

Tested by `tests/conformance/test_stores.py`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stcloud.iaas.store.model import Children, Entry, Store, check_key
from stcloud.iaas.store.traffic import Traffic

__all__ = ["StoreBelow"]


@dataclass(frozen=True, slots=True)
class StoreBelow:
    """A store whose keys begin at a prefix of another's.

    Parameters
    ----------
    store
        The other.
    prefix
        Where keys begin.
    """

    store: Store
    prefix: str

    @property
    def url(self) -> str:
        """Address of the prefix."""
        return f"{self.store.url.rstrip('/')}/{self.prefix}"

    @property
    def identity(self) -> str:
        """What no two stores have in common."""
        return f"{self.store.identity} {self.prefix}"

    @property
    def traffic(self) -> Traffic:
        """What the whole store was asked for since it was opened."""
        return self.store.traffic

    def get(self, key: str) -> bytes:
        """Return the bytes of a key."""
        return self.store.get(self._key(key))

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several keys."""
        return self.store.get_many([self._key(key) for key in keys])

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return some bytes of a key."""
        return self.store.get_range(self._key(key), start, length)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges of a key."""
        return self.store.get_ranges(self._key(key), ranges)

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key."""
        self.store.put(self._key(key), data)

    def put_file(self, key: str, path: Path) -> None:
        """Write a file's bytes as those of a key."""
        self.store.put_file(self._key(key), path)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some."""
        return self.store.put_if_absent(self._key(key), data)

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""
        return self.store.exists(self._key(key))

    def size(self, key: str) -> int:
        """Return the number of bytes of a key."""
        return self.store.size(self._key(key))

    def list(self, prefix: str = "") -> list[str]:
        """Return all keys below a prefix, sorted."""
        return [entry.key for entry in self.entries(prefix)]

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return what is known of all keys below a prefix, sorted by key."""
        whole = self._key(prefix) if prefix else self.prefix
        listed = self.store.entries(whole, self._key(after) if after else "")
        return [replace(entry, key=self._own(entry.key)) for entry in listed]

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix."""
        there = self.store.children(self._key(prefix) if prefix else self.prefix)
        return Children(tuple(map(self._own, there.folders)), tuple(map(self._own, there.keys)))

    def delete(self, key: str) -> None:
        """Delete a key."""
        self.store.delete(self._key(key))

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several keys."""
        self.store.delete_many([self._key(key) for key in keys])

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}"

    def _own(self, key: str) -> str:
        return key[len(self.prefix) + 1 :]
