"""A version of a table of few files as a text, noted with the state of its log: it is read in less time.

The note has a digest of the bytes of that part of the log which it stands for, and whoever reads it back compares it
with the digest of the state, too. So it is used where the log is as it was, and gives what the log gives.

Tested by `tests/iaas/table/test_replay.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from deltalake import Schema
from deltalake.exceptions import DeltaError

from stcloud.iaas.table.log import CHECKPOINT_EVERY, recent_digest
from stcloud.iaas.table.snapshot import File, Snapshot

__all__ = ["MOST_FILES", "Reader", "note_of", "reader_of", "snapshot_from", "values_of"]

MOST_FILES = 64
"""Of a table with more, each commit would write a long note."""

Reader = Callable[[Any], Any]
_UTC = ZoneInfo("UTC")


def note_of(snapshot: Snapshot) -> str:
    """Return a snapshot as a text; empty: it is as quickly replayed, has many files, or values that JSON has not."""
    few = snapshot.version >= CHECKPOINT_EVERY and len(snapshot.files) <= MOST_FILES
    if not few or snapshot.in_bucket:
        return ""
    try:
        log = recent_digest(snapshot.root, snapshot.version)
        schema = Schema.from_arrow(snapshot.schema).to_json()
        files = [
            (
                file.path,
                file.rows,
                file.bytes,
                *map(_plain, (file.partition, file.low, file.high, file.nulls)),
            )
            for file in snapshot.files
        ]
        return json.dumps({"log": log, "schema": schema, "sequence": snapshot.sequence, "files": files})
    except (OSError, TypeError, ValueError, KeyError, DeltaError):
        return ""


def snapshot_from(root: Path, version: int, note: str) -> Snapshot:
    """Return the version that was noted.

    Raises
    ------
    ValueError, KeyError, TypeError, OSError, DeltaError
        The text is no note, or the log is not as it was.
    """
    read = json.loads(note)
    if read["log"] != recent_digest(root, version):
        raise ValueError("the log has changed")
    schema = pa.schema(Schema.from_json(read["schema"]).to_arrow())
    readers = {field.name: reader_of(field.type) for field in schema}
    files = tuple(
        File(
            path, rows, size,
            values_of(partition, readers), values_of(low, readers), values_of(high, readers), nulls,
        )
        for path, rows, size, partition, low, high, nulls in read["files"]
    )  # fmt: skip
    return Snapshot(root, version, schema, files, read["sequence"])


def values_of(given: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return values by column as Python has them, without nulls."""
    return {name: readers[name](value) for name, value in given.items() if value is not None}


def reader_of(kind: pa.DataType) -> Reader:
    """Return what reads a value of a type as JSON has it."""
    if pa.types.is_timestamp(kind):
        return _instant
    return float if pa.types.is_floating(kind) else _as_it_is


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=_UTC)


def _as_it_is(value: Any) -> Any:
    return value
