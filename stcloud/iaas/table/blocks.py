"""Blocks of a Parquet file and their digests: how a file is written so that each byte of it can be checked.

::

    name of the file     XXH64 of its footer               …-4f1c….parquet
    footer               XXH64 of every block before it    key-value metadata, 4 bytes a block
    log of the table     the name

Tested by ``tests/iaas/table/test_table.py``.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from stcloud.errors import FormatError

__all__ = [
    "BLOCK", "DIGESTS_KEY", "RUN", "TAIL", "add_block_digests", "block_digests", "damaged_file", "digest_name",
    "extents", "footer_digest", "has_checksum", "read_at", "runs", "tail_of",
]  # fmt: skip

BLOCK = 1 << 14
"""Bytes of a block."""
DIGESTS_KEY = b"stcloud.blocks"
RUN = 1 << 20
"""So much is read at once of what lies together."""
TAIL = 1 << 16
"""So much of a file's end is read at once: most footers are shorter."""
_NAMED = re.compile(r"-([0-9a-f]{16})\.parquet\Z")


def add_block_digests(writer: pq.ParquetWriter, path: Path) -> None:
    """Add the digests of all blocks written so far to the footer that closing the writer will write."""
    digests = bytearray()
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for start in range(0, size, RUN):
            digests += block_digests(read_at(file.fileno(), start, min(RUN, size - start)))
    writer.add_key_value_metadata({DIGESTS_KEY.decode(): f"{size} {base64.b64encode(digests).decode()}"})


def digest_name(path: Path) -> Path:
    """Return a name for a finished file that has the digest of its footer in it."""
    with path.open("rb", buffering=0) as file:
        tail = tail_of(file.fileno(), path)
    return path.with_name(f"{path.stem}-{xxhash.xxh64_hexdigest(tail)}.parquet")


def has_checksum(path: str | os.PathLike[str]) -> bool:
    """Return whether a file was written with checksums."""
    return _NAMED.search(os.fspath(path)) is not None


def footer_digest(path: str | os.PathLike[str]) -> str | None:
    """Return the digest of a file's footer that its name has; None: it was written without checksums."""
    named = _NAMED.search(os.fspath(path))
    return None if named is None else named[1]


def block_digests(content: bytes) -> bytes:
    """Return four bytes of digest a block."""
    view = memoryview(content)
    return b"".join(
        xxhash.xxh64_digest(view[start : start + BLOCK])[:4] for start in range(0, len(content), BLOCK)
    )


def read_at(descriptor: int, start: int, count: int) -> bytes:
    """Return so many bytes of a file from one on; fewer where it ends."""
    data = os.pread(descriptor, count, start)
    while len(data) < count:
        more = os.pread(descriptor, count - len(data), start + len(data))
        if not more:
            break
        data += more
    return data


def tail_of(descriptor: int, path: Path) -> bytes:
    """Return a file's footer with its length and the closing mark."""
    size = os.fstat(descriptor).st_size
    read = min(size, TAIL)
    tail = read_at(descriptor, size - read, read)
    if len(tail) < 12 or tail[-4:] != b"PAR1":
        raise damaged_file(str(path), "it is cut, or no Parquet file")
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > size:
        raise damaged_file(str(path), "its footer is longer than the file")
    return tail[-length:] if length <= len(tail) else read_at(descriptor, size - length, length)


def extents(
    metadata: pq.FileMetaData, columns: Iterable[int] | None, groups: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """Give first and last byte (exclusive) of column chunks."""
    places = range(metadata.num_columns) if columns is None else list(columns)
    for number in range(metadata.num_row_groups) if groups is None else groups:
        group = metadata.row_group(number)
        for place in places:
            chunk = group.column(place)
            start = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
            yield start, start + chunk.total_compressed_size


def runs(blocks: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Give first and last of blocks that lie together, of which so many are read at once."""
    breaks = np.flatnonzero(np.diff(blocks) > 1) + 1
    for run in np.split(blocks, breaks):
        for start in range(0, len(run), RUN // BLOCK):
            piece = run[start : start + RUN // BLOCK]
            yield int(piece[0]), int(piece[-1])


def damaged_file(path: str, why: str) -> FormatError:
    """Return the error of a file that is not what was written: ``damaged-table``."""
    return FormatError(
        "damaged-table",
        f"a file of the layer is damaged: {Path(path).name}: {why}",
        hint="bring it back from a copy",
    )
