"""What the template of loads leaves to a layer's kind, and what it gives it to work with.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from stcloud.daas.chain import RowsDigest
from stcloud.daas.definition import Definition
from stcloud.daas.ledger import Ledger
from stcloud.daas.load.expiry import NO_EXPIRY, Expiry
from stcloud.daas.load.peek import PeekedSource
from stcloud.daas.load.request import LoadRequest
from stcloud.daas.reckoning import Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import Attribute
from stcloud.iaas.job import Job
from stcloud.iaas.source.protocol import Batch, Refusal
from stcloud.iaas.source.text import Declared
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot
from stcloud.space import Lattice
from stcloud.time import Zone

__all__ = ["Intake", "LoadContext", "LoadSteps", "StoreSteps", "TableChange", "ordered"]

Result = TypeVar("Result")


@dataclass(slots=True)
class Intake:
    """What was seen of a source of any kind: rows read, trimmed, purged, refused; repaired values; latest time."""

    read: int = 0
    trimmed: int = 0
    purged: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    repairs: list[Refusal] = field(default_factory=list)
    latest_us: int | None = None
    remarks: tuple[str, ...] = ()
    """What the user should know of the values that were read."""

    def see(self, times_us: np.ndarray) -> None:
        """Note the times of rows, ``(n,)`` int64: of events, or since when features are as they say."""
        if len(times_us):
            latest_us = int(times_us.max())
            self.latest_us = latest_us if self.latest_us is None else max(latest_us, self.latest_us)

    def refuse(self, number: int, key: str | None, reason: str) -> None:
        """Refuse a row because of its key."""
        self.refusals.append(Refusal(int(number), "st_key", key, reason))


@dataclass(frozen=True, slots=True)
class LoadContext:
    """What a load has to do with.

    Parameters
    ----------
    layer, definition, lattice, zone, ledger
        Where to, how to read it, the city's space, time and ledger.
    request, source, staging
        What the caller states, the opened file, and an empty folder that the caller removes.
    columns, types
        Attribute, and the type that the file gives, by source column.
    intake
        Filled while the source is read.
    unit_codes
        Gives rows the codes of their cells of a unit grid; None: the layer is not indexed.
    expiry
        What purges of the layer say of rows that are loaded.
    """

    layer: LayerTable
    definition: Definition
    lattice: Lattice
    zone: Zone
    ledger: Ledger
    request: LoadRequest
    source: PeekedSource
    staging: Path
    columns: Mapping[str, Attribute]
    types: Mapping[str, Declared]
    intake: Intake
    unit_codes: Callable[[pa.RecordBatch], pa.Array] | None = None
    expiry: Expiry = NO_EXPIRY

    @property
    def deletes(self) -> bool:
        """Whether rows only name what is not there."""
        return self.request.mode == "delete"

    @property
    def kept(self) -> list[Attribute]:
        """The columns that the load brings to the table."""
        return [] if self.deletes else list(self.columns.values())


@dataclass(frozen=True, slots=True)
class TableChange:
    """What a load is about to commit.

    Attributes
    ----------
    add, remove
        Files that become visible, and files that no longer are.
    added
        Digest of the rows that it adds.
    counts
        Counts of the reckoning that only the kind knows, by name.
    note
        What the commit's note holds besides the ledger's entry.
    commits
        False where nothing would be committed but a note.
    """

    add: Sequence[Written]
    remove: Sequence[File] = ()
    added: RowsDigest = field(default_factory=RowsDigest)
    counts: Mapping[str, Any] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)
    commits: bool = True


class StoreSteps(Protocol):
    """One load of one kind of layer, however its rows are read.

    Its methods are called in this order, under the layer's lock; the source is read after the first.
    """

    base: Snapshot | None
    """The version that the load is compared with; None: the newest once the source is read."""

    def begin(self) -> None:
        """Check what is stated, and read what rows are compared with while they are read."""

    def settle(self, base: Snapshot) -> None:
        """Decide which rows stand and what they change; rows refused here join the intake's."""

    def write(self, base: Snapshot, schema: pa.Schema, stamp: Reckoning, job: Job) -> TableChange:
        """Write the files of the load, recorded as ``stamp`` says."""

    def compact(self) -> None:
        """Merge files that have become many."""

    def close(self) -> None:
        """Let go of what was set aside."""


class LoadSteps(StoreSteps, Protocol):
    """One load whose rows are read in this process, batch by batch."""

    def clean(self, batch: Batch) -> Any:
        """Turn a batch into typed rows and refusals; called from several threads."""

    def take(self, cleaned: Any) -> None:
        """Set cleaned rows aside, in file order, and count what was refused in the intake."""


def ordered(
    pool: ThreadPoolExecutor, function: Callable[..., Result], calls: Iterable[tuple[Any, ...]], *, ahead: int
) -> Iterator[Result]:
    """Give the results of calls in their order, at most ``ahead`` of them waiting."""
    waiting: deque[Future[Result]] = deque()
    try:
        for call in calls:
            waiting.append(pool.submit(function, *call))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
