"""What a filter may name: the layer's columns, and what every row has whatever its columns are called.

The layer's own column wins over ``geometry``, ``time``, ``period`` and ``key``; with ``st_`` before it the word
always means the row's own, since no source column may begin so.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, cast

from stcloud.daas.table.schema import Attribute
from stcloud.errors import NotFound, nearest
from stcloud.paas.query.filter.node import Column, Interval, Kind, Node, Shape

__all__ = ["Names"]

_POINT = Shape(("st_x", "st_y"))
_WKB = Shape(("st_geom",))
_LASTED = Interval(Column("instant", "st_time"), Column("instant", "st_time_to"), lasting=True)
_VALID = Interval(Column("instant", "st_valid_from"), Column("instant", "st_valid_to"), lasting=True)


@dataclass(frozen=True, slots=True)
class Names:
    """Columns by the name that people know, and special properties.

    Parameters
    ----------
    attributes
        The layer's columns.
    special
        What other names mean, unless a column is called so.

    Examples
    --------
    >>> names = Names.of_events({"key": Attribute("key", "key_", "integer")})
    >>> names.find("key"), names.find("st_key"), names.find("geometry")
    (Column(kind='integer', stored='key_'), Column(kind='text', stored='st_key'), Shape(stored=('st_x', 'st_y'), ...
    """

    attributes: Mapping[str, Attribute]
    special: Mapping[str, Node] = field(default_factory=dict)

    @classmethod
    def of_events(cls, attributes: Mapping[str, Attribute], *, lasting: bool = False) -> Self:
        """Return what a filter on events may name: ``geometry``, ``time``, ``key``; ``period`` where they last."""
        own: dict[str, Node] = {
            "geometry": _POINT,
            "time": Column("instant", "st_time"),
            "recorded": Column("instant", "st_recorded_from"),
        }
        return cls._of(attributes, own | ({"period": _LASTED} if lasting else {}))

    @classmethod
    def of_features(cls, attributes: Mapping[str, Attribute]) -> Self:
        """Return what a filter on versions of features may name: ``geometry``, ``period`` and ``key``."""
        return cls._of(attributes, {"geometry": _WKB, "period": _VALID})

    @classmethod
    def _of(cls, attributes: Mapping[str, Attribute], own: Mapping[str, Node]) -> Self:
        short = {**own, "key": Column("text", "st_key")}
        return cls(
            attributes,
            {**short, **{f"st_{'geom' if name == 'geometry' else name}": short[name] for name in short}},
        )

    def find(self, name: str) -> Node:
        """Return what a name means.

        Raises
        ------
        NotFound
            ``unknown-column``, with the nearest.
        """
        attribute = self.attributes.get(name)
        if attribute is not None:
            return Column(cast("Kind", attribute.type), attribute.stored)
        if name in self.special:
            return self.special[name]
        have = ", ".join([*list(self.attributes)[:30], *(word for word in self.special if word[:3] != "st_")])
        near = nearest(name, (*self.attributes, *self.special))
        raise NotFound(
            "unknown-column", f"there is no column '{name}' (there are: {have})", nearest=near,
            hint="" if near else f"if it is no column, but a text, write it as '{name}'",
        )  # fmt: skip
