"""A source of which the first rows are read ahead: whether it holds any is known before all else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from stcloud.iaas.source.protocol import GEOMETRY, Batch, Refusal, Source

__all__ = ["PeekedSource", "is_bare", "is_empty"]


class PeekedSource:
    """A source whose batches up to the first with rows were read already; everything else is the source's own."""

    def __init__(self, source: Source, reopened: Callable[[], Source] | None = None) -> None:
        self.reopened = reopened or (lambda: source)
        """Opens the source anew, to read it once more."""
        self._source = source
        self._batches = source.batches()
        self._read: list[Batch] = []
        self.first: pa.RecordBatch | None = None
        for batch in self._batches:
            self._read.append(batch)
            if batch.rows.num_rows:
                self.first = batch.rows
                break

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in file order."""
        return self._source.columns

    @property
    def crs(self) -> str | None:
        """CRS that the file declares."""
        return self._source.crs

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Rows beyond reading that came before the first that could be read."""
        return tuple(refusal for batch in self._read for refusal in batch.refusals)

    @property
    def empty(self) -> bool:
        """Whether the file holds no rows, readable or not."""
        return self.first is None and not self.refusals

    @property
    def bare(self) -> bool:
        """Whether the file holds no rows and names no columns."""
        return self.empty and not set(self.columns) - {GEOMETRY}

    def batches(self) -> Iterator[Batch]:
        """Read the file once, in order."""
        yield from self._read
        self._read = []
        yield from self._batches

    def position(self) -> int:
        """Return how many bytes of the file are read so far."""
        return self._source.position()


def is_empty(source: Source) -> bool:
    """Return whether a source is known to hold no rows."""
    return isinstance(source, PeekedSource) and source.empty


def is_bare(source: Source) -> bool:
    """Return whether a source is known to hold no rows and to name no columns."""
    return isinstance(source, PeekedSource) and source.bare
