"""A store in memory, by name: what several objects of one process share, gone when none of them holds it.

It is obstore's own, so that what holds of it holds of the buckets that obstore opens.

Tested by ``tests/conformance/test_stores.py``.
"""

from __future__ import annotations

import builtins
import threading
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stcloud.iaas.store.model import Children, Entry, bytes_or_none, check_key, check_range, no_object
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic

__all__ = ["MemoryStore"]


class MemoryStore:
    """Bytes in memory.

    Parameters
    ----------
    name
        Of its address; `named` gives the store of a name that others may hold.
    """

    def __init__(self, name: str) -> None:
        import obstore  # noqa: PLC0415  (takes 60 ms, and most cities lie in folders)
        from obstore.store import MemoryStore as ObjectStore  # noqa: PLC0415

        self._name = name
        self._objects: Any = ObjectStore()
        self._call: Any = obstore

    @classmethod
    def named(cls, name: str) -> MemoryStore:
        """Return the store of a name: the same one for as long as somebody holds it."""
        with _LOCK:
            store = _NAMED.get(name)
            if store is None:
                store = _NAMED[name] = cls(name)
            return store

    @property
    def url(self) -> str:
        """Address, ``memory://name``."""
        return f"memory://{self._name}"

    def get(self, key: str) -> bytes:
        """Return the bytes of a key."""
        try:
            return bytes(self._call.get(self._objects, check_key(key)).bytes())
        except FileNotFoundError as error:
            raise no_object(self.url, key) from error

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return some bytes of a key."""
        check_range(start, length)
        end = min(start + length, self.size(key))
        if start >= end:
            return b""
        return bytes(self._call.get_range(self._objects, key, start=start, end=end))

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges of a key."""
        for start, length in ranges:
            check_range(start, length)
        data = self.get(key)
        return [data[start : start + length] for start, length in ranges]

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several keys; None for one that has none."""
        return [bytes_or_none(self, key) for key in keys]

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes of a key."""
        self._call.put(self._objects, check_key(key), data)

    def put_file(self, key: str, path: Path) -> None:
        """Write a file's bytes as those of a key."""
        check_key(key)
        with storage_errors(f"read {path}"):
            data = path.read_bytes()
        self.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes of a key unless it has some."""
        try:
            self._call.put(self._objects, check_key(key), data, mode="create")
        except self._call.exceptions.AlreadyExistsError:
            return False
        return True

    def exists(self, key: str) -> bool:
        """Return whether a key has bytes."""
        return self._size(key) is not None

    def size(self, key: str) -> int:
        """Return the number of bytes of a key."""
        count = self._size(key)
        if count is None:
            raise no_object(self.url, key)
        return count

    def list(self, prefix: str = "") -> list[str]:
        """Return all keys below a prefix, sorted."""
        return sorted(entry["path"] for entry in self._call.list(self._objects, _checked(prefix)).collect())

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return what is known of all keys below a prefix, sorted by key."""
        listed = self._call.list(self._objects, _checked(prefix)).collect()
        entries = (
            Entry(
                entry["path"],
                entry["size"],
                int(entry["last_modified"].timestamp() * 1000),
                entry["e_tag"] or "",
            )
            for entry in listed
        )
        return sorted((entry for entry in entries if entry.key > after), key=lambda entry: entry.key)

    def children(self, prefix: str = "") -> Children:
        """Return what lies right below a prefix."""
        below = self._call.list_with_delimiter(self._objects, _checked(prefix))
        return Children(
            tuple(sorted(below["common_prefixes"])),
            tuple(sorted(entry["path"] for entry in below["objects"])),
        )

    def delete(self, key: str) -> None:
        """Delete a key."""
        self._call.delete(self._objects, check_key(key))

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several keys."""
        for key in keys:
            self.delete(key)

    @property
    def identity(self) -> str:
        """Address."""
        return self.url

    @property
    def traffic(self) -> Traffic:
        """All zero: memory is asked without requests."""
        return NO_TRAFFIC

    def _size(self, key: str) -> int | None:
        try:
            return int(self._call.head(self._objects, check_key(key))["size"])
        except FileNotFoundError:
            return None


_LOCK = threading.Lock()
_NAMED: weakref.WeakValueDictionary[str, MemoryStore] = weakref.WeakValueDictionary()


def _checked(prefix: str) -> str | None:
    return check_key(prefix) if prefix else None
