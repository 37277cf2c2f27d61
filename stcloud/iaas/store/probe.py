"""A probe of what a store promises: without an atomic put-if-absent, commits of two writers would both win.

Some file systems and gateways take the call and replace what is there. Such a store may be read and not written;
there is no other mode. A folder is probed each time that it is locked. In a bucket a probe takes five requests, so
that one is made for each address in the life of a process.

Tested by ``tests/conformance/test_stores.py`` and ``tests/conformance/test_probe.py``.
"""

from __future__ import annotations

import builtins
import contextlib
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stcloud.errors import StorageError
from stcloud.iaas.store.model import Children, Entry, Store
from stcloud.iaas.store.traffic import Traffic

__all__ = ["ReadOnlyStore", "guarded", "keeps_put_if_absent", "require_put_if_absent", "store_time_ms"]

_FOLDER = ".work"
_BUCKETS = ("s3://", "az://", "gs://")
_LOCK = threading.Lock()
_PROBED: dict[str, bool] = {}
"""What probes of buckets showed in this process, by address."""


def keeps_put_if_absent(store: Store, *, racers: int = 0) -> bool:
    """Return whether put-if-absent is refused where a key has bytes, and leaves them; writes small files.

    Parameters
    ----------
    store
        What is probed, by a second put of one key.
    racers
        Number of puts of one more key at once, of which exactly one may win.
    """
    return _refuses_the_second(store) and (racers < 2 or _has_one_winner(store, racers))


def require_put_if_absent(store: Store, *, racers: int = 0) -> None:
    """Refuse to write to a store that does not keep put-if-absent.

    Parameters
    ----------
    store
        Where something is about to be written. What was learned of a bucket is learned for this process.
    racers
        As in `keeps_put_if_absent`: 8 before a city is made, once and for all writers that come.

    Raises
    ------
    StorageError
        ``read-only``: it does not. Others: nothing can be written there at all.
    """
    if not _known(store, racers):
        raise _read_only(store, _BROKEN)


def guarded(store: Store) -> Store:
    """Return the store when it keeps put-if-absent, else one that reads the same and refuses to write."""
    try:
        return store if _known(store, 0) else ReadOnlyStore(store, _BROKEN)
    except StorageError as error:
        return ReadOnlyStore(store, error.message)


def _known(store: Store, racers: int) -> bool:
    """Return what is known of a store, or what a probe shows now."""
    if not store.url.startswith(_BUCKETS):
        return keeps_put_if_absent(store, racers=racers)
    with _LOCK:
        known = _PROBED.get(store.url)
    if known is None or (known and racers > 1):
        known = keeps_put_if_absent(store, racers=racers)
        with _LOCK:
            _PROBED[store.url] = known
    return known


def _refuses_the_second(store: Store) -> bool:
    with _probing(store) as key:
        first = store.put_if_absent(key, b"first")
        second = store.put_if_absent(key, b"second")
        return first and not second and store.get(key) == b"first"


def _has_one_winner(store: Store, racers: int) -> bool:
    """Return whether exactly one of several puts at once wins, and its bytes are there."""
    start = threading.Barrier(racers)

    def race(number: int) -> bool:
        start.wait()
        return store.put_if_absent(key, b"racer %d" % number)

    with _probing(store) as key, ThreadPoolExecutor(racers) as threads:
        won = list(threads.map(race, range(racers)))
        return sum(won) == 1 and store.get(key) == b"racer %d" % won.index(True)


@contextlib.contextmanager
def _probing(store: Store) -> Iterator[str]:
    """Give a key that nobody has; what is put there is gone at the end."""
    key = f"{_FOLDER}/{uuid.uuid4().hex}.probe"
    try:
        yield key
    finally:
        with contextlib.suppress(StorageError):
            store.delete(key)


def store_time_ms(store: Store) -> int:
    """Return what a store's clock says, milliseconds since 1970 UTC; writes a small file, and deletes it."""
    key = f"{_FOLDER}/{uuid.uuid4().hex}.probe"
    try:
        store.put(key, b"time")
        return next(entry.modified_ms for entry in store.entries(_FOLDER) if entry.key == key)
    finally:
        with contextlib.suppress(StorageError):
            store.delete(key)


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
