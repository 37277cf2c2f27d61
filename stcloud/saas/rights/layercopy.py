"""Copies of layers that hold what may be seen, file by file: what a load adds is copied, and nothing else.

A file passes through memory in pieces: however large it is, few rows are held at a time.

Tested by `tests/saas/rights/test_layercopy.py`.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.daas.table.schema import UNIT
from stcloud.iaas.table.datafile import ROW_GROUP_ROWS
from stcloud.iaas.table.merging import merged_rows
from stcloud.iaas.table.table import File, Snapshot, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcloud.daas.catalogue import Layer
    from stcloud.iaas.table.datafile import Written
    from stcloud.saas.rights.stored import StoredPart

__all__ = ["LayerCopy"]

_BOUNDED = (UNIT, "st_key")
_GROUP_ROWS = {"feature": 1024}
_EVENT_GROUP_ROWS = 8192
_LASTS_S = 600.0
"""A question may read files for so long that are no part of the table any more."""


class LayerCopy:
    """A table with the part of a layer that may be seen; it belongs to one process, and may be deleted.

    Parameters
    ----------
    root
        Its folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._base: Snapshot | None = None
        self._state = ""
        self._number = self._purges = 0
        self._made: dict[str, str | None] = {}
        self._numbers: dict[str, NDArray[np.int64]] = {}
        self._outdated: list[tuple[float, Path]] = []
        self.table = Table(root / "0")

    def renewed(self, layer: Layer, state: str, part: Callable[[], StoredPart]) -> Snapshot:
        """Return the copy of a layer as it is now.

        Parameters
        ----------
        layer
            The whole layer.
        state
            What the part depends on besides the rows: where it differs, all is copied anew.
        part
            Returns what may be seen; called when something is copied.
        """
        with self._lock:
            if self._base != layer.snapshot or self._state != state:
                self._delete_outdated(_LASTS_S)
                self._renew(layer, state, part())
                self._base, self._state = layer.snapshot, state
                if len(layer.purges) != self._purges:  # what was purged lies nowhere any more
                    self._purges = len(layer.purges)
                    self._delete_outdated(0.0)
            return self.table.snapshot()

    def clear(self) -> None:
        """Remove all of it from the disk; it is made anew when it is asked for again."""
        with self._lock:
            _delete(self._root)
            self._base, self._state, self._outdated = None, "", []

    def _delete_outdated(self, least_s: float) -> None:
        """Delete what has been outdated for so long that no question reads it any more."""
        now_s = time.monotonic()
        for since_s, path in self._outdated:
            if now_s - since_s >= least_s:
                _delete(path)
        self._outdated = [(since_s, path) for since_s, path in self._outdated if now_s - since_s < least_s]

    def _renew(self, layer: Layer, state: str, part: StoredPart) -> None:
        base = layer.snapshot
        if self._state != state or not self.table.exists:
            self._begin(part.schema, layer.layer_kind.partition)
        held = {file.path for file in base.files}
        try:
            add = list(self._new_files(layer, part))
            self._commit(add, [path for path in self._made if path not in held])
        except BaseException:  # a disk is full, say: what was written and not committed is not there
            self._state = ""
            raise

    def _new_files(self, layer: Layer, part: StoredPart) -> Iterator[Written]:
        """Copy the files of a layer that were not copied yet; those of ends after those of rows."""
        base = layer.snapshot
        rows = {file.path for file in layer.layer_kind.row_files(base)}
        new = [file for file in base.files if file.path not in self._made]
        for file in sorted(new, key=lambda file: file.path not in rows):
            is_row = file.path in rows
            pieces = self._shown(base, file, part) if is_row else self._ends(base.pieces(file), part.schema)
            yield from self._copied(layer, file, pieces)

    def _begin(self, schema: pa.Schema, partition: str) -> None:
        """Make the table anew; until it is complete it is of no state."""
        self._state = ""
        self._outdated.append((time.monotonic(), self.table.root))
        self._number += 1
        self._made, self._numbers = {}, {}
        self.table = Table(self._root / str(self._number))
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _delete(self.table.root)  # of a process that was killed
        self.table.create(schema, partition_by=[partition])

    def _copied(self, layer: Layer, file: File, pieces: Iterable[pa.Table]) -> list[Written]:
        """Write what is left of a file, if something is."""
        group_rows = _GROUP_ROWS.get(layer.kind, _EVENT_GROUP_ROWS)
        partition = {name: value or "" for name, value in file.partition.items()}
        written = self.table.write_pieces(
            _even(self._noted(file, pieces)), partition, group_rows=group_rows, bounded=_BOUNDED
        )
        self._made[file.path] = None if written is None else written.path
        return [] if written is None else [written]

    def _noted(self, file: File, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Give pieces, and note the numbers of rows: those whose ends may be seen."""
        numbers = [np.empty(0, np.int64)]
        for piece in pieces:
            if "st_row" in piece.schema.names:
                numbers.append(piece["st_row"].to_numpy())
            yield piece
        self._numbers[file.path] = np.concatenate(numbers)

    def _shown(self, base: Snapshot, file: File, part: StoredPart) -> Iterator[pa.Table]:
        """Give what of a file may be seen, in the order of its rows."""
        pieces = map(part.shown, base.pieces(file))
        if not part.order:
            yield from pieces
            return
        with merged_rows(pieces, part.order, self._root, most_rows=ROW_GROUP_ROWS) as portions:
            for portion in portions:
                yield from portion

    def _ends(self, pieces: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
        """Give the ends of beliefs that may be seen."""
        numbers = np.concatenate([np.empty(0, np.int64), *self._numbers.values()])
        for rows in pieces:
            kept = rows.filter(pa.array(np.isin(rows["st_row"].to_numpy(), numbers)))
            fields = [field for field in schema if field.name in rows.schema.names]
            columns = [
                kept[field.name] if kept[field.name].type == field.type else pa.nulls(len(kept), field.type)
                for field in fields
            ]
            yield pa.table(columns, schema=pa.schema(fields))

    def _commit(self, add: list[Written], gone: list[str]) -> None:
        snapshot = self.table.snapshot()
        remove = {self._made[path] for path in gone}
        for path in gone:
            del self._made[path]
            self._numbers.pop(path, None)
        files = [file for file in snapshot.files if file.path in remove]
        if add or files or not snapshot.sequence:
            self.table.commit(add=add, remove=files, after=snapshot.sequence)
        self._outdated += [(time.monotonic(), self.table.root / file.path) for file in files]


def _even(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Give the same rows in pieces of whole row groups, but for the last: so few are left of a piece at times."""
    held: list[pa.Table] = []
    for piece in pieces:
        held.append(piece)
        count = sum(map(len, held))
        if count >= ROW_GROUP_ROWS:
            rows = pa.concat_tables(held)
            whole = count - count % ROW_GROUP_ROWS
            yield rows.slice(0, whole)
            held = [rows.slice(whole)]
    if any(map(len, held)):
        yield pa.concat_tables(held)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
