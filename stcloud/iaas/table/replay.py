"""The newest version of a table, read without delta-rs: a listing of a large city opens the logs of all its layers.

To open a table with delta-rs takes 2 ms, and 10 ms where there is a checkpoint. Here the last checkpoint and the
entries after it are replayed, which takes a fifth of that, or the version is read from the note of its writer, which
takes a tenth. The result counts only if its digest is the one that the table's writer noted: then it is what delta-rs
gave the writer. In every other case nothing is decided here, and delta-rs reads the log.

Tested by `tests/iaas/table/test_replay.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import Schema
from deltalake.exceptions import DeltaError
from pyarrow.parquet import ParquetFile

from stcloud.iaas.table.briefnote import Reader, reader_of, snapshot_from, values_of
from stcloud.iaas.table.log import CHECKPOINT_EVERY, Action, entry_stat, is_entry, last_checkpoint
from stcloud.iaas.table.logstate import LogState, state_of
from stcloud.iaas.table.snapshot import File, Snapshot

__all__ = ["ReplayedLog", "replay_log"]

_CHECKPOINT_COLUMNS = (
    "add.path", "add.size", "add.partitionValues", "add.stats", "metaData.schemaString", "txn.appId", "txn.version",
)  # fmt: skip

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, DeltaError, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class ReplayedLog:
    """The newest version of a table, and what the file system says of the log's last entry."""

    snapshot: Snapshot
    newest: os.stat_result

    @property
    def is_newest(self) -> bool:
        """Whether the log still ends with that entry."""
        root, version = self.snapshot.root, self.snapshot.version
        return is_entry(root, version, self.newest) and entry_stat(root, version + 1) is None


def replay_log(root: Path, state: LogState | None, application: str) -> ReplayedLog | None:
    """Return the newest version of a table whose log is as it was noted; None: delta-rs must read it.

    Parameters
    ----------
    root
        Folder of the table.
    state
        What was noted of the log, read before the log.
    application
        Numbers the commits of the table's one writer.
    """
    if state is None:
        return None
    newest = entry_stat(root, state.version)
    if newest is None or entry_stat(root, state.version + 1) is not None:
        return None
    return next((ReplayedLog(read, newest) for read in _readings(root, state, application)), None)


def _readings(root: Path, state: LogState, application: str) -> Iterator[Snapshot]:
    """Give the version as it was noted, and as it is replayed, where that is what its writer noted.

    Whatever is wrong with a log, delta-rs and the checks of the log find out.
    """
    if state.snapshot:
        with contextlib.suppress(*_UNREADABLE):
            noted = snapshot_from(root, state.version, state.snapshot)
            if state_of(noted) == state:
                yield noted
    with contextlib.suppress(*_UNREADABLE):
        replayed = _replayed(root, state.version, application)
        if state_of(replayed) == state:
            yield replayed


def _replayed(root: Path, version: int, application: str) -> Snapshot:
    """Return what the entries up to a version come to, from the last checkpoint on."""
    added: dict[str, Action] = {}
    text, sequence = "", 0
    for action in _actions(root, version):
        if "add" in action:
            added[action["add"]["path"]] = action["add"]
        elif "remove" in action:
            added.pop(action["remove"]["path"], None)
        elif "metaData" in action:
            text = action["metaData"]["schemaString"]
        elif action.get("txn", {}).get("appId") == application:
            sequence = action["txn"]["version"]
    schema = pa.schema(Schema.from_json(text).to_arrow())
    readers = {field.name: reader_of(field.type) for field in schema}
    files = tuple(_file(added[path], readers) for path in sorted(added))
    return Snapshot(root, version, schema, files, sequence)


def _actions(root: Path, version: int) -> Iterator[Action]:
    start = 0
    if version >= CHECKPOINT_EVERY:
        last = last_checkpoint(root, version)
        yield from _checkpoint(root, last)
        start = last + 1
    for number in range(start, version + 1):
        with open(f"{root}/_delta_log/{number:020}.json", encoding="utf-8") as entry:  # noqa: PTH123  (faster)
            lines = entry.read().split("\n")
        if not lines[0]:
            raise ValueError(f"entry {number} is empty")
        yield from (json.loads(line) for line in lines if line and not line.startswith('{"commitInfo"'))


def _checkpoint(root: Path, version: int) -> Iterator[Action]:
    """Give the actions of a checkpoint, each of one kind."""
    file = ParquetFile(root / "_delta_log" / f"{version:020}.checkpoint.parquet")
    for row in file.read(columns=list(_CHECKPOINT_COLUMNS), use_threads=False).to_pylist():
        for kind, action in row.items():
            if action is not None and any(value is not None for value in action.values()):
                yield {kind: action | {"partitionValues": dict(action.get("partitionValues") or ())}}


def _file(add: Action, readers: Mapping[str, Reader]) -> File:
    stats = json.loads(add["stats"])
    low, high = (values_of(stats[name], readers) for name in ("minValues", "maxValues"))
    partition = values_of(add["partitionValues"], readers)
    return File(add["path"], stats["numRecords"], add["size"], partition, low, high, stats["nullCount"])
