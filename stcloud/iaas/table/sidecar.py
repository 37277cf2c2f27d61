"""Small texts beside a table's files, which readers of Delta tables pass over.

Tested by `tests/daas/purge/test_record.py`.
"""

from __future__ import annotations

from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.mount import mount_of
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.table import Table

__all__ = ["read_sidecar", "write_sidecar"]


def read_sidecar(table: Table, name: str) -> str | None:
    """Return the text of a name that begins with an underscore; None: there is none."""
    with storage_errors(f"read {name} of {table.name}"):
        place = mount_of(table.root)
        try:
            if place is not None:
                content = place.content(place.key(table.root / name))
                return None if content is None else content.decode("utf-8", "replace")
            return (table.root / name).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None


def write_sidecar(table: Table, name: str, text: str) -> None:
    """Write the text of a name, whole or not at all."""
    Folder(table.root).write_text(text, name)
    table.log.send(table.root / name)
