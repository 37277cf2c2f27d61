"""The log of a table in a bucket: a commit is one put-if-absent of the next numbered entry.

The working folder has a copy of the log, which is brought up to date by a listing from its newest entry on. A commit
is written by delta-rs into another copy aside, and what it wrote is put in the bucket under its number, unless there
is one: of several writers one has committed, and the others were overtaken. Files of rows come before; when nobody
knows whether the commit was written, they stay, and a vacuum looks after them.

A new table is put in the bucket with its first commit, as one entry: there is never an empty one. A deleted one ends
with an entry that says so, which is the last of its files to go. Who entered it deletes the others, in a few minutes
or not at all. Until the entry is gone, or so old that nobody is at it any more, nobody makes a table of the same
keys: one machine would delete what another has just written.

Tested by `tests/iaas/table/test_bucketlog.py`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from stcloud.errors import Conflict, NotFound, StorageError
from stcloud.iaas.clock import system_clock
from stcloud.iaas.store.model import Entry
from stcloud.iaas.store.mount import Mount
from stcloud.iaas.store.probe import store_time_ms
from stcloud.iaas.store.steady import forget, remembered
from stcloud.iaas.table.datafile import STAGED, Written
from stcloud.iaas.table.deltaerror import overtaken
from stcloud.iaas.table.log import DROPPED, entry_path, entry_stat, first_entry, is_entry, log_state_path

__all__ = ["BucketLog"]

_LOG, _ARCHIVE, _LAST = "_delta_log", "_archive", "_last_checkpoint"
_ONCE = ("protocol", "metaData", "commitInfo")
"""Of these an entry has one."""
_DELETING_US, _LEFT_MS = 300_000_000, 900_000
"""So long a deletion goes on; so old is the entry of one that nobody is at, by the bucket's clock."""
_DELETED_AT_ONCE = 1000
_AT_ONCE = 8
"""Files that are sent at the same time."""


