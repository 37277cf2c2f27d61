"""How a query shows itself: its layer and each condition on a line; nothing is read.

Tested by `tests/daas/test_display.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.daas.display import html_table, one_line
from stcloud.paas.query.answer.pin import OriginInstant, Pin

if TYPE_CHECKING:
    from stcloud.paas.query.spec.query import Query

__all__ = ["query_html", "query_lines"]

_MOST_LETTERS, _MOST_CONDITIONS = 100, 12


def query_lines(query: Query) -> list[str]:
    """Return a line for the layer, and one for each condition."""
    conditions = [one_line(condition, _MOST_LETTERS) for condition in query.conditions]
    hidden = len(conditions) - _MOST_CONDITIONS
    more = [f"… and {hidden} more conditions"] if hidden > 0 else []
    title = f"Query of {one_line(query.subject.layer.name)}"
    return [title, *conditions[:_MOST_CONDITIONS], *more, *_known(query)]


def query_html(query: Query) -> str:
    """Return the same lines as HTML."""
    title, *lines = query_lines(query)
    return html_table(title, ["condition"] if lines else [], ({"condition": line} for line in lines))


def _known(query: Query) -> list[str]:
    if query.known is None:
        return []
    if isinstance(query.known, Pin):
        return [
            "known at a pin of " + one_line(", ".join(name for name, _ in query.known.layers), _MOST_LETTERS)
        ]
    of = " of origin" if isinstance(query.known, OriginInstant) else ""
    at_us = query.known.at_us if isinstance(query.known, OriginInstant) else query.known
    return [f"known at {query.subject.zone.iso(at_us)}{of}"]
