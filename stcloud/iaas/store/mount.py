"""Buckets mounted on folders: a city in a bucket is read and written through a working folder on this machine.

::

    s3://bucket/city/layers/requests/…              what everyone reads
    WORKING/layers/requests/_delta_log/…            a copy of the log
    WORKING/layers/requests/2024-03-…-4f1c….parquet blocks of a file that were read, and holes for the others
    WORKING/index/…/  WORKING/.work/                arrays, locks and staging: of this machine alone

Data files never change once they are written, so what was read of one stays right. Everything in a working folder can
be read again from the bucket: it may be deleted when no process uses it.

Tested by `tests/iaas/store/test_mount.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.model import Entry, Store, bytes_or_none
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.steady import forget, remembered

if TYPE_CHECKING:
    from stcloud.iaas.store.below import StoreBelow

__all__ = [
    "Mount",
    "Origin",
    "any_mounted",
    "bring_folder",
    "mount",
    "mount_of",
    "origin_of",
    "unmount",
    "working_folder",
]

_mounts: dict[str, list[Mount]] = {}
"""By their folders, one for each city that is open; the newest counts."""
_lock = threading.Lock()
_HOUR_US = 3_600_000_000
_MOST_BYTES = 20 * 1024**3
"""So much of a bucket's data files stays on this machine when a city is closed."""
_LISTING = ".listing.json"
"""What the bucket said of the files of a folder when they were copied: an entity tag each."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder on this machine that stands for the keys of a bucket.

    Parameters
    ----------
    root
        The folder.
    store
        The bucket, from the city's key on.
    """

    root: Path
    store: Store
    _writing: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def key(self, path: Path) -> str:
        """Return the key that a path in the folder stands for; empty: the folder's own."""
        key = path.relative_to(self.root).as_posix()
        return "" if key == "." else key

    def url(self, path: Path) -> str:
        """Return the address in the bucket that a path stands for."""
        key = self.key(path)
        return f"{self.store.url.rstrip('/')}/{key}" if key else self.store.url

    def content(self, key: str) -> bytes | None:
        """Return the bytes of a key, None where it has none; in one step it is read once."""
        return remembered((self.root, key), lambda: bytes_or_none(self.store, key))

    def forget(self, key: str) -> None:
        """Let a key be read again in the same step."""
        forget((self.root, key))

    def below(self, path: Path) -> StoreBelow:
        """Return the bucket's keys below a path of the folder."""
        from stcloud.iaas.store.below import StoreBelow  # noqa: PLC0415  (only where there is a bucket)

        return StoreBelow(self.store, self.key(path))

    def expect(self, path: Path, size: int) -> None:
        """Make room for a data file of which blocks are going to be read: a file of that size, all holes."""
        if path.exists():
            return
        temporary = path.with_name(f".{path.name[-200:]}.{uuid.uuid4().hex}")
        with storage_errors(f"prepare {path.name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as file:
                    file.truncate(size)
                with contextlib.suppress(
                    FileExistsError
                ):  # another process was faster, and may have read blocks
                    path.hardlink_to(temporary)
            finally:
                temporary.unlink(missing_ok=True)

    def copy(self, path: Path) -> None:
        """Copy a whole object to its path; `NotFound` ``no-object``."""
        self._write(path, self.store.get(self.key(path)))

    def copy_folder(self, folder: Path, *, after: str = "") -> list[Entry]:
        """Make a folder hold what lies right below its key: files that are new or others are read, others deleted.

        Parameters
        ----------
        folder
            A folder of files that are never written in place.
        after
            A name: files whose names come later are looked at alone, the others stay as they are.

        Returns
        -------
        What the bucket holds there.
        """
        prefix, began_us = self.key(folder), system_clock()
        listed = self.store.entries(prefix, f"{prefix}/{after}" if after else "")
        entries = [entry for entry in listed if "/" not in entry.key[len(prefix) + 1 :]]
        with self._writing, storage_errors(f"copy {folder.name}"):
            known = _listing(folder)
            named = {entry.key[len(prefix) + 1 :]: entry for entry in entries}
            stale = [
                name for name, entry in named.items() if not _is_copy(folder / name, entry, known.get(name))
            ]
            for name, content in zip(
                stale, self.store.get_many([f"{prefix}/{name}" for name in stale]), strict=True
            ):
                if content is None:  # deleted right now
                    del named[name]
                else:
                    self._write(folder / name, content)
            tags = {name: entry.etag for name, entry in named.items()}
            kept = {name: tag for name, tag in known.items() if after and name <= after}
            gone = [name for name in _names(folder) if name > after and name not in named]
            for name in gone:
                if not _came_since(folder / name, began_us) or not self.store.exists(f"{prefix}/{name}"):
                    (folder / name).unlink(missing_ok=True)
            if folder.is_dir() and (stale or gone or known != kept | tags):
                self._write(folder / _LISTING, json.dumps(kept | tags).encode())
        return entries

    def trim(self, *, most_bytes: int | None = None) -> None:
        """Delete data files that were used longest ago until the others take ``most_bytes`` on disk at most.

        Files that were used in the last hour stay: a question may be reading them. Default: 20 GiB.
        """
        most_bytes = _MOST_BYTES if most_bytes is None else most_bytes
        before_ns = (system_clock() - _HOUR_US) * 1000
        with storage_errors(f"trim {self.root.name}"):
            used = []
            for path in self.root.rglob("*.parquet"):
                with contextlib.suppress(FileNotFoundError):
                    stat = path.stat()
                    used.append((stat.st_mtime_ns, stat.st_blocks * 512, path))
            count = sum(taken for _, taken, _ in used)
            for at_ns, taken, path in sorted(used):
                if count <= most_bytes or at_ns > before_ns:
                    return
                path.unlink(missing_ok=True)
                count -= taken

    def _write(self, path: Path, content: bytes) -> None:
        with storage_errors(f"write {path.name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name[-200:]}.{uuid.uuid4().hex}")
            try:
                temporary.write_bytes(content)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """The object of a bucket that a data file in a working folder is a copy of, in parts."""

    store: Store
    key: str
    path: Path

    def fill(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read ranges of bytes, first and length each, from the bucket; return them. Nothing is written.

        Raises
        ------
        NotFound
            ``no-object``
        """
        return self.store.get_ranges(self.key, ranges)

    def touch(self) -> None:
        """Note that the file is used: those that are not go first when room is needed."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path)

    def keep(self, start: int, content: bytes) -> None:
        """Write bytes that were found right to their place in the file."""
        with storage_errors(f"write {self.path.name}"):
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                view = memoryview(content)
                while view:
                    count = os.pwrite(descriptor, view, start)
                    view, start = view[count:], start + count
            finally:
                os.close(descriptor)


def mount(root: Path, store: Store) -> Mount:
    """Let a folder stand for a bucket in this process, the same again for the same store.

    The folder is made, for its owner alone: what may be read of a bucket is not for everyone on this machine.
    """
    with _lock, storage_errors(f"make the working folder {root}"):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = _mounts.setdefault(str(root), [])
        there.append(there[-1] if there and there[-1].store == store else Mount(root, store))
        return there[-1]


def unmount(place: Mount) -> None:
    """Let go of a mount; the folder stands for the bucket while another has it."""
    with _lock:
        there = _mounts.get(str(place.root), [])
        if place in there:
            there.remove(place)
        if not there:
            _mounts.pop(str(place.root), None)


def mount_of(path: Path) -> Mount | None:
    """Return the mount that a path lies in; None: it is a path of this machine alone."""
    if not _mounts:
        return None
    text = str(path)
    for root, there in list(_mounts.items()):
        if there and (text == root or text.startswith(f"{root}/")):
            return there[-1]
    return None


def any_mounted() -> bool:
    """Return whether this process has mounted a bucket."""
    return bool(_mounts)


def bring_folder(folder: Path) -> None:
    """Bring a folder of files that are never written in place up to date; nothing for one of this machine alone."""
    known = mount_of(folder)
    if known is not None:
        known.copy_folder(folder)


def origin_of(path: Path) -> Origin | None:
    """Return the object that a data file is a copy of, through links too; None: it is a file of this machine."""
    if not _mounts:
        return None
    real = path.resolve() if path.is_symlink() else path
    known = mount_of(real)
    return None if known is None else Origin(known.store, known.key(real), real)


def working_folder(identity: str, beside: Path | None = None) -> Path:
    """Return where the working folder of a bucket is: below ``beside``, or where this machine keeps caches.

    Parameters
    ----------
    identity
        Address of the bucket with its endpoint; it has a folder of its own.
    """
    place = beside or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stcloud"
    return place.absolute() / hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()


def _listing(folder: Path) -> dict[str, str]:
    try:
        read = json.loads((folder / _LISTING).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _names(folder: Path) -> Iterable[str]:
    places = list(folder.iterdir()) if folder.is_dir() else []
    return [path.name for path in places if path.is_file() and not path.name.startswith(".")]


def _came_since(path: Path, instant_us: int) -> bool:
    """Return whether a file may have come since the bucket was listed: another process has put it there too then."""
    try:
        return path.stat().st_mtime_ns >= (instant_us - 1_000_000) * 1000
    except FileNotFoundError:
        return False


def _is_copy(path: Path, entry: Entry, tag: str | None) -> bool:
    """Return whether a file is a copy of what the bucket holds: its entity tag is known, or that of its content."""
    try:
        if path.stat().st_size != entry.size:
            return False
        if tag is not None and tag == entry.etag:
            return True
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except FileNotFoundError:
        return False
    return entry.etag.strip('"') == digest
