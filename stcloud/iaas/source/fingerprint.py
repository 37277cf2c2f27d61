"""The identity of a source file: a digest of its content, and a check that nobody writes to it while it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from stcloud.errors import Conflict
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["fingerprint", "watch"]


def watch(path: Path) -> Callable[[], None]:
    """Return a check that raises `Conflict` ``source-changed`` when the file was written to since."""

    def state() -> tuple[int, int]:
        with storage_errors(f"read {path}"):
            status = path.stat()
        return status.st_size, status.st_mtime_ns

    before = state()

    def check() -> None:
        if state() != before:
            raise Conflict(
                "source-changed", f"{path} was written to while it was being read; nothing was loaded",
                hint="load it again when it is whole",
            )  # fmt: skip

    return check


def fingerprint(path: Path) -> str:
    """Return a digest of the file's content (BLAKE2b, 32 hexadecimal digits)."""
    with storage_errors(f"read {path}"), path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
