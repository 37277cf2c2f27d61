"""Classes and colours of a field of an answer as a document, which a page draws a map and its legend by.

Tested by `tests/saas/web/test_linkedviews.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.saas.report.classes import class_limits
from stcloud.saas.report.classrows import class_rows
from stcloud.saas.report.palette import ABSENT, NO_VALUE, ZERO

__all__ = ["field_classes"]

_CHANGES = ("_change", "_change_pct")


def field_classes(table: pa.Table, field: str, most: int) -> dict[str, Any]:
    """Return the classes of a field: their limits, both included, colours, labels, and how many rows each has.

    Parameters
    ----------
    table
        ``(n,)`` rows of an answer.
    field
        A field of numbers; changes lie on both sides of zero.
    most
        Most classes, 1 to 6.

    Raises
    ------
    NotFound
        ``unknown-field``
    InvalidInput
        ``no-number``: the field has other values.
    """
    values, whole = _numbers(table, field)
    changes = field.endswith(_CHANGES)
    limits = class_limits(values, whole=whole, diverging=True if changes else None, most=most)
    rows = [] if limits is None else class_rows(limits, values)
    return {
        "field": field, "kind": "diverging" if changes or (limits and limits.diverging) else "sequential",
        "classes": [
            {"from": _plain(row.lower, whole), "to": _plain(row.upper, whole), "colour": row.colour,
             "label": row.label, "count": row.count}
            for row in rows
        ],
        "zero": {"colour": ZERO, "count": int((values == 0).sum())},
        "absent": {"colour": ABSENT}, "no_value": {"colour": NO_VALUE, "count": int(np.isnan(values).sum())},
    }  # fmt: skip


def _numbers(table: pa.Table, field: str) -> tuple[Any, bool]:
    """Return a field's values, NaN where there is none, and whether they are whole numbers."""
    names = table.column_names
    if field not in names:
        raise NotFound(
            "unknown-field", f"the answer has no field '{field}' (there are: {', '.join(names)})",
            nearest=nearest(field, names),
        )  # fmt: skip
    column = table[field]
    whole = pa.types.is_integer(column.type)
    if not (whole or pa.types.is_floating(column.type)):
        raise InvalidInput(
            "no-number", f"'{field}' has no numbers that classes could be made of", hint="name a measure"
        )
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), whole


def _plain(value: float, whole: bool) -> float:  # noqa: FBT001
    return int(value) if whole else float(value)
