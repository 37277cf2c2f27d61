"""Files that are derived of shared tables: whole ones, in a folder that holds so much and no more.

Memory holds a row group at a time, however large a table is. The same table gives the same bytes.

Tested by `tests/saas/web/sharing/test_tablefiles.py`.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from stcloud.errors import StcloudError
from stcloud.iaas.engine.stop import Stop, heed_stop, interruptible, stoppable
from stcloud.iaas.store.oserror import storage_errors

__all__ = ["TableFile", "TableFiles", "written_files"]

_FILE_ROWS = 1_000_000
_GROUP_ROWS = 100_000
_LASTS_S = 60.0
"""So long a file stays after it was given: its bytes may be on their way."""
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table: its id, where it is, how many rows and bytes it has."""

    id: str
    path: Path
    rows: int
    bytes: int


@dataclass(slots=True)
class _Derived:
    """Files of one state of a table, which are there or being made."""

    files: Future[tuple[TableFile, ...]]
    is_current: Callable[[], bool]
    used_s: float = field(default_factory=time.monotonic)

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.result()) if self.files.done() else 0


class TableFiles:
    """Files of tables, by the state that they were derived at; threads may share them.

    Parameters
    ----------
    most_bytes
        How much the folder holds at the most, besides what was given in the last minute.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="shared-table")
        self._stop, self._lock = Stop(), threading.Lock()
        self._derived: dict[str, _Derived] = {}

    def of(
        self,
        state: str,
        pieces: Callable[[Path], Iterable[pa.Table]],
        is_current: Callable[[], bool] = lambda: True,
    ) -> tuple[TableFile, ...]:
        """Return the files of a state of a table; they are made if they are not there.

        Who does not wait any longer leaves them to be made on, for whoever asks again.

        Parameters
        ----------
        state
            A digest of all that the bytes depend on.
        pieces
            Gives the rows, given a folder to lay them down in meanwhile.
        is_current
            Returns whether the files may still be there; see `renew`.

        Raises
        ------
        Cancelled
            The request was given up.
        StorageError
            They cannot be written. And what ``pieces`` raises.
        """
        with self._lock:
            derived = self._derived.get(state)
            if derived is None:
                made = self._pool.submit(self._made, self._folder(state), state, pieces)
                derived = self._derived[state] = _Derived(made, is_current)
            derived.used_s = time.monotonic()
        return _awaited(derived.files)

    def renew(self) -> None:
        """Remove files that may not be there any more: of what was purged, and of layers that are gone."""
        with self._lock:
            ended = [(state, derived) for state, derived in self._derived.items() if derived.files.done()]
        for state, derived in ended:
            try:
                current = derived.is_current()
            except StcloudError:
                current = False
            if not current:
                self._remove(state)

    def close(self) -> None:
        """Stop what is being made, and remove the folder."""
        self._stop.now()
        self._pool.shutdown(cancel_futures=True)
        if self._temporary is not None:
            self._temporary.cleanup()

    def _folder(self, state: str) -> Path:
        """Return where files of a state lie; the folder of all is made with the first."""
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(
                prefix="stcloud-shared-", ignore_cleanup_errors=True
            )
        return Path(self._temporary.name) / state

    def _made(
        self, folder: Path, state: str, pieces: Callable[[Path], Iterable[pa.Table]]
    ) -> tuple[TableFile, ...]:
        try:
            with stoppable(self._stop), storage_errors("derive a shared table"):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                files = written_files(pieces(folder), folder, state)
        except BaseException:
            self._remove(state)
            raise
        self._make_room(sum(file.bytes for file in files), state)
        return files

    def _make_room(self, added_bytes: int, state: str) -> None:
        """Remove what was not given for longest, until all is within the bound."""
        with self._lock:
            others = sorted(
                ((other.used_s, name, other.bytes) for name, other in self._derived.items() if name != state)
            )
        held_bytes = added_bytes + sum(size for _, _, size in others)
        for used_s, name, size in others:
            if held_bytes <= self._most_bytes or time.monotonic() - used_s < _LASTS_S:
                return
            self._remove(name)
            held_bytes -= size

    def _remove(self, state: str) -> None:
        with self._lock:
            self._derived.pop(state, None)
            folder = self._folder(state)
        shutil.rmtree(folder, ignore_errors=True)


def written_files(
    pieces: Iterable[pa.Table], folder: Path, state: str, *, file_rows: int = _FILE_ROWS,
    group_rows: int = _GROUP_ROWS,
) -> tuple[TableFile, ...]:  # fmt: skip
    """Write rows as files of Parquet of so many rows each, and return them; without rows there is none.

    Parameters
    ----------
    pieces
        Rows of one schema, in any pieces: the bytes do not depend on them.
    folder, state
        Where the files are; what their ids are made of.
    file_rows, group_rows
        Rows of a file, a multiple of those of a row group.
    """
    from pyarrow import parquet  # noqa: PLC0415  (slow to import)

    files: list[TableFile] = []
    writer, rows, path = None, 0, folder
    try:
        for group in _groups(pieces, group_rows):
            heed_stop()
            if writer is None:
                path = folder / f"{len(files)}.parquet"
                writer = parquet.ParquetWriter(path, group.schema, compression="zstd", store_schema=False)
            writer.write_table(group, row_group_size=group_rows)
            rows += len(group)
            if rows == file_rows:
                files.append(_closed(writer, path, rows, f"{state}-{len(files)}"))
                writer, rows = None, 0
        if writer is not None:
            files.append(_closed(writer, path, rows, f"{state}-{len(files)}"))
            writer = None
    finally:
        if writer is not None:
            writer.close()
    return tuple(files)


def _closed(writer: object, path: Path, rows: int, name: str) -> TableFile:
    writer.close()  # type: ignore[attr-defined]
    return TableFile(name, path, rows, path.stat().st_size)


def _groups(pieces: Iterable[pa.Table], group_rows: int) -> Iterator[pa.Table]:
    """Give the same rows in tables of so many, but for the last."""
    held: list[pa.Table] = []
    for piece in pieces:
        held.append(piece)
        if sum(map(len, held)) < group_rows:
            continue
        rows = pa.concat_tables(held)
        whole = len(rows) - len(rows) % group_rows
        for start in range(0, whole, group_rows):
            yield rows.slice(start, group_rows).combine_chunks()
        held = [rows.slice(whole)]
    if any(map(len, held)):
        yield pa.concat_tables(held).combine_chunks()


class _Waiting:
    """Waits for a piece of work, or until nobody waits any more."""

    def __init__(self, work: Future[tuple[TableFile, ...]]) -> None:
        self._event = threading.Event()
        work.add_done_callback(lambda _: self._event.set())

    def interrupt(self) -> None:
        """Wait no longer."""
        self._event.set()

    def wait(self) -> None:
        """Wait."""
        self._event.wait()


def _awaited(work: Future[tuple[TableFile, ...]]) -> tuple[TableFile, ...]:
    if not work.done():
        waiting = _Waiting(work)
        with interruptible(waiting):
            waiting.wait()
        if not work.done():
            heed_stop()
    return work.result()
