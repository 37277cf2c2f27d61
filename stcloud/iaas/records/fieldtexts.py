"""Fields of many entries at once: each distinct text is parsed once, into columns.

Tested by `tests/iaas/records/test_fieldtexts.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.iaas.records.entry import Scalar
from stcloud.iaas.records.values import fields_of

__all__ = ["FieldTexts"]

_SMALLEST_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FieldTexts:
    """Fields of entries.

    Attributes
    ----------
    code
        ``(n,)`` int32, of each entry which text of its fields it has.
    columns
        Values of the distinct texts by the name of the field; null where a text does not state it.

    Examples
    --------
    >>> fields = FieldTexts.of(pa.array(['{"to":"roads"}', "{}", '{"to":"roads"}']), {"to": pa.string()})
    >>> fields.code.tolist(), fields.columns["to"].to_pylist()
    ([0, 1, 0], ['roads', None])
    """

    code: NDArray[np.int32]
    columns: Mapping[str, pa.Array]

    @classmethod
    def of(cls, texts: pa.StringArray, types: Mapping[str, pa.DataType]) -> Self:
        """Parse canonical JSON.

        Parameters
        ----------
        texts
            Fields of entries.
        types
            The fields that are read: ``string``, ``int64`` or ``float64``. A number or a truth where a text is
            expected becomes one; what is not of the type of a number is null.

        Raises
        ------
        FormatError
            ``damaged-records``: a text is no JSON.
        """
        encoded = texts.dictionary_encode()
        distinct = encoded.dictionary
        read = (_parsed(distinct, types) if len(distinct) else None) or _converted(distinct, types)
        return cls(encoded.indices.to_numpy(zero_copy_only=False), read)

    def is_stated(self, name: str) -> NDArray[np.bool_]:
        """Return for each entry whether it states a field."""
        stated: NDArray[np.bool_] = self.columns[name].is_valid().to_numpy(zero_copy_only=False)[self.code]
        return stated

    def rows(self, name: str) -> NDArray[np.int64]:
        """Return the entries that state a field, in order."""
        return np.flatnonzero(self.is_stated(name))

    def take(self, name: str, rows: NDArray[np.int64]) -> pa.Array:
        """Return the values of a field in some entries; row -1 is null."""
        codes = pa.array(self.code[rows], pa.int32(), mask=rows < 0)
        return self.columns[name].take(codes)


def _parsed(texts: pa.StringArray, types: Mapping[str, pa.DataType]) -> dict[str, pa.Array] | None:
    """Return the columns of texts; None: some value is of another type."""
    import pyarrow.json as pj  # noqa: PLC0415 -- 5 ms, and most commands read no logs

    lines = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts), "\n")[0]
    buffer = lines.as_buffer()
    options = pj.ParseOptions(explicit_schema=pa.schema(dict(types)), unexpected_field_behavior="ignore")
    blocks = pj.ReadOptions(block_size=max(_SMALLEST_BLOCK, buffer.size // 2 + 1))
    try:
        table = pj.read_json(pa.BufferReader(buffer), read_options=blocks, parse_options=options)
    except pa.ArrowInvalid:
        return None
    if table.num_rows != len(texts):
        return None
    return {name: pa.concat_arrays(table.column(name).chunks) for name in types}


def _converted(texts: pa.StringArray, types: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    """Return the columns of texts, value by value."""
    parsed = [fields_of(text) for text in texts.to_pylist()]
    return {
        name: pa.array([_value(fields.get(name), kind) for fields in parsed], kind)
        for name, kind in types.items()
    }


def _value(value: Scalar, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_string(kind):
        return str(value)
    accepted = (int, float) if pa.types.is_floating(kind) else (int,)
    if not isinstance(value, accepted) or isinstance(value, bool):
        return None
    return float(value) if pa.types.is_floating(kind) else value
