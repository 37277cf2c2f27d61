"""What the writers of a table's commits noted in its log.

Tested by `tests/iaas/table/test_notes.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from stcloud.iaas.table.log import KEPT_ENTRIES, log_entries, newest_versions

__all__ = ["NOTE", "CommitNotes", "Note"]

NOTE = "stcloud"
"""Under this name a note stands in an entry of the log."""
Note: TypeAlias = dict[str, Any]


class CommitNotes:
    """The notes of a table's commits; those of its newest entries are read once, since an entry never changes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept: dict[int, Note | None] = {}

    def newest(self, limit: int | None) -> list[Note]:
        """Return the notes of the newest ``limit`` entries (None: of all), newest first."""
        versions = list(itertools.islice(newest_versions(self._root), limit))
        unread = [version for version in versions if version not in self._kept]
        read = {version: _note_of(actions) for version, actions in log_entries(self._root, unread)}
        known = self._kept | read
        self._kept = {version: known[version] for version in versions[:KEPT_ENTRIES]}
        return [note for version in versions if (note := known[version]) is not None]

    def forget(self) -> None:
        """Let go of what was read: the table is another one."""
        self._kept = {}


def _note_of(actions: Iterable[Mapping[str, Any]]) -> Note | None:
    infos = (action["commitInfo"] for action in actions if "commitInfo" in action)
    note = next((info[NOTE] for info in infos if NOTE in info), None)
    return None if note is None else dict(json.loads(note))
