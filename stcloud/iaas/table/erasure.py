"""Erasing what a table no longer shows: files that commits replaced, and what its log says of their values.

A commit that removes rows leaves them on disk: in the files that it replaced, for readers that hold them; in files
that killed writers left; as least and greatest values of columns in the entries and checkpoints of the log. Here all
of that goes at once. Who reads a replaced file then fails with `Conflict` ``changed-meanwhile``.

Each step may be repeated: after a writer that was killed, `erase` does what is left.

Tested by ``tests/iaas/table/test_erasure.py``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.datafile import STAGED
from stcloud.iaas.table.logstate import restate_log
from stcloud.iaas.table.table import Table

__all__ = ["erase"]

_ENTRY = re.compile(r"\d{20}\.json\Z")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet\Z")
_LAST = "_last_checkpoint"
_VALUES = ("minValues", "maxValues")
_LEFT = ("_made-", "_state.")
"""Names of folders and files that a killed writer leaves beside the data files."""

Redact = Callable[[bytes], bytes]


def erase(table: Table, *, alone: bool = True) -> int:
    """Delete every file that the newest version does not show, and the values of such files in the log.

    Writers that have placed files and not committed them are overtaken first, as by `vacuum`, and do their work anew.

    Parameters
    ----------
    table
        A table; it may be read meanwhile.
    alone
        Whether the caller holds the lock of the table's one writer. Without, entries that are being written stay.

    Returns
    -------
    The number of data files deleted.

    Raises
    ------
    Conflict
        ``concurrent-commit``: other writers were faster again and again.
    """
    with storage_errors(f"erase what {table.name} no longer shows"):
        there = table.log.data_files()
        _overtake(table)
        shown = {file.path for file in table.snapshot().files}
        gone = [name for name in there if name not in shown]
        table.log.delete_files(gone)
        shutil.rmtree(table.root / STAGED, ignore_errors=True)
        with table.log.changing():
            if alone:
                _delete_left(table.root)
            _renew_checkpoint(table)
            _redact_log(table.root, shown)
            restate_log(table.snapshot())  # always: whoever was killed may have redacted entries before
    return len(gone)


@again_when_overtaken
def _overtake(table: Table) -> None:
    """Commit nothing: whoever has placed files before can no longer commit them."""
    table.commit(after=table.sequence())


def _delete_left(root: Path) -> None:
    """Delete what killed writers left beside data files and log entries."""
    for path in root.iterdir():
        if path.name.startswith(_LEFT) and path.name != "_state.json":
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for folder in (root / "_delta_log", root / "_archive"):
        for path in folder.iterdir() if folder.is_dir() else ():
            known = _ENTRY.match(path.name) or _CHECKPOINT.match(path.name) or path.suffix == ".zip"
            if path.is_file() and not known and path.name != _LAST:
                path.unlink(missing_ok=True)


def _renew_checkpoint(table: Table) -> None:
    """Write a checkpoint of the newest version, which holds what is said of its files alone; delete all others."""
    version = table.checkpoint()
    log = table.root / "_delta_log"
    for path in log.iterdir():
        match = _CHECKPOINT.match(path.name)
        if match is not None and int(match[1]) != version:
            path.unlink(missing_ok=True)


def _redact_log(root: Path, shown: set[str]) -> None:
    """Take the values of files that are not shown out of all entries."""

    def redact(content: bytes) -> bytes:
        return b"".join(_redacted(line, shown) for line in content.splitlines(keepends=True))

    for path in sorted((root / "_delta_log").iterdir()):
        if _ENTRY.match(path.name):
            _rewrite(path, redact)
    archives = root / "_archive"
    for path in sorted(archives.iterdir()) if archives.is_dir() else ():
        _rewrite_archive(path, redact)


def _redacted(line: bytes, shown: set[str]) -> bytes:
    """Return a line of an entry without least and greatest values, where its file is not shown."""
    if not line.strip():
        return line
    action: dict[str, Any] = json.loads(line)
    changed = False
    for name in ("add", "remove"):
        body = action.get(name)
        if not isinstance(body, dict) or body.get("path") in shown or not body.get("stats"):
            continue
        stats = json.loads(body["stats"])
        kept = {key: value for key, value in stats.items() if key not in _VALUES}
        changed |= kept != stats
        body["stats"] = json.dumps(kept, ensure_ascii=False)
    return json.dumps(action, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" if changed else line


def _rewrite(path: Path, redact: Redact) -> None:
    """Write a file anew, whole or not at all, where its content changes; it keeps its times."""
    content = path.read_bytes()
    made = redact(content)
    if made == content:
        return
    temporary = path.with_name(f".{path.name[-200:]}.{uuid.uuid4().hex}")
    stat = path.stat()
    temporary.write_bytes(made)
    os.utime(temporary, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    temporary.replace(path)


def _rewrite_archive(path: Path, redact: Redact) -> None:
    """Write an archive of entries anew, where one of them changes."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    made = {name: redact(content) for name, content in entries.items()}
    if made == entries:
        return
    temporary = path.with_name(f".{path.name[-200:]}.{uuid.uuid4().hex}")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, content in made.items():
                archive.writestr(name, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
