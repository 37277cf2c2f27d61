"""Small texts beside a table's files, which readers of Delta tables pass over.

Tested by `tests/daas/purge/test_record.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.mount import mount_of
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.store.revised import Revised
from stcloud.iaas.table.table import Table

__all__ = ["read_sidecar", "write_sidecar"]


def read_sidecar(table: Table, name: str) -> str | None:
    """Return the text of a name that begins with an underscore; None: there is none."""
    with storage_errors(f"read {name} of {table.name}"):
        place = mount_of(table.root)
        try:
            if place is not None:
                return Revised(place, place.key(table.root / name)).read()
            return (table.root / name).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None


def write_sidecar(table: Table, name: str, former: str | None, made: Callable[[str], str]) -> None:
    """Write the text of a name, whole or not at all.

    Parameters
    ----------
    table, name
        The table, and the name.
    former
        The text that was read; None: there was none.
    made
        Returns the text; in a bucket it must contain the label that it is given, which is empty elsewhere.

    Raises
    ------
    Conflict
        ``concurrent-commit``: another machine changed the text since it was read.
    """
    place = mount_of(table.root)
    if place is None:
        Folder(table.root).write_text(made(""), name)
    else:
        Revised(place, place.key(table.root / name)).replace(former, made)
