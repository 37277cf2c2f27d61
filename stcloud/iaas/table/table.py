"""A Delta table in a folder: immutable snapshots to read, one atomic commit to change.

A commit adds some files and removes others at once. Every commit of a single-writer table carries the
next number of one application id, so two commits that overlap always conflict: there are no blind
appends. Readers never wait: they hold a snapshot, which is a list of files.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from stcloud.errors import Conflict, FormatError, NotFound, StorageError
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.checksum import forget, parquet_errors, verify_columns
from stcloud.iaas.table.compaction import crowded
from stcloud.iaas.table.datafile import ROW_GROUP_ROWS, Written, read_whole, write_parquet
from stcloud.iaas.table.deltaerror import delta_errors, overtaken
from stcloud.iaas.table.log import KEPT_ENTRIES, archive_log, entry_path, entry_stat, first_entry, is_entry
from stcloud.iaas.table.logstate import (
    LogState,
    has_log,
    read_log_state,
    refuse_cut_log,
    refuse_other_state,
    table_errors,
    write_log_state,
)
from stcloud.iaas.table.notes import NOTE, CommitNotes
from stcloud.iaas.table.replay import ReplayedLog, replay_log
from stcloud.iaas.table.snapshot import File, Snapshot, snapshot_of

__all__ = ["STAGED", "File", "Snapshot", "Table"]

_APPLICATION = "stcloud"
STAGED = "_staged"  # readers of Delta tables pass over folders that begin with an underscore
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",  # so that checkpoints stay small; see `vacuum`
    "delta.checkpointInterval": "20",
}


class Table:
    """A Delta table at a path, written by one writer at a time.

    Parameters
    ----------
    root
        Folder of the table.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._delta: DeltaTable | None = None
        self._newest: os.stat_result | None = None
        self._snapshot: Snapshot | None = None
        self._state: LogState | None = None
        self._replayed: ReplayedLog | None = None
        self._notes = CommitNotes(root)
        self._sequences: dict[int, int] = {}
        self._lock = threading.RLock()

    @classmethod
    def at(cls, folder: Folder, *parts: str) -> Table:
        """Return the table of a path inside a city's folder, there or not."""
        return cls(folder.path(*parts))

    @classmethod
    def of(cls, snapshot: Snapshot) -> Table:
        """Return the table that a snapshot is a version of."""
        return cls(snapshot.root)

    @property
    def name(self) -> str:
        """Last part of the table's address."""
        return self.root.name

    @property
    def exists(self) -> bool:
        """Whether there is a table in the folder."""
        known = self._delta
        if (known is not None and entry_stat(self.root, known.version()) is not None) or self._replay():
            return True
        with table_errors(self.root):
            return has_log(self.root) and DeltaTable.is_deltatable(str(self.root))

    def create(self, schema: pa.Schema, *, partition_by: Sequence[str] = ()) -> None:
        """Make an empty table; does nothing when it exists."""
        if self.exists:
            return
        made = self.root / f"_made-{uuid.uuid4().hex}"
        with storage_errors(f"create table {self.root.name}"), delta_errors(self.root):
            made.mkdir(parents=True)
            try:
                DeltaTable.create(
                    str(made),
                    Schema.from_arrow(schema),
                    partition_by=list(partition_by),
                    configuration=_CONFIGURATION,
                )
                Folder(self.root).put_text(first_entry(made), "_delta_log", entry_path(self.root, 0).name)
            finally:
                shutil.rmtree(made, ignore_errors=True)

    def snapshot(self, version: int | None = None) -> Snapshot:
        """Return the newest version, or the stated one.

        Raises
        ------
        NotFound
            ``unknown-version``: vacuumed away or never written.
        """
        if version is None:
            with self._lock:
                replayed = self._replay()
                if replayed is not None:
                    return replayed.snapshot
                delta = self._fresh()
                if self._snapshot is None or self._snapshot.version != delta.version():
                    with table_errors(self.root):
                        snapshot = snapshot_of(
                            self.root, delta, _APPLICATION, earlier=self._snapshot,
                            sequence=self._sequence(delta),
                        )  # fmt: skip
                    refuse_other_state(snapshot, self._state)
                    self._snapshot = snapshot
                return self._snapshot
        try:
            return snapshot_of(self.root, DeltaTable(str(self.root), version=version), _APPLICATION)
        except DeltaError as error:
            raise NotFound("unknown-version", f"{self.root.name} has no version {version}") from error

    def sequence(self) -> int:
        """Return the number of single-writer commits so far."""
        with self._lock:
            return self._sequence(self._fresh())

    def notes(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return what the commits' writers noted, newest first."""
        with self._lock, table_errors(self.root):
            self._fresh()
            return self._notes.newest(limit)

    def write(
        self,
        rows: pa.Table,
        partition: Mapping[str, str],
        *,
        group_rows: int = ROW_GROUP_ROWS,
        bounded: Sequence[str] = (),
    ) -> Written:
        """Write rows, in the order given, as one new file that no snapshot shows before `commit`.

        Rows must not hold the partition columns. A reader decodes ``group_rows`` rows at least; files differ
        by numbers, instants, and texts of the columns ``bounded``.
        """
        name = "-".join([*partition.values(), f"{uuid.uuid4().hex}.parquet"])
        staged = self.root / STAGED
        with storage_errors(f"write {self.root.name}"):
            try:
                staged.mkdir(exist_ok=True)
                return write_parquet(
                    rows, staged, name, dict(partition), group_rows=group_rows, bounded=bounded
                )
            except FileNotFoundError as error:  # another writer, without our lock, swept it
                raise overtaken(self.root) from error

    def read(self, files: Sequence[File | Written], schema: pa.Schema) -> pa.Table:
        """Return the rows of files, those that wait for their commit too; columns that a file lacks are nulls."""
        paths = [
            self.root / file.path if isinstance(file, File) else self.root / STAGED / file.path
            for file in files
        ]
        with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
            verify_columns(paths)
            return read_whole(paths, schema)

    def commit(
        self,
        *,
        add: Iterable[Written] = (),
        remove: Iterable[File] = (),
        after: int,
        note: Mapping[str, Any] | None = None,
        changes_data: bool = True,
    ) -> int:
        """Make the added files visible and the removed ones invisible, all at once.

        Parameters
        ----------
        add, remove
            Files that `write` gave; files of the snapshot that was read.
        after
            The `sequence` that the writer saw before it read.
        note
            Kept in the log with the commit (JSON).
        changes_data
            False for a rewrite that leaves the rows as they were.

        Returns
        -------
        The new version.

        Raises
        ------
        Conflict
            ``concurrent-commit``: someone committed in between; nothing was written.
        """
        files, gone = list(add), list(remove)
        actions: list[AddAction | RemoveAction] = [_add(written, changes_data) for written in files]
        actions += [_remove(file, changes_data) for file in gone]
        with self._lock:  # another thread must not move the table on between the look and the commit
            delta = self._fresh()
            if self._sequence(delta) != after:
                raise overtaken(self.root)
            version = delta.version() + 1
            with storage_errors(f"commit to {self.root.name}"), delta_errors(self.root), self._placed(files):
                delta.create_write_transaction(
                    actions,
                    "append",
                    delta.schema(),
                    partition_by=delta.metadata().partition_columns,
                    commit_properties=CommitProperties(
                        custom_metadata={NOTE: json.dumps(note)} if note is not None else None,
                        max_commit_retries=0,
                        app_transactions=[Transaction(_APPLICATION, after + 1)],
                    ),
                )
            self._sequences = {version: after + 1}
            self._note_state()
            forget(self.root / file.path for file in gone)
            return self._archived()

    def checkpoint(self) -> int:
        """Write a checkpoint of the newest version and return its number: older entries need not be read then."""
        with self._lock, storage_errors(f"checkpoint {self.root.name}"), delta_errors(self.root):
            delta = self._fresh()
            delta.create_checkpoint()
            return int(delta.version())

    def _archived(self) -> int:
        """Return the newest version; at each hundredth, archive entries of the log that lie far back."""
        version = self.snapshot().version
        if version % KEPT_ENTRIES == 0:
            with contextlib.suppress(
                StorageError, FormatError
            ):  # it is committed: the next hundredth does it
                archive_log(self.root, version)
        return version

    def _sequence(self, delta: DeltaTable) -> int:
        """Return the number of single-writer commits up to the version at hand; to look it up takes milliseconds."""
        version = delta.version()
        if version not in self._sequences:
            self._sequences = {version: delta.transaction_version(_APPLICATION) or 0}
        return self._sequences[version]

    def _forget(self) -> None:
        """Let go of what was read: the table is another one."""
        self._delta = self._snapshot = self._replayed = None
        self._sequences = {}
        self._notes.forget()

    def discard_uncommitted(self) -> None:
        """Delete what was written and never committed, by us or by a writer that was killed."""
        shutil.rmtree(self.root / STAGED, ignore_errors=True)

    def drop(self) -> None:
        """Delete the table."""
        self._forget()
        shutil.rmtree(self.root, ignore_errors=True)

    @contextlib.contextmanager
    def set_aside(self, staging: Path) -> Iterator[None]:
        """Move the table into ``staging`` at once and do what is inside; when that fails, move it back."""
        self.root.replace(staging / self.name)
        try:
            yield
        except BaseException:
            (staging / self.name).replace(self.root)
            raise
        self.drop()

    @contextlib.contextmanager
    def _placed(self, files: Sequence[Written]) -> Iterator[None]:
        """Put files where a commit inside expects them; take them back when the log does not show them then."""
        try:
            for file in files:
                (self.root / STAGED / file.path).replace(self.root / file.path)
            yield
        except BaseException as error:  # an interrupt may come after the commit: only the log knows
            shown = {file.path for file in self.snapshot().files}
            for file in files:
                if file.path not in shown:
                    (self.root / file.path).unlink(missing_ok=True)
            if isinstance(error, FileNotFoundError):  # another writer, without our lock, swept them
                raise overtaken(self.root) from error
            raise

    def add_columns(self, fields: Sequence[pa.Field]) -> None:
        """Add nullable columns that are not there yet at the end; rows written before have nulls in them."""
        known = self.snapshot().schema.names if fields else ()
        fields = [field for field in fields if field.name not in known]
        if fields:
            with delta_errors(self.root):
                self._fresh().alter.add_columns(Schema.from_arrow(pa.schema(fields)).fields)

    @again_when_overtaken
    def append(self, rows: pa.Table) -> None:
        """Append rows of an any-writer table (ledger, quarantine); tried again when overtaken."""
        after = self.sequence()
        self.add_columns(list(rows.schema))
        self.commit(add=[self.write(rows, {})], after=after)

    def tidy(self) -> None:
        """Merge files of an any-writer table that have become many; rows stay as they are."""
        snapshot = self.snapshot()
        many = crowded(snapshot.files)
        if many:
            with contextlib.suppress(Conflict, StorageError):  # rows are there already: merging can wait
                written = self.write(snapshot.read(many), {})
                self.commit(add=[written], remove=many, after=snapshot.sequence, changes_data=False)

    def _replay(self) -> ReplayedLog | None:
        """Return the newest version without delta-rs; None: delta-rs has the table open, or must open it."""
        with self._lock:
            if self._delta is not None:
                self._replayed = None
            elif self._replayed is None or not self._replayed.is_newest:
                self._replayed = replay_log(self.root, read_log_state(self.root), _APPLICATION)
            return self._replayed

    def _note_state(self) -> None:
        """Note the state of the log after a commit; where that fails, the next commit does."""
        with contextlib.suppress(StorageError):
            write_log_state(self.snapshot())

    def _fresh(self) -> DeltaTable:
        """Return the table at its newest version; looks for the next file of the log before it reads the log."""
        with self._lock:
            return self._read_fresh()

    def _read_fresh(self) -> DeltaTable:
        if self._delta is not None and self._is_newest():
            return self._delta
        if self._delta is not None and not self._is_same():
            self._forget()  # it was deleted, or made anew
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

    def _is_newest(self) -> bool:
        version = self._delta.version() if self._delta is not None else 0
        return self._is_same() and entry_stat(self.root, version + 1) is None

    def _is_same(self) -> bool:
        """Return whether the newest entry of the log that was read is still there: a table made anew has others."""
        return self._delta is not None and is_entry(self.root, self._delta.version(), self._newest)


def _add(written: Written, changes_data: bool) -> AddAction:  # noqa: FBT001
    return AddAction(
        written.path, written.bytes, written.partition, written.modified_ms, changes_data, written.stats
    )


def _remove(file: File, changes_data: bool) -> RemoveAction:  # noqa: FBT001
    return RemoveAction(file.path, changes_data, system_clock() // 1000, file.bytes, dict(file.partition))
