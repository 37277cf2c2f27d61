"""A city's folder, or the working folder of a bucket: names that cannot escape it, whole files, locks.

::

    CITY/city.toml              name, CRS, zone, lattice origin, format version
    CITY/layers/NAME.toml       the layer's definition, to be edited
    CITY/layers/NAME.about.toml its description
    CITY/layers/NAME/           its Delta table
    CITY/ledger/  quarantine/   Delta tables: every load, every refused row
    CITY/cases/NAME.sqlite      a log of cases
    CITY/index/                 what was made ready of grids, joins and rasters; may be deleted
    CITY/.work/                 locks and staging; may be deleted when no load runs
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stcloud.errors import Conflict, FormatError, InvalidInput, StorageError
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.model import Children, Store, bytes_or_none, no_object
from stcloud.iaas.store.mount import Mount, mount, unmount, working_folder
from stcloud.iaas.store.opening import open_store
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.probe import require_put_if_absent
from stcloud.iaas.store.unfinished import discard_unfinished

__all__ = ["Folder", "check_name", "check_place", "is_name", "read_bytes", "read_text"]

_WORK = ".work"
_HOUR_MS = 3_600_000
_RACERS = 8
"""So many try at once to make a key of a bucket where a city is to be: one of them must."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")


def is_name(name: str) -> bool:
    """Return whether ``name`` may name a thing inside a city's folder."""
    return bool(_NAME.match(name))


def read_text(path: Path) -> str:
    """Return the whole text of a small UTF-8 file.

    Raises
    ------
    InvalidInput
        ``wrong-encoding``: the file holds something else.
    """
    with storage_errors(f"read {path}"):
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput("wrong-encoding", f"{path} is not UTF-8 text: {error.reason}") from error


def read_bytes(path: Path, *, most: int) -> bytes:
    """Return a file's bytes, but of a file that has more than ``most`` only one byte more than these."""
    with storage_errors(f"read {path}"), path.open("rb") as source:
        return source.read(most + 1)


def check_name(name: str, what: str = "layer") -> str:
    """Return ``name`` when it may name a thing inside a city's folder.

    Raises
    ------
    InvalidInput
        ``bad-name``: only lower-case letters, digits, ``_`` and ``-``, a letter first, at most 63.

    Examples
    --------
    >>> check_name("requests")
    'requests'
    >>> check_name("../etc")
    Traceback (most recent call last):
    ...
    stcloud.errors.InvalidInput: '../etc' cannot name a layer; use lower-case letters, digits, _ and -, ...
    """
    if not is_name(name):
        raise InvalidInput(
            "bad-name",
            f"{name!r} cannot name a {what}",
            hint="use lower-case letters, digits, _ and -, a letter first, at most 63",
        )
    return name


