"""Pairs of degrees in a file without a definition: the column is found, the order of its degrees never guessed.

Tested by `tests/daas/load/test_geometry_text.py`.
"""

from __future__ import annotations

from typing import Any

from stcloud.daas.load.geometry_text import pair_columns
from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Source

__all__ = ["space_of_pairs"]


def space_of_pairs(source: Source, name: str, crs: str | None) -> dict[str, Any] | None:
    """Return the keys of ``[space]`` for the one column of pairs that a file has; None: it has none, or several.

    Raises
    ------
    InvalidInput
        ``place-needed``: the first rows leave both orders possible.
    """
    batch = next(iter(source.batches()), None)
    columns = pair_columns(batch.rows) if batch else {}
    if len(columns) != 1:
        return None
    ((column, order),) = columns.items()
    if order is None:
        raise InvalidInput(
            "place-needed",
            f"the column {column!r} of {name} holds pairs of degrees, and nothing says which is the latitude",
            hint=f'write a definition with column = "{column}" and encoding = "lat-lon" or "lon-lat" under [space]',
        )
    return {"column": column, "encoding": order} | ({} if crs is None else {"crs": crs})
