"""Checksums of Parquet files, so that a changed byte is an error and never another answer.

A file is checked in blocks, each once for as long as the file on disk stays the same::

    name of the file     XXH64 of its footer               …-4f1c….parquet
    footer               XXH64 of every block before it    key-value metadata, 4 bytes a block
    log of the table     the name

A question reads some columns of some row groups, and only their blocks are checked. Files written before there were
checksums have none in their names: they are read as they are. Pages have the checksums of Parquet too, for readers
that are not ours.
"""

from __future__ import annotations

import base64
import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from stcloud.errors import FormatError, NotFound, StcloudError
from stcloud.iaas.store.mount import Origin, any_mounted, mount_of, origin_of
from stcloud.iaas.store.oserror import one_line, os_errno, storage_errors
from stcloud.iaas.store.ranges import coalesced
from stcloud.iaas.table.blocks import (
    BLOCK,
    DIGESTS_KEY,
    TAIL,
    block_digests,
    damaged_file,
    extents,
    footer_digest,
    has_checksum,
    read_at,
    runs,
    tail_of,
)
from stcloud.iaas.table.missing import missing_file, missing_in

__all__ = [
    "Checked",
    "checked",
    "each_file",
    "forget",
    "parquet_errors",
    "refresh",
    "verify_columns",
]

_File = TypeVar("_File")
_KEPT = 512
"""Files remembered."""
_seen: OrderedDict[str, tuple[tuple[int, ...], Checked]] = OrderedDict()
_lock = threading.Lock()
_AT_ONCE = 8
"""Files of a bucket that are read at the same time."""
_RUNS_AT_ONCE = 16
"""Of a bucket's file, so that no more than some megabytes are held."""


