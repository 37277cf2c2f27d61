"""Totals by area as people have them: a file, a frame, a table, columns; keys and numbers, checked.

Tested by `tests/city/test_carrying.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.daas.load.column import plain, read_numbers, trimmed
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source

__all__ = ["TotalsTable"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TotalsTable:
    """Totals by the key of an area.

    Attributes
    ----------
    name
        What the table is called in errors.
    keys
        The keys, each once.
    values
        ``(n,)`` float64 by column; NaN: there is none.
    """

    name: str
    keys: tuple[str, ...]
    values: Mapping[str, Floats]

    @classmethod
    def of(cls, totals: Any, key: str | None, wanted: Sequence[str] = ()) -> Self:
        """Return the totals of a table.

        Parameters
        ----------
        totals
            A file (CSV, NDJSON, Parquet), a DataFrame, an Arrow table, columns by name, or records.
        key, wanted
            The column of keys; the columns of totals, by default all others.

        Raises
        ------
        NotFound
            ``unknown-column``, ``unknown-source``.
        InvalidInput
            ``no-table``; ``which-key``; ``no-totals``: there are no other columns; ``missing-key``, ``repeated-key``;
            ``wrong-type``: a total is no number.
        """
        name, table = _read(totals)
        if key is None:
            raise InvalidInput(
                "which-key", f"nothing says which column of {name} has the keys of areas",
                hint="name it with key", in_shell="name it with --key",
            )  # fmt: skip
        for column in (key, *wanted):
            if column not in table.column_names:
                close = nearest(column, table.column_names)
                raise NotFound(
                    "unknown-column", f"{name} has no column '{column}' (there are: {', '.join(table.column_names)})",
                    hint="name those of keys and of totals with key and values",
                    in_shell="name those of keys and of totals with --key and --value", nearest=close,
                )  # fmt: skip
        columns = tuple(wanted) or tuple(column for column in table.column_names if column != key)
        if not columns:
            raise InvalidInput("no-totals", f"{name} has no column of totals", hint="add one beside the keys")
        keys = _keys(table[key], name, key)
        return cls(name, keys, {column: _numbers(table[column], name, column) for column in columns})

    def by_key(self, column: str, keys: Sequence[str], areas: str) -> Floats:
        """Return the totals of a column for these keys, NaN where there is none.

        Raises
        ------
        NotFound
            ``unknown-feature``: a key is of none of the areas.
        """
        place = {key: at for at, key in enumerate(keys)}
        unknown = next((key for key in self.keys if key not in place), None)
        if unknown is not None:
            raise NotFound(
                "unknown-feature", f"{self.name} has a total of '{unknown}', and {areas} has no such area",
                nearest=nearest(unknown, keys),
            )  # fmt: skip
        totals = np.full(len(keys), np.nan)
        totals[[place[key] for key in self.keys]] = self.values[column]
        return totals

    def missing(self, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the keys that have no total, by column."""
        known = {
            name: {key for key, value in zip(self.keys, column, strict=True) if not np.isnan(value)}
            for name, column in self.values.items()
        }
        return {name: tuple(key for key in keys if key not in of) for name, of in known.items()}


def _read(totals: Any) -> tuple[str, pa.Table]:
    if isinstance(totals, str | os.PathLike):
        path = Path(totals)
        if not path.is_file():
            raise NotFound("unknown-source", f"there is no file {path}")
        source = open_source(path, Reading())
        batches = [batch.rows for batch in source.batches()]
        empty = pa.table({column: pa.array([], pa.string()) for column in source.columns})
        return path.name, pa.Table.from_batches(batches) if batches else empty
    try:
        return "the table", _table(totals)
    except (TypeError, ValueError, AttributeError) as error:  # pyarrow's errors are of these kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(
            "no-table", f"an object of type {type(totals).__name__} is no table of totals: {reason}",
            hint="give a file, a DataFrame, an Arrow table, columns by name, or records",
        ) from error  # fmt: skip


def _table(totals: Any) -> pa.Table:
    if hasattr(totals, "__arrow_c_stream__"):
        return pa.table(totals)
    if isinstance(totals, Mapping):
        return pa.table({str(name): list(column) for name, column in totals.items()})
    if isinstance(totals, list | tuple):
        return pa.Table.from_pylist(list(totals))
    return pa.Table.from_pandas(totals, preserve_index=False)


def _keys(column: pa.ChunkedArray, name: str, key: str) -> tuple[str, ...]:
    texts = column.combine_chunks().cast(pa.string()).to_pylist()
    for row, text in enumerate(texts, start=1):
        if text is None or not text.strip():
            raise InvalidInput(
                "missing-key", f"row {row} of {name} has no '{key}'", hint="give each row its area"
            )
    keys = tuple(text.strip() for text in texts)
    if len(set(keys)) < len(keys):
        seen: set[str] = set()
        twice = next(text for text in keys if text in seen or seen.add(text))  # type: ignore[func-returns-value]
        raise InvalidInput("repeated-key", f"{name} has '{twice}' twice", hint="give each area one row")
    return keys


def _numbers(column: pa.ChunkedArray, name: str, title: str) -> Floats:
    """Return a column as numbers; a text that is none is refused with its row."""
    values = column.combine_chunks()
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        texts = trimmed(plain(values.cast(pa.string())))
        read = read_numbers(texts)[0]
        rows = enumerate(zip(texts.to_pylist(), read.to_pylist(), strict=True), start=1)
        wrong = next(((row, text) for row, (text, value) in rows if text and not _is_number(value)), None)
        if wrong is not None:
            raise _no_number(name, title, *wrong)
        return np.array([np.nan if value is None else value for value in read.to_pylist()], np.float64)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise _no_number(name, title, 1, str(values[0].as_py() if len(values) else kind))
    return np.array([np.nan if value is None else float(value) for value in values.to_pylist()], np.float64)


def _is_number(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _no_number(name: str, title: str, row: int, text: str) -> InvalidInput:
    return InvalidInput(
        "wrong-type", f"'{title}' of {name} is no number in row {row}: '{text[:40]}'",
        hint="name the columns of totals with values", in_shell="name the columns of totals with --value",
    )  # fmt: skip
