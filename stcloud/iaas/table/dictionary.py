"""A column's vocabulary: every word that comes is given a number once, so that rows carry numbers, not words.

Tested by ``tests/iaas/table/test_sorter.py``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Vocabulary", "compact"]


class Vocabulary:
    """Words by number, in the order of their coming.

    Examples
    --------
    >>> vocabulary = Vocabulary()
    >>> codes = [vocabulary.codes(pa.array(words).dictionary_encode()) for words in (["b", "a"], ["c", None, "b"])]
    >>> [numbers.to_pylist() for numbers in codes], vocabulary.words(codes[1]).to_pylist()
    ([[0, 1], [2, None, 0]], ['c', None, 'b'])
    """

    def __init__(self) -> None:
        self._numbers: dict[str | None, int] = {}
        self._words: pa.Array = pa.array([], pa.string())

    def codes(self, column: pa.DictionaryArray) -> pa.Array:
        """Return the numbers of a dictionary-encoded column's words, int32; null stays null."""
        numbers = self._numbers
        local = [numbers.setdefault(word, len(numbers)) for word in column.dictionary.to_pylist()]
        return pa.array(local, pa.int32()).take(column.indices)

    def words(self, codes: pa.Array) -> pa.DictionaryArray:
        """Return the words of codes, dictionary-encoded over the whole vocabulary."""
        if len(self._words) < len(self._numbers):
            self._words = pa.array(list(self._numbers), pa.string())
        return pa.DictionaryArray.from_arrays(codes, self._words)


def compact(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the same values over a dictionary of only those that occur.

    >>> compact(pa.DictionaryArray.from_arrays(pa.array([2, None], pa.int32()), pa.array(["a", "b", "c"]))).dictionary
    <pyarrow.lib.StringArray object at ...>
    [
      "c"
    ]
    """
    indices = column.indices
    valid = None if indices.null_count == 0 else indices.is_valid()
    codes = (indices if valid is None else indices.filter(valid)).to_numpy()
    if len(column.dictionary) > len(codes):
        occurring, renumbered = np.unique(codes, return_inverse=True)
    else:
        occurs = np.zeros(len(column.dictionary), np.bool_)
        occurs[codes] = True
        occurring = np.flatnonzero(occurs)
        if len(occurring) == len(occurs):
            return column
        renumbered = (np.cumsum(occurs, dtype=np.int32) - 1)[codes]
    numbers = pa.array(renumbered.astype(np.int32, copy=False))
    if valid is not None:
        numbers = pc.replace_with_mask(pa.nulls(len(column), pa.int32()), valid, numbers)
    return pa.DictionaryArray.from_arrays(numbers, column.dictionary.take(pa.array(occurring)))
