"""The canonical text of a typed value: one text for a value, however a file stores it.

A whole number is its digits, whether it was an integer, a float or a decimal; a float is its shortest exact form
without an exponent; an instant is ISO 8601 without idle zeros. `declared` gives the type of a column's values.

Tested by ``tests/iaas/source/test_registry.py``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["BEYOND_TIME", "Declared", "as_text", "declared", "exact_whole", "instants_as_text", "storage"]

BEYOND_TIME = "<value out of range"
"""How the text of an instant begins that is no date of the calendar."""

_BOOL8, _UUID = "arrow.bool8", "arrow.uuid"
_EXACT_DIGITS = 15
_INT64_DIGITS = 18
_UNITS_US = {"s": 1_000_000, "ms": 1_000}
_UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_LONGEST_US = 2**62
_WHOLE_BELOW: Mapping[pa.DataType, int] = {
    pa.float16(): 2**11, pa.float32(): 2**24, pa.float64(): 2**53,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declared:
    """The type that a file gives a column.

    Parameters
    ----------
    type
        ``text``, ``integer``, ``number``, ``boolean``, ``date`` or ``instant``.
    whole_below
        Whole numbers of this size and beyond may have lost digits before they came; None: none has.
    """

    type: str
    whole_below: int | None = None


def declared(kind: pa.DataType) -> Declared:
    """Return the type under which every value of an Arrow type is kept without loss.

    Decimals that a float64 cannot hold digit by digit, and unsigned integers beyond int64, stay text.

    >>> declared(pa.decimal128(12, 2)).type, declared(pa.decimal128(30, 2)).type
    ('number', 'text')
    """
    if isinstance(kind, pa.BaseExtensionType):
        return declared(pa.bool_() if kind.extension_name == _BOOL8 else kind.storage_type)
    if pa.types.is_dictionary(kind):
        return declared(kind.value_type)
    if pa.types.is_floating(kind):
        return Declared("number", _WHOLE_BELOW[kind])
    if pa.types.is_decimal(kind):
        return Declared(_decimal_type(kind.precision, kind.scale))
    known = (
        (pa.types.is_boolean, "boolean"), (pa.types.is_date, "date"), (pa.types.is_timestamp, "instant"),
        (pa.types.is_uint64, "text"), (pa.types.is_integer, "integer"),
    )  # fmt: skip
    return Declared(next((name for fits, name in known if fits(kind)), "text"))


def _decimal_type(precision: int, scale: int) -> str:
    if scale <= 0 and precision - scale <= _INT64_DIGITS:
        return "integer"
    return "number" if precision <= _EXACT_DIGITS and scale > 0 else "text"


def exact_whole(texts: pa.Array, below: int) -> np.ndarray:
    """Return which canonical texts of floats are not whole numbers from which digits may have been lost."""
    numbers = pc.fill_null(texts.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return np.asarray(~(np.isfinite(numbers) & (np.abs(numbers) >= below)), np.bool_)


def as_text(column: pa.Array) -> pa.Array:
    """Return a column as canonical text that can be read back exactly; binary stays binary.

    Instants with a zone become ISO 8601 in UTC, zone-less ones stay without an offset, both to the microsecond;
    durations become ISO 8601 in seconds. A float that is no number is null. Nested values are no matter of this
    function.

    >>> as_text(pa.array([1.5, 340102001001.0, None])).to_pylist()
    ['1.5', '340102001001', None]
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(storage(column))
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    write = next((write for fits, write in _WRITERS if fits(kind)), _plain)
    return write(column)


def storage(column: pa.Array) -> pa.Array:
    """Return what a column of an extension type holds: booleans and the texts of UUIDs as such, else its storage."""
    name = column.type.extension_name
    if name == _BOOL8:
        return pc.not_equal(column.storage, 0)
    if name == _UUID:
        texts = [None if raw is None else str(uuid.UUID(bytes=raw)) for raw in column.storage.to_pylist()]
        return pa.array(texts, pa.string())
    return column.storage


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(pa.string())


def _bytes(column: pa.Array) -> pa.Array:
    return column.cast(pa.binary())


def _dates(column: pa.Array) -> pa.Array:
    return column.cast(pa.date32()).cast(pa.string())


def _times(column: pa.Array) -> pa.Array:
    return _short(column.cast(pa.string()))


