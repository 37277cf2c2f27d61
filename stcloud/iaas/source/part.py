"""Parts of a source file that are read apart from each other, with the numbers that rows have in the whole file.

A Parquet file divides into row groups, and delimited text where its quotes let the ends of rows be known. Every other
file is one part.

Tested by ``tests/iaas/source/test_part.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stcloud.iaas.source.protocol import Batch, Source
from stcloud.iaas.source.rowends import TextSpan

__all__ = ["SourcePart", "batches_of", "cut_of", "note_cut", "parts_of"]


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A part of a source file.

    Parameters
    ----------
    first_row
        Number of its first row in the file, from 1.
    groups
        Row groups of a Parquet file.
    span
        Bytes of a text. Neither: the whole file.
    """

    first_row: int = 1
    groups: tuple[int, ...] | None = None
    span: TextSpan | None = None


def parts_of(source: Source, rows: int) -> list[SourcePart]:
    """Return the parts of a file, of about ``rows`` rows each where it divides."""
    divide: Callable[[int], list[SourcePart]] | None = getattr(source, "parts", None)
    return (divide(rows) if divide is not None else []) or [SourcePart()]


def batches_of(source: Source, part: SourcePart) -> Iterator[Batch]:
    """Read a part of a file once, in order."""
    if part.groups is None and part.span is None:
        return source.batches()
    dividing: Any = source
    batches: Iterator[Batch] = dividing.part(part)
    return batches


def cut_of(source: Source) -> dict[str, int]:
    """Return how many values of each column were cut to the precision that is kept, in the parts read so far."""
    return dict(getattr(source, "cut", {}))


def note_cut(source: Source, counts: Mapping[str, int]) -> None:
    """Let a source say how many values were cut where its parts were read elsewhere."""
    note: Callable[[Mapping[str, int]], None] | None = getattr(source, "note_cut", None)
    if note is not None:
        note(counts)
