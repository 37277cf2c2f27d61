"""A store in a folder: a key is a file, written beside its place and renamed.

Tested by ``tests/conformance/test_stores.py``.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stcloud.iaas.store.model import (
    Children,
    Entry,
    bytes_or_none,
    check_key,
    check_range,
    is_temporary,
    no_object,
)
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic

__all__ = ["LocalStore"]


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The files below one folder, which is made at the first write."""

    root: Path

    @property
    def url(self) -> str:
        """Address of the folder, ``file:///...``."""
        return self.root.absolute().as_uri()

    def get(self, key: str) -> bytes:
        """Return the bytes of a file."""
        with self._reading(key) as path:
            return path.read_bytes()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        check_range(start, length)
        with self._reading(key) as path, path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the bytes of several ranges of a file."""
        for start, length in ranges:
            check_range(start, length)
        with self._reading(key) as path, path.open("rb") as file:
            return [_piece(file, start, length) for start, length in ranges]

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several files; None for one that is not there."""
        return [bytes_or_none(self, key) for key in keys]

    def put(self, key: str, data: bytes) -> None:
        """Write a file whole or not at all (a temporary neighbour, then a rename)."""
        with self._temporary(key, data) as temporary:
            temporary.replace(self._path(key))

    def put_file(self, key: str, path: Path) -> None:
        """Copy a file, whole or not at all (a temporary neighbour, then a rename)."""
        with self._temporary(key, path) as temporary:
            temporary.replace(self._path(key))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write a file whole, unless it is there (a temporary neighbour, then a link)."""
        with self._temporary(key, data) as temporary:
            try:
                self._path(key).hardlink_to(temporary)
            except FileExistsError:
                return False
            except OSError:
                return _put_without_link(self._path(key), data)
            return True

    def exists(self, key: str) -> bool:
        """Return whether there is a file."""
        with storage_errors(f"look for {key}"):
            return self._path(key).is_file()

    def size(self, key: str) -> int:
        """Return the size of a file."""
        with self._reading(key) as path:
            if not path.is_file():
                raise no_object(self.url, key)
            return path.stat().st_size

    def list(self, prefix: str = "") -> list[str]:
        """Return the files below a folder, sorted; what is still being written is passed over."""
        with storage_errors(f"list {prefix or self.root.name}"):
            return sorted(self._keys(prefix))

    def entries(self, prefix: str = "", after: str = "") -> builtins.list[Entry]:
        """Return size and time of the files below a folder, sorted by key."""
        with storage_errors(f"list {prefix or self.root.name}"):
            keys = sorted(key for key in self._keys(prefix) if key > after)
            return [entry for key in keys if (entry := self._entry(key)) is not None]

    def children(self, prefix: str = "") -> Children:
        """Return the files of a folder, and those of its folders below which there is a file."""
        place = self._path(prefix) if prefix else self.root
        with storage_errors(f"list {prefix or self.root.name}"):
            entries = sorted(place.iterdir()) if place.is_dir() else []
            keys = [path for path in entries if path.is_file() and not is_temporary(path.name)]
            folders = [path for path in entries if path.is_dir() and self._holds_files(path)]
        return Children(tuple(map(self._key, folders)), tuple(map(self._key, keys)))

    def delete(self, key: str) -> None:
        """Delete a file; folders stay."""
        with storage_errors(f"delete {key}"), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def delete_many(self, keys: Iterable[str]) -> None:
        """Delete several files; folders stay."""
        for key in keys:
            self.delete(key)

    @property
    def identity(self) -> str:
        """Address."""
        return self.url

    @property
    def traffic(self) -> Traffic:
        """All zero: a folder makes no requests."""
        return NO_TRAFFIC

    def _entry(self, key: str) -> Entry | None:
        try:
            stat = (self.root / key).stat()
        except (FileNotFoundError, NotADirectoryError):  # deleted since it was listed
            return None
        etag = f"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"
        return Entry(key, stat.st_size, stat.st_mtime_ns // 1_000_000, etag)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _key(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _keys(self, prefix: str) -> Iterator[str]:
        place = self._path(prefix) if prefix else self.root
        for folder, _, names in os.walk(place, onerror=_raise_unless_missing):
            for name in names:
                if not is_temporary(name):
                    yield self._key(Path(folder, name))

    def _holds_files(self, place: Path) -> bool:
        """Return whether there is a file below a folder: at the first one, since a folder may have thousands."""
        folders = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders += [] if entry.is_symlink() else [Path(entry.path)]
                    elif not is_temporary(entry.name):
                        return True
        except OSError as error:
            _raise_unless_missing(error)
        return any(map(self._holds_files, folders))

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        """Give a file's path; what is no file is a missing key."""
        path = self._path(key)
        with storage_errors(f"read {key}"):
            try:
                yield path
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise no_object(self.url, key) from error

    @contextlib.contextmanager
    def _temporary(self, key: str, data: bytes | Path) -> Iterator[Path]:
        """Write bytes, or those of another file, beside the file that is meant; it is gone at the end."""
        target = self._path(key)
        with storage_errors(f"write {key}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name[-200:]}.{uuid.uuid4().hex}")
            try:
                if isinstance(data, Path):
                    shutil.copyfile(data, temporary)
                else:
                    temporary.write_bytes(data)
                yield temporary
            finally:
                temporary.unlink(missing_ok=True)


def _piece(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _put_without_link(target: Path, data: bytes) -> bool:
    """Write a file unless it is there, on a file system that knows no links."""
    try:
        file = target.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(data)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return True
