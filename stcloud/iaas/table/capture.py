"""A capture of a table: the log of one version, copied to this machine while others commit to the table.

What was noted of the log's state is read before the log, which is never behind it. A log whose entries are archived
or redacted meanwhile is read again. Files of rows are named by the version; what no entry names is not copied.

Tested by `tests/iaas/table/test_capture.py`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stcloud.errors import Conflict, FormatError, NotFound
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.model import Entry, Store, bytes_or_none
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.revised import newest
from stcloud.iaas.table.log import DROPPED
from stcloud.iaas.table.logstate import changed_entries, missing_entries
from stcloud.iaas.table.snapshot import Snapshot
from stcloud.iaas.table.table import Table

__all__ = ["Capture", "captured", "sidecars"]

_LOG, _ARCHIVE, _STATE, _LAST = "_delta_log", "_archive", "_state.json", "_delta_log/_last_checkpoint"
_OF_LOG = re.compile(
    r"_delta_log/(?:(\d{20})\.json|(\d{20})\.checkpoint\.parquet|_last_checkpoint)|_archive/[0-9a-f-]+\.zip"
)
_SIDECAR = re.compile(r"_[a-z]+\.json")
_TRIES = 5
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Capture:
    """A version of a table.

    Parameters
    ----------
    prefix
        Key of the table in its city.
    root
        Folder on this machine with the log.
    texts
        Names of the files of the log below the folder, in the order in which they are written: entries ascend.
    snapshot
        What the log comes to.
    """

    prefix: str
    root: Path
    texts: tuple[str, ...]
    snapshot: Snapshot

    @property
    def name(self) -> str:
        """Last part of the table's key."""
        return self.root.name

    @property
    def contents(self) -> list[tuple[str, Callable[[], bytes]]]:
        """Files of the log, in their order: keys, and what reads each."""
        return [(f"{self.prefix}/{name}", (self.root / name).read_bytes) for name in self.texts]

    @property
    def entries(self) -> list[Entry]:
        """Files of rows, by their keys."""
        return [Entry(f"{self.prefix}/{file.path}", file.bytes, 0, "") for file in self.snapshot.files]


def captured(source: Store, prefix: str, scratch: Path) -> Capture | None:
    """Copy the newest version of a table's log; None: there is no table.

    Parameters
    ----------
    source, prefix
        The city's files, and the key of the table.
    scratch
        A folder on this machine; the copy lies in it below the same key.

    Raises
    ------
    FormatError
        ``damaged-table``
    Conflict
        ``changed-meanwhile``: the log was rewritten again and again.
    """
    root = scratch / prefix
    for last in (*[False] * (_TRIES - 1), True):
        shutil.rmtree(root, ignore_errors=True)
        texts = _copied(source, prefix, root)
        if texts is None:
            continue
        if not texts:
            return None
        faults = [*missing_entries(root), *changed_entries(root)]
        if not faults:
            return Capture(
                prefix, root, _ordered(texts), Table.at(Folder(scratch), *prefix.split("/")).snapshot()
            )
        if last:
            raise FormatError("damaged-table", faults[0], hint="bring it back from a copy of the city")
    raise Conflict(
        "changed-meanwhile", f"the log of {root.name} was rewritten again and again", hint="copy again"
    )


def _copied(source: Store, prefix: str, root: Path) -> list[str] | None:
    """Copy a table's log; return its files, none where there is no table, None where some went meanwhile."""
    state = _content(source, f"{prefix}/{_STATE}")
    names = list(_names(source, prefix))
    if not any(name.endswith(".json") for name in names):
        return []
    with storage_errors(f"copy the log of {root.name}"):
        (root / _LOG).mkdir(parents=True)
        (root / _ARCHIVE).mkdir()
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            for name, content in zip(
                some, source.get_many([f"{prefix}/{name}" for name in some]), strict=True
            ):
                if content is None:
                    return None
                (root / name).write_bytes(content)
        if state is not None:
            (root / _STATE).write_bytes(state)
        newest = max(name for name in names if name.endswith(".json"))
        if DROPPED in (root / newest).read_bytes():
            return []
    if _LAST in names and not _is_known(root, names):
        (root / _LAST).unlink()
        names.remove(_LAST)
    return names if state is None else [*names, _STATE]


def _names(source: Store, prefix: str) -> Iterator[str]:
    """Give the files of a log; a checkpoint that came after its last entry was listed is left out."""
    listed = [*source.entries(f"{prefix}/{_LOG}"), *source.entries(f"{prefix}/{_ARCHIVE}")]
    names = [entry.key[len(prefix) + 1 :] for entry in listed]
    known = {name: match for name in names if (match := _OF_LOG.fullmatch(name))}
    newest = max((match[1] for match in known.values() if match[1]), default="")
    yield from (name for name, match in known.items() if not match[2] or match[2] <= newest)


def _is_known(root: Path, names: Sequence[str]) -> bool:
    """Return whether the checkpoint that is called the last one was copied."""
    try:
        version = int(json.loads((root / _LAST).read_bytes())["version"])
    except (ValueError, KeyError, TypeError):
        return False
    return f"{_LOG}/{version:020}.checkpoint.parquet" in names


def _ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Return archives and checkpoints, then entries, ascending, and at last what is noted of them."""

    def rank(name: str) -> tuple[int, str]:
        if name in (_LAST, _STATE):
            return 2, name
        return int(name.endswith(".json")), name

    return tuple(sorted(names, key=rank))


def sidecars(source: Store, prefix: str) -> dict[str, bytes]:
    """Return the texts beside a table's log by their keys; they are read after the log, which may need them."""
    keys = [key for key in source.children(prefix).keys if _SIDECAR.fullmatch(key.rpartition("/")[2])]
    wanted = [key for key in keys if not key.endswith(f"/{_STATE}")]
    contents = {key: newest(partial(bytes_or_none, source), key) for key in wanted}
    return {key: content for key, content in contents.items() if content is not None}


def _content(source: Store, key: str) -> bytes | None:
    try:
        return source.get(key)
    except NotFound:
        return None
