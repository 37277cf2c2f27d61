"""What a dBASE table holds, where GDAL reads something else: text in its encoding, dates that are none, long numbers.

A field has a fixed width in bytes: a long text ends in half a character, which is cut off and counted. GDAL
reads 30 February as 1 March, ends a text at NUL, and makes a float of a whole number of more than 18 digits: here
they are what is written.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

__all__ = ["Dbf", "decode", "python_codec"]

_HEAD_BYTES = 32
_FIELD_BYTES = 32
_DATE_BYTES = 8
_END = 0x0D
_BLANK = ord(" ")
_SURE_DIGITS = 18
_WHOLE = re.compile(rb"[+-]?\d+\Z")
_CHUNK_ROWS = 1 << 20
_DIGIT_0, _DIGIT_9 = ord("0"), ord("9")


def python_codec(name: str) -> str | None:
    """Return Python's name of an encoding as GDAL names it; None where Python has none.

    >>> python_codec("CP936"), python_codec("ISO-8859-1"), python_codec("odd")
    ('gbk', 'iso8859-1', None)
    """
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def decode(
    raw: bytes, encoding: str, *, fixed: bool = True, errors: str = "surrogateescape"
) -> tuple[str, bool]:
    """Return the text of a field, and whether half a character at the end of its fixed width was cut off.

    Bytes that are no text become lone surrogates.

    >>> decode("道路".encode()[:5], "utf-8")
    ('道', True)
    """
    try:
        return raw.decode(encoding), False
    except UnicodeDecodeError as error:
        if fixed and error.reason in ("unexpected end of data", "incomplete multibyte sequence"):
            return raw[: error.start].decode(encoding), True
        return raw.decode(encoding, errors), False


@dataclass(frozen=True, slots=True)
class _Field:
    name: bytes
    start: int
    kind: bytes
    width: int
    decimals: int

    @property
    def is_long(self) -> bool:
        """Whether it holds whole numbers that GDAL reads as floats."""
        return self.kind == b"N" and self.decimals == 0 and self.width > _SURE_DIGITS


class Dbf:
    """The table beside a Shapefile, as it is written.

    Parameters
    ----------
    shapefile
        The ``.shp``; a table that is missing or odd says nothing.
    """

    def __init__(self, shapefile: Path) -> None:
        self._fields: list[_Field] = []
        self._records: np.ndarray = np.empty((0, 0), np.uint8)
        for table in shapefile.parent.glob(f"{_escaped(shapefile.stem)}.*"):
            if table.suffix.lower() == ".dbf":
                self._read(table)

    def _read(self, table: Path) -> None:
        with table.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if len(head) < _HEAD_BYTES:
                return
            header, width = (int.from_bytes(head[at : at + 2], "little") for at in (8, 10))
            described = file.read(max(header - _HEAD_BYTES, 0))
        start = 1  # a record begins with its deletion flag
        for at in range(0, len(described) - _FIELD_BYTES + 1, _FIELD_BYTES):
            if described[at] == _END:
                break
            field = described[at : at + _FIELD_BYTES]
            size = field[16] + (field[17] << 8 if field[11:12] == b"C" else 0)
            self._fields.append(_Field(field[:11].split(b"\0")[0], start, field[11:12], size, field[17]))
            start += size
        whole = table.stat().st_size - header
        if start > width or whole < width:
            self._fields = []
            return
        count = whole // width
        self._records = np.memmap(table, np.uint8, "r", offset=header, shape=(count, width))

    def written(self, at: int, ids: np.ndarray, texts: pa.Array) -> pa.Array:
        """Return a field's texts with dates that are none, and long whole numbers, as they are written.

        Parameters
        ----------
        at
            The number of the field.
        ids
            Record numbers of the rows.
        texts
            What GDAL makes of the field.
        """
        field = self._fields[at] if at < len(self._fields) else None
        if field is None or not len(ids):
            return texts
        if field.is_long:
            return _digits(self._raw(field, ids), texts)
        if field.kind != b"D" or field.width != _DATE_BYTES:
            return texts
        raw = self._raw(field, ids)
        odd = np.flatnonzero(~_valid(raw))
        if not len(odd):
            return texts
        values = texts.to_pylist()
        for row in odd:
            plain = raw[row].tobytes().decode("latin-1").strip("\0 ")
            plain = "" if set(plain) <= set("0*") else plain
            values[row] = (
                f"{plain[:4]}-{plain[4:6]}-{plain[6:]}" if plain.isdigit() and len(plain) == 8 else plain
            )
        return pa.array([value or None for value in values], pa.string())

    def whole(self) -> dict[int, pa.DataType]:
        """Return the types of fields of long whole numbers: integers where all are of 64 bits, else text."""
        return {
            at: pa.int64() if self._fit(field) else pa.string()
            for at, field in enumerate(self._fields)
            if field.is_long
        }

    def beyond_nul(self, at: int, ids: np.ndarray) -> list[tuple[int, bytes]]:
        """Return where a text goes on after NUL, which ends it for GDAL, and the whole text."""
        field = self._fields[at] if at < len(self._fields) else None
        if field is None or field.kind != b"C" or not len(ids):
            return []
        raw = self._raw(field, ids)
        rows = np.flatnonzero((raw == 0).any(axis=1))
        texts = [(int(row), raw[row].tobytes().rstrip(b" \0")) for row in rows]
        return [(row, text) for row, text in texts if b"\0" in text]

    def _raw(self, field: _Field, ids: np.ndarray) -> np.ndarray:
        inside = (ids >= 0) & (ids < len(self._records))
        raw = np.full((len(ids), field.width), _BLANK, np.uint8)
        raw[inside] = self._records[ids[inside], field.start : field.start + field.width]
        return raw

    def _fit(self, field: _Field) -> bool:
        for start in range(0, len(self._records), _CHUNK_ROWS):
            part = self._records[start : start + _CHUNK_ROWS, field.start : field.start + field.width]
            used = (part != _BLANK).sum(axis=1)
            long = part[used > _SURE_DIGITS]
            if any(not _is_integer(row.tobytes()) for row in long):
                return False
        return True


def _is_integer(raw: bytes) -> bool:
    text = raw.strip(b" \0")
    return not text.strip(b"*") or (_WHOLE.match(text) is not None and -(2**63) <= int(text) < 2**63)


def _digits(raw: np.ndarray, texts: pa.Array) -> pa.Array:
    """Return whole numbers as they are written, without zeros before them; others as GDAL reads them."""
    plain = [row.tobytes().strip(b" \0") for row in raw]
    values = [
        str(int(text)) if _WHOLE.match(text) else other
        for text, other in zip(plain, texts.to_pylist(), strict=True)
    ]
    return pa.array(values, pa.string())


def _valid(raw: np.ndarray) -> np.ndarray:
    """Return which dates of eight bytes are dates, or blank."""
    digit = (raw >= _DIGIT_0) & (raw <= _DIGIT_9)
    numbers = np.where(digit, raw - _DIGIT_0, 0).astype(np.int64)
    year, month, day = (numbers[:, a:b] @ 10 ** np.arange(b - a)[::-1] for a, b in ((0, 4), (4, 6), (6, 8)))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    days = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.minimum(month, 12)]
    days = days + (leap & (month == 2))
    real = digit.all(axis=1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= days) & (year >= 1)
    blank = (raw == _BLANK).all(axis=1)
    plain: np.ndarray = real | blank
    return plain


def _escaped(stem: str) -> str:
    """Return a name in which no letter is a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
