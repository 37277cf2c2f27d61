"""Shelf: layers made ready to be joined: the last few in memory, and each layer as it is known now on disk.

What is kept is known by the files it was made of, which never change: when the layer changes it is not found any
more, and what is damaged is not taken.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from stcloud.daas.table.timeline import Ints
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.store.arrays import read_arrays, write_arrays
from stcloud.paas.query.features import Features
from stcloud.paas.query.instant import known_us

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex
    from stcloud.paas.query.join import How

__all__ = ["Shelf", "Shelved", "forget", "shelf"]

_DIGEST, _ROW = "digest", "row"


@dataclass(frozen=True, slots=True, eq=False)
class Shelved:
    """All versions of a layer, ready, as they were known at one instant.

    Parameters
    ----------
    partners
        The versions.
    row
        ``(n,)`` int64, numbers of the beliefs: where their columns are.
    size
        Bytes of what is kept.
    """

    partners: AsOfIndex
    row: Ints
    size: int = 0

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Shelved:
        """Return what `arrays` gave; `FormatError` ``damaged-index`` unless it is just that."""
        from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

        plain = all(one.dtype.kind in "biufU" for one in arrays.values())
        if not plain or _DIGEST not in arrays or arrays[_DIGEST].tolist() != [_digest(arrays)]:
            raise FormatError("damaged-index", "what was kept of the layer has changed", hint="build it anew")
        size = sum(one.nbytes for one in arrays.values())
        return cls(AsOfIndex.from_arrays(arrays), np.asarray(arrays[_ROW]), size)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays, with a digest of all of them."""
        found = {**self.partners.arrays(), _ROW: self.row}
        return {**found, _DIGEST: np.array([_digest(found)])}

    def serves(self, how: How) -> bool:
        """Tell whether it is ready for a way of joining."""
        return not how.measures or self.partners.sliced.has_segments


class Shelf:
    """The last few layers that were made ready.

    Parameters
    ----------
    most
        So many at most.
    most_bytes
        So much together; the last one stays however large it is.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, Shelved] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, layer: Features, at_us: int, how: How) -> Shelved | None:
        """Return a layer as it was known at an instant, when it is kept and ready for a way of joining."""
        name = _name(layer, at_us)
        with self._lock:
            found = self._kept.get(name)
        if found is None or not found.serves(how):
            found = _read(layer, name)
        if found is None or not found.serves(how):
            return None
        self._put(name, found)
        return found

    def keep(self, layer: Features, at_us: int, made: Shelved) -> Shelved:
        """Keep a layer that was made ready, on disk too when it is known so now; return it without geometry."""
        name, arrays = _name(layer, at_us), made.arrays()
        written = None
        if layer.place is not None and at_us == known_us(layer, None):
            with contextlib.suppress(StorageError):  # a city that may only be read is asked all the same
                write_arrays(layer.place / name, arrays)
                written = _read(layer, name)
        found = Shelved.from_arrays(arrays) if written is None else written
        self._put(name, found)
        return found

    def clear(self) -> None:
        """Forget all that is in memory."""
        with self._lock:
            self._kept.clear()

    def _put(self, name: str, made: Shelved) -> None:
        with self._lock:
            self._kept[name] = made
            self._kept.move_to_end(name)
            while len(self._kept) > 1 and not self._fits():
                self._kept.popitem(last=False)

    def _fits(self) -> bool:
        return (
            len(self._kept) <= self._most and sum(one.size for one in self._kept.values()) <= self._most_bytes
        )


@lru_cache(1)
def shelf() -> Shelf:
    """Return the shelf of this process."""
    return Shelf(most=4, most_bytes=1 << 29)


def forget(place: Path) -> None:
    """Let go of what is kept on disk of a layer."""
    shutil.rmtree(place, ignore_errors=True)


def _name(layer: Features, at_us: int) -> str:
    """Name what is made of a layer: of other files, or of what was known at another instant, it has another name."""
    text = "\n".join([str(at_us), *sorted(file.path for file in layer.snapshot.files)])
    return xxhash.xxh3_128_hexdigest(text.encode())


def _read(layer: Features, name: str) -> Shelved | None:
    if layer.place is None:
        return None
    with contextlib.suppress(FormatError, StorageError):  # damaged, older or just replaced: made anew
        arrays = read_arrays(layer.place / name)
        return None if arrays is None else Shelved.from_arrays(arrays)
    return None


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    state = xxhash.xxh3_128()
    for name in sorted(arrays.keys() - {_DIGEST}):
        one = np.ascontiguousarray(arrays[name])
        state.update(f"{name} {one.dtype.str} {one.shape} ".encode())
        state.update(one.data)
    return state.hexdigest()
