"""Lists, structures and maps of typed files as JSON text, in which a value has one text however it is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stcloud.iaas.source.text import as_text, storage

__all__ = ["CONSTANTS", "is_texts", "nested_texts", "read_canonical"]

CONSTANTS = {"NaN": None, "Infinity": "inf", "-Infinity": "-inf"}
"""What is no JSON and yet is written, as the values that typed files give."""
_LONGEST_NUMBER = 400


def is_texts(kind: pa.DataType) -> bool:
    """Return whether values of a type are texts, of whatever layout."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def nested_texts(column: pa.Array) -> list[str | None]:
    """Return nested values as JSON; bytes that are no UTF-8 become lone surrogates.

    >>> nested_texts(pa.array([[1.0, float("nan"), 2.5], None]))
    ['[1, null, 2.5]', None]
    """
    return [None if member is None else json.dumps(member, ensure_ascii=False) for member in _objects(column)]


def read_canonical(text: str) -> Any:
    """Return the value of a JSON text, with numbers as `nested_texts` has them.

    >>> read_canonical("[1.0, NaN, 1e2, 0.5]")
    [1, None, 100, 0.5]
    """
    return json.loads(text, parse_float=_number, parse_constant=CONSTANTS.__getitem__, strict=False)


def _objects(column: pa.Array) -> list[Any]:
    """Return values as what JSON has."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _objects(storage(column))
    if pa.types.is_dictionary(kind):
        return _objects(column.dictionary_decode())
    if pa.types.is_struct(kind):
        return _structures(column)
    if pa.types.is_nested(kind):
        return _lists(column)
    return _leaves(kind)(column)


def _structures(column: pa.Array) -> list[Any]:
    names = [column.type.field(at).name for at in range(column.type.num_fields)]
    members = [_objects(child) for child in column.flatten()]
    there = column.is_valid().to_pylist()
    rows = zip(*members, strict=True) if members else ((),) * len(column)
    return [
        dict(zip(names, row, strict=True)) if valid else None for valid, row in zip(there, rows, strict=True)
    ]


def _lists(column: pa.Array) -> list[Any]:
    """Return lists; maps as lists of pairs."""
    pairs = pa.types.is_map(column.type)
    if pairs:
        members = [("key", column.type.key_type), ("value", column.type.item_type)]
        column = column.cast(pa.list_(pa.struct(members)))
    values = _objects(column.flatten())
    if pairs:
        values = [list(member.values()) for member in values]
    lists, start = [], 0
    for length in pc.list_value_length(column).to_pylist():
        lists.append(None if length is None else values[start : start + length])
        start += length or 0
    return lists


def _leaves(kind: pa.DataType) -> Callable[[pa.Array], list[Any]]:
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
        return _plain
    if is_texts(kind):
        return _texts
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers
    return _canonical


def _plain(column: pa.Array) -> list[Any]:
    return list(column.to_pylist())


def _texts(column: pa.Array) -> list[Any]:
    raw = column.cast(pa.binary()).to_pylist()
    return [None if text is None else text.decode("utf-8", "surrogateescape") for text in raw]


def _numbers(column: pa.Array) -> list[Any]:
    return [None if text is None else _number(text) for text in as_text(column).to_pylist()]


def _number(text: str) -> int | float | str:
    """Return the number that a canonical text is; the text where JSON readers would lose digits."""
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_NUMBER or len(text) > _LONGEST_NUMBER:
        return text
    whole = value.to_integral_value()
    if value == whole:
        return int(whole)
    return float(text) if Decimal(repr(float(text))) == value else text


def _canonical(column: pa.Array) -> list[Any]:
    texts = as_text(column).to_pylist()
    return [text.hex() if isinstance(text, bytes) else text for text in texts]
