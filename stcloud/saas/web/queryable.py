"""What filters and parameters may name of a collection: its columns, and what every row has.

Tested by `tests/saas/web/test_selection.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, nearest
from stcloud.paas.query.filter.notation import parse_filter
from stcloud.saas.web.collectionkind import kind_of
from stcloud.saas.web.referencesystem import ReferenceSystem

if TYPE_CHECKING:
    from stcloud.daas.catalogue import Layer

__all__ = ["declared_names", "read_condition", "simple_queryables"]


def simple_queryables(layer: Layer) -> dict[str, Attribute]:
    """Return what has one value in each row, by name: the columns, the key, and the time of events.

    A column that is called ``key`` or ``time`` is meant by that name, as in filters.
    """
    own = {"key": Attribute("key", "st_key", "text")}
    if not kind_of(layer).versioned:
        own["time"] = Attribute("time", "st_time", "instant")
    return own | {attribute.name: attribute for attribute in layer.attributes}


def declared_names(layer: Layer) -> tuple[str, ...]:
    """Return all names that filters may have."""
    lasting = ("period",) if kind_of(layer).lasting else ()
    return (*simple_queryables(layer), "geometry", *lasting)


def read_condition(
    written: str | Mapping[str, Any], layer: Layer, system: ReferenceSystem
) -> str | Mapping[str, Any]:
    """Return a filter whose coordinates are x before y, whatever order its CRS has.

    Raises
    ------
    InvalidInput
        ``unreadable-filter``; ``unknown-property``: it names what is not among the queryables.
    """
    tree = parse_filter(written)
    known = declared_names(layer)
    for name in _properties(tree):
        if name not in known:
            close = nearest(name, known)
            raise InvalidInput(
                "unknown-property", f"filter: there is no property '{name[:80]}'",
                hint=f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known)}",
            )  # fmt: skip
    return _turned(tree) if system.north_first and isinstance(tree, dict) else written


def _properties(tree: Any) -> Iterator[str]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            name = node.get("property")
            if isinstance(name, str):
                yield name
            pending += [part for key, part in node.items() if key not in ("coordinates", "bbox")]
        elif isinstance(node, list):
            pending += node


def _turned(tree: Any) -> Any:
    """Return a tree with the first two numbers of every position exchanged."""
    if isinstance(tree, list):
        return [_turned(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        name: _turned_positions(part)
        if name == "coordinates"
        else _turned_box(part)
        if name == "bbox"
        else _turned(part)
        for name, part in tree.items()
    }


def _turned_positions(part: Any) -> Any:
    if not isinstance(part, list):
        return part
    if len(part) > 1 and not isinstance(part[0], list):
        return [part[1], part[0], *part[2:]]
    return [_turned_positions(below) for below in part]


def _turned_box(part: Any) -> Any:
    if not isinstance(part, list) or len(part) not in (4, 6):
        return part
    half = len(part) // 2
    return [*_turned_positions(part[:half]), *_turned_positions(part[half:])]
