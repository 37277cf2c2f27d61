"""Replicas: some of a city's tables in a folder of their own, for a rehearsal that leaves the city as it is.

Data files and archives never change once they are written, so a replica has links to them; the log of a table
is copied. What is written to a replica, or deleted from it, never reaches the city. No lock is taken: a replica is
what a reader would see.

Tested by ``tests/iaas/store/test_replica.py``.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.model import is_temporary
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["replica"]

_LOG = "_delta_log"
_UNCOMMITTED = ("_staged", "_made-")
_LINKED = (".parquet", ".zip")


@contextlib.contextmanager
def replica(folder: Folder, *keys: str) -> Iterator[Folder]:
    """Give a folder that holds the files and tables of some keys of a city's folder; it is removed at the end.

    Parameters
    ----------
    folder
        The city's.
    keys
        Files (``layers/requests.toml``) and folders of tables (``layers/requests``), there or not.
    """
    with tempfile.TemporaryDirectory(prefix="stcloud-", ignore_cleanup_errors=True) as place:
        copy = Folder(Path(place))
        with storage_errors("prepare a dry run"):
            for key in keys:
                if folder.exists(key):
                    copy.write_text(folder.read_text(key), key)
                else:
                    _replicate(folder.path(key), copy.path(key))
        yield copy


def _replicate(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True)
        _replicate_table(source, target)


def _replicate_table(source: Path, target: Path) -> None:
    for path in sorted(source.iterdir(), key=_rank):
        place = target / path.name
        if path.is_dir() and not path.name.startswith(_UNCOMMITTED):
            place.mkdir()
            _replicate_table(path, place)
        elif path.is_file() and not is_temporary(path.name):
            with contextlib.suppress(FileNotFoundError):  # an entry that is archived right now is not needed
                _copy(path, place)


def _rank(path: Path) -> int:
    """Return the turn of an entry: what is noted of the state, the log, and then the files that the log names."""
    if path.is_dir():
        return 1 if path.name == _LOG else 2
    return 2 if path.suffix in _LINKED else 0


def _copy(path: Path, place: Path) -> None:
    if path.suffix in _LINKED and path.parent.name != _LOG:
        place.symlink_to(path.absolute())
    else:
        shutil.copyfile(path, place)
