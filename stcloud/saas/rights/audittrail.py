"""Audit trails: who was given what, in a file that is only added to.

Every entry holds the digest of the line before it, so that a line that was changed or left out is seen.

Tested by `tests/saas/rights/test_audittrail.py`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stcloud.errors import FormatError
from stcloud.iaas.store.oserror import storage_errors
from stcloud.saas.rights.auditentry import AuditEntry

__all__ = ["AuditTrail"]

_FIRST = "0" * 64
_TAIL = 1 << 20


class AuditTrail:
    """Entries of who asked what and how much was given, one JSON object a line; processes may share the file.

    Parameters
    ----------
    path
        The file, there or not; its owner alone may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, entry: AuditEntry) -> str:
        """Add an entry and return its digest; the entry is on disk then."""
        return self.add_all([entry])

    def add_all(self, entries: Iterable[AuditEntry]) -> str:
        """Add entries, one after the other, and return the digest of the last; they are on disk then."""
        with self._lock, storage_errors(f"write {self._path}"):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                last, lines = self._last(file, mends=True), []
                for entry in entries:
                    document = {**entry.document(), "previous": last}
                    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
                    lines.append(text.encode("utf-8", "backslashreplace"))
                    last = _digest(lines[-1])
                file.write(b"".join(line + b"\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
        return last

    def digest(self) -> str:
        """Return the digest of the last entry, which stands for all before it; of none it is zeros.

        Who writes it down elsewhere every hour will know later that nothing up to then was changed.
        """
        with storage_errors(f"read {self._path}"):
            if not self._path.exists():
                return _FIRST
            with self._path.open("rb") as file:
                return self._last(file)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Give the entries, oldest first, as they lie there."""
        for line in self._lines():
            yield json.loads(line)

    def verify(self, digest: str | None = None) -> int:
        """Return the number of entries, of which each follows the one before it.

        Parameters
        ----------
        digest
            One that `digest` gave: an entry with it must be there.

        Raises
        ------
        FormatError
            ``damaged-audit``, with the line.
        """
        previous, count, met = _FIRST, 0, digest in (None, _FIRST)
        for number, line in enumerate(self._lines(), start=1):
            try:
                stated = json.loads(line)["previous"]
            except (ValueError, KeyError, TypeError) as error:
                raise FormatError("damaged-audit", f"line {number} of {self._path} is no entry") from error
            if stated != previous:
                raise FormatError(
                    "damaged-audit", f"line {number} of {self._path} does not follow the line before it"
                )
            previous, count = _digest(line), number
            met = met or previous == digest
        if not met:
            raise FormatError("damaged-audit", f"{self._path} has no entry with digest {digest}")
        return count

    def _lines(self) -> Iterator[bytes]:
        with storage_errors(f"read {self._path}"):
            if self._path.exists():
                with self._path.open("rb") as file:
                    yield from (line.rstrip(b"\n") for line in file)

    def _last(self, file: Any, *, mends: bool = False) -> str:
        """Return the digest of the last whole line; ``mends``: remove what a killed process left of another."""
        end = file.seek(0, os.SEEK_END)
        start = max(0, end - _TAIL)
        file.seek(start)
        whole, newline, left = file.read().rpartition(b"\n")
        if mends and left:
            file.truncate(end - len(left))
        return _digest(whole.rpartition(b"\n")[2]) if newline else _FIRST


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