def _durations(column: pa.Array) -> pa.Array:
    """Write `PT90S` or `-PT0.5S`: a duration has one text in whatever unit it is counted."""
    digits = _UNIT_DIGITS[column.type.unit]
    texts = [
        None if count is None else f"{'-' if count < 0 else ''}PT{_scaled(abs(count), digits)}S"
        for count in column.cast(pa.int64()).to_pylist()
    ]
    return pa.array(texts, pa.string())


def _scaled(count: int, digits: int) -> str:
    whole, part = divmod(count, 10**digits)
    return f"{whole}.{part:0{digits}d}".rstrip("0") if part else str(whole)


def _floats(column: pa.Array) -> pa.Array:
    texts = pc.if_else(pc.is_nan(column), None, column.cast(pa.string()))
    texts = pc.if_else(pc.equal(texts, "-0"), "0", texts)
    return _rewritten(texts, pc.match_substring(texts, "e"))


def _decimals(column: pa.Array) -> pa.Array:
    """Drop zeros after the decimal point; Arrow writes small ones with an exponent."""
    texts = column.cast(pa.string())
    texts = _rewritten(texts, pc.match_substring_regex(texts, "[eE]"))
    pointed = pc.match_substring(texts, ".")
    short = pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")
    texts = pc.if_else(pointed, short, texts)
    return pc.if_else(pc.equal(texts, "-0"), "0", texts)


def _rewritten(texts: pa.Array, where: pa.Array) -> pa.Array:
    """Return texts with the exponents of those in the mask written out."""
    if not pc.any(where).as_py():
        return texts
    plain = [f"{Decimal(text):f}" for text in texts.filter(where).to_pylist()]
    return pc.replace_with_mask(texts, pc.fill_null(where, fill_value=False), pa.array(plain, pa.string()))


def _instants(column: pa.Array) -> pa.Array:
    """Cut to microseconds; what is no date of the calendar keeps a text that none reads."""
    unit, zone = column.type.unit, column.type.tz
    ticks = column.cast(pa.int64())
    if unit == "ns":
        counts = ticks.fill_null(0).to_numpy(zero_copy_only=False) // 1000
        ticks_us, beyond = pa.array(counts, mask=ticks.is_null().to_numpy(zero_copy_only=False)), None
    else:
        factor = _UNITS_US.get(unit, 1)
        far = pc.greater(pc.abs(ticks), _LONGEST_US // factor)
        beyond = far if pc.any(far).as_py() else None
        ticks_us = pc.multiply(pc.if_else(far, 0, ticks), factor)
    texts = _short(ticks_us.cast(pa.timestamp("us")).cast(pa.string()))
    if zone is not None:
        texts = pc.binary_join_element_wise(texts, "Z", "")
    return texts if beyond is None else pc.if_else(beyond, f"{BEYOND_TIME}>", texts)


def instants_as_text(texts: pa.Array) -> pa.Array:
    """Return written ISO 8601 instants as `as_text` gives them: those with an offset in UTC, others without.

    >>> instants_as_text(pa.array(["2024-01-01T10:00:00+08:00", "2024-01-01T10:00:00"])).to_pylist()
    ['2024-01-01 02:00:00Z', '2024-01-01 10:00:00']
    """
    zoned = pc.match_substring_regex(texts, r"(Z|[+-]\d\d:?\d\d)$")
    try:
        offset = pc.if_else(zoned, texts, None).cast(pa.timestamp("us", "UTC"))
        plain = pc.if_else(zoned, None, texts).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:  # a year of five digits, or none at all: who reads it says so
        if len(texts) < 2:
            return texts
        middle = len(texts) // 2
        return pa.concat_arrays([instants_as_text(texts[:middle]), instants_as_text(texts[middle:])])
    return pc.coalesce(as_text(offset), as_text(plain))


def _short(texts: pa.Array) -> pa.Array:
    """Drop zeros that end a fraction of a second."""
    pointed = pc.match_substring(texts, ".")
    return pc.if_else(pointed, pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), "."), texts)


_WRITERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (pa.types.is_binary, _bytes), (pa.types.is_large_binary, _bytes), (pa.types.is_binary_view, _bytes),
    (pa.types.is_fixed_size_binary, _bytes), (pa.types.is_duration, _durations), (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals), (pa.types.is_timestamp, _instants), (pa.types.is_date, _dates),
    (pa.types.is_time, _times),
)  # fmt: skip
