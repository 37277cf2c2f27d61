"""A carrier copies keys from one store to another: what is there already is not sent again, what arrived is compared.

Nothing larger than a few megabytes is held: small files are read whole, others pass through a file of this machine.

Tested by `tests/iaas/store/test_carrier.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from stcloud.errors import StorageError
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.model import Entry, Store, no_object
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["Carried", "Carrier", "carrying"]

_Item = TypeVar("_Item")
_SMALL_BYTES = 4 * 1024 * 1024
"""Files up to this size are held in memory, several at a time."""
_RUN_BYTES = 8 * 1024 * 1024
_AT_ONCE = 8
_CHUNK = 256
_MD5 = re.compile(r'"?([0-9a-f]{32})"?\Z')


@dataclass(frozen=True, slots=True)
class Carried:
    """What was carried: files and bytes that were sent, and files that were there already."""

    files: int
    bytes: int
    there: int


class Carrier:
    """The way from one store to another.

    Parameters
    ----------
    source, target
        The stores.
    scratch
        An empty folder on this machine, for files on their way.
    own
        Tells which keys of the target are what a copy of the source may have: others are not looked at.
    """

    def __init__(self, source: Store, target: Store, scratch: Path, own: Callable[[str], bool]) -> None:
        self.source, self.target, self.scratch = source, target, scratch
        self._own = own
        self._there = {entry.key: entry for entry in self._listed()}
        self._wanted: dict[str, tuple[int, str | None]] = {}
        self._sent: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def carried(self) -> Carried:
        """What was carried so far."""
        with self._lock:
            return Carried(len(self._sent), sum(self._sent.values()), len(self._wanted) - len(self._sent))

    def put(self, key: str, content: bytes) -> None:
        """Have some bytes under a key of the target."""
        known = self._there.get(key)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if known is None or known.size != len(content) or not self._has(known, digest):
            self.target.put(key, content)
            self._note(key, len(content), digest, sent=True)
        else:
            self._note(key, len(content), digest, sent=False)

    def put_all(self, contents: Sequence[tuple[str, Callable[[], bytes]]]) -> None:
        """Have the bytes that each function reads under its key, several at a time."""
        self._each(lambda item: self.put(item[0], item[1]()), contents)

    def send(
        self, key: str, size: int, *, lasting: bool, check: Callable[[Path], object] | None = None
    ) -> None:
        """Have a file of the source under the same key of the target.

        Parameters
        ----------
        key, size
            The file, and its size in bytes.
        lasting
            Its name has a digest of its content: one of this size that is there is the same.
        check
            Called with the file on this machine, before it is sent; its name there ends as the key's does.

        Raises
        ------
        NotFound
            ``no-object``: it is gone from the source.
        """
        known = self._there.get(key)
        if lasting and known is not None and known.size == size:
            self._note(key, size, None, sent=False)
            return
        with self._here(key, size) as path:
            try:
                if check is not None:
                    check(path)
                self.send_file(key, path)
            except FileNotFoundError as error:  # deleted right now
                raise no_object(self.source.url, key) from error

    def send_file(self, key: str, path: Path) -> None:
        """Have a file of this machine under a key of the target."""
        size, content = path.stat().st_size, _digest(path)
        known = self._there.get(key)
        same = known is not None and known.size == size and self._has(known, content)
        if not same:
            self.target.put_file(key, path)
        self._note(key, size, content, sent=not same)

    def send_all(
        self, entries: Sequence[Entry], *, lasting: bool, check: Callable[[Path], object] | None = None
    ) -> None:
        """Send files: small ones several at a time, each large one by itself."""
        self._each(
            lambda entry: self.send(entry.key, entry.size, lasting=lasting, check=check),
            [entry for entry in entries if entry.size <= _SMALL_BYTES],
        )
        for entry in entries:
            if entry.size > _SMALL_BYTES:
                self.send(entry.key, entry.size, lasting=lasting, check=check)

    def verify(self) -> None:
        """Compare what arrived, by size and by MD5 or content, and delete what an earlier try sent and none needs.

        Raises
        ------
        StorageError
            ``copy-differs``: the target has something else than what was sent.
        """
        arrived = {entry.key: entry for entry in self._listed()}
        for key, (size, digest) in self._wanted.items():
            entry = arrived.get(key)
            if entry is None or entry.size != size or (digest is not None and not self._has(entry, digest)):
                raise StorageError(
                    "copy-differs",
                    f"{self.target.url} has something else than what was sent: {key}",
                    hint="copy again",
                )
        self.target.delete_many([key for key in arrived if key not in self._wanted])

    def _listed(self) -> list[Entry]:
        return [entry for entry in self.target.entries() if self._own(entry.key)]

    def _has(self, entry: Entry, digest: str) -> bool:
        """Return whether a file of the target has an MD5: by its entity tag, or else by its content."""
        named = _MD5.match(entry.etag)
        if named is not None and named[1] == digest:
            return True
        return self._digest_there(entry) == digest

    def _digest_there(self, entry: Entry) -> str:
        if isinstance(self.target, LocalStore):
            return _digest(self.target.root / entry.key)
        hashed = hashlib.md5(usedforsecurity=False)
        for start in range(0, entry.size, _RUN_BYTES):
            hashed.update(self.target.get_range(entry.key, start, _RUN_BYTES))
        return hashed.hexdigest()

    @contextlib.contextmanager
    def _here(self, key: str, size: int) -> Iterator[Path]:
        """Give a file of the source as one of this machine."""
        if isinstance(self.source, LocalStore):
            self.source.size(key)
            yield self.source.root / key
            return
        path = self.scratch / uuid.uuid4().hex / key.rpartition("/")[2]
        try:
            with storage_errors(f"copy {key}"):
                path.parent.mkdir(parents=True)
                with path.open("wb") as file:
                    for start in range(0, max(size, 1), _RUN_BYTES):
                        file.write(self.source.get_range(key, start, min(_RUN_BYTES, size - start)))
            yield path
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _note(self, key: str, size: int, digest: str | None, *, sent: bool) -> None:
        with self._lock:
            self._wanted[key] = (size, digest)
            if sent:
                self._sent[key] = size

    def _each(self, act: Callable[[_Item], object], items: Sequence[_Item]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for start in range(0, len(items), _CHUNK):
                list(threads.map(act, items[start : start + _CHUNK]))


@contextlib.contextmanager
def carrying(source: Store, target: Store, own: Callable[[str], bool]) -> Iterator[Carrier]:
    """Give a carrier with a folder for its files on their way, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="stcloud-", ignore_cleanup_errors=True) as place:
        yield Carrier(source, target, Path(place), own)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
