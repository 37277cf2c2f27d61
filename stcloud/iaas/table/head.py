"""The newest version of a table, read once for as long as it is the newest.

Tested by ``tests/iaas/table/test_table.py`` and ``tests/iaas/table/test_replay.py``.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from stcloud.errors import FormatError, NotFound
from stcloud.iaas.table.locallog import LocalLog
from stcloud.iaas.table.log import entry_stat, is_entry
from stcloud.iaas.table.logstate import (
    LogState,
    has_log,
    read_log_state,
    refuse_cut_log,
    refuse_other_state,
    table_errors,
)
from stcloud.iaas.table.notes import CommitNotes
from stcloud.iaas.table.replay import ReplayedLog, replay_log
from stcloud.iaas.table.snapshot import Snapshot, snapshot_of

if TYPE_CHECKING:
    from stcloud.iaas.table.bucketlog import BucketLog

__all__ = ["APPLICATION", "Head"]

APPLICATION = "stcloud"
"""Numbers the commits of a table's one writer."""


class Head:
    """What is known of a table's newest version; each method looks whether there is a newer one.

    Parameters
    ----------
    root, log
        Folder of the table, and its log.
    """

    def __init__(self, root: Path, log: LocalLog | BucketLog) -> None:
        self.root, self.log = root, log
        self.lock = threading.RLock()
        self.notes = CommitNotes(root)
        self.founded = False
        """Whether the table was made here and has no commit yet."""
        self._delta: DeltaTable | None = None
        self._newest: os.stat_result | None = None
        self._snapshot: Snapshot | None = None
        self._state: LogState | None = None
        self._replayed: ReplayedLog | None = None
        self._sequences: dict[int, int] = {}

    @property
    def exists(self) -> bool:
        """Whether there is a table."""
        with self.lock:
            known = self._delta
            if known is not None and (self.founded or entry_stat(self.root, known.version()) is not None):
                return True
            if self.log.pull() is not None or self._replay() is not None:
                return True
        with table_errors(self.root):
            return has_log(self.root) and DeltaTable.is_deltatable(str(self.root))

    def snapshot(self) -> Snapshot:
        """Return the newest version; without delta-rs where it need not be opened."""
        with self.lock:
            if self._delta is None and self.log.pull() is None:
                replayed = self._replay()
                if replayed is not None:
                    return replayed.snapshot
            delta = self.fresh()
            if self._snapshot is None or self._snapshot.version != delta.version():
                with table_errors(self.root):
                    snapshot = snapshot_of(
                        self.root,
                        delta,
                        APPLICATION,
                        earlier=self._snapshot,
                        sequence=self.sequence_of(delta),
                    )
                refuse_other_state(snapshot, self._state)
                self._snapshot = snapshot
            return self._snapshot

    def sequence_of(self, delta: DeltaTable) -> int:
        """Return the number of single-writer commits up to the version at hand; to look it up takes milliseconds."""
        version = delta.version()
        if version not in self._sequences:
            self._sequences = {version: delta.transaction_version(APPLICATION) or 0}
        return self._sequences[version]

    def committed(self, version: int, sequence: int) -> None:
        """Note the sequence of a version that was just written."""
        if self.founded:
            self.forget()
        self._sequences = {version: sequence}

    def forget(self) -> None:
        """Let go of what was read: the table is another one."""
        self._delta = self._snapshot = self._replayed = self._state = None
        self.founded = False
        self._sequences = {}
        self.notes.forget()

    def fresh(self) -> DeltaTable:
        """Return the table at its newest version; looks for the next file of the log before it reads the log."""
        with self.lock:
            founded = self.log.pull()
            if founded is not None:
                self._delta, self.founded = founded, True
                return founded
            if self.founded:
                self.forget()
            if self._delta is not None and self._is_newest(self._delta):
                return self._delta
            return self._opened()

    def _opened(self) -> DeltaTable:
        if self._delta is not None and not self._is_same(self._delta):
            self.forget()  # it was deleted, or made anew
        self._state = read_log_state(self.root)  # before the log, which is never behind what was noted
        try:
            with table_errors(self.root):
                if self._delta is None:
                    self._delta = DeltaTable(str(self.root))
                else:
                    self._delta.update_incremental()
        except FormatError as error:
            if self.root.is_dir():
                raise
            raise NotFound("no-table", f"there is no table in {self.root.name}") from error
        self._newest = entry_stat(self.root, self._delta.version())
        try:
            refuse_cut_log(self.root, self._delta.version(), self._state, self._newest)
        except FormatError:
            self._delta = self._newest = None
            raise
        return self._delta

    def _replay(self) -> ReplayedLog | None:
        """Return the newest version without delta-rs; None: delta-rs has the table open, or must open it."""
        if self._delta is not None:
            self._replayed = None
        elif self._replayed is None or not self._replayed.is_newest:
            self._replayed = replay_log(self.root, read_log_state(self.root), APPLICATION)
        return self._replayed

    def _is_newest(self, delta: DeltaTable) -> bool:
        return self._is_same(delta) and entry_stat(self.root, delta.version() + 1) is None

    def _is_same(self, delta: DeltaTable) -> bool:
        """Return whether the newest entry of the log that was read is still there: a table made anew has others."""
        return is_entry(self.root, delta.version(), self._newest)
