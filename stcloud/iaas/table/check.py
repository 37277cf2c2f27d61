"""Whether what lies on disk of a table is whole: its log, entry by entry, and its data files, byte by byte.

Tested by ``tests/reliability/test_damage.py`` and ``tests/iaas/table/test_check.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stcloud.errors import FormatError, StorageError
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.checksum import checked, refresh
from stcloud.iaas.table.logstate import changed_entries, missing_entries, unreadable_note
from stcloud.iaas.table.snapshot import File, Snapshot
from stcloud.iaas.table.table import Table

__all__ = ["broken_files", "log_changes", "log_faults"]


def log_changes(table: Table) -> Iterator[str]:
    """Give that an entry of a table's log has changed since it was written, if one has."""
    yield from changed_entries(table.root)


def log_faults(table: Table) -> Iterator[str]:
    """Give what a table's log lacks, what of it cannot be read, and whether it has changed since it was written."""
    yield from missing_entries(table.root)
    yield from changed_entries(table.root)
    yield from unreadable_note(table.root)


def broken_files(snapshot: Snapshot, files: Iterable[File]) -> Iterator[str]:
    """Give the files that are missing, of another size or with a changed byte.

    Raises
    ------
    StorageError
        ``no-permission``: it cannot be known.
    """
    for file in files:
        path = snapshot.root / file.path
        try:
            refresh(path)
            data = checked(path)
            if path.stat().st_size != file.bytes or data.metadata.num_rows != file.rows:
                yield file.path
            else:
                with storage_errors(f"read {file.path}"):
                    data.verify()
        except StorageError as error:
            if error.kind == "no-permission":
                raise
            yield file.path
        except FormatError:
            yield file.path
