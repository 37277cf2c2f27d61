"""What linked views of an answer need: its answer on a square of a web map, and the rows of one of its groups.

Tested by `tests/paas/query/run/test_tiling.py` and `tests/conformance/test_groups.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from stcloud.paas.query.run.paging import checked_limit
from stcloud.paas.query.spec import below, narrowing

if TYPE_CHECKING:
    from stcloud.paas.query.answer.vector_tile import VectorTile
    from stcloud.paas.query.plan.condition import Condition
    from stcloud.paas.query.run.inquiry import Inquiry
    from stcloud.paas.query.run.measuring import Selection
    from stcloud.paas.query.run.wholegroups import WholeGroups
    from stcloud.time import Instant

__all__ = ["GroupKeywords", "LinkedQuery"]


class GroupKeywords(TypedDict, total=False):
    """What is chosen of groups, as for `Query.measure`."""

    until: Instant | None
    having: str | None
    order: str | Sequence[str]
    limit: int | None
    rated_at: Instant | None
    compare: str | LinkedQuery | None


class LinkedQuery(ABC):
    """A query that can be drawn as vector tiles, and narrowed to a group of its answer."""

    __slots__ = ()

    @abstractmethod
    def inquiry(self) -> Inquiry:
        """Return the question as it is put to an engine."""

    @abstractmethod
    def _with(self, conditions: Iterable[Condition]) -> Self:
        """Return the question with more conditions."""

    def of_group(self, *groups: str) -> Self:
        """Keep rows of groups of an answer, all of them: as many as the group's count.

        Parameters
        ----------
        groups
            ``BY=VALUE``: what is grouped by, as in ``by`` of `measure`, and the value of the answer's field as text:
            ``"week=2024-W22"``, ``"weekday=1"``, ``"cell:1km=135074293"``, ``"in:communities=999101002001"``,
            ``"category=pothole"``. Nothing after the sign is null; a value that is empty or begins with a double
            quote is in double quotes, which are doubled within.

        Raises
        ------
        InvalidInput
            ``unreadable-group``: a group of the answer is not written so; and as `measure` of ``by``.
        NotFound
            ``unknown-feature``, ``unknown-duty``: when it is answered.
        """
        return self._with([below.group_of(text, self.inquiry()) for text in groups])

    def tile(
        self, z: int, x: int, y: int, *, columns: str | Sequence[str] | None = None, layer_name: str | None = None,
        cluster: bool | str | None = None, by: str | Sequence[str] = (), measures: str | Sequence[str] = (),
        **chosen: Unpack[GroupKeywords],
    ) -> bytes:  # fmt: skip
        """Return a tile of WebMercatorQuad as a Mapbox Vector Tile 2.1; empty where nothing lies on it.

        Parameters
        ----------
        z, x, y
            Zoom, 0 to 24; column and row, counted from the north-west.
        columns
            Columns that features have; None: key, times and all of the layer's own.
        layer_name
            Name of the tile's layer; None: that of the city's.
        cluster
            Whether points are made one for each cell of the lattice, with ``count``; or the size of the cells,
            ``"250m"``. None: events below zoom 14. Features are clustered by a place in each.
        by, measures
            Give groups instead of rows: the areas of cells, units or features (``"in:communities"``), with measures
            of each whole group, as `Query.measure` has them.
        until, having, order, limit, rated_at, compare
            Of groups, as for `Query.measure`.

        Notes
        -----
        A point lies on exactly one tile of a zoom, so counts over all tiles of a zoom add up to that of the question,
        without rows that have no place. Of more than 50,000 rows on a tile clusters are given, with ``crowded``.
        Ids are the first 53 bits of the XXH64 of keys; of clusters the cell. Instants are texts.

        Raises
        ------
        InvalidInput, NotFound
            ``unknown-tile``, ``unknown-level``, ``unknown-column``, ``crowded-tile``; and as `measure`.
        """
        return self.vector_tile(
            z,
            x,
            y,
            columns=columns,
            layer_name=layer_name,
            cluster=cluster,
            by=by,
            measures=measures,
            **chosen,
        ).content

    def vector_tile(
        self, z: int, x: int, y: int, *, columns: str | Sequence[str] | None = None, layer_name: str | None = None,
        cluster: bool | str | None = None, by: str | Sequence[str] = (), measures: str | Sequence[str] = (),
        **chosen: Unpack[GroupKeywords],
    ) -> VectorTile:  # fmt: skip
        """Return the same with its pin, facts and figures: how many rows it stands for, and what is too small."""
        named = None if columns is None else narrowing.names_of(columns)
        from stcloud.space.tilegrid import Tile  # noqa: PLC0415  (other questions need none)

        request = below.TileRequest(Tile(z, x, y), named, layer_name, cluster)
        groups = narrowing.names_of(by)
        if not groups:
            return below.tiled(self.inquiry(), request)
        measured = narrowing.names_of(measures)
        return below.groups_tiled(
            self.inquiry(), request, groups, measured, chosen.get("until"), _selection(chosen)
        )

    def whole_groups(
        self, by: str | Sequence[str], measures: str | Sequence[str] = (), **chosen: Unpack[GroupKeywords]
    ) -> WholeGroups:
        """Return the groups that have a place, with their areas; kept, so that tiles of them are drawn at once.

        Arguments are those of `tile`. `Unsupported` ``no-geometry``: the groups have no place.
        """
        measured, names = narrowing.names_of(measures), narrowing.names_of(by)
        return below.whole_groups(self.inquiry(), measured, names, chosen.get("until"), _selection(chosen))


def _selection(chosen: GroupKeywords) -> Selection:
    """Return which groups are wanted."""
    compare = chosen.get("compare")
    other = compare if compare is None or isinstance(compare, str) else compare.inquiry()
    order, limit = narrowing.names_of(chosen.get("order", ())), checked_limit(chosen.get("limit"))
    return below.Selection(chosen.get("having"), order, limit, None, chosen.get("rated_at"), other)
