"""Versions of features: which was valid when, without its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput
from stcloud.index.array import Arrays, Ints, frozen
from stcloud.index.sliced import kept_array

__all__ = ["VersionTable", "encode_keys"]


@dataclass(frozen=True, slots=True, eq=False)
class VersionTable:
    """Versions of features, in the order they were given.

    Parameters
    ----------
    key
        ``(n,)`` text.
    start_us, end_us
        ``(n,)`` int64: when each was valid, half-open, UTC microseconds.
    order
        ``(n,)`` int64: the versions by key, as text, then start.
    """

    key: pa.Array
    start_us: Ints
    end_us: Ints
    order: Ints

    @classmethod
    def of(cls, key: Any, start_us: ArrayLike, end_us: ArrayLike) -> VersionTable:
        """Put versions in order; `InvalidInput` ``columns-differ``, ``no-key``, ``empty-period``."""
        given = key if isinstance(key, pa.Array | pa.ChunkedArray) else pa.array(key, pa.string())
        keys = (given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given).cast(pa.string())
        start, end = np.asarray(start_us, np.int64), np.asarray(end_us, np.int64)
        _check(keys, start, end)
        table = pa.table({"key": keys, "start": start})
        order = pc.sort_indices(table, [("key", "ascending"), ("start", "ascending")])
        return cls(keys, start, end, frozen(order.to_numpy().astype(np.int64)))

    @classmethod
    def from_arrays(cls, kept: Arrays) -> VersionTable:
        """Return the versions whose `arrays` these are, not copied; `FormatError` ``damaged-index``."""
        start, end, order = (kept_array(kept, name) for name in ("start_us", "end_us", "order"))
        places, text = (pa.py_buffer(kept_array(kept, name)) for name in ("key_starts", "key_text"))
        return cls(pa.Array.from_buffers(pa.string(), len(start), [None, places, text]), start, end, order)

    def __len__(self) -> int:
        return len(self.order)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays to be kept."""
        starts, text = _texts(self.key)
        return {
            "key_starts": starts, "key_text": text, "start_us": self.start_us, "end_us": self.end_us,
            "order": self.order,
        }  # fmt: skip

    def words(self) -> tuple[pa.Array, NDArray[np.int32]]:
        """Return the different keys, ascending, and the number of each version's."""
        encoded = self.key.take(pa.array(self.order)).dictionary_encode()
        word = np.empty(len(self), np.int32)
        word[self.order] = encoded.indices.to_numpy()
        return encoded.dictionary, word


def encode_keys(version: Ints, words: pa.Array, word: NDArray[np.int32]) -> pa.DictionaryArray:
    """Return words of versions, null where there is none.

    Parameters
    ----------
    version
        ``(n,)`` int64; -1 for none.
    words, word
        The different words; the number of each version's, -1 for none.
    """
    numbers = np.full(len(version), -1, np.int32)
    numbers[version >= 0] = word[version[version >= 0]]
    return pa.DictionaryArray.from_arrays(pa.array(numbers, mask=numbers < 0), words)


def _texts(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return where each text starts, and all texts one after the other."""
    whole = pa.concat_arrays([column]) if column.offset else column
    _, places, text = whole.buffers()
    starts = np.zeros(1, np.int32) if not len(whole) else np.frombuffer(places, np.int32)[: len(whole) + 1]
    data = np.empty(0, np.uint8) if text is None else np.frombuffer(text, np.uint8)
    return frozen(starts), frozen(data[: starts[-1]])


def _check(keys: pa.Array, start: Ints, end: Ints) -> None:
    if not start.shape == end.shape == (len(keys),):
        raise InvalidInput(
            "columns-differ", f"{len(keys)} keys, {start.shape} starts, {end.shape} ends",
            hint="give one of each for every version",
        )  # fmt: skip
    if keys.null_count:
        raise InvalidInput(
            "no-key", f"{keys.null_count} versions have no key", hint="give every version a key"
        )
    if (start >= end).any():
        at = int(np.argmax(start >= end))
        raise InvalidInput("empty-period", f"version {at} ends before it begins, or as it begins")
