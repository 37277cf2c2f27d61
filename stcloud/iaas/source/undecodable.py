"""Text that nobody can read: a value with bytes of no text, half a character or NUL makes its row a refusal.

Tested by ``tests/iaas/source/test_text_files.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.source.dbf import decode
from stcloud.iaas.source.nested import is_texts, nested_texts
from stcloud.iaas.source.protocol import Batch, Refusal
from stcloud.iaas.source.text import as_text, storage

__all__ = ["NUL", "Illegible", "is_text"]

_FIRST_BYTE = 0xDC00
_BYTE = re.compile("[\udc80-\udcff]")
"""What `os.fsdecode` makes of a byte that is no text."""
CUT, NUL, UNDECODABLE = "cut-character", "nul-character", "undecodable-text"


def is_text(text: str) -> bool:
    """Return whether a text has neither half a surrogate pair nor NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _shown(value: str) -> str:
    """Return a value as it can be written: what is no character stands as its escape, an undecoded byte too."""
    plain = _BYTE.sub(lambda match: f"\\x{ord(match[0]) - _FIRST_BYTE:02x}", value.replace("\0", "\\x00"))
    return plain.encode("utf-8", "backslashreplace").decode()


class Illegible:
    """Faults of one batch: the first bad value of each row; values that were cut."""

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers
        self._refusals: dict[int, Refusal] = {}
        self._repairs: dict[int, Refusal] = {}

    def refuse(self, at: int, name: str, value: str, reason: str) -> None:
        """Refuse the row at a position."""
        self._refusals.setdefault(at, Refusal(int(self._numbers[at]), name, _shown(value), reason))

    def repair(self, at: int, name: str, value: str, reason: str) -> None:
        """Note that a value of the row at a position is kept in another form than it came in."""
        self._repairs.setdefault(at, Refusal(int(self._numbers[at]), name, _shown(value), reason))

    def strings(self, name: str, values: Sequence[str | None]) -> pa.Array:
        """Return values as text; refuse rows of half surrogate pairs."""
        try:
            return pa.array(values, pa.string())
        except UnicodeEncodeError:
            kept = list(values)
            for at, value in enumerate(values):
                if value is not None and not is_text(value):
                    self.refuse(at, name, value, NUL if "\0" in value else UNDECODABLE)
                    kept[at] = None
            return pa.array(kept, pa.string())

    def texts(self, name: str, values: pa.Array) -> pa.Array:
        """Return a column of any type as canonical text, binary as it is; refuse rows whose bytes are no text."""
        kind = values.type
        if isinstance(kind, pa.BaseExtensionType):
            return self.texts(name, storage(values))
        if pa.types.is_dictionary(kind) and (
            is_texts(kind.value_type) or pa.types.is_nested(kind.value_type)
        ):
            return self.texts(name, values.dictionary_decode())
        if is_texts(kind):
            return self.decoded(name, values)
        if pa.types.is_nested(kind):
            return self.strings(name, nested_texts(values))
        return as_text(values)

    def decoded(
        self,
        name: str,
        texts: pa.Array,
        encoding: str = "utf-8",
        *,
        fixed: bool = False,
        errors: str = "surrogateescape",
    ) -> pa.Array:
        """Return a column of encoded text; refuse rows whose bytes are none.

        Where fields have ``fixed`` widths, half a character at the end is cut off. ``errors`` names how bytes that
        are no text become lone surrogates.
        """
        raw = texts.cast(pa.binary()) if not pa.types.is_dictionary(texts.type) else texts
        try:
            if encoding == "utf-8":
                return _utf8(raw)
        except pa.ArrowInvalid:
            pass
        distinct = raw if pa.types.is_dictionary(raw.type) else raw.dictionary_encode()
        read = [
            decode(text, encoding, fixed=fixed, errors=errors) for text in distinct.dictionary.to_pylist()
        ]
        at = distinct.indices.to_pylist()
        for row in np.flatnonzero([text is not None and read[text][1] for text in at]):
            self.repair(int(row), name, read[at[row]][0], CUT)
        decoded = self.strings(name, [None if text is None else read[text][0] for text in at])
        return decoded.dictionary_encode() if pa.types.is_dictionary(texts.type) else decoded

    def batch(self, rows: pa.RecordBatch, refusals: Sequence[Refusal] = ()) -> Batch:
        """Return the batch with the faults of its rows; values with NUL are faults too."""
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            for at in _nul(column):
                self.refuse(at, name, column[at].as_py(), NUL)
        repairs, faults = (
            tuple(notes[at] for at in sorted(notes)) for notes in (self._repairs, self._refusals)
        )
        return Batch(rows, self._numbers, tuple(refusals), repairs, faults)


def _utf8(raw: pa.Array) -> pa.Array:
    """Return bytes as text, dictionaries too."""
    if not pa.types.is_dictionary(raw.type):
        return raw.cast(pa.string())
    return pa.DictionaryArray.from_arrays(raw.indices, raw.dictionary.cast(pa.string()))


def _nul(column: pa.Array) -> Sequence[int]:
    """Return where a text column holds NUL."""
    if pa.types.is_dictionary(column.type):
        held = _nul(column.dictionary)
        if not len(held):
            return []
        return np.flatnonzero(
            np.isin(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), held)
        ).tolist()
    if not pa.types.is_string(column.type):
        return []
    data = column.buffers()[2]
    if not data or np.frombuffer(data, np.uint8).min():  # no byte is zero
        return []
    return np.flatnonzero(
        pc.fill_null(pc.match_substring(column, "\0"), fill_value=False).to_numpy(zero_copy_only=False)
    ).tolist()
