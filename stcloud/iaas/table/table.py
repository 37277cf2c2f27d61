"""A Delta table in a folder: immutable snapshots to read, one atomic commit to change.

A commit adds some files and removes others at once. Every commit of a single-writer table carries the
next number of one application id, so two commits that overlap always conflict: there are no blind
appends. Readers never wait: they hold a snapshot, which is a list of files.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from stcloud.errors import Conflict, FormatError, NotFound, StorageError
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.store.mount import Mount, mount_of
from stcloud.iaas.store.oserror import storage_errors
from stcloud.iaas.table.again import again_when_overtaken
from stcloud.iaas.table.checksum import forget, parquet_errors, verify_columns
from stcloud.iaas.table.compaction import crowded
from stcloud.iaas.table.datafile import (
    ROW_GROUP_ROWS,
    STAGED,
    Written,
    read_pieces,
    read_whole,
    write_parquet,
    write_pieces,
)
from stcloud.iaas.table.deltaerror import delta_errors, overtaken
from stcloud.iaas.table.head import APPLICATION, Head
from stcloud.iaas.table.locallog import LocalLog
from stcloud.iaas.table.log import CHECKPOINT_EVERY, KEPT_ENTRIES, archive_log, log_state_path
from stcloud.iaas.table.logstate import table_errors, write_log_state
from stcloud.iaas.table.notes import NOTE
from stcloud.iaas.table.snapshot import File, Snapshot, snapshot_of

if TYPE_CHECKING:
    from stcloud.iaas.table.bucketlog import BucketLog

__all__ = ["File", "Snapshot", "Table"]

_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",  # so that checkpoints stay small; see `vacuum`
    "delta.checkpointInterval": str(CHECKPOINT_EVERY),
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
        place = mount_of(root)
        self.log = LocalLog(root) if place is None else _bucket_log(root, place)
        self._head = Head(root, self.log)

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
        return self._head.exists

    def create(self, schema: pa.Schema, *, partition_by: Sequence[str] = (), shared: bool = False) -> None:
        """Make an empty table; does nothing when it exists.

        In a bucket it is there with its first commit, so that rows and what they mean appear at once; but at once
        where it is ``shared`` by many writers.
        """
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
                self.log.create(made, shared=shared)
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
            return self._head.snapshot()
        try:
            return snapshot_of(self.root, DeltaTable(str(self.root), version=version), APPLICATION)
        except DeltaError as error:
            raise NotFound("unknown-version", f"{self.root.name} has no version {version}") from error

    def prepare_replica(self) -> None:
        """Have the log, and a place for each file that it shows, in the table's folder on this machine."""
        if self.exists:
            self.snapshot().paths()

    def sequence(self) -> int:
        """Return the number of single-writer commits so far."""
        with self._head.lock:
            return self._head.sequence_of(self._head.fresh())

    def notes(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return what the commits' writers noted, newest first."""
        with self._head.lock, table_errors(self.root):
            self._head.fresh()
            return self._head.notes.newest(limit)

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
        with self._writing():
            return write_parquet(
                rows,
                self.log.staging(),
                _new_name(partition),
                dict(partition),
                group_rows=group_rows,
                bounded=bounded,
            )

    def write_pieces(
        self,
        pieces: Iterable[pa.Table],
        partition: Mapping[str, str],
        *,
        group_rows: int = ROW_GROUP_ROWS,
        bounded: Sequence[str] = (),
    ) -> Written | None:
        """Write pieces of rows one after the other as one new file, as `write` does; None: none came."""
        with self._writing():
            return write_pieces(
                pieces,
                self.log.staging(),
                _new_name(partition),
                dict(partition),
                group_rows=group_rows,
                bounded=bounded,
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with storage_errors(f"write {self.root.name}"):
            try:
                yield
            except FileNotFoundError as error:  # another writer, without our lock, swept it
                raise overtaken(self.root) from error

    def prepare_staging(self) -> None:
        """Have the folder of files that wait for their commit, for other processes that write into it."""
        with storage_errors(f"write {self.root.name}"):
            self.log.staging()

    def read(self, files: Sequence[File | Written], schema: pa.Schema) -> pa.Table:
        """Return the rows of files, those that wait for their commit too; columns that a file lacks are nulls."""
        paths = [
            self.root / file.path if isinstance(file, File) else self.root / STAGED / file.path
            for file in files
        ]
        with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
            verify_columns(paths)
            return read_whole(paths, schema)

    def pieces(self, files: Sequence[File | Written], schema: pa.Schema) -> Iterator[pa.Table]:
        """Give the rows that `read` returns in pieces, so that few are held at a time."""
        for file in files:
            folder = self.root if isinstance(file, File) else self.root / STAGED
            with storage_errors(f"read {self.root.name}"), parquet_errors(self.root.name):
                verify_columns([folder / file.path])
                yield from read_pieces(folder / file.path, schema)

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
        with self._head.lock:  # another thread must not move the table on between the look and the commit
            delta = self._head.fresh()
            if self._head.sequence_of(delta) != after:
                raise overtaken(self.root)
            properties = CommitProperties(
                custom_metadata={NOTE: json.dumps(note)} if note is not None else None,
                max_commit_retries=0,
                app_transactions=[Transaction(APPLICATION, after + 1)],
            )

            def write(table: DeltaTable) -> None:
                parts = table.metadata().partition_columns
                table.create_write_transaction(
                    actions, "append", table.schema(), partition_by=parts, commit_properties=properties
                )

            version = self._write(delta, write, files)
            self._head.committed(version, after + 1)
            self._note_state()
            forget(self.root / file.path for file in gone)
            return self._archived()

    def checkpoint(self) -> int:
        """Write a checkpoint of the newest version and return its number: older entries need not be read then."""
        with self._head.lock, storage_errors(f"checkpoint {self.root.name}"), delta_errors(self.root):
            delta = self._head.fresh()
            with self.log.changing():
                delta.create_checkpoint()
            return int(delta.version())

    def _archived(self) -> int:
        """Return the newest version; at each hundredth, archive entries of the log that lie far back."""
        version = self.snapshot().version
        if version % KEPT_ENTRIES == 0:
            with (
                contextlib.suppress(StorageError, FormatError),
                self.log.changing(),
            ):  # it is committed: the next hundredth does it
                archive_log(self.root, version)
        return version

    def discard_uncommitted(self) -> None:
        """Delete what was written and never committed, by us or by a writer that was killed."""
        shutil.rmtree(self.root / STAGED, ignore_errors=True)

    def drop(self) -> None:
        """Delete the table."""
        self._head.forget()
        self.log.drop()

    @contextlib.contextmanager
    def set_aside(self, staging: Path) -> Iterator[None]:
        """Take the table away at once and do what is inside; when that fails, bring it back; else delete it."""
        with self.log.set_aside(staging):
            yield
        self.drop()

    def _write(
        self, delta: DeltaTable, act: Callable[[DeltaTable], object], files: Sequence[Written] = ()
    ) -> int:
        """Commit what ``act`` writes; return the version."""
        version = 0 if self._head.founded else int(delta.version()) + 1
        with storage_errors(f"commit to {self.root.name}"), delta_errors(self.root):
            self.log.commit(delta, act, files, lambda: {file.path for file in self.snapshot().files})
        return version

    def add_columns(self, fields: Sequence[pa.Field]) -> None:
        """Add nullable columns that are not there yet at the end; rows written before have nulls in them."""
        known = self.snapshot().schema.names if fields else ()
        fields = [field for field in fields if field.name not in known]
        if fields:
            added = Schema.from_arrow(pa.schema(fields)).fields
            with self._head.lock:
                self._write(self._head.fresh(), lambda table: table.alter.add_columns(added))

    @again_when_overtaken
    def append(self, rows: pa.Table) -> None:
        """Append rows of an any-writer table (ledger, quarantine); tried again when overtaken."""
        self.append_after(rows, self.sequence())

    def append_after(self, rows: pa.Table, after: int) -> None:
        """Append rows unless another writer committed since a `sequence`: `Conflict` ``concurrent-commit``."""
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

    def _note_state(self) -> None:
        """Note the state of the log after a commit; where that fails, the next commit does."""
        with contextlib.suppress(StorageError):
            write_log_state(self.snapshot())
            self.log.send(log_state_path(self.root))


def _new_name(partition: Mapping[str, str]) -> str:
    return "-".join([*partition.values(), f"{uuid.uuid4().hex}.parquet"])


def _bucket_log(root: Path, place: Mount) -> BucketLog:
    from stcloud.iaas.table.bucketlog import BucketLog  # noqa: PLC0415  (most cities lie in folders)

    return BucketLog(root, place)


def _add(written: Written, changes_data: bool) -> AddAction:  # noqa: FBT001
    return AddAction(
        written.path, written.bytes, written.partition, written.modified_ms, changes_data, written.stats
    )


def _remove(file: File, changes_data: bool) -> RemoveAction:  # noqa: FBT001
    return RemoveAction(file.path, changes_data, system_clock() // 1000, file.bytes, dict(file.partition))
