"""Texts spelled in another way, each distinct one once."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.paas.query.filter.function import fold_accents

__all__ = ["respelled"]


def respelled(spell: Callable[[str], str], texts: pa.Array | pa.Scalar) -> pa.Array | pa.Scalar:
    """Return texts as a function spells them; null stays null.

    Notes
    -----
    Texts of ASCII alone, most columns of most cities, take no step in Python.
    """
    if isinstance(texts, pa.Scalar):
        return pa.scalar(spell(texts.as_py()) if texts.is_valid else None, pa.string())
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return _of_ascii(spell, texts)
    coded = texts.dictionary_encode()
    words = pa.array([spell(word) for word in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def _of_ascii(spell: Callable[[str], str], texts: pa.Array) -> pa.Array:
    if spell is fold_accents:
        return texts
    return pc.ascii_upper(texts) if spell is str.upper else pc.ascii_lower(texts)
