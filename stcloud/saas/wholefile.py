"""Files that are written whole or not at all; what cannot be written is refused before there is anything to write.

Tested by `tests/saas/cli/test_target.py`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stcloud.errors import InvalidInput, StorageError

__all__ = ["refuse_in_city", "refuse_unwritable", "whole_file", "whole_folder"]

_OF_A_CITY = frozenset({"city.toml", "names.toml", "layers", "ledger", "quarantine", "index", ".work"})


def refuse_unwritable(path: Path, folder_with: str | None = None) -> None:
    """Refuse a file that could not be written, or that a city is made of. Nothing is created.

    Parameters
    ----------
    path
        A file that there may be already.
    folder_with
        It is a folder, and one that is there may be replaced if it has this file in it; None: it is a file.

    Raises
    ------
    StorageError
        ``storage``: it is a folder, or there is no folder for it; ``no-permission``.
    InvalidInput
        ``file-of-a-city``: a city keeps its data there.
    """
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415  (keeps --help light)

    with storage_errors(f"write {path}"):
        place = _place(path)
        if place.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if place.is_dir() and (folder_with is None or not _replaceable(place, folder_with)):
            raise StorageError("storage", f"could not write {path}: it is a folder", hint="name a file in it")
        if not place.parent.is_dir():
            raise StorageError("storage", f"could not write {path}: there is no folder {path.parent}")
        touched = place if place.exists() else place.parent
        if folder_with is not None and place.exists() and not place.is_dir():
            raise StorageError("storage", f"could not write {path}: it is a file, and a folder is written")
        if not os.access(touched, os.W_OK) or not (_special(place) or os.access(place.parent, os.W_OK)):
            raise StorageError("no-permission", f"could not write {path}: {touched} may not be written to")
    refuse_in_city(path)


def _replaceable(folder: Path, with_file: str) -> bool:
    return (folder / with_file).is_file() or not any(folder.iterdir())


def refuse_in_city(path: Path) -> None:
    """Refuse a file where a city keeps its data: `InvalidInput` ``file-of-a-city``."""
    place = _place(path)
    for folder in place.parents:
        if place.relative_to(folder).parts[0] in _OF_A_CITY and (folder / "city.toml").is_file():
            raise InvalidInput(
                "file-of-a-city", f"{path} is where the city in {folder} keeps its data", hint="name another file"
            )  # fmt: skip


def _place(path: Path) -> Path:
    """Return where links lead to; of links in a circle, one of them."""
    return Path(os.path.realpath(path))


def _special(path: Path) -> bool:
    """Tell whether this is a pipe or a device, which nothing can take the place of."""
    return path.exists() and not path.is_file()


@contextlib.contextmanager
def whole_file(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a path to write to; what is written takes the file's place when all is well, else there is no trace of it.

    Parameters
    ----------
    path
        The file. One that is there keeps its permissions; of a link, the file it leads to is replaced. A pipe or
        device is written to as it is.
    suffix
        How the given path must end, for writers that look at it.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415  (keeps --help light)

    place = _place(path)
    with storage_errors(f"write {path}"), contextlib.ExitStack() as stack:
        if _special(place):
            yield place
            return
        folder = Path(tempfile.mkdtemp(prefix=".stcloud-", dir=place.parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        whole = folder / f"whole{suffix}"
        yield whole
        with whole.open("rb+") as written:  # a full disk may say so only now
            os.fsync(written.fileno())
        if place.exists():
            shutil.copymode(place, whole)
        whole.replace(place)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to write to; it takes the path's place when all is well, else there is no trace of it.

    Parameters
    ----------
    path
        The folder. One that is there is replaced: it is moved away, and removed when the new one is in its place.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    from stcloud.iaas.store.oserror import storage_errors  # noqa: PLC0415  (keeps --help light)

    place = _place(path)
    with storage_errors(f"write {path}"), contextlib.ExitStack() as stack:
        beside = Path(tempfile.mkdtemp(prefix=".stcloud-", dir=place.parent))
        stack.callback(shutil.rmtree, beside, ignore_errors=True)
        whole, former = beside / "whole", beside / "former"
        whole.mkdir()
        yield whole
        if not place.exists():
            whole.replace(place)
            return
        place.replace(former)
        try:
            whole.replace(place)
        except OSError:
            former.replace(place)
            raise
