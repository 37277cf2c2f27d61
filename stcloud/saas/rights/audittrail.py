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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from stcloud.daas.traildigest import TrailHead
from stcloud.errors import FormatError
from stcloud.iaas.store.oserror import storage_errors
from stcloud.saas.rights.auditentry import AuditEntry

__all__ = ["AuditLink", "AuditTrail"]

_FIRST = "0" * 64
_TAIL = 1 << 20
_LONGEST_LINE = 1 << 26


@dataclass(frozen=True, slots=True)
class AuditLink:
    """A line of a trail.

    Parameters
    ----------
    line, digest
        Its number, from 1, and its SHA-256.
    fault
        What is wrong with it; None: nothing.
    """

    line: int
    digest: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """So many lines of a trail end before a byte of its file."""

    trail: str
    end: int = 0
    lines: int = 0


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
        self._counted = _Counted("")

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._path.name

    def prepare(self) -> None:
        """Make the file if there is none; `StorageError` where it cannot be written: then nothing could be given."""
        with storage_errors(f"write {self._path}"):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))

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

    def head(self) -> TrailHead | None:
        """Return what the trail holds; None: there is no whole line. Lines that were counted are not read again."""
        with self._lock, storage_errors(f"read {self._path}"):
            if not self._path.exists():
                return None
            with self._path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                first = file.readline(_LONGEST_LINE)
                if not first.endswith(b"\n"):
                    return None
                trail = _digest(first.rstrip(b"\n"))
                self._count(file, trail)
                return TrailHead(trail, self._counted.lines, self._last(file))

    def _count(self, file: BinaryIO, trail: str) -> None:
        """Count the lines that came since they were counted last."""
        size, counted = file.seek(0, os.SEEK_END), self._counted
        if counted.trail != trail or counted.end > size:  # it is another file
            counted = _Counted(trail)
        file.seek(counted.end)
        lines, end, at = counted.lines, counted.end, counted.end
        while part := file.read(_TAIL):
            lines += part.count(b"\n")
            newline = part.rfind(b"\n")
            end = end if newline < 0 else at + newline + 1
            at += len(part)
        self._counted = _Counted(trail, end, lines)

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
        count, met = 0, digest in (None, _FIRST)
        for link in self.links():
            if link.fault is not None:
                raise FormatError("damaged-audit", link.fault)
            count, met = link.line, met or link.digest == digest
        if not met:
            raise FormatError("damaged-audit", f"{self._path} has no entry with digest {digest}")
        return count

    def links(self) -> Iterator[AuditLink]:
        """Give each line's digest, and what is wrong with it: it is no entry, or does not follow the one before."""
        previous, name = _FIRST, self._path.name
        for number, line in enumerate(self._lines(), start=1):
            digest, fault = _digest(line), None
            try:
                stated = json.loads(line)["previous"]
            except (ValueError, KeyError, TypeError):
                fault = f"line {number:,} of {name} is no entry"
            else:
                if stated != previous:
                    fault = (
                        f"line {number:,} of {name} does not follow the line before it: one of them was changed, or "
                        "lines were left out or put in"
                    )
            yield AuditLink(number, digest, fault)
            previous = digest

    def _lines(self) -> Iterator[bytes]:
        """Give the whole lines; what is being written, or was left by a killed process, is none."""
        with storage_errors(f"read {self._path}"):
            if self._path.exists():
                with self._path.open("rb") as file:
                    yield from (line[:-1] for line in file if line.endswith(b"\n"))

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
