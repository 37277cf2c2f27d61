"""What lies on the ground, from files or from layers of a city, in one metric CRS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.load.file_geometries import read_file_geometries
from stcloud.daas.load.geometry import KINDS
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.saas.cli.output import note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcloud.city import City
    from stcloud.paas.grid.division import Earlier
    from stcloud.paas.query import Features

__all__ = ["Ground"]

_KEPT = ("initialDate", "predecessors")
_LATEST = "9999-12-31"  # as it stands from its last change on


@dataclass(frozen=True, slots=True)
class Ground:
    """Reads geometries; a name that is a layer of the city is that layer as it stands from its last change on.

    Parameters
    ----------
    crs
        CRS they are wanted in.
    city
        Whose layers may be named; None: only files.
    declared
        CRS of files that say none.
    """

    crs: str
    city: City | None = None
    declared: str | None = None

    def layer(self, name: str) -> Features | None:
        """Return a layer of features by its name; None for a file.

        Raises
        ------
        NotFound
            ``no-source``: it is neither, with the nearest layers.
        """
        if self.city is None or Path(name).is_file():
            return None
        known = [one.name for one in self.city.layers()]
        if name in known:
            return self.city.features(name)
        if not Path(name).exists():
            raise NotFound(
                "no-source",
                f"there is no file {name}, and no layer of this name in city '{self.city.name}'",
                nearest=nearest(name, known),
            )
        return None

    def shapes(self, name: str, kinds: frozenset[str] | None = None) -> NDArray[np.object_]:
        """Return geometries; rows without one that is wanted are counted and left out."""
        layer = self.layer(name)
        if layer is not None:
            return _of(kinds, name, *_there(layer))[0]
        read = read_file_geometries(Path(name), self.crs, declared=self.declared, kinds=kinds)
        _tell(name, read.refused)
        return read.shapes

    def areas(self, name: str, code: str) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """Return polygons and their codes: a layer's keys, or a file's column.

        Raises
        ------
        InvalidInput
            ``code-needed``: a polygon has none.
        """
        layer = self.layer(name)
        if layer is not None:
            return _of(frozenset({"Polygon"}), name, *_there(layer))
        read = read_file_geometries(
            Path(name), self.crs, declared=self.declared, kinds=frozenset({"Polygon"}), columns=(code,)
        )
        _tell(name, read.refused)
        codes = read.columns[code]
        if codes.null_count:
            raise InvalidInput(
                "code-needed", f"{codes.null_count:,} polygons of {name} have no '{code}'",
                hint="give each its code, or name another column with --community-code",
            )  # fmt: skip
        return read.shapes, np.array(codes.to_pylist(), object)

    def earlier(self, name: str) -> tuple[Earlier, Mapping[str, tuple[str | None, str | None]]]:
        """Return the cells of earlier divisions, those that ended among them, and what is kept of those that stay.

        Of each code: since when the cell has been (``initialDate``), and what it came from (``predecessors``).
        """
        from stcloud.paas.grid.division import Earlier  # noqa: PLC0415  (compiled code is slow to import)

        layer = self.layer(name)
        if layer is not None and self.city is not None:
            found = self.city.grid(name).versions()
            now = layer.as_of(_LATEST).table
            said = [now[one].to_pylist() if one in now.schema.names else [None] * len(now) for one in _KEPT]
            texts = [[None if one is None else str(one) for one in part] for part in said]
            kept = dict(zip(now["st_key"].to_pylist(), zip(*texts, strict=True), strict=True))
            return Earlier(found.shapes, found.codes.astype(str), found.end_us != FOREVER), kept
        read = read_file_geometries(
            Path(name),
            self.crs,
            declared=self.declared,
            columns=("gridCode",),
            optional=("terminationDate", *_KEPT),
        )
        codes = read.columns["gridCode"].to_pylist()
        if None in codes:
            raise InvalidInput(
                "bad-earlier-cells", f"{codes.count(None):,} earlier cells of {name} have no gridCode",
                hint="give each the code it had",
            )  # fmt: skip
        ended = [bool(text) for text in read.columns["terminationDate"].to_pylist()]
        parts = [[text or None for text in read.columns[one].to_pylist()] for one in _KEPT]
        past = Earlier(read.shapes, np.array(codes, np.str_), np.array(ended, np.bool_))
        return past, dict(zip(codes, zip(*parts, strict=True), strict=True))


def _there(layer: Features) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    table: pa.Table = layer.as_of(_LATEST).table
    shapes = shapely.from_wkb(table["st_geom"].to_numpy())
    placed = ~shapely.is_missing(shapes)
    return shapes[placed], np.array(table["st_key"].to_pylist(), object)[placed]


def _of(
    kinds: frozenset[str] | None, name: str, shapes: NDArray[np.object_], keys: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Keep shapes of some kinds, multi-part ones too."""
    if kinds is None:
        return shapes, keys
    wanted = np.isin(shapely.get_dimensions(shapes), [KINDS.index(one) for one in kinds])
    _tell(name, {"other-kind": int((~wanted).sum())} if not wanted.all() else {})
    return shapes[wanted], keys[wanted]


def _tell(name: str, refused: object) -> None:
    if refused:
        listed = ", ".join(f"{why} {count:,}" for why, count in dict(refused).items())  # type: ignore[call-overload]
        note(f"{name}: left out: {listed}")