class Checked:
    """A file whose footer is checked, and whose blocks are when they are first wanted.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FormatError
        ``damaged-table``: the footer is not the one that was written.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        digest = footer_digest(path)
        self._origin = origin_of(Path(path))
        tail = self._footer(digest)
        self.metadata = _metadata(path, tail)
        self._digests: NDArray[np.uint32] | None
        self._size, self._digests = _kept_digests(path, self.metadata) if digest is not None else (0, None)
        self._seen = np.zeros(0 if self._digests is None else len(self._digests), np.bool_)

    def _footer(self, digest: str | None) -> bytes:
        """Return the footer; that of a bucket's file, unless it is here already."""
        try:
            tail = self._local_footer()
            if digest in (None, xxhash.xxh64_hexdigest(tail)):
                return tail
            damage = damaged_file(self.path, "its footer has changed since it was written")
        except FormatError as error:
            damage = error
        if self._origin is None or digest is None:
            raise damage
        self._bring_footer()
        tail = self._local_footer()
        if digest != xxhash.xxh64_hexdigest(tail):
            raise damage
        return tail

    def _local_footer(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            return tail_of(descriptor, Path(self.path))
        finally:
            os.close(descriptor)

    def _bring_footer(self) -> None:
        """Read the end of a bucket's file, all of its footer, into its place here."""
        assert self._origin is not None  # noqa: S101  (checked before)
        size = Path(self.path).stat().st_size
        length = min(size, TAIL)
        (tail,) = self._origin.fill([(size - length, length)])
        needed = min(size, int.from_bytes(tail[-8:-4], "little") + 8)
        if needed > length:
            tail = self._origin.fill([(size - needed, needed - length)])[0] + tail
        self._origin.keep(size - len(tail), tail)

    def verify(self, columns: Iterable[int] | None = None, groups: Sequence[int] | None = None) -> None:
        """Check the blocks of some columns (default: all) of some row groups (default: all).

        Raises
        ------
        FormatError
            ``damaged-table``: a byte has changed since the file was written.
        """
        missing = self._unseen(columns, groups)
        if len(missing):
            lacking = self._check(missing)
            if lacking:
                self._bring(lacking)

    def lacking(self, columns: Iterable[int], groups: Sequence[int]) -> list[tuple[int, int]]:
        """Return what `verify` would read from a bucket: first byte and length of each request."""
        missing = self._unseen(columns, groups)
        if self._origin is None or not len(missing):
            return []
        return coalesced([self._extent(*run) for run in self._check(missing)])

    def _unseen(self, columns: Iterable[int] | None, groups: Sequence[int] | None) -> NDArray[np.int64]:
        """Return the blocks of columns of row groups that were not checked yet."""
        if self._digests is None or self._seen.all():
            return np.empty(0, np.int64)
        wanted = np.zeros(len(self._seen), np.bool_)
        if columns is None and groups is None:
            wanted[:] = True
        else:
            for start, end in extents(self.metadata, columns, groups):
                wanted[start // BLOCK : -(-end // BLOCK)] = True
        return np.flatnonzero(wanted & ~self._seen)

    def _check(self, blocks: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Check blocks as they are on this machine; return first and last of those that are not right."""
        lacking = []
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            for first, last in runs(blocks):
                start, length = self._extent(first, last)
                if self._is_right(first, last, read_at(descriptor, start, length)):
                    self._seen[first : last + 1] = True
                else:
                    lacking.append((first, last))
        finally:
            os.close(descriptor)
        return lacking

    def _extent(self, first: int, last: int) -> tuple[int, int]:
        """Return where blocks begin, and how many bytes they have."""
        start = first * BLOCK
        return start, min((last + 1) * BLOCK, self._size) - start

    def _is_right(self, first: int, last: int, content: bytes) -> bool:
        assert self._digests is not None  # noqa: S101  (checked before)
        read = np.frombuffer(block_digests(content), np.uint32)
        return len(read) == last + 1 - first and bool((read == self._digests[first : last + 1]).all())

    def _bring(self, runs: Sequence[tuple[int, int]]) -> None:
        """Read blocks of a bucket's file into their places here; those of another file are damaged."""
        if self._origin is None:
            raise damaged_file(self.path, "its content has changed since it was written")
        for at in range(0, len(runs), _RUNS_AT_ONCE):
            several = runs[at : at + _RUNS_AT_ONCE]
            contents = self._origin.fill([self._extent(*run) for run in several])
            for (first, last), content in zip(several, contents, strict=True):
                if not self._is_right(first, last, content):
                    raise damaged_file(
                        self.path, "its content in the bucket has changed since it was written"
                    )
                self._origin.keep(first * BLOCK, content)
                self._seen[first : last + 1] = True


def checked(path: str | os.PathLike[str]) -> Checked:
    """Return a file, its footer checked; remembered for as long as the file on disk stays the same.

    Raises
    ------
    FormatError
        ``damaged-table``, ``missing-file``
    NotFound, Conflict
        ``unknown-layer``, ``changed-meanwhile``: there is no such file any more.
    """
    text = os.fspath(path)
    origin = origin_of(Path(text))
    try:
        if origin is not None:
            _make_room(origin)
            origin.touch()
        stat = os.stat(text)  # noqa: PTH116  (of many files, making paths takes longer than looking at them)
        times = (
            (stat.st_mtime_ns, stat.st_ctime_ns) if origin is None else ()
        )  # blocks come when they are wanted
        with storage_errors(f"read a file of the layer, {os.path.basename(text)}"):  # noqa: PTH119
            return _remembered(text, (stat.st_ino, stat.st_size, *times))
    except FileNotFoundError as error:
        raise missing_file(Path(text)) from error
    except NotFound as error:
        raise error if origin is None or error.kind != "no-object" else missing_file(Path(text)) from error


def _make_room(origin: Origin) -> None:
    """Have a place for a bucket's file; one without checksums is copied whole, since nothing tells its holes."""
    if origin.path.exists():
        return
    place = mount_of(origin.path)
    assert place is not None  # noqa: S101  (it has an origin)
    if has_checksum(origin.path):
        place.expect(origin.path, origin.store.size(origin.key))
    else:
        place.copy(origin.path)


def refresh(path: Path) -> None:
    """Let a bucket's file be read from there anew; what was read of a file of this machine is as it was."""
    origin = origin_of(path)
    if origin is not None:
        forget([path])
        origin.path.unlink(missing_ok=True)


def forget(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Let go of files that no table needs any more."""
    with _lock:
        for path in paths:
            _seen.pop(os.fspath(path), None)


def verify_columns(paths: Iterable[str | os.PathLike[str]], columns: Iterable[str] | None = None) -> None:
    """Check whole files, or some columns of them.

    Raises
    ------
    FormatError
        ``damaged-table``: a file is not what was written.
    """
    names = None if columns is None else {name.casefold() for name in columns}

    def verify(path: str | os.PathLike[str]) -> None:
        file = checked(path)
        if names is None or not has_checksum(path):
            file.verify()
            return
        schema = file.metadata.schema
        roots = (schema.column(place).path.split(".")[0] for place in range(len(schema)))
        file.verify([place for place, root in enumerate(roots) if root.casefold() in names])

    with storage_errors("read a file of the layer"):
        each_file(verify, list(paths))


def each_file(act: Callable[[_File], object], files: Sequence[_File]) -> None:
    """Call a function for each of some files: several at a time where they lie in a bucket and are waited for."""
    if len(files) < 2 or not any_mounted():
        for file in files:
            act(file)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(act, files):
            pass


@contextlib.contextmanager
def parquet_errors(name: str) -> Iterator[None]:
    """Turn what Arrow finds wrong with the content of a table's files into `FormatError` ``damaged-table``."""
    try:
        yield
    except StcloudError:
        raise
    except FileNotFoundError as error:
        raise missing_in(str(error)) or error from error
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and os_errno(error) is not None:  # not of the file's content
            raise
        raise damaged_file(name, one_line(error)) from error


def _remembered(path: str, identity: tuple[int, ...]) -> Checked:
    with _lock:
        known = _seen.get(path)
        if known is not None and known[0] == identity:
            _seen.move_to_end(path)
            return known[1]
    file = Checked(path)
    with _lock:
        _seen[path] = (identity, file)
        _seen.move_to_end(path)
        while len(_seen) > _KEPT:
            _seen.popitem(last=False)
    return file


def _metadata(path: str, tail: bytes) -> pq.FileMetaData:
    try:
        return pq.read_metadata(pa.BufferReader(b"PAR1" + tail))
    except (pa.ArrowException, OSError) as error:
        raise damaged_file(path, one_line(error)) from error


def _kept_digests(path: str, metadata: pq.FileMetaData) -> tuple[int, NDArray[np.uint32]]:
    try:
        size, digests = (metadata.metadata or {})[DIGESTS_KEY].split(b" ")
        return int(size), np.frombuffer(base64.b64decode(digests), np.uint32)
    except (KeyError, ValueError) as error:
        raise damaged_file(path, "its footer has no digests") from error
