"""Columns that hold codes, and the names that people read instead of them.

Tested by `tests/paas/query/answer/test_coded.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from stcloud.daas.definition import Definition
from stcloud.errors import InvalidInput

__all__ = ["CodedColumn", "CodedColumns", "Coding", "labelled", "named"]

NameOf: TypeAlias = Callable[[str | None, str], str | None]
"""Gives the name of a code of a kind; None as kind: of whichever kind it can only be; None: there is no name."""


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """How the codes of a column are named.

    Parameters
    ----------
    name_of
        Gives the name of a code.
    kind_column
        The column that says what each code is of; None: that is always the same, or not known.
    """

    name_of: NameOf
    kind_column: str | None = None

    def label(self, code: str, kind: str | None = None) -> str:
        """Return a code as a person reads it, ``Dirty road (06012)``; one without a name stays as it is."""
        name = self.name_of(kind, code)
        return code if name is None else f"{name} ({code})"


CodedColumns: TypeAlias = Mapping[str, CodedColumn]
"""Columns with codes, by the names that answers have for them."""
Coding: TypeAlias = Callable[[Definition], CodedColumns]
"""Gives the columns of a layer that hold codes."""


def labelled(table: pa.Table, columns: CodedColumns) -> pa.Table:
    """Return a table that has names, with their codes, where it had codes. O(n)."""
    for column in _present(table, columns):
        table = table.set_column(
            table.schema.names.index(column), column, _each(table, column, columns[column], _label)
        )
    return table


def named(table: pa.Table, columns: CodedColumns) -> pa.Table:
    """Return a table that has beside each column of codes one with their names, ``class_code_name``. O(n).

    Raises
    ------
    InvalidInput
        ``column-exists``: there is a column of that name already.
    """
    for column in _present(table, columns):
        name = f"{column}_name"
        if name in table.schema.names:
            raise InvalidInput(
                "column-exists", f"there is a column '{name}' already: names of '{column}' have no place",
                hint="leave out the names, or rename the column in the definition",
            )  # fmt: skip
        at = table.schema.names.index(column) + 1
        table = table.add_column(at, name, _each(table, column, columns[column], _name))
    return table


def _present(table: pa.Table, columns: CodedColumns) -> list[str]:
    return [
        name for name in table.schema.names if name in columns and _is_text(table.schema.field(name).type)
    ]


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(value) or pa.types.is_large_string(value) or pa.types.is_string_view(value)
    )


def _each(
    table: pa.Table,
    column: str,
    coded: CodedColumn,
    text_of: Callable[[CodedColumn, str, str | None], str | None],
) -> pa.Array:
    """Return a text for each row, worked out once for each code and kind."""
    codes = table[column].to_pylist()
    kinds = (
        table[coded.kind_column].to_pylist()
        if coded.kind_column in table.schema.names
        else [None] * len(codes)
    )
    pairs = list(zip(codes, kinds, strict=True))
    texts = {(code, kind): text_of(coded, code, kind) for code, kind in set(pairs) if code is not None}
    return pa.array([texts.get(pair) for pair in pairs], pa.string())


def _label(coded: CodedColumn, code: str, kind: str | None) -> str:
    return coded.label(code, kind)


def _name(coded: CodedColumn, code: str, kind: str | None) -> str | None:
    return coded.name_of(kind, code)
