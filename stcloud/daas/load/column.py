"""One column: words that mean nothing, mapped values, text to its declared type, and what is wrong with it.

Tested by `tests/daas/load/test_event_load.py` and `tests/daas/load/test_keep_and_trim.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.definition import ColumnClause, Definition
from stcloud.daas.table.schema import INSTANT
from stcloud.iaas.source.protocol import Refusal
from stcloud.iaas.source.text import Declared, exact_whole
from stcloud.time import Zone, read_stamps

__all__ = [
    "Faults",
    "Values",
    "formats_of",
    "plain",
    "read_column",
    "read_integers",
    "read_numbers",
    "trimmed",
    "without_nulls",
    "without_padding",
]

Values = NDArray[Any]

_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^(?i:[+-]?(nan|inf|infinity))$"
_FEW_DIGITS = r"^[+-]?\d{1,9}(\.0+)?$"
_INTEGER = r"^[+-]?\d{1,19}(\.0+)?$"
_INT64_STOP = 2**63
_SURE_DIGITS = 18
_EXACT_BELOW = 2**53
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


class Faults:
    """The first fault of each row of a batch."""

    def __init__(self, numbers: Values) -> None:
        self._numbers = numbers
        self.faulty = np.zeros(len(numbers), np.bool_)
        self._refusals: list[Refusal] = []

    def add(
        self, where: Values | pa.Array, field: str, values: pa.Array, reason: str, *, most: int | None = 200
    ) -> None:
        """Note that the rows in the mask ``where`` are at fault, unless they already were.

        Of a value the first ``most`` characters are kept; None: all.
        """
        mask = where if isinstance(where, np.ndarray) else where.to_numpy(zero_copy_only=False)
        new = mask.astype(np.bool_) & ~self.faulty
        for at in np.flatnonzero(new).tolist():
            self._refusals.append(
                Refusal(int(self._numbers[at]), field, _shown(values[at].as_py(), most), reason)
            )
        self.faulty |= new

    def take(self, known: Iterable[Refusal]) -> None:
        """Take over what the source found of rows, unless they already were at fault."""
        for refusal in known:
            at = int(np.searchsorted(self._numbers, refusal.row))
            if at < len(self._numbers) and self._numbers[at] == refusal.row and not self.faulty[at]:
                self.faulty[at] = True
                self._refusals.append(refusal)

    def refusals(self) -> tuple[Refusal, ...]:
        """Return what was noted, by row."""
        return tuple(sorted(self._refusals, key=lambda refusal: refusal.row))


def _shown(value: Any, most: int | None) -> str | None:
    return None if value is None else str(value)[:most]


def without_padding(rows: pa.RecordBatch) -> tuple[pa.RecordBatch, Values]:
    """Return rows whose texts have no white space around them, blank ones null; and which rows that changed."""
    changed = np.zeros(rows.num_rows, np.bool_)
    columns = []
    for column in rows.columns:
        short, other = _unpadded(column)
        columns.append(short)
        changed |= other
    return pa.RecordBatch.from_arrays(columns, rows.schema.names), changed


def _unpadded(column: pa.Array) -> tuple[pa.Array, Values]:
    if pa.types.is_dictionary(column.type):
        words, other = _unpadded(column.dictionary)
        codes = column.indices.fill_null(-1).to_numpy()
        return _recoded(column, words), np.append(other, False)[codes]
    if not pa.types.is_string(column.type):
        return column, np.zeros(len(column), np.bool_)
    short = trimmed(column)
    same = pc.fill_null(pc.equal(pc.fill_null(short, ""), column), fill_value=True)
    return short, np.asarray(~same.to_numpy(zero_copy_only=False), np.bool_)


def formats_of(formats: tuple[str, ...], given: Declared | None) -> tuple[str, ...]:
    """Return the formats of a column of times: ISO 8601 before others where the source itself has instants or dates.

    >>> formats_of(("%m/%d/%Y",), None), formats_of(("%m/%d/%Y",), Declared("date"))
    (('%m/%d/%Y',), ('iso', '%m/%d/%Y'))
    """
    typed = given is not None and given.type in ("instant", "date")
    return ("iso", *(form for form in formats if form != "iso")) if typed else formats


def without_nulls(
    rows: pa.RecordBatch, definition: Definition, zone: Zone, types: Mapping[str, Declared]
) -> Mapping[str, pa.Array]:
    """Return the columns by name, with the definition's null words made null.

    In columns of times a word also stands for its instant in other notations; ``zone`` is the city's, ``types`` are
    those that the source gives.
    """
    source: dict[str, pa.Array] = {}
    for at, name in enumerate(rows.schema.names):
        values = _nulled(rows.column(at), (*definition.null, *definition.column(name).null))
        words, formats, own = definition.time_words(name)
        written = formats_of(formats, types.get(name))
        source[name] = _timeless(values, words, written, Zone(own) if own else zone) if words else values
    return source


def _timeless(values: pa.Array, words: Sequence[str], formats: Sequence[str], zone: Zone) -> pa.Array:
    """Make instants null that one of the words means, however they are written."""
    if pa.types.is_dictionary(values.type):
        return _recoded(values, _timeless(values.dictionary, words, formats, zone))
    if not pa.types.is_string(values.type):
        return values
    named = pa.array(sorted(set(words)), pa.string())
    known = read_stamps(named, (*formats, "iso"), zone, days=True)
    read = read_stamps(values, formats, zone, days=True)
    meant = read.valid & np.isin(read.utc_us, known.utc_us[known.valid])
    hit = pc.or_(pa.array(meant), pc.is_in(pc.utf8_trim_whitespace(values), value_set=named))
    return pc.if_else(hit, None, values) if pc.any(hit).as_py() else values


def _nulled(values: pa.Array, words: Sequence[str]) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return _recoded(values, _nulled(values.dictionary, words))
    if not pa.types.is_string(values.type) or not words:
        return values
    if words == ("",):
        return _filled(values)
    hit = pc.is_in(values, value_set=pa.array(sorted(set(words)), pa.string()))
    return pc.if_else(hit, None, values) if pc.any(hit).as_py() else values


def _recoded(values: pa.DictionaryArray, meant: pa.Array) -> pa.Array:
    """Give dictionary-encoded values with other meanings, null among them."""
    if meant is values.dictionary:
        return values
    codes = pc.if_else(pc.is_valid(meant), pa.array(np.arange(len(meant), dtype=np.int32)), None)
    return pa.DictionaryArray.from_arrays(codes.take(values.indices), pc.fill_null(meant, ""))


def plain(values: pa.Array) -> pa.Array:
    """Return values without dictionary encoding."""
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def trimmed(values: pa.Array) -> pa.Array:
    """Return texts without white space around them; null where nothing is left."""
    return _filled(pc.utf8_trim_whitespace(values))


def _filled(texts: pa.Array) -> pa.Array:
    """Return texts with null for each that is empty; the texts themselves are not copied."""
    filled = pc.not_equal(pc.binary_length(texts), 0)
    if pc.all(filled, skip_nulls=False).as_py():
        return texts
    valid = filled.fill_null(fill_value=False)
    if texts.offset or valid.offset or not pa.types.is_string(texts.type):
        return pc.if_else(valid, texts, None)
    return pa.Array.from_buffers(texts.type, len(texts), [valid.buffers()[1], *texts.buffers()[1:]])


def read_column(
    name: str,
    values: pa.Array,
    column: ColumnClause,
    zone: Zone,
    faults: Faults,
    given: Declared | None = None,
) -> pa.Array:
    """Return a column's values as its declared type; what cannot be read is a fault.

    ``given`` is the type that the file gave the column: an integer that is kept as a number must keep its digits.
    """
    if pa.types.is_binary(values.type):
        faults.add(pc.is_valid(values), name, values, "not-text")
        values = pa.nulls(len(values), pa.string())
    if column.type == "text" and not column.values and column.otherwise == "keep":
        return values
    values = plain(values)
    if column.values or column.otherwise != "keep":
        values = _mapped(name, values, column, faults)
    if column.type == "text":
        return values
    if column.type in ("date", "instant"):
        column = column.model_copy(update={"formats": formats_of(column.formats, given)})
    texts = trimmed(values)
    if column.type == "number" and given is not None and given.type == "integer":
        faults.add(~exact_whole(texts, _EXACT_BELOW), name, texts, "inexact-number")
    return _typed(name, texts, column, zone, faults)


def _typed(name: str, texts: pa.Array, column: ColumnClause, zone: Zone, faults: Faults) -> pa.Array:
    if column.type in ("date", "instant"):
        return _moments(name, texts, column, zone, faults)
    if column.type == "boolean":
        return _booleans(name, texts, faults)
    if column.type == "number":
        numbers, bad = read_numbers(texts)
        faults.add(bad, name, texts, "not-a-number")
        # NaN says that there is no number. Bounds in files leave it out, so a stored one could not be found.
        return pc.if_else(pc.is_nan(numbers), None, numbers)
    return _integers(name, texts, faults)


def _integers(name: str, texts: pa.Array, faults: Faults) -> pa.Array:
    bad = _unlike(texts, _INTEGER)
    digits = pc.replace_substring_regex(texts, r"^\+|\.0+$", "")  # a cast knows no plus sign
    try:
        numbers = pc.if_else(pa.array(bad), None, digits).cast(pa.int64())
    except pa.ArrowInvalid:  # of 19 digits some are beyond what is kept
        long = pc.fill_null(pc.greater(pc.utf8_length(digits), _SURE_DIGITS), fill_value=False)
        for at in np.flatnonzero(long.to_numpy(zero_copy_only=False) & ~bad).tolist():
            bad[at] = not -_INT64_STOP <= int(digits[at].as_py()) < _INT64_STOP
        numbers = pc.if_else(pa.array(bad), None, digits).cast(pa.int64())
    faults.add(bad, name, texts, "not-an-integer")
    return numbers


def read_integers(name: str, values: pa.Array, faults: Faults) -> Values:
    """Return whole numbers, ``(n,)`` int64; what is none is a fault, and 0 like what is missing.

    Values that come often are read once.
    """
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    words = trimmed(encoded.dictionary)
    bad = _unlike(words, _FEW_DIGITS)
    digits = pc.replace_substring_regex(words, r"^\+|\.0+$", "")
    numbers = pc.if_else(pa.array(bad), None, digits).cast(pa.int64()).fill_null(0).to_numpy()
    codes = encoded.indices.fill_null(-1).to_numpy()
    faults.add(np.append(bad, np.False_)[codes], name, values, "not-an-integer")
    whole: Values = np.append(numbers, 0)[codes]
    return whole


def read_numbers(texts: pa.Array) -> tuple[pa.Array, Values]:
    """Read trimmed decimal numbers.

    Returns
    -------
    float64 array, and the mask of texts that are no number (null in the array).
    """
    try:
        return texts.cast(pa.float64()), np.zeros(len(texts), np.bool_)
    except pa.ArrowInvalid:
        bad = _unlike(texts, _NUMBER)
        return pc.if_else(pa.array(bad), None, texts).cast(pa.float64()), bad


def _unlike(texts: pa.Array, pattern: str) -> Values:
    like = pc.fill_null(pc.match_substring_regex(texts, pattern), fill_value=True)
    unlike: Values = ~like.to_numpy(zero_copy_only=False)
    return unlike


def _mapped(name: str, values: pa.Array, column: ColumnClause, faults: Faults) -> pa.Array:
    position = pc.index_in(values, value_set=pa.array(list(column.values), pa.string()))
    meant = pc.take(pa.array(list(column.values.values()), pa.string()), position)
    if column.otherwise == "keep":
        return pc.if_else(pc.is_valid(position), meant, values)
    if column.otherwise == "refuse":
        strange = pc.and_(pc.is_null(position), pc.is_valid(values))
        faults.add(strange, name, values, "unknown-value")
    return meant


def _moments(name: str, texts: pa.Array, column: ColumnClause, zone: Zone, faults: Faults) -> pa.Array:
    """Return the instants in UTC; for dates, the day that is written."""
    written = pc.is_valid(texts).to_numpy(zero_copy_only=False)
    own = Zone("UTC") if column.type == "date" else Zone(column.zone) if column.zone else zone
    read = read_stamps(texts, column.formats, own, days=column.type == "date")
    faults.add(read.out_of_range, name, texts, "time-out-of-range")
    reason = "unreadable-date" if column.type == "date" else "unreadable-time"
    faults.add(written & ~read.valid, name, texts, reason)
    moments = pa.array(read.utc_us, mask=~read.valid).cast(INSTANT)
    return (
        moments.cast(pa.timestamp("us")).cast(pa.date32(), safe=False) if column.type == "date" else moments
    )


def _booleans(name: str, texts: pa.Array, faults: Faults) -> pa.Array:
    folded = pc.utf8_lower(texts)
    true = pc.is_in(folded, value_set=pa.array(_TRUE))
    false = pc.is_in(folded, value_set=pa.array(_FALSE))
    strange = pc.and_(pc.invert(pc.or_(true, false)), pc.is_valid(texts))
    faults.add(strange, name, texts, "not-a-boolean")
    return pc.if_else(pc.or_(true, false), true, pa.scalar(None, pa.bool_()))
