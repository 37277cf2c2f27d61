"""One text table in a zip file: the member is streamed, never unpacked to disk nor held in memory whole.

A zip file that is not plainly one table is refused: several, none, another archive, a name that leads out of it, a
member that is encrypted or unpacks to very much more than it takes.

Tested by ``tests/iaas/source/test_packed.py``.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any

from stcloud.errors import InvalidInput
from stcloud.iaas.source.archive import check_ratio, is_zip, opened_zip, plain_members

__all__ = ["PackedText", "is_packed_table", "matching_members", "text_member"]

_TABLES = (".csv", ".tsv")
_TEXTS = (*_TABLES, ".txt")
"""What may be a table when it is said to be one: a .txt is mostly a note beside the data."""
_ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz", ".tgz")
_ENCRYPTED = 0x1


def is_packed_table(path: Path, others: tuple[str, ...]) -> bool:
    """Return whether a zip file holds tables of text, or archives alone, and no data set of other suffixes."""
    with opened_zip(path) as archive:
        suffixes = {_suffix(entry) for entry in plain_members(path, archive)}
        folders = {
            parent.suffix.lower()
            for entry in archive.infolist()
            for parent in PurePosixPath(entry.filename).parents
        }
    if (suffixes | folders) & ({*others, ".gdb"} - {".zip"}):
        return False
    return bool(suffixes & set(_TABLES)) or bool(suffixes and suffixes <= set(_ARCHIVES))


def text_member(path: Path, layer: str | None) -> str:
    """Return the one text table of a zip file, or the one that is named.

    Raises
    ------
    InvalidInput
        ``several-layers``: nothing says which of several is meant; ``nested-archive``: it holds another archive
        alone; ``unreadable-source``: it is damaged, encrypted or a name leads out of it; ``archive-bomb``.
    """
    with opened_zip(path) as archive:
        tables = _tables(path, archive)
        names = [
            name
            for name in tables
            if layer in (None, name, PurePosixPath(name).stem, PurePosixPath(name).name)
        ]
        if len(names) != 1:
            listed = ", ".join(sorted(tables)[:20])
            missing = f"no table {layer!r}" if layer is not None and not names else f"{len(tables)} tables"
            raise InvalidInput(
                "several-layers", f"{path} holds {missing}: {listed}", hint="name one with --source-layer"
            )
        entry = tables[names[0]]
        if entry.flag_bits & _ENCRYPTED:
            raise InvalidInput(
                "unreadable-source",
                f"{path} is encrypted",
                hint="unpack it with its password and load the file",
            )
        check_ratio(path, entry.compress_size, entry.file_size)
        return entry.filename


def matching_members(path: Path, pattern: str) -> list[str]:
    """Return the text tables of a zip file whose name, or the last part of it, is like a pattern; in order.

    Raises
    ------
    InvalidInput
        ``several-layers``: none is like it, or the file is no zip file of tables; what `text_member` raises.
    """
    if not is_zip(path):
        raise InvalidInput(
            "several-layers", f"{path} is no zip file, of whose tables '{pattern}' could mean several",
            hint="name one layer with --source-layer",
        )  # fmt: skip
    with opened_zip(path) as archive:
        tables = _tables(path, archive)
    names = [
        name
        for name in sorted(tables)
        if fnmatchcase(name, pattern) or fnmatchcase(PurePosixPath(name).name, pattern)
    ]
    if not names:
        listed = ", ".join(sorted(tables)[:20])
        raise InvalidInput("several-layers", f"{path} holds no table like '{pattern}': {listed}")
    return names


def _tables(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members = plain_members(path, archive)
    tables = {entry.filename: entry for entry in members if _suffix(entry) in _TABLES}
    tables = tables or {entry.filename: entry for entry in members if _suffix(entry) in _TEXTS}
    if not tables:
        raise _holds_none(path, members)
    return tables


def _suffix(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def _holds_none(path: Path, members: list[zipfile.ZipInfo]) -> InvalidInput:
    if members and all(_suffix(entry) in _ARCHIVES for entry in members):
        return InvalidInput(
            "nested-archive",
            f"{path} holds no data, but other archives: {members[0].filename}",
            hint="unpack it and load what the inner ones hold",
        )
    return InvalidInput("unreadable-source", f"{path} cannot be read: no table of text is in it")


class PackedText(io.RawIOBase):
    """A member of a zip file as a stream of bytes; what it holds beyond its stated size is damage.

    Parameters
    ----------
    path, name
        The zip file, and the member.
    """

    def __init__(self, path: Path, name: str) -> None:
        super().__init__()
        self._path = path
        self._archive = zipfile.ZipFile(path)
        self._packed_bytes = self._archive.getinfo(name).compress_size
        self._file: IO[bytes] = self._archive.open(name)
        self._share = self._packed_bytes / max(self._archive.getinfo(name).file_size, 1)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; a damaged member is an `OSError` without a number, as a broken gzip file is."""
        try:
            block = self._file.read(len(buffer))
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise OSError(str(error)) from error
        buffer[: len(block)] = block
        return len(block)

    def tell(self) -> int:
        """Return about how many bytes of the zip file were read."""
        return int(self._file.tell() * self._share)

    def close(self) -> None:
        """Close the member and the archive."""
        if not self.closed:
            self._file.close()
            self._archive.close()
        super().close()
