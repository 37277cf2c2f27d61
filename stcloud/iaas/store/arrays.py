"""Arrays kept in a folder, one file each, mapped back into memory: what was made once need not be made again.

Beside them lies a digest of each file. It is compared once for as long as the file stays the same.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from stcloud.errors import FormatError
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["ArrayFolder", "read_arrays", "write_arrays"]

_DIGESTS = "digests.json"
_RUN = 1 << 20
_DAMAGES = (ValueError, EOFError, SyntaxError, TokenError, TypeError, ArithmeticError, Warning)
"""Errors of numpy for a header that is read like an expression of Python."""


@dataclass(frozen=True, slots=True)
class ArrayFolder:
    """A place for sets of arrays by name, derived from what else a city holds; it may be deleted.

    Parameters
    ----------
    root
        Its folder.
    """

    root: Path

    def within(self, name: str) -> ArrayFolder:
        """Return a place inside of it, for sets that are kept beside others."""
        return ArrayFolder(self.root / name)

    def read(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Map the arrays of a set; None when there is none, `FormatError` ``damaged-index`` when it is damaged."""
        return read_arrays(self.root / name)

    def write(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write a set whole or not at all; the sets of other names go."""
        write_arrays(self.root / name, arrays)

    def names(self) -> list[str]:
        """Return the names of the sets, sorted."""
        with storage_errors(f"read {self.root.name}"):
            places = self.root.iterdir() if self.root.is_dir() else ()
            return sorted(place.name for place in places if place.is_dir() and not place.name.startswith("."))

    def clear(self) -> None:
        """Delete all sets; what cannot be deleted stays."""
        with contextlib.suppress(OSError):
            _remove(self.root)

    def erase(self) -> None:
        """Delete all sets, and what a killed writer left of one; raises when something cannot be deleted."""
        left = f".{self.root.name}."
        with storage_errors(f"erase {self.root.name}"):
            for path in list(self.root.parent.iterdir()) if self.root.parent.is_dir() else ():
                if path.is_dir() and (path == self.root or path.name.startswith(left)):
                    shutil.rmtree(path)


def write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as a new folder, whole or not at all; what else lies beside it goes.

    Readers that have mapped an older folder keep what they have.
    """
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    with storage_errors(f"write {folder.name}"):
        try:
            temporary.mkdir(parents=True)
            for name, values in arrays.items():
                np.save(temporary / f"{name}.npy", values, allow_pickle=False)
            digests = {name: _digest(temporary / f"{name}.npy") for name in arrays}
            (temporary / _DIGESTS).write_text(json.dumps(digests), encoding="ascii")
            try:
                temporary.replace(folder)
            except OSError:  # there is one, damaged or of another writer
                _remove(folder)
                temporary.replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        for other in folder.parent.iterdir():
            if other != folder:
                _remove(other)


def _remove(folder: Path) -> None:
    """Delete a folder; it is renamed first, so that no reader takes what is left of a set for all of it."""
    aside = folder
    if not folder.name.startswith("."):
        aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]] | None:
    """Map the arrays of a folder; None when there is no such folder.

    Raises
    ------
    FormatError
        ``damaged-index``: a file is not what `write_arrays` wrote.
    """
    with storage_errors(f"read {folder.name}"):
        if not folder.is_dir():
            return None
        try:
            return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in _compared(folder)}
        except FileNotFoundError as error:
            if not folder.is_dir():  # just replaced
                raise
            raise _damaged(folder, f"{error.filename} is missing") from error
        except _DAMAGES as error:
            raise _damaged(folder, str(error)) from error


def _compared(folder: Path) -> list[Path]:
    """Return the files of a set, after a look at whether each is still what was written."""
    identity = folder.stat().st_ino
    digests = _kept_digests(folder)
    if digests is None:
        paths = list(folder.glob("*.npy"))
        if folder.stat().st_ino != identity:  # replaced meanwhile: the list may be of neither
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder / _DIGESTS))
        return paths
    for name, digest in digests.items():
        _compare(folder / f"{name}.npy", digest)
    return [folder / f"{name}.npy" for name in digests]


def _kept_digests(folder: Path) -> dict[str, str] | None:
    """Return digests by the arrays' names; None where an older version wrote none."""
    path = folder / _DIGESTS
    if not path.exists():
        return None
    digests = json.loads(path.read_bytes())
    if not isinstance(digests, dict) or not all(isinstance(text, str) for text in digests.values()):
        raise ValueError(f"{_DIGESTS} holds no digests")
    return digests


def _compare(path: Path, digest: str) -> None:
    stat = path.stat()
    if _known_digest(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)) != digest:
        raise ValueError(f"{path.name} has changed since it was written")


@lru_cache(1024)
def _known_digest(path: Path, _identity: tuple[int, ...]) -> str:
    return _digest(path)


def _digest(path: Path) -> str:
    state = xxhash.xxh3_128()
    with path.open("rb") as file:
        while piece := file.read(_RUN):
            state.update(piece)
    return str(state.hexdigest())


def _damaged(folder: Path, why: str) -> FormatError:
    return FormatError("damaged-index", f"{folder} cannot be read: {why}", hint="delete it")
