"""Deleting the files that no reader and no writer of a table needs, while both are at work.

A file that a commit removed is deleted once that is long enough ago: readers may hold it until then. A file that no
entry of the log names is what a killed writer left, or what a running one has placed and is about to commit; names do
not show which. So an empty commit comes first: a writer that had placed its files before it is overtaken, whether it
holds a lock or writes from another machine to a bucket, and does its work anew under other names. What the log does
not name after that, no commit will ever name.
"""

from __future__ import annotations

from stcloud.errors import Conflict
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.locallog import staged_files
from stcloud.iaas.table.log import removals
from stcloud.iaas.table.table import Table

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
    there = _data_files(table)  # before the log is read, which names what was committed since
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
        staged = staged_files(table.root)
        before_ms = min(before_ms, now_ms - _HOUR_MS)  # a file may be being written
        gone += [name for name, written_ms in staged.items() if written_ms <= before_ms]
    with storage_errors(f"vacuum {table.name}"):
        return table.log.delete_files(gone)


def _never_named(table: Table, unnamed: set[str]) -> set[str]:
    """Return which of some files no commit names now nor can name later."""
    if not unnamed:
        return set()
    try:
        table.commit(after=table.sequence())
    except Conflict:
        return set()  # others commit right now: the next vacuum finds what is left
    return unnamed - {file.path for file in table.snapshot().files} - removals(table.root).keys()


def _data_files(table: Table) -> dict[str, int]:
    """Return the data files of a table, and when each was written, UTC milliseconds."""
    there = table.log.data_files()
    return {name: written_ms for name, written_ms in there.items() if not name.startswith(".")}