def check_place(root: Path) -> None:
    r"""Refuse a folder where no table can lie: the store takes its path for a part of a URL.

    Raises
    ------
    InvalidInput
        ``bad-name``: the path has one of ``[ ] ^ | \ %`` or a control character in it.
    """
    refused = re.search(r"[\[\]^|\\%\x00-\x1f]", str(root.absolute()))
    if refused:
        raise InvalidInput(
            "bad-name",
            f"{str(root)!r} cannot hold a city: its path has {refused[0]!r} in it",
            hint="rename the folder",
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """The root folder of one city.

    Parameters
    ----------
    root
        The folder on this machine.
    mount
        The bucket that it stands for; None: the city lies in the folder itself.
    """

    root: Path
    mount: Mount | None = None

    @classmethod
    def at(
        cls,
        address: str | os.PathLike[str],
        options: Mapping[str, str] | None = None,
        *,
        cache: str | os.PathLike[str] | None = None,
    ) -> Folder:
        """Return the folder of an address: a path, ``file:///...``, or one of a bucket, which is not asked yet.

        Parameters
        ----------
        address
            ``s3://bucket/city``, ``az://container/city``, ``gs://bucket/city`` are mounted on a working folder.
        options
            Of the bucket: see `bucket_options`.
        cache
            Where working folders of buckets are; default: where this machine keeps caches.

        Raises
        ------
        InvalidInput
            ``bad-name``: no table can lie in a folder of this name; what `bucket_options` raises.
        Unsupported
            ``unknown-store``: it is no address of a folder or bucket.
        """
        store = open_store(address, options)
        if isinstance(store, LocalStore):
            check_place(store.root)
            return cls(store.root)
        root = working_folder(store.identity, None if cache is None else Path(cache))
        check_place(root)
        return cls(root, mount(root, store))

    def leave(self) -> None:
        """Let go of the bucket, and of data files that were used long ago where they take much room here."""
        if self.mount is not None:
            with contextlib.suppress(StorageError):  # the next one makes room
                self.mount.trim()
            unmount(self.mount)

    @property
    def name(self) -> str:
        """Last part of the city's address."""
        return self.root.resolve().name if self.mount is None else self.url.rstrip("/").rpartition("/")[2]

    @property
    def url(self) -> str:
        """Address of the city as it is given to `at`: a path, or the URL of a bucket."""
        return str(self.root) if self.mount is None else self.mount.store.url

    @property
    def store(self) -> Store:
        """The city's files by key, as everyone reads them."""
        return LocalStore(self.root) if self.mount is None else self.mount.store

    def _store(self, *parts: str) -> Store:
        """Return where a file lies: what this machine has made ready for itself is not in a bucket."""
        return LocalStore(self.root) if parts[0] == _WORK else self.store

    def path(self, *parts: str) -> Path:
        """Return a path for the rooms of iaas; parts are fixed names or have passed `check_name`."""
        return self.root.joinpath(*parts)

    def exists(self, *parts: str) -> bool:
        """Return whether there is a file of this path."""
        if self.mount is None or parts[0] == _WORK:
            return LocalStore(self.root).exists("/".join(parts))
        return self.mount.content("/".join(parts)) is not None

    def read_text(self, *parts: str) -> str:
        """Return the whole text of a small file."""
        key = "/".join(parts)
        try:
            content = self._content(*parts)
            if content is None:
                raise no_object(self.url, key)
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            path = f"{self.url}/{key}"
            raise FormatError("damaged-city", f"{path} is not UTF-8 text: {error.reason}") from error

    def _content(self, *parts: str) -> bytes | None:
        """Return the bytes of a small file; None: there is none. In one step a bucket is looked at once."""
        if self.mount is None or parts[0] == _WORK:
            return bytes_or_none(LocalStore(self.root), "/".join(parts))
        return self.mount.content("/".join(parts))

    def write_text(self, text: str, *parts: str) -> None:
        """Write a small file whole or not at all."""
        self._store(*parts).put("/".join(parts), text.encode())
        self._forget(*parts)

    def put_text(self, text: str, *parts: str) -> bool:
        """Write a small file whole, unless it is there; of several writers at once one gets True."""
        self._forget(*parts)
        return self._store(*parts).put_if_absent("/".join(parts), text.encode())

    def delete(self, *parts: str) -> None:
        """Delete a file; does nothing when it is not there."""
        self._store(*parts).delete("/".join(parts))
        self._forget(*parts)

    def _forget(self, *parts: str) -> None:
        if self.mount is not None:
            self.mount.forget("/".join(parts))

    def children(self, *parts: str) -> Children:
        """Return the files right below a path, and the folders that hold something."""
        return self._store(*parts).children("/".join(parts))

    def arrays(self, *parts: str) -> ArrayFolder:
        """Return a place for arrays that are made ready, there or not."""
        return ArrayFolder(self.path(*parts))

    def occupy(self, text: str, name: str) -> None:
        """Make the folder, with one file in it.

        Raises
        ------
        Conflict
            ``city-exists``: there is something in the folder already, or another process was faster.
        """
        with storage_errors(f"create {self.url}"):
            if not self._is_free(name):
                raise Conflict("city-exists", f"{self.url} is not empty", hint="choose another folder")
            self.root.mkdir(parents=True, exist_ok=True)
        if self.mount is not None:
            require_put_if_absent(self.store, racers=_RACERS)
        if not self.put_text(text, name):
            raise Conflict(
                "city-exists",
                f"another process made a city in {self.url} meanwhile",
                hint="choose another folder",
            )

    def _is_free(self, name: str) -> bool:
        """Return whether the folder holds nothing but what a killed `occupy` or a probe left."""
        if self.mount is not None:
            there = self.store.children()
            return not there.keys and set(there.folders) <= {_WORK}
        if not self.root.exists():
            return True
        return self.root.is_dir() and all(path.name.startswith(f".{name}.") for path in self.root.iterdir())

    @contextlib.contextmanager
    def lock(self, name: str, *, wait_s: float) -> Iterator[None]:
        """Hold the kernel's lock called ``name``; it ends with the process, however that ends.

        Raises
        ------
        Conflict
            ``locked``: another process held it for longer than ``wait_s`` seconds.
        StorageError
            ``read-only``: the file system does not keep its promises, so that nothing is written there.
        """
        path = self.path(".work", f"{name}.lock")
        with storage_errors(f"lock {name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _acquire(descriptor, name, wait_s)
            require_put_if_absent(self.store)
            yield
        finally:
            os.close(descriptor)

    def discard_staging(self, name: str) -> None:
        """Remove what a killed holder of the lock ``name`` left behind; the caller holds it now."""
        shutil.rmtree(self.path(".work", f"{name}.staging"), ignore_errors=True)

    def discard_idle_staging(self, held: str) -> None:
        """Remove what killed holders of any lock left behind; the caller holds the lock ``held``."""
        work = self.path(".work")
        for path in list(work.glob("*.staging")) if work.is_dir() else ():
            name = path.name.removesuffix(".staging")
            lock = name.partition(".")[0]  # a layer's spool is held with the layer
            with contextlib.suppress(Conflict), contextlib.ExitStack() as locks:
                if lock != held:
                    locks.enter_context(self.lock(lock, wait_s=0))
                self.discard_staging(name)

    def discard_unfinished(self, *, older_hours: float) -> int:
        """Delete what killed writers began beside its place and did not touch for so long; return how many."""
        return discard_unfinished(self.root, older_hours=older_hours)

    def discard_probes(self, *, older_hours: float) -> int:
        """Delete what killed probes left in a bucket; return how many. Its clock may be wrong by minutes."""
        if self.mount is None:
            return 0
        before_ms = system_clock() // 1000 - older_hours * _HOUR_MS
        old = [entry.key for entry in self.store.entries(_WORK) if entry.modified_ms <= before_ms]
        self.store.delete_many(old)
        return len(old)

    @contextlib.contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """Give an empty folder under ``.work`` for one holder of the lock ``name``; removed at the end."""
        path = self.path(".work", f"{name}.staging")
        self.discard_staging(name)
        with storage_errors("prepare staging"):
            path.mkdir(parents=True)
        try:
            yield path
        finally:
            self.discard_staging(name)


def _acquire(descriptor: int, name: str, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Conflict(
                    "locked",
                    f"another load holds '{name}' and did not finish within {wait_s:g} s",
                    hint="try again when it is done",
                ) from None
            time.sleep(0.05)
        else:
            return
