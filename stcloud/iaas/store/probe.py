"""A probe of what a store promises: without an atomic put-if-absent, commits of two writers would both win.

Some file systems and gateways take the call and replace what is there. Such a store may be read and not written;
there is no other mode. A folder is probed each time that it is locked. In a bucket a probe takes five requests, so
that one is made for each address in the life of a process.

Tested by ``tests/conformance/test_stores.py`` and ``tests/conformance/test_probe.py``.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from stcloud.errors import StorageError
from stcloud.iaas.store.model import Store

__all__ = ["keeps_put_if_absent", "require_put_if_absent", "store_time_ms"]

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


_BROKEN = "it does not keep its promise to write a file only if it is absent"


def _read_only(store: Store, why: str) -> StorageError:
    return StorageError(
        "read-only", f"{store.url} is read-only: {why}", hint="move the city to another file system or bucket"
    )
