"""Lists that a city keeps of its own, such as its classes and its days: every version stays, with its instant.

A version is a file, such as ``classes/0001.csv``: a line with a digest, a line with the instant at which it was
recorded, and the whole list. A newer one replaces the one before it as a whole.

Tested by `tests/city/test_keptlist.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from stcloud.daas.definition.document import digest_holds, with_digest
from stcloud.errors import FormatError
from stcloud.iaas.clock import Clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.probe import require_put_if_absent

__all__ = ["KeptList", "KeptVersion"]

_RECORDED = re.compile(r"# recorded (\S+)\n")


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One version of a list.

    Attributes
    ----------
    key
        Its file in the city's folder.
    recorded_us
        When it was recorded, UTC microseconds.
    text
        The whole file.
    """

    key: str
    recorded_us: int
    text: str


class KeptList:
    """All versions of a list, oldest first.

    Parameters
    ----------
    folder
        Where the city lies.
    name, suffix
        The folder below it, and how the files' names end: ``classes``, ``.csv``.
    clock
        Returns the present instant, UTC microseconds.
    """

    def __init__(self, folder: Folder, name: str, suffix: str, clock: Clock) -> None:
        self._folder, self._name, self._suffix, self._clock = folder, name, suffix, clock
        self._versions: tuple[KeptVersion, ...] | None = None

    def versions(self) -> tuple[KeptVersion, ...]:
        """Return the versions: the same tuple until there is a new one, since no file of a list ever changes.

        Raises
        ------
        FormatError
            ``damaged-city``: a version was changed since it was written, or is gone.
        """
        known = self._listed() if self._versions is None else self._versions
        while self._folder.exists(self._name, self._file(len(known) + 1)):
            known = (*known, self._version(len(known) + 1))
        self._versions = known
        return known

    def known_at(self, known_us: int | None) -> KeptVersion | None:
        """Return the version that was known at an instant, UTC microseconds (None: now); None: there was none."""
        versions = self.versions()
        known = [each for each in versions if known_us is None or each.recorded_us <= known_us]
        return known[-1] if known else None

    def append(self, text: str) -> bool:
        """Record a version, later than all before it; return False where somebody else did at this moment.

        Raises
        ------
        StorageError
            ``read-only``: the file system or the bucket does not keep its promises, so that nothing is written there.
        """
        require_put_if_absent(self._folder.store)
        versions = self.versions()
        recorded_us = max(self._clock(), versions[-1].recorded_us + 1 if versions else 0)
        body = f"# recorded {_iso(recorded_us)}\n{text if text.endswith(chr(10)) else text + chr(10)}"
        return self._folder.put_text(with_digest(body), self._name, self._file(len(versions) + 1))

    def _file(self, number: int) -> str:
        return f"{number:04d}{self._suffix}"

    def _listed(self) -> tuple[KeptVersion, ...]:
        """Return the versions that there are; they are numbered from 1 on, and none may be missing."""
        pattern = re.compile(rf"{self._name}/[0-9]{{4}}{re.escape(self._suffix)}")
        keys = sorted(filter(pattern.fullmatch, self._folder.children(self._name).keys))
        for number, key in enumerate(keys, start=1):
            if key != (expected := f"{self._name}/{self._file(number)}"):
                raise FormatError(
                    "damaged-city", f"{expected} is gone, and a later version is there",
                    hint="bring it back from a copy",
                )  # fmt: skip
        return tuple(self._version(number) for number in range(1, len(keys) + 1))

    def _version(self, number: int) -> KeptVersion:
        key = f"{self._name}/{self._file(number)}"
        text = self._folder.read_text(self._name, self._file(number))
        recorded = _RECORDED.search(text)
        if recorded is None or digest_holds(text) is False:
            raise FormatError(
                "damaged-city", f"{key} has changed since it was written",
                hint="bring it back from a copy; if it was edited on purpose, delete its line with the digest",
            )  # fmt: skip
        return KeptVersion(key, _us(recorded[1]), text)


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000).isoformat()


def _us(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond
