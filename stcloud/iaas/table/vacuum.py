"""Deleting the files that no reader and no writer of a table needs, while both are at work.

A file that a commit removed is deleted once that is long enough ago: readers may hold it until then. A file that no
entry of the log names is what a killed writer left, or what a running one has placed and is about to commit; names do
not show which. So an empty commit comes first: a writer that had placed its files before it is overtaken, whether it
holds a lock or writes from another machine to a bucket, and does its work anew under other names. What the log does
not name after that, no commit will ever name.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stcloud.errors import Conflict
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.log import removals
from stcloud.iaas.table.table import STAGED, Table

__all__ = ["vacuum"]

_HOUR_MS = 3_600_000


def vacuum(table: Table, *, retain_hours: float, unnamed_hours: float | None) -> int:
    """Delete the files that nothing needs; return how many.

    Parameters
    ----------
    table
        A table; it may be read, written and committed to meanwhile.
    retain_hours
        Files that a commit removed in the last hours stay, for readers that were open then.
    unnamed_hours
        Files younger than this that no commit names stay, for writers that have not committed yet; None: all do.
    """
    now_ms = system_clock() // 1000
    there = _data_files(table.root)  # before the log is read, which names what was committed since
    named = {file.path for file in table.snapshot().files}
    removed_ms = removals(table.root)
    gone = [
        name
        for name in there.keys() - named
        if name in removed_ms and removed_ms[name] <= now_ms - retain_hours * _HOUR_MS
    ]
    if unnamed_hours is not None:
        before_ms = now_ms - unnamed_hours * _HOUR_MS
        unnamed = {name for name in there.keys() - named - removed_ms.keys() if there[name] <= before_ms}
        gone += _never_named(table, unnamed)
        staged = _data_files(table.root / STAGED)
        before_ms = min(before_ms, now_ms - _HOUR_MS)  # a file may be being written
        gone += [f"{STAGED}/{name}" for name, written_ms in staged.items() if written_ms <= before_ms]
    return _delete(table.root, gone)


def _never_named(table: Table, unnamed: set[str]) -> set[str]:
    """Return which of some files no commit names now nor can name later."""
    if not unnamed:
        return set()
    try:
        table.commit(after=table.sequence())
    except Conflict:
        return set()  # others commit right now: the next vacuum finds what is left
    return unnamed - {file.path for file in table.snapshot().files} - removals(table.root).keys()


def _data_files(root: Path) -> dict[str, int]:
    """Return the data files in a folder, and when each was written, UTC milliseconds."""
    written_ms = {}
    with storage_errors(f"list the files of {root.name}"):
        for path in root.glob("*.parquet"):
            if not path.name.startswith(("_", ".")):
                try:
                    written_ms[path.name] = path.stat().st_mtime_ns // 1_000_000
                except FileNotFoundError:
                    continue  # its writer took it back, or another vacuum was faster
    return written_ms


def _delete(root: Path, names: Iterable[str]) -> int:
    count = 0
    with storage_errors(f"vacuum {root.name}"):
        for name in names:
            try:
                (root / name).unlink()
            except FileNotFoundError:
                continue
            count += 1
    return count
