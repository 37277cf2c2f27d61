"""Layers indexed for joins: the last few in memory, and each layer as it is known now on disk.

What is kept is named by the files it was made of, which never change: when the layer changes it is looked up no
more, and what is damaged is not taken.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.timeline import Ints
from stcloud.errors import FormatError, StorageError
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.paas.cache import Cache
from stcloud.paas.query.answer.pin import known_us

if TYPE_CHECKING:
    from stcloud.index import AsOfIndex
    from stcloud.paas.query.join import How

__all__ = ["IndexCache", "IndexedLayer"]

_DIGEST, _ROW = "digest", "row"


@dataclass(frozen=True, slots=True, eq=False)
class IndexedLayer:
    """All versions of a layer as they were known at one instant, indexed.

    Parameters
    ----------
    partners
        The index of the versions.
    row
        ``(n,)`` int64, numbers of the beliefs: where their columns are.
    size
        Bytes of what is kept.
    """

    partners: AsOfIndex
    row: Ints
    size: int = 0

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> IndexedLayer:
        """Return what `arrays` gave; `FormatError` ``damaged-index`` unless it is just that."""
        from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

        plain = all(values.dtype.kind in "biufU" for values in arrays.values())
        if not plain or _DIGEST not in arrays or arrays[_DIGEST].tolist() != [_digest(arrays)]:
            raise FormatError("damaged-index", "what was kept of the layer has changed", hint="build it anew")
        size = sum(values.nbytes for values in arrays.values())
        return cls(AsOfIndex.from_arrays(arrays), np.asarray(arrays[_ROW]), size)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays, with a digest of all of them."""
        arrays = {**self.partners.arrays(), _ROW: self.row}
        return {**arrays, _DIGEST: np.array([_digest(arrays)])}

    def serves(self, how: How) -> bool:
        """Tell whether it is ready for a way of joining."""
        return not how.measures or self.partners.sliced.has_segments


@dataclass(frozen=True, slots=True, eq=False)
class IndexCache:
    """Indexes of one layer of features.

    Parameters
    ----------
    memory
        The city's cache.
    place
        Folder where the index of the layer as it is known now is kept, too; it may be deleted. None: nowhere.
    """

    memory: Cache = field(default_factory=Cache)
    place: ArrayFolder | None = None

    def find(self, layer: Layer, at_us: int, how: How) -> IndexedLayer | None:
        """Return a layer as it was known at an instant, where it is kept and ready for a way of joining."""
        name = _name(layer, at_us)
        kept: IndexedLayer | None = self.memory.get(self._key(name))
        if kept is None or not kept.serves(how):
            kept = self._read(name)
        if kept is None or not kept.serves(how):
            return None
        return self.memory.keep(self._key(name), kept, kept.size)

    def keep(self, layer: Layer, at_us: int, made: IndexedLayer) -> IndexedLayer:
        """Keep an indexed layer, on disk too when it is known so now; return it without geometry."""
        name, arrays = _name(layer, at_us), made.arrays()
        kept = None
        if self.place is not None and at_us == known_us(layer, None):
            with contextlib.suppress(
                StorageError
            ):  # a city that may only be read can be queried all the same
                self.place.write(name, arrays)
                kept = self._read(name)
        if kept is None:
            kept = IndexedLayer.from_arrays(arrays)
        return self.memory.keep(self._key(name), kept, kept.size)

    def remember(self, layer: Layer, at_us: int, made: IndexedLayer) -> IndexedLayer:
        """Keep an indexed layer in memory alone, with its geometry."""
        return self.memory.keep(self._key(_name(layer, at_us)), made, made.size)

    def _key(self, name: str) -> tuple[str, str, str]:
        return "join", str(self.place), name

    def _read(self, name: str) -> IndexedLayer | None:
        if self.place is None:
            return None
        with contextlib.suppress(FormatError, StorageError):  # damaged, older or just replaced: made anew
            arrays = self.place.read(name)
            return None if arrays is None else IndexedLayer.from_arrays(arrays)
        return None


def _name(layer: Layer, at_us: int) -> str:
    """Name what is made of a layer: of other files, or of what was known at another instant, it has another name."""
    text = "\n".join([str(at_us), *sorted(file.path for file in layer.snapshot.files)])
    return xxhash.xxh3_128_hexdigest(text.encode())


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    state = xxhash.xxh3_128()
    for name in sorted(arrays.keys() - {_DIGEST}):
        values = np.ascontiguousarray(arrays[name])
        state.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        state.update(values.data)
    return state.hexdigest()
