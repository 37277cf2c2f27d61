"""A folder where files arrive; each is a message.

A file has arrived when it was not written to for two seconds. Files whose name begins with a dot, or ends in
``.part``, ``.tmp`` or ``.partial``, are on their way: their writer gives them their name when they are whole. What
was loaded is moved to ``done/``, what cannot be read to ``refused/``.

Tested by `tests/iaas/feed/test_arrivals.py`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.message import Message, Take
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["FolderFeed"]

_DONE, _REFUSED = "done", "refused"
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".filepart")
_SETTLED_S = 2.0
_LOOK_S = 0.5


class FolderFeed:
    """Files that arrive in a folder, in the order of their names.

    Parameters
    ----------
    folder
        Where they arrive.
    settled_s
        Seconds after which a file that nobody writes to has arrived.
    now_s
        Returns the present time, seconds since 1970, as the folder's clock has it.
    """

    def __init__(
        self, folder: Path, *, settled_s: float = _SETTLED_S, now_s: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._settled_s, self._now_s = folder, settled_s, now_s
        self._looks: dict[str, tuple[tuple[int, int], float]] = {}
        self._coming = False
        self._held: set[str] = set()

    @property
    def address(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def open(self) -> None:
        """Check that files can be moved.

        Raises
        ------
        InvalidInput
            ``no-such-feed``: there is no such folder.
        """
        if not self._folder.is_dir():
            raise InvalidInput(
                "no-such-feed",
                f"there is no folder {self._folder}",
                hint="make it; files are to arrive there",
            )
        with storage_errors(f"listen to {self._folder}"):
            for name in (_DONE, _REFUSED):
                (self._folder / name).mkdir(exist_ok=True)

    def take(self, take: Take) -> list[Message]:
        """Return files that have arrived; does not wait for more once there is one.

        Who waits at all waits for files that have just come, too, until they count as whole.
        """
        until = time.monotonic() + take.wait_s
        longest = until + self._settled_s if take.wait_s > 0 else until
        while True:
            arrived = self._arrived()[: take.most]
            left_s = (longest if self._coming else until) - time.monotonic()
            if arrived or left_s <= 0 or take.stop.wait(min(_LOOK_S, left_s)):
                self._held.update(message.handle for message in arrived)
                return arrived

    def _arrived(self) -> list[Message]:
        with storage_errors(f"look into {self._folder}"):
            entries = sorted(os.scandir(self._folder), key=lambda entry: entry.name)
            messages, looks = [], {}
            for entry in entries:
                if not _may_be_whole(entry) or entry.name in self._held:
                    continue
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    continue
                state, now_s = (status.st_size, status.st_mtime_ns), self._now_s()
                before = self._looks.get(entry.name)
                first_s = before[1] if before and before[0] == state else now_s
                looks[entry.name] = (state, first_s)
                if max(now_s - status.st_mtime, now_s - first_s) >= self._settled_s:
                    at_us = status.st_mtime_ns // 1000
                    messages.append(Message(b"", at_us=at_us, path=Path(entry.path), handle=entry.name))
            self._looks, self._coming = looks, len(looks) > len(messages)
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Move files to ``done``."""
        self._move(messages, _DONE)

    def refuse(self, messages: Sequence[Message]) -> None:
        """Move files to ``refused``."""
        self._move(messages, _REFUSED)

    def release(self, messages: Sequence[Message]) -> None:
        """Leave files where they are."""
        self._held.difference_update(message.handle for message in messages)

    def close(self) -> None:
        """Do nothing."""

    def _move(self, messages: Sequence[Message], to: str) -> None:
        for message in messages:
            source = self._folder / message.handle
            with (
                storage_errors(f"move {source} to {to}/"),
                contextlib.suppress(FileNotFoundError),
            ):  # taken away meanwhile: it is loaded all the same
                source.rename(_free(self._folder / to / message.handle))
            self._held.discard(message.handle)


def _may_be_whole(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED) and entry.is_file()


def _free(path: Path) -> Path:
    """Return a path where nothing lies: with a number before its suffixes where something does."""
    stem, dot, suffixes = path.name.partition(".")
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{stem}-{number}{dot}{suffixes}")
    return path
