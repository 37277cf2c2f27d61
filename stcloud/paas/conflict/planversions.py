"""Plan versions: the versions of a layer's features as arrays, with what rules compare.

Tested by `tests/paas/conflict/test_conflictsearch.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.errors import InvalidInput
from stcloud.iaas.table.digest import digest_rows
from stcloud.paas.conflict.conflictrules import PlanClause

__all__ = ["PlanVersions", "digests_of"]

_MANY = 5_000
_SIDE, _LEAST_M = 1 << 16, 1e-9

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Objects: TypeAlias = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class PlanVersions:
    """Versions of the features of a plan.

    Parameters
    ----------
    layer, place
        Name of the layer, and the one that it keeps when it is renamed.
    department
        Whose plan it is.
    key
        ``(n,)`` text.
    use
        ``(n,)`` text, None where a feature has no use.
    from_us, to_us
        ``(n,)`` int64: when each version is valid, half-open, UTC microseconds; `FOREVER`: no end is known.
    shape
        ``(n,)`` valid geometries in the city's CRS, none of them missing.
    zmin, zmax
        ``(n,)`` float64, heights in metres; NaN: not known.
    """

    layer: str
    place: str
    department: str
    key: Objects
    use: Objects
    from_us: Ints
    to_us: Ints
    shape: Objects
    zmin: Floats
    zmax: Floats

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def of(cls, table: pa.Table, layer: str, place: str, department: str, clause: PlanClause) -> Self:
        """Return the versions in a table as `Features` answers, without those that have no place.

        Raises
        ------
        InvalidInput
            ``bad-depth``: a range of heights ends below its start.
        """
        table = table.filter(table["st_geom"].is_valid())
        names = table.schema.names
        use = table[clause.use].cast(pa.string()).to_pylist() if clause.use in names else [None] * len(table)
        depths = [_heights(table, name) for name in (clause.zmin, clause.zmax)]
        key = _texts(table["st_key"].to_pylist())
        upside_down = np.flatnonzero(depths[1] < depths[0])
        if len(upside_down):
            at = upside_down[0]
            raise InvalidInput(
                "bad-depth",
                f"layer '{layer}', feature '{key[at]}': {clause.zmax} {depths[1][at]:g} is below {clause.zmin} "
                f"{depths[0][at]:g}",
                hint="heights are in metres, and zmin is the lower one: a pipe may have zmin -2.5 and zmax -2.1",
            )  # fmt: skip
        shape = np.asarray(shapely.from_wkb(table["st_geom"].to_numpy()), object)
        versions = cls(
            layer, place, department, key, _texts(use), micros(table["st_valid_from"], ALWAYS),
            micros(table["st_valid_to"], FOREVER), shape, *depths,
        )  # fmt: skip
        return versions.take(~shapely.is_empty(shape))

    def take(self, chosen: Any) -> Self:
        """Return some of the versions, by position or mask."""
        columns = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if field.name not in ("layer", "place", "department")
        }
        return replace(self, **columns)

    def along_curve(self) -> Self:
        """Return the versions along a space-filling curve, so that neighbours lie together."""
        if len(self) < 2:
            return self
        bounds = shapely.bounds(self.shape)
        west, south = bounds[:, :2].min(axis=0)
        east, north = bounds[:, 2:].max(axis=0)
        scale = (_SIDE - 1) / max(east - west, north - south, _LEAST_M)
        middle = ((bounds[:, :2] + bounds[:, 2:]) / 2 - (west, south)) * scale
        x, y = middle.astype(np.int64).T
        return self.take(np.argsort(_spread(x) | (_spread(y) << 1), kind="stable"))

    @property
    def digests(self) -> NDArray[np.uint64]:
        """``(n,)``: a digest of the layer's first name and the key of each version's feature."""
        place = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(self), np.int32)), pa.array([self.place])
        )
        key = pa.array(self.key, pa.string())
        return digests_of(pa.RecordBatch.from_arrays([place, key], names=["place", "key"]))

    @property
    def has_depth(self) -> Bools:
        """``(n,)``: whether the range of heights of a version is known."""
        known: Bools = ~(np.isnan(self.zmin) | np.isnan(self.zmax))
        return known


def digests_of(rows: pa.RecordBatch) -> NDArray[np.uint64]:
    """Return 64 bits of a digest of each row."""
    texts = b"".join(digest_rows(rows, "conflict", many=rows.num_rows > _MANY).to_pylist())
    return np.frombuffer(texts, ">u8").reshape(-1, 2)[:, 0].astype(np.uint64)


def _heights(table: pa.Table, name: str) -> Floats:
    """Return a column of heights; NaN where there is none, or it is no number."""
    if name not in table.schema.names or not _is_number(table.schema.field(name).type):
        return np.full(len(table), np.nan)
    heights: Floats = table[name].cast(pa.float64()).to_numpy().astype(np.float64)
    return heights


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _texts(values: list[str | None]) -> Objects:
    texts: Objects = np.empty(len(values), object)
    texts[:] = values
    return texts


def _spread(number: Ints) -> Ints:
    """Return numbers of 16 bits with a zero between each two bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        number = (number | (number << shift)) & mask
    return number
