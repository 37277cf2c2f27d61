"""Rows of messages as one source of a load, and what could not be read of them as rejected rows.

A batch is spooled to a file of texts. All columns that a definition needs are there, if only as nulls: a message that
lacks one is rejected as a row, and not the batch. Tested by `tests/iaas/feed/test_batch.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.iaas.feed.body import Row
from stcloud.iaas.source.jsontext import check_columns
from stcloud.iaas.source.protocol import Batch, Reading, Refusal
from stcloud.iaas.source.sourcefile import SourceFile

__all__ = ["FORMAT", "FeedBatch", "Unreadable", "has_batch", "open_batch", "spool_batch"]

FORMAT = "feed"
_PIECE_ROWS = 16_384
_REFUSALS = b"refusals"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that has no rows: why, and how it begins."""

    reason: str
    value: str


Part: TypeAlias = Row | Unreadable


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Rows in the order in which they hold, later ones last; ``name`` is no other batch's."""

    name: str
    parts: Sequence[Part]


def has_batch(given: object) -> bool:
    """Return whether an object is a batch."""
    return isinstance(given, FeedBatch)


def spool_batch(given: FeedBatch, folder: Path, tell: Callable[[int], object]) -> SourceFile:
    """Write a batch to a file; it is identified by its name: the same rows may come again and mean something."""
    names: dict[str, None] = {}
    for part in given.parts:
        if isinstance(part, dict) and part.keys() - names.keys():
            names.update(dict.fromkeys(part))
    check_columns("a batch of messages", len(names))
    refusals = [
        (number, part.reason, part.value)
        for number, part in enumerate(given.parts, start=1)
        if isinstance(part, Unreadable)
    ]
    fields = [pa.field("", pa.int64()), *(pa.field(name, pa.string()) for name in names)]
    schema = pa.schema(fields, {_REFUSALS: json.dumps(refusals)})
    path = folder / f"batch.{FORMAT}"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for start in range(0, len(given.parts), _PIECE_ROWS):
            piece = [
                (number, part)
                for number, part in enumerate(given.parts[start : start + _PIECE_ROWS], start=start + 1)
                if isinstance(part, dict)
            ]
            columns = [[row.get(name) for _, row in piece] for name in names]
            numbers = [number for number, _ in piece]
            writer.write_batch(pa.RecordBatch.from_arrays(
                [pa.array(numbers, pa.int64()), *(pa.array(column, pa.string()) for column in columns)],
                schema=schema,
            ))  # fmt: skip
            tell(start + len(piece))
    content = hashlib.blake2b(given.name.encode(), digest_size=16).hexdigest()
    return SourceFile(path, given.name, content, FORMAT, "utf-8")


def open_batch(path: Path, reading: Reading) -> BatchSource:
    """Open a file that `spool_batch` wrote."""
    return BatchSource(path, reading)


class BatchSource:
    """Rows of a spooled batch; see `Source`."""

    crs: str | None = None

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path = path
        try:
            with pa.ipc.open_file(str(path)) as file:
                schema = file.schema
            refusals = json.loads(schema.metadata[_REFUSALS])
        except (pa.ArrowInvalid, KeyError, TypeError) as error:
            raise InvalidInput(
                "unreadable-source", f"{path} cannot be read: it is no batch of messages"
            ) from error
        self._refusals = [Refusal(number, None, value, reason) for number, reason, value in refusals]
        self._own = schema.names[1:]
        self.columns = (*self._own, *(name for name in reading.keys if name not in self._own))

    def position(self) -> int:
        """Return 0: it is not known."""
        return 0

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        refusals = tuple(self._refusals)
        with pa.ipc.open_file(str(self._path)) as file:
            for at in range(file.num_record_batches):
                rows = file.get_batch(at)
                lacking = len(self.columns) - len(self._own)
                columns = [*rows.columns[1:], *(pa.nulls(len(rows), pa.string()) for _ in range(lacking))]
                texts = (
                    pa.RecordBatch.from_arrays(columns, list(self.columns))
                    if columns
                    else pa.RecordBatch.from_pydict({})
                )
                yield Batch(texts, rows.column(0).to_numpy().astype(np.int64), refusals)
                refusals = ()
