"""What exchange leaves to a layer's kind: columns of a package, what was recorded in a span, and how it is written.

A row of a package is a belief that began in its span, with its end if that lies there too; or, where
``st_recorded_from`` is null, the end of one that began before.

Tested by `tests/daas/exchange/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import INSTANT, Attribute
from stcloud.errors import StcloudError
from stcloud.iaas.table.datafile import Written
from stcloud.iaas.table.table import File, Snapshot
from stcloud.space import Lattice
from stcloud.time import Zone

__all__ = ["FROM", "TO", "Arrival", "KindExchange", "PackageChange", "RecordedSpan"]

FROM, TO = "st_recorded_from", "st_recorded_to"


@dataclass(frozen=True, slots=True)
class RecordedSpan:
    """A span of the owner's recorded time, ``(since, until]``, UTC microseconds; None: from the beginning."""

    since_us: int | None
    until_us: int

    def holds(self, instants: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Tell which instants lie in it; nulls do not."""
        within = pc.less_equal(instants, _instant(self.until_us))
        if self.since_us is not None:
            within = pc.and_(within, pc.greater(instants, _instant(self.since_us)))
        return pc.fill_null(within, fill_value=False)

    def until(self, instants: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Return instants up to its end; later ones are not known yet, and null."""
        return pc.if_else(
            pc.less_equal(instants, _instant(self.until_us)), instants, pa.scalar(None, INSTANT)
        )

    def may_touch(self, file: File) -> bool:
        """Return whether something in a file may have begun or ended in it."""
        low = None if self.since_us is None else _instant(self.since_us + 1).as_py()
        high = _instant(self.until_us).as_py()
        return any(file.may_hold(name, low, high) for name in (FROM, TO))


def _instant(at_us: int) -> pa.Scalar:
    return pa.scalar(at_us, pa.int64()).cast(INSTANT)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a received package is to be written with.

    Parameters
    ----------
    layer, schema, base
        The layer's table, the schema that its rows are written in, and the version that is changed.
    rows
        Rows of the package, see `KindExchange.schema`.
    span
        What of them is new here.
    anew
        The package stands for all that is there.
    staging
        Where rows may spill; the caller removes it.
    lattice, zone, unit_codes
        The city's; ``unit_codes`` gives events the codes of their cells of a unit grid.
    refused
        Makes the error for rows that cannot be.
    changed
        Makes the error for an end of what is not there.
    """

    layer: LayerTable
    schema: pa.Schema
    base: Snapshot
    rows: Iterable[pa.RecordBatch]
    span: RecordedSpan
    anew: bool
    staging: Path
    lattice: Lattice
    zone: Zone
    unit_codes: Callable[[pa.RecordBatch], pa.Array] | None
    refused: Callable[[str], StcloudError]
    changed: Callable[[str], StcloudError]

    def split(self) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
        """Give what begins and what ends of each batch, of the span alone."""
        for batch in self.rows:
            begins = self.span.holds(batch.column(FROM))
            ends = pc.and_(self.span.holds(batch.column(TO)), pc.invert(begins))
            yield batch.filter(begins), batch.filter(ends)


@dataclass(frozen=True, slots=True)
class PackageChange:
    """Files to commit, and how many rows began and ended."""

    add: Sequence[Written] = ()
    remove: Sequence[File] = ()
    rows: int = 0
    ends: int = 0
    tidy: Callable[[], object] = field(default=lambda: None)


class KindExchange(Protocol):
    """How layers of one kind are exchanged."""

    geometry: tuple[str, str, list[str]]
    """Column of the geometry in a package, how it is written, and of which types it is."""

    def schema(self, attributes: Sequence[Attribute]) -> pa.Schema:
        """Return the schema of a package's rows."""

    def recorded(self, snapshot: Snapshot, span: RecordedSpan, schema: pa.Schema) -> Iterator[pa.Table]:
        """Give what was recorded of a layer in a span, as rows of a package."""

    def write(self, arrival: Arrival) -> PackageChange:
        """Write what a package brings, to be committed."""
