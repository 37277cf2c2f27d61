"""Geometries that people give to a grid: a layer's name, a file, or a GeoDataFrame, all in one metric CRS.

Tested by ``tests/saas/test_same_answer.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.catalogue import Catalogue, Layer
from stcloud.daas.load.file_geometries import FileGeometries, read_file_geometries
from stcloud.daas.load.geometry import KINDS
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.iaas.store.folder import is_name

if TYPE_CHECKING:
    from stcloud.paas.grid.division import Earlier

__all__ = ["GeometryReader", "GeometrySource", "Origin"]

GeometrySource: TypeAlias = "str | os.PathLike[str] | Any"
"""A layer's name, a file, or a GeoDataFrame."""

Origin: TypeAlias = tuple[str | None, str | None]
"""Since when a cell has been (``initialDate``), and what it came from (``predecessors``)."""

_KEPT = ("initialDate", "predecessors")
_POLYGON = frozenset({"Polygon"})


@dataclass(frozen=True, slots=True)
class GeometryReader:
    """Reads geometries; a name that is a layer of the city is that layer as it stands from its last change on.

    Parameters
    ----------
    crs
        CRS they are wanted in.
    catalogue
        Of the city whose layers may be named; None: files and frames only.
    source_crs
        CRS of files and frames that say none.
    tell
        Called with a line for each source of which rows were left out.
    """

    crs: str
    catalogue: Catalogue | None = None
    source_crs: str | None = None
    tell: Callable[[str], object] | None = None

    def shapes(self, source: GeometrySource, kinds: frozenset[str] | None = None) -> NDArray[np.object_]:
        """Return the geometries of some kinds; rows without one are left out.

        Raises
        ------
        NotFound
            ``no-source``: it is neither a layer nor a file, with the nearest layers; ``renamed-layer``.
        InvalidInput
            ``crs-needed``, ``no-geometry``; what reading raises.
        """
        layer = self._layer(source)
        if layer is not None:
            return self._of_kinds(kinds, str(source), *self._current(layer))[0]
        return self._read(source, kinds).shapes

    def areas(self, source: GeometrySource, code: str) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return polygons and their codes: a layer's keys, or a column.

        Raises
        ------
        InvalidInput
            ``code-needed``: a polygon has none; and as `shapes`.
        NotFound
            ``unknown-column``; and as `shapes`.
        """
        layer = self._layer(source)
        if layer is not None:
            return self._of_kinds(_POLYGON, str(source), *self._current(layer))
        read = self._read(source, _POLYGON, (code,))
        codes = read.columns[code]
        if codes.null_count:
            raise InvalidInput(
                "code-needed", f"{codes.null_count:,} polygons of {_name(source)} have no '{code}'",
                hint="give each its code, or name another column: community_code=…",
                in_shell="give each its code, or name another column with --community-code",
            )  # fmt: skip
        return read.shapes, np.array(codes.to_pylist(), object)

    def earlier(self, source: GeometrySource) -> tuple[Earlier, Mapping[str, Origin]]:
        """Return the cells of earlier divisions, those that ended among them, and the origin of each code."""
        from stcloud.paas.grid.division import Earlier  # noqa: PLC0415  (compiled code is slow to import)

        layer = self._layer(source)
        if layer is not None:
            return self._earlier_of(layer)
        read = self._read(source, None, ("gridCode",), ("terminationDate", *_KEPT))
        codes = read.columns["gridCode"].to_pylist()
        if None in codes:
            raise InvalidInput(
                "bad-earlier-cells", f"{codes.count(None):,} earlier cells of {_name(source)} have no gridCode",
                hint="give each the code it had",
            )  # fmt: skip
        ended = [bool(text) for text in read.columns["terminationDate"].to_pylist()]
        parts = [[text or None for text in read.columns[name].to_pylist()] for name in _KEPT]
        past = Earlier(read.shapes, np.array(codes, np.str_), np.array(ended, np.bool_))
        return past, dict(zip(codes, zip(*parts, strict=True), strict=True))

    def _earlier_of(self, layer: Layer) -> tuple[Earlier, Mapping[str, Origin]]:
        from stcloud.paas.grid.division import Earlier  # noqa: PLC0415

        assert self.catalogue is not None  # noqa: S101  (the layer came from it)
        table = self.catalogue.features(layer.name)
        believed = table.believed(layer.snapshot)
        stored = {column.name: column.stored for column in layer.attributes}
        content = table.content(layer.snapshot, believed.row)
        codes, ended = believed.key.to_pylist(), believed.end_us != FOREVER
        parts = [
            [None if value is None else str(value) for value in content[stored[name]].to_pylist()]
            if name in stored
            else [None] * len(codes)
            for name in _KEPT
        ]
        origins = zip(codes, zip(*parts, strict=True), ended.tolist(), strict=True)
        shapes = np.asarray(shapely.from_wkb(content["st_geom"].to_numpy()), object)
        past = Earlier(shapes, np.array(codes, np.str_), ended)
        return past, {code: origin for code, origin, over in origins if not over}

    def _layer(self, source: GeometrySource) -> Layer | None:
        """Return the layer of features that is named; None for a file or a frame."""
        if self.catalogue is None or not isinstance(source, str | os.PathLike) or Path(source).is_file():
            return None
        name, known = str(source), self.catalogue.names()
        if name in known:
            layer = self.catalogue.layer(name)
            if layer.kind == "event":
                raise InvalidInput(
                    "not-features", f"layer '{name}' holds events", hint="name a layer of features"
                )
            return layer
        if not Path(name).exists():
            if is_name(name):
                self.catalogue.refuse_former(name)
            raise NotFound(
                "no-source", f"there is no file {name}, and no layer of this name in the city",
                nearest=nearest(name, known),
            )  # fmt: skip
        return None

    def _current(self, layer: Layer) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return the shapes that a layer has from its last change on, and their keys."""
        assert self.catalogue is not None  # noqa: S101  (the layer came from it)
        table = self.catalogue.features(layer.name)
        believed = table.believed(layer.snapshot)
        here = believed.take(np.flatnonzero(believed.end_us == FOREVER))
        content = table.content(layer.snapshot, here.row, ["st_geom"])
        shapes = np.asarray(shapely.from_wkb(content["st_geom"].to_numpy()), object)
        order = np.argsort(np.array(here.key.to_pylist(), object), kind="stable")
        placed = order[~shapely.is_missing(shapes[order])]
        return shapes[placed], np.array(here.key.to_pylist(), object)[placed]

    def _read(
        self, source: GeometrySource, kinds: frozenset[str] | None, columns: Sequence[str] = (),
        optional: Sequence[str] = (),
    ) -> FileGeometries:  # fmt: skip
        if isinstance(source, str | os.PathLike):
            read = read_file_geometries(
                Path(source),
                self.crs,
                declared=self.source_crs,
                kinds=kinds,
                columns=columns,
                optional=optional,
            )
        else:
            read = self._of_frame(source, kinds, columns, optional)
        self._tell_refused(_name(source), read.refused)
        return read

    def _of_frame(
        self, frame: Any, kinds: frozenset[str] | None, columns: Sequence[str], optional: Sequence[str]
    ) -> FileGeometries:
        for name in columns:
            if name not in frame.columns:
                raise NotFound(
                    "unknown-column", f"the frame has no column '{name}'",
                    nearest=nearest(name, [str(column) for column in frame.columns]),
                )  # fmt: skip
        placed = frame if frame.crs is not None else frame.set_crs(self._declared())
        shapes = np.asarray(placed.geometry.to_crs(self.crs).to_numpy(), object)
        wanted = ~shapely.is_missing(shapes)
        lacks = int((~wanted).sum())
        if kinds is not None:
            wanted &= np.isin(shapely.get_dimensions(shapes), [KINDS.index(kind) for kind in kinds])
        others = len(shapes) - int(wanted.sum()) - lacks
        refused = {why: count for why, count in (("no-geometry", lacks), ("other-kind", others)) if count}
        texts = {name: _texts(frame[name] if name in frame.columns else [None] * len(frame), wanted)
                 for name in (*columns, *optional)}  # fmt: skip
        return FileGeometries(shapes[wanted], texts, refused)

    def _declared(self) -> str:
        if self.source_crs is None:
            raise InvalidInput(
                "crs-needed", "the GeoDataFrame does not say its CRS", hint="state it: source_crs='EPSG:…'"
            )
        return self.source_crs

    def _of_kinds(
        self, kinds: frozenset[str] | None, name: str, shapes: NDArray[np.object_], keys: NDArray[np.object_]
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Keep shapes of some kinds, multi-part ones too."""
        if kinds is None:
            return shapes, keys
        wanted = np.isin(shapely.get_dimensions(shapes), [KINDS.index(kind) for kind in kinds])
        self._tell_refused(name, {"other-kind": int((~wanted).sum())} if not wanted.all() else {})
        return shapes[wanted], keys[wanted]

    def _tell_refused(self, name: str, refused: Mapping[str, int]) -> None:
        if refused and self.tell is not None:
            listed = ", ".join(f"{why} {count:,}" for why, count in refused.items())
            self.tell(f"{name}: left out: {listed}")


def _name(source: GeometrySource) -> str:
    return str(source) if isinstance(source, str | os.PathLike) else "the frame"


def _texts(values: Any, wanted: NDArray[np.bool_]) -> pa.Array:
    """Return some values as text; what pandas calls missing is null."""
    column = pa.array(list(values), from_pandas=True)
    texts = pa.nulls(len(column), pa.string()) if pa.types.is_null(column.type) else column.cast(pa.string())
    return texts.filter(pa.array(wanted))
