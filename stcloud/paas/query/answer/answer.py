"""Answers: Arrow inside; pandas, GeoPandas and plain records at the edges.

Tested by `tests/paas/query/answer/test_answer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.display import html_table, one_line, text_table
from stcloud.errors import MissingExtra, Unsupported
from stcloud.iaas.store.traffic import NO_TRAFFIC, Traffic
from stcloud.late import plugin
from stcloud.paas.query.answer.coded import CodedColumns, labelled, named
from stcloud.paas.query.answer.group_place import CommunityOf, GroupPlace
from stcloud.paas.query.answer.pin import Pin
from stcloud.space import Block, GivenCRS, Lattice, Level, crs_text

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    import polars as pl

__all__ = ["Answer"]

_SHOWN, _SHOWN_HTML = 5, 10
_BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: a table, and how the question was understood.

    ``len(answer)`` is the number of rows, and iteration gives each row as a dict, instants as datetimes of the city's
    zone. Libraries that read Arrow (``polars.DataFrame(answer)``, ``pyarrow.table(answer)``, DuckDB) take an answer
    as it is, with the geometry of features as WKB in ``st_geom``.

    Attributes
    ----------
    table
        Rows or counts. Instants carry the city's zone.
    lattice
        Lattice of the city; its CRS is that of ``st_x`` and ``st_y``, its cells are the shapes of counts by
        cell.
    facts
        How the question was understood, with the recorded instant (``known_at``) that was used.
    next
        Cursor of the next page; None if there is none.
    pin
        Recorded instant of each layer that was read. The same question with ``known_at(answer.pin)`` always has
        the same answer. None: the answer covers all recorded time.
    groups
        Names of the columns that rows were grouped by; empty for rows.
    place
        Place of the groups, where they are units, duty grids or features of a layer.
    communities
        Gives the communities that points lie in, where rows are grouped by cells and there is a unit grid.
    coded
        Columns that hold codes: the tables that people read have names in them, ``Dirty road (06012)``.
    matched
        How many rows the question has on all pages, where that was known with the page; None: `Query.count` counts.
    traffic
        Requests to the city's bucket, and bytes read from it, while the answer was made (by whoever used the city
        at the same time, too); all zero where the city lies in a folder.
    """

    table: pa.Table
    lattice: Lattice
    facts: Mapping[str, str] = field(default_factory=dict)
    next: str | None = None
    pin: Pin | None = None
    groups: tuple[str, ...] = ()
    place: GroupPlace | None = field(default=None, repr=False, compare=False)
    communities: CommunityOf | None = field(default=None, repr=False, compare=False)
    coded: CodedColumns = field(default_factory=dict, repr=False, compare=False)
    traffic: Traffic = field(default=NO_TRAFFIC, repr=False, compare=False)
    matched: int | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each row as a dict."""
        for batch in self.table.to_batches(max_chunksize=_BATCH_ROWS):
            yield from batch.to_pylist()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as a capsule of the Arrow C stream interface."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        plain = labelled(self.plain.slice(0, _SHOWN), self.coded)
        lines = [self._title, *text_table(plain.schema.names, plain.to_pylist())]
        hidden = len(self) - _SHOWN
        return "\n".join([*lines, f"… and {hidden:,} more rows"] if hidden > 0 else lines)

    def _repr_html_(self) -> str:
        plain, hidden = labelled(self.plain.slice(0, _SHOWN_HTML), self.coded), len(self) - _SHOWN_HTML
        below = f"… and {hidden:,} more rows" if hidden > 0 else ""
        return html_table(self._title, plain.schema.names, plain.to_pylist(), below)

    @property
    def _title(self) -> str:
        layer = f" of {one_line(self.facts['layer'])}" if "layer" in self.facts else ""
        noun = ("group" if self.groups else "row") + ("" if len(self) == 1 else "s")
        known = f", known at {self.facts['known_at']}" if "known_at" in self.facts else ""
        return f"Answer{layer}: {len(self):,} {noun}{known}"

    def to_arrow(self) -> pa.Table:
        """Return the Arrow table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame; integers with nulls stay integers."""
        frame: pd.DataFrame = self.table.to_pandas(types_mapper=_nullable)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a DataFrame of polars; geometry of features is WKB in ``st_geom``.

        Raises
        ------
        MissingExtra
            ``polars-needed``: polars is not installed.
        """
        try:
            import polars as pl  # noqa: PLC0415  (it need not be installed)
        except ImportError as error:
            raise MissingExtra(
                "polars-needed", "polars is not installed",
                hint="pip install polars, or use to_arrow or to_pandas",
            ) from error  # fmt: skip
        return pl.DataFrame(pl.from_arrow(self.table))

    def to_records(self) -> list[dict[str, Any]]:
        """Return a list of dicts, one for each row."""
        records: list[dict[str, Any]] = self.table.to_pylist()
        return records

    def labelled(self) -> Answer:
        """Return the answer with names, and their codes, where it has codes: ``Dirty road (06012)``."""
        return replace(self, table=labelled(self.table, self.coded), coded={}) if self.coded else self

    def with_names(self) -> Answer:
        """Return the answer with, beside each column of codes, one of their names: ``class_code_name``.

        Raises
        ------
        InvalidInput
            ``column-exists``: there is a column of that name already.
        """
        return replace(self, table=named(self.table, self.coded)) if self.coded else self

    @property
    def plain(self) -> pa.Table:
        """The table without geometry."""
        return self.table.drop_columns(["st_geom"]) if "st_geom" in self.table.schema.names else self.table

    @property
    def shape_column(self) -> str | None:
        """Column with the place: ``st_x`` of events, ``st_geom`` of features, the first group with one, or None."""
        names = self.table.schema.names
        own = next((name for name in ("st_x", "st_geom") if name in names), None)
        if own is not None:
            return own
        if self.place is not None:
            return self.place.column
        cells = {f"cell_{size.label}" for size in (*Level, *Block)}
        return next((name for name in names if name in cells), None)

    def geometry(self) -> NDArray[Any]:
        """Return points or areas, ``(n,)``, in the city's CRS; None where a row has no place.

        Of several groups with a place, the first counts. The area of a group is that of its cell of the lattice; the
        union of its cells of the unit grid, or of the features of its name, as they were known at the answer's pin:
        at the last instant of the question's time (at ``rated_at`` or the fixed instant of the grid, if given), or
        where the question has no time at the pin. What was not there any more at that instant has its last area.

        Raises
        ------
        Unsupported
            ``no-geometry``: the answer has no column with a place.
        """
        column = self.shape_column
        if column is None:
            raise Unsupported(
                "no-geometry",
                "this answer has no place in it",
                hint="group by a place: cell:100m, unit, or in:LAYER",
            )
        if column == "st_x":
            x, y = (self.table[name].to_numpy() for name in ("st_x", "st_y"))
            points: NDArray[Any] = np.asarray(shapely.points(x, y), object)
            points[np.isnan(x)] = None
            return points
        if column == "st_geom":
            shapes_of: NDArray[Any] = shapely.from_wkb(self.table[column].to_numpy())
            return shapes_of
        if self.place is not None:
            return self.place.shapes(self.table[column])
        cells = self.table[column].to_pandas().fillna(0).to_numpy(np.int64)
        shapes: NDArray[Any] = np.full(len(cells), None, object)
        shapes[cells > 0] = shapely.box(*self.lattice.bounds(cells[cells > 0]))
        return shapes

    def plot(self, column: str | None = None, *, ax: Any = None, legend: bool = True) -> Any:
        """Draw the answer with matplotlib and return the axes.

        Parameters
        ----------
        column
            Column to draw; None: of groups their first measure.
        ax
            Axes to draw on; None: new ones.
        legend
            Whether to add a legend.

        Returns
        -------
        Axes. An answer with places is a map: points, or areas shaded by the column. Groups without a place are a
        chart: a line for bins of time, else bars; a second group is a line or bar beside the others.

        Raises
        ------
        InvalidInput
            ``no-plot``: there is no such column.
        Unsupported
            ``no-plot``: the answer has no place and is not grouped by one or two things, or its places repeat.
        """
        from stcloud.paas.query.answer.plot import plot_answer  # noqa: PLC0415  (few answers are drawn)

        drawn = self if self.shape_column is not None else self.labelled()
        return plot_answer(drawn, column, ax, legend=legend)

    def explore(self, *, height_px: int = 480) -> Any:
        """Return the answer as a map, a chart and a table for a cell of a notebook, offline.

        Parameters
        ----------
        height_px
            Height of the cell, pixels.

        Raises
        ------
        MissingExtra
            ``notebook-needed``
        InvalidInput
            ``too-many-rows``: more than 10,000.
        """
        return plugin("stcloud.notebook", "explore")(self, height_px=height_px)

    def to_geopandas(self, crs: GivenCRS | None = None) -> geopandas.GeoDataFrame:
        """Return a GeoDataFrame in the city's CRS, or in ``crs``."""
        import geopandas  # noqa: PLC0415  (slow to import)

        plain = Answer(self.plain, self.lattice, self.facts).to_pandas()
        frame = geopandas.GeoDataFrame(plain, geometry=self.geometry(), crs=self.lattice.crs)
        return frame if crs is None else frame.to_crs(crs_text(crs))


def _nullable(kind: pa.DataType) -> Any:
    import pandas as pd  # noqa: PLC0415  (slow to import)

    return pd.Int64Dtype() if pa.types.is_integer(kind) else None
