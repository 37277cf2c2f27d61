"""What delta-rs raises when a table is written, as our errors.

Tested by `tests/iaas/table/test_table.py`.
"""

from __future__ import annotations

from pathlib import Path

from deltalake.exceptions import CommitFailedError, DeltaError

from stcloud.errors import Conflict
from stcloud.iaas.store.oserror import storage_error

__all__ = ["delta_errors", "overtaken"]


class delta_errors:  # noqa: N801  (reads as a statement)
    """Turn delta-rs' errors into ours."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, CommitFailedError):
            raise overtaken(self.root) from error
        if error is not None and (isinstance(error, DeltaError) or type(error).__name__ == "PanicException"):
            raise storage_error(f"read or write the table {self.root.name}", error) from error


def overtaken(root: Path) -> Conflict:
    """Return the error of a writer that another one was faster than."""
    return Conflict(
        "concurrent-commit",
        f"another writer committed to '{root.name}' meanwhile; nothing was written",
        hint="try again",
    )
