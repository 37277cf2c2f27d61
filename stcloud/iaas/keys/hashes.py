"""Hashes of the current keys of files, kept: a file that has none of some keys need not be read again.

Equal keys have equal hashes, so that a file without a hash has no such key; one that has it is read. Files never
change. Hashes are those of this process.

Tested by `tests/iaas/keys/test_hashes.py`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.iaas.table.checksum import Checked

__all__ = ["MOST_FILES", "KeyHashes", "hashes_of"]

_MOST = 1 << 22
"""So many hashes are kept, of eight bytes each."""
_MOST_OF_A_FILE = 1 << 20
MOST_FILES = 512
"""Files whose hashes are kept: no more are remembered as checked, and each holds its footer in memory."""


def hashes_of(keys: pa.Array) -> NDArray[np.int64]:
    """Return the hashes of texts, in their order."""
    return np.fromiter(map(hash, keys.to_pylist()), np.int64, len(keys))


class KeyHashes:
    """Hashes of the keys of files, for as long as the files on disk stay as they are.

    The files must be of one kind: their keys lie in the same columns.

    Parameters
    ----------
    most, most_of_a_file
        How many hashes are kept of all files, and of one.
    """

    def __init__(self, *, most: int = _MOST, most_of_a_file: int = _MOST_OF_A_FILE) -> None:
        self._most, self._most_of_a_file = most, most_of_a_file
        self._kept: OrderedDict[Checked, NDArray[np.int64]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def may_have(self, file: Checked, wanted: NDArray[np.int64]) -> bool:
        """Return whether a file may have a current key with one of some ascending hashes, as an unknown one may."""
        with self._lock:
            kept = self._kept.get(file)
            if kept is None:
                return True
            self._kept.move_to_end(file)
        few, many = sorted((kept, wanted), key=len)
        if not len(few):
            return False
        place = np.minimum(np.searchsorted(many, few), len(many) - 1)
        return bool((many[place] == few).any())

    def wants(self, file: Checked, beside: Collection[Checked]) -> bool:
        """Return whether there is room for the hashes of a file, those ``beside`` it stay."""
        rows = file.metadata.num_rows
        if rows > self._most_of_a_file:
            return False
        with self._lock:
            needed = sum(len(self._kept.get(other, ())) for other in beside if other is not file)
            return file not in self._kept and needed + rows <= self._most

    def keep(self, file: Checked, hashes: NDArray[np.int64]) -> None:
        """Keep the hashes of all current keys of a file, instead of those that were longest not looked at."""
        hashes.sort()
        with self._lock:
            if file not in self._kept:
                self._kept[file] = hashes
                self._count += len(hashes)
            while self._count > self._most or len(self._kept) > MOST_FILES:
                _, gone = self._kept.popitem(last=False)
                self._count -= len(gone)