class BucketLog:
    """How a table in a bucket is read, made, committed to and deleted.

    Parameters
    ----------
    root
        The table's working folder.
    mount
        What it lies in.
    """

    def __init__(self, root: Path, mount: Mount) -> None:
        self.root = root
        self._mount, self._store = mount, mount.store
        self._prefix = mount.key(root)
        self._newest: int | None = None
        self._founded: Path | None = None
        self._ended: tuple[str, int] | None = None
        """The entry of the deletion that this object has entered, and when it began to, UTC microseconds."""

    def pull(self) -> DeltaTable | None:
        """Bring the copy of the log up to date; return a table that was made here and has no commit yet."""
        if self._founded is not None:
            if not self._store.entries(f"{self._prefix}/{_LOG}"):
                return DeltaTable(str(self._founded))
            self._forget_founded()
            forget((self.root, _LOG))
        remembered((self.root, _LOG), self._copy_log)
        return None

    def _copy_log(self) -> None:
        log = self.root / _LOG
        newest = self._newest
        if newest is not None:
            seen = entry_stat(self.root, newest)
            self._mount.copy_folder(log, after=entry_path(self.root, newest - 1).name)
            if not is_entry(self.root, newest, seen):  # it is another table, or was archived
                newest = None
        if newest is None:
            self._copy_state()  # before the log, which is never behind what was noted
            self._mount.copy_folder(log)
        self._newest = _newest(log)
        if self._newest is None or DROPPED in entry_path(self.root, self._newest).read_bytes():
            self._forget_copy()

    def create(self, made: Path, *, shared: bool) -> None:
        """Keep the first entry of a table for its first commit; write that of a shared one."""
        self._finish_drop()
        self._forget_founded()
        if shared:
            entry = first_entry(made).encode()
            self._store.put_if_absent(self._key(_LOG, entry_path(made, 0).name), entry)
            forget((self.root, _LOG))
            return
        place = Path(tempfile.mkdtemp(prefix="stcloud-"))
        (place / _LOG).mkdir()
        entry_path(place, 0).write_text(first_entry(made), encoding="utf-8")
        self._founded = place

    def commit(
        self,
        delta: DeltaTable,
        act: Callable[[DeltaTable], object],
        files: Sequence[Written],
        shown: Callable[[], set[str]],  # noqa: ARG002  (a log's signature)
    ) -> None:
        """Send files, then the entry that ``act`` writes; take files back when another writer was faster.

        Raises
        ------
        Conflict
            ``concurrent-commit``
        StorageError
            ``outcome-unknown``: the entry may have been written, or not.
        """
        self._send(files)
        version = 0 if self._founded is not None else delta.version() + 1
        with tempfile.TemporaryDirectory(prefix="stcloud-", ignore_cleanup_errors=True) as scratch:
            made = self._copied(Path(scratch), version)
            try:
                act(DeltaTable(str(made)))
                entry = self._entry(made, version)
            except BaseException:
                self._take_back(files)
                raise
            if not self._store.put_if_absent(self._key(_LOG, entry_path(made, version).name), entry):
                forget((self.root, _LOG))
                self._take_back(files)
                raise overtaken(self.root)
            self._keep(made, version, entry)
        for file in files:
            with contextlib.suppress(OSError):  # it is in the bucket: what is not here is read from there
                (self.root / STAGED / file.path).replace(self.root / file.path)

    def _send(self, files: Sequence[Written]) -> None:
        def send(file: Written) -> None:
            self._store.put_file(self._key(file.path), self.root / STAGED / file.path)

        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(send, files))
        except FileNotFoundError as error:  # another writer, without our lock, swept them
            raise overtaken(self.root) from error
        except BaseException:
            self._take_back(files)
            raise

    def _take_back(self, files: Sequence[Written]) -> None:
        """Delete files that no entry will ever name."""
        with contextlib.suppress(StorageError):  # a vacuum deletes what stays
            self._store.delete_many([self._key(file.path) for file in files])

    def _copied(self, scratch: Path, version: int) -> Path:
        """Return a table aside whose log is as far as before the commit of a version."""
        source = self._founded if self._founded is not None else self.root
        log = scratch / _LOG
        log.mkdir()
        for path in (source / _LOG).iterdir():
            number = path.name[:20]
            if number.isdigit() and (self._founded is not None or int(number) < version):
                with contextlib.suppress(FileNotFoundError):  # archived right now
                    shutil.copyfile(path, log / path.name)
        return scratch

    def _entry(self, made: Path, version: int) -> bytes:
        """Return the entry that was written; of a new table, all that was written as one."""
        if self._founded is None:
            return entry_path(made, version).read_bytes()
        lines: list[dict[str, Any]] = []
        for path in sorted((made / _LOG).glob("*.json")):
            lines += [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        last = {name: place for place, line in enumerate(lines) for name in line if name in _ONCE}
        kept = [
            line for place, line in enumerate(lines) if all(last.get(name, place) == place for name in line)
        ]
        return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in kept)

    def _keep(self, made: Path, version: int, entry: bytes) -> None:
        """Have the entry in the copy, and in the bucket the checkpoint that delta-rs may have written with it."""
        self._forget_founded()
        log = self.root / _LOG
        log.mkdir(parents=True, exist_ok=True)
        _put(entry_path(self.root, version), entry)
        self._newest = version
        checkpoint = made / _LOG / f"{version:020}.checkpoint.parquet"
        if checkpoint.exists():
            with contextlib.suppress(StorageError):  # it saves time: the next one does too
                for path in (checkpoint, made / _LOG / _LAST):
                    content = path.read_bytes()
                    self._store.put(self._key(_LOG, path.name), content)
                    _put(log / path.name, content)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Let files of the log, and what lies beside it, be changed here inside; the bucket gets the same."""
        archive = self.root / _ARCHIVE
        self._mount.copy_folder(archive)
        folders = (self.root, self.root / _LOG, archive)
        before = {path: _identity(path) for folder in folders for path in _texts(folder)}
        try:
            yield
            after = {path: _identity(path) for folder in folders for path in _texts(folder)}
            for path, identity in after.items():  # first what comes, then what goes
                if identity != before.get(path):
                    self._store.put(self._mount.key(path), path.read_bytes())
            self._store.delete_many([self._mount.key(path) for path in before.keys() - after.keys()])
        except BaseException:
            self._forget_copy()  # it may be ahead of the bucket, which is what counts
            raise

    def staging(self) -> Path:
        """Return the folder for files that wait for their commit; it is made."""
        staged = self.root / STAGED
        staged.mkdir(parents=True, exist_ok=True)
        return staged

    def send(self, path: Path) -> None:
        """Put a file beside the log in the bucket too."""
        self._store.put(self._mount.key(path), path.read_bytes())
        self._mount.forget(self._mount.key(path))

    def data_files(self) -> dict[str, int]:
        """Return the data files in the bucket, and when each was written, UTC milliseconds."""
        begin = len(self._prefix) + 1
        names = {entry.key[begin:]: entry.modified_ms for entry in self._store.entries(self._prefix)}
        return {
            name: written_ms
            for name, written_ms in names.items()
            if "/" not in name and name.endswith(".parquet") and not name.startswith("_")
        }

    def delete_files(self, names: Iterable[str]) -> int:
        """Delete data files from the bucket and the working folder; return how many."""
        names = list(names)
        self._store.delete_many([self._key(name) for name in names if "/" not in name])
        for name in names:
            (self.root / name).unlink(missing_ok=True)
        return len(names)

    def drop(self) -> None:
        """Delete what is left of a table that nobody sees: one without a commit, or whose deletion was entered.

        Raises
        ------
        Conflict
            ``concurrent-commit``: another machine deletes it right now.
        """
        self._forget_founded()
        self._finish_drop()
        shutil.rmtree(self.root, ignore_errors=True)

    def finish_deletion(self) -> None:
        """Delete what a deletion left that was stopped; one that may go on is left alone."""
        with contextlib.suppress(Conflict):
            self._finish_drop()

    @contextlib.contextmanager
    def set_aside(self, staging: Path) -> Iterator[None]:  # noqa: ARG002  (a log's signature)
        """Enter that the table is deleted and do what is inside; when that fails, take the entry back."""
        self.pull()
        key = self._end()
        try:
            yield
        except BaseException:
            self._ended = None
            self._store.delete(key)
            raise

    def _end(self) -> str:
        """Enter that the table is deleted, as its next commit; return the key of the entry."""
        assert self._newest is not None  # noqa: S101  (callers look)
        key = self._key(_LOG, entry_path(self.root, self._newest + 1).name)
        entry = json.dumps(
            {"commitInfo": {"operation": "STCLOUD DROP", "id": uuid.uuid4().hex}}, separators=(",", ":")
        )
        began_us = system_clock()
        if not self._store.put_if_absent(key, f"{entry}\n".encode()):
            raise overtaken(self.root)
        self._ended = key, began_us
        return key

    def _finish_drop(self) -> None:
        """Delete what is left of a table whose deletion was entered; do nothing where none was."""
        listed = self._store.entries(f"{self._prefix}/{_LOG}")
        entries = [entry for entry in listed if entry.key.endswith(".json")]
        if not entries or DROPPED not in self._store.get(entries[-1].key):
            return
        last = entries[-1]
        if not self._may_delete(last):
            raise _being_deleted(self.root)
        rest = [entry.key for entry in self._store.entries(self._prefix) if entry.key != last.key]
        for first in range(0, len(rest), _DELETED_AT_ONCE):
            if not self._may_delete(last):
                raise _being_deleted(self.root)
            self._store.delete_many(rest[first : first + _DELETED_AT_ONCE])
        self._store.delete(last.key)
        self._forget_copy()

    def _may_delete(self, last: Entry) -> bool:
        """Return whether no other machine is deleting the table: we entered it just now, or nobody did lately."""
        if self._ended is not None and self._ended[0] == last.key:
            return 0 <= system_clock() - self._ended[1] < _DELETING_US
        return store_time_ms(self._store) - last.modified_ms > _LEFT_MS

    def _copy_state(self) -> None:
        try:
            self._mount.copy(log_state_path(self.root))
        except NotFound:
            log_state_path(self.root).unlink(missing_ok=True)

    def _key(self, *parts: str) -> str:
        return "/".join((self._prefix, *parts))

    def _forget_copy(self) -> None:
        forget((self.root, _LOG))
        self._newest = None
        log_state_path(self.root).unlink(missing_ok=True)
        shutil.rmtree(self.root / _LOG, ignore_errors=True)

    def _forget_founded(self) -> None:
        founded, self._founded = self._founded, None
        if founded is not None:
            shutil.rmtree(founded, ignore_errors=True)


def _being_deleted(root: Path) -> Conflict:
    return Conflict(
        "concurrent-commit",
        f"'{root.name}' is being deleted, or its deletion was left unfinished some minutes ago; nothing was written",
        hint="try again in a quarter of an hour",
    )


def _newest(log: Path) -> int | None:
    """Return the version of the newest entry; None: there is none."""
    names = [path.stem for path in log.glob("*.json")] if log.is_dir() else []
    return max((int(name) for name in names if name.isdigit()), default=None)


def _texts(folder: Path) -> list[Path]:
    """Return the files of a table that are not of rows."""
    places = list(folder.iterdir()) if folder.is_dir() else []
    rows = folder.name not in (_LOG, _ARCHIVE)
    return [
        path
        for path in places
        if path.is_file() and path.name[0] != "." and (not rows or path.name[0] == "_")
    ]


def _identity(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _put(path: Path, content: bytes) -> None:
    """Write a file at once."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    temporary.write_bytes(content)
    temporary.replace(path)
