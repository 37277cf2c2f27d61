"""Pinned questions that a purge has touched: they are refused, since they cannot be answered as they were.

Tested by `tests/paas/query/resolve/test_refusal.py` and `tests/properties/test_purge.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.schema import Attribute
from stcloud.daas.table.timeline import ALWAYS
from stcloud.errors import NotFound
from stcloud.paas.query.plan.plan import Goal, RowColumns, Rows
from stcloud.paas.query.plan.resolved import Resolved, columns_of
from stcloud.time import Zone

__all__ = ["columns_read", "refuse_purged"]


def refuse_purged(
    layer: Layer,
    known_us: int,
    zone: Zone,
    *,
    columns: frozenset[str] | None = None,
    after_us: int | None = None,
) -> None:
    """Refuse a question about a layer as of a recorded instant, if it may have read what was purged since.

    Parameters
    ----------
    layer, known_us, zone
        The layer, the recorded instant at which it is taken, UTC microseconds, and the city's zone.
    columns
        Names of the columns that the question reads; None: all, or it cannot be told.
    after_us
        The question reads nothing that was over before this instant, UTC microseconds; None: it cannot be told.

    Raises
    ------
    NotFound
        ``purged``
    """
    for purge in layer.purges:
        if purge.touches(known_us, columns, None if after_us == ALWAYS else after_us):
            raise NotFound(
                "purged",
                f"layer '{layer.name}' was purged of {purge.scope} at {zone.iso(purge.recorded_at_us)}: "
                f"what was known of it at {zone.iso(known_us)} cannot be answered any more",
                hint="ask what is known now: leave out known_at, the pin or the cursor",
                in_shell="ask what is known now: leave out --known-at, the pin or the cursor",
            )


def columns_read(goal: Goal, conditions: Iterable[Resolved], layer: Layer) -> frozenset[str] | None:
    """Return the names of a layer's columns that a question reads; None: all of them."""
    if isinstance(goal, Rows):
        return None
    stored = columns_of(tuple(conditions)) | (
        frozenset(goal.names) if isinstance(goal, RowColumns) else frozenset()
    )
    names = {attribute.name for attribute in layer.attributes if attribute.stored in stored}
    if isinstance(goal, RowColumns):
        return frozenset(names)
    names |= {group.name for group in goal.by if isinstance(group, Attribute)}
    names |= {
        name for measure in goal.measures if measure.tree for name in _properties(json.loads(measure.tree))
    }
    return frozenset(names)


def _properties(tree: Any) -> Iterator[str]:
    """Give the columns that an expression names."""
    if isinstance(tree, dict):
        if isinstance(tree.get("property"), str):
            yield tree["property"]
        for value in tree.values():
            yield from _properties(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _properties(value)
