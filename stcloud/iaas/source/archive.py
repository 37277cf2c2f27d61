"""Zip and gzip files: what is read of them is unpacked into a folder of its own, so that nothing leaves it.

Names inside an archive choose a member and are never a path on disk. What unpacks to very much more than it
takes is refused early.
"""

from __future__ import annotations

import contextlib
import gzip
import shutil
import stat
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Self

from stcloud.errors import InvalidInput
from stcloud.iaas.store.zipdamage import zip_damages

__all__ = [
    "Member",
    "Scratch",
    "check_ratio",
    "check_zip",
    "is_gzip",
    "is_zip",
    "opened",
    "opened_zip",
    "plain_members",
    "unpack_gzip",
    "unpack_zip",
]

_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_BLOCK_BYTES = 4 << 20
_FREE_BYTES = 256 << 20
_RATIO = 200
"""Text and tables of real data sets shrink to a hundredth at most; blanks to much less."""
_COMPANIONS = {".shp": (".shp", ".shx", ".dbf", ".prj", ".cpg")}
_MOST_MEMBERS = 100_000


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


def is_gzip(path: Path) -> bool:
    """Return whether a file is gzip-compressed."""
    return _head(path) == _GZIP


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip file."""
    return _head(path) == _ZIP


def check_ratio(path: Path, packed_bytes: int, unpacked_bytes: int) -> None:
    """Refuse with ``archive-bomb`` what unpacks to very much more than it takes."""
    if unpacked_bytes > _FREE_BYTES and unpacked_bytes > _RATIO * max(packed_bytes, 1):
        raise InvalidInput(
            "archive-bomb",
            f"{path} unpacks to more than {_RATIO} times its size; nothing was read",
            hint="unpack it and look at what it holds",
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A data set of an archive: its name there, and the file or folder that it was unpacked to."""

    name: str
    path: Path


class Scratch:
    """A folder for what is unpacked, made when it is first wanted, that goes with its object."""

    def __init__(self) -> None:
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="stcloud-"))
            weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        return self._path


class _Unpacking:
    """A gzip file as it is read, watched for its ratio."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = path.open("rb")
        self._file = gzip.GzipFile(fileobj=self._raw)
        self._count = 0

    def read(self, size: int) -> bytes:
        """Read some bytes."""
        block = self._file.read(size)
        self._count += len(block)
        check_ratio(self._path, self._raw.tell(), self._count)
        return block

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()


def opened(path: Path) -> IO[bytes] | _Unpacking:
    """Open a file, unpacked if it is gzip-compressed."""
    return _Unpacking(path) if is_gzip(path) else path.open("rb")


def unpack_gzip(path: Path, folder: Path) -> Path:
    """Unpack a gzip file into a folder; return the file, named without ``.gz``."""
    name = path.name[: -len(path.suffix)] if path.suffix.lower() == ".gz" else path.name
    target = folder / name
    try:
        with _Unpacking(path) as source, target.open("wb") as sink:
            while block := source.read(_BLOCK_BYTES):
                sink.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _unreadable(path, str(error)) from error
    return target


def unpack_zip(path: Path, folder: Path, suffixes: Iterable[str]) -> list[Member]:
    """Unpack the data sets of a zip file: members with one of the suffixes, each into a folder of its own.

    What archivers leave behind, and links, are passed over.

    Raises
    ------
    InvalidInput
        ``archive-bomb``; ``unreadable-source``: it is damaged, encrypted, or a name leads out of it.
    """
    with opened_zip(path) as archive:
        plain = {
            entry.filename: entry
            for entry in archive.infolist()
            if not entry.is_dir() and not _is_link(entry)
        }
        data_sets = [
            (name, list(_parts(name, plain))) for name in _data_sets(path, plain, frozenset(suffixes))
        ]
        wanted = {part: plain[part] for _, parts in data_sets for part in parts}
        check_ratio(path, path.stat().st_size, sum(entry.file_size for entry in wanted.values()))
        return [
            _unpack(path, archive, name, parts, folder / str(at))
            for at, (name, parts) in enumerate(data_sets)
        ]


def plain_members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files in a zip file but for links and what archivers leave behind.

    Raises
    ------
    InvalidInput
        ``unreadable-source``: a name leads out of it.
    """
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_link(entry)]
    return [entry for entry in entries if not _is_left_over(_inside(path, entry.filename))]


def check_zip(path: Path) -> None:
    """Refuse a zip file that is damaged, leads out of itself or unpacks to very much more than it takes."""
    with opened_zip(path) as archive:
        entries = archive.infolist()
        _data_sets(path, [entry.filename for entry in entries], frozenset())
        check_ratio(path, path.stat().st_size, sum(entry.file_size for entry in entries))


@contextlib.contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Give an open zip file; what is wrong with it is `InvalidInput` ``unreadable-source``."""
    with zip_damages(lambda words: _unreadable(path, words)), zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > _MOST_MEMBERS:
            raise _unreadable(path, f"it holds more than {_MOST_MEMBERS:,} files")
        yield archive


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _data_sets(path: Path, names: Iterable[str], suffixes: frozenset[str]) -> list[str]:
    """Choose the data sets among the names in a zip file; a file geodatabase is a folder of it."""
    data_sets: dict[str, None] = {}
    for name in names:
        parts = _inside(path, name)
        if not _is_left_over(parts):
            ends = (at for at, part in enumerate(parts, 1) if PurePosixPath(part).suffix.lower() in suffixes)
            data_sets.update({"/".join(parts[:at]): None for at in list(ends)[:1]})
    return sorted(data_sets)


def _inside(path: Path, name: str) -> tuple[str, ...]:
    """Return the parts of a name in a zip file; refuse one that leads out of it."""
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith(("/", "\\")) or "\\" in name:
        raise _unreadable(path, f"the name {name!r} in it leads out of it")
    return parts


def _is_left_over(parts: tuple[str, ...]) -> bool:
    return any(part == "__MACOSX" or part.startswith(".") for part in parts)


def _parts(name: str, names: Iterable[str]) -> Iterator[str]:
    """Return the files that a data set consists of."""
    suffix = PurePosixPath(name).suffix
    stem = name.removesuffix(suffix)
    companions = _COMPANIONS.get(suffix.lower(), ())
    for other in names:
        beside = other.startswith(stem) and other[len(stem) :].lower() in companions
        if beside or other == name or other.startswith(f"{name}/"):
            yield other


def _unpack(path: Path, archive: zipfile.ZipFile, name: str, parts: Iterable[str], folder: Path) -> Member:
    """Unpack one data set; a member that holds more than its entry states is damaged."""
    root = PurePosixPath(name).name
    for part in parts:
        below = PurePosixPath(part).parts[len(PurePosixPath(name).parts) :]
        target = folder.joinpath(root, *below) if below else folder / PurePosixPath(part).name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(part) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _BLOCK_BYTES)
        check_ratio(path, path.stat().st_size, target.stat().st_size)
    return Member(name, folder / root)


def _unreadable(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-source", f"{path} cannot be read: {why.splitlines()[0] if why else 'damaged'}"
    )
