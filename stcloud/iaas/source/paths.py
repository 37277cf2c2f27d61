"""Sources that stand for several files: folders, and patterns such as ``data/*.csv`` that no shell expanded.

Tested by ``tests/iaas/source/test_paths.py``.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from stcloud.errors import NotFound
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["expanded", "is_of_several", "is_pattern"]

_PACKED = ".gz"


def is_of_several(source: object) -> bool:
    """Return whether a source names files by their folder or by a pattern; a file of that very name goes first."""
    if not isinstance(source, str | os.PathLike):
        return False
    path = Path(source)
    return path.is_dir() or (not path.exists() and glob.has_magic(os.fspath(path)))


def is_pattern(text: str | None) -> bool:
    """Return whether a text is a pattern, which may mean several names.

    >>> is_pattern("*.csv"), is_pattern("a.csv"), is_pattern(None)
    (True, False, False)
    """
    return text is not None and glob.has_magic(text)


def expanded(sources: Iterable[object]) -> list[object]:
    """Return sources with the files that folders and patterns stand for, in the order of their names.

    Of a folder those files are taken whose format is known by their name, none of the folders in it, and none whose
    name begins with a dot.

    Raises
    ------
    NotFound
        ``no-source``: there is no such file.
    """
    files: list[object] = []
    for source in sources:
        if isinstance(source, str | os.PathLike) and is_of_several(source):
            files += _files(Path(source))
        else:
            files.append(source)
    return files


def _files(path: Path) -> list[Path]:
    with storage_errors(f"read {path}"):
        is_folder = path.is_dir()
        inside = _of_folder(path) if is_folder else _of_pattern(str(path))
    if not inside:
        what = (
            f"the folder {path} has no file that could be loaded" if is_folder else f"no file is like {path}"
        )
        raise NotFound("no-source", what)
    return inside


def _of_folder(folder: Path) -> list[Path]:
    from stcloud.iaas.source.registry import formats  # noqa: PLC0415  (opening a city needs no reader)

    suffixes = {suffix for entry in formats() for suffix in entry.suffixes}
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.name[0] != "." and _suffix(path) in suffixes
    )


def _suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(_PACKED)
    return Path(name).suffix


def _of_pattern(pattern: str) -> list[Path]:
    places = glob.glob(pattern, recursive=True)  # noqa: PTH207  (a pattern may be absolute)
    return sorted(path for path in map(Path, places) if path.is_file())
