"""Texts spelled in another way, each distinct one once.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.paas.query.filter.function import fold_accents

__all__ = ["respelled"]


def respelled(spells: Sequence[Callable[[str], str]], texts: pa.Array | pa.Scalar) -> pa.Array | pa.Scalar:
    """Return texts as functions spell them, one after another; null stays null.

    Notes
    -----
    Texts of ASCII alone, most columns of most cities, take no step in Python.
    """
    if isinstance(texts, pa.Scalar):
        return pa.scalar(_spelled(spells, texts.as_py()) if texts.is_valid else None, pa.string())
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return functools.reduce(_of_ascii, spells, texts)
    coded = texts.dictionary_encode()
    words = pa.array([_spelled(spells, word) for word in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def _spelled(spells: Sequence[Callable[[str], str]], text: str) -> str:
    for spell in spells:
        text = spell(text)
    return text


def _of_ascii(texts: pa.Array, spell: Callable[[str], str]) -> pa.Array:
    if spell is fold_accents:
        return texts
    return pc.ascii_upper(texts) if spell is str.upper else pc.ascii_lower(texts)
