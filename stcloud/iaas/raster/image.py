"""An image: the facts of it, and its values block by block.

Tested by `tests/iaas/raster/test_geotiff.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.space.rastergrid import RasterGrid, Transform

__all__ = [
    "BLOCK",
    "KEPT_TYPES",
    "Block",
    "Image",
    "ImageFacts",
    "content_digest",
    "numbers_text",
    "refuse_size",
    "windows",
]

BLOCK = 512
"""Rows and columns of a block."""
MOST_PIXELS = 1 << 32
MOST_IMAGES = 100_000
KEPT_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")

Block: TypeAlias = tuple[int, int, NDArray[Any]]
"""First row, first column, values ``(bands, rows, columns)``."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of an image besides its values.

    Parameters
    ----------
    grid
        Where its pixels lie.
    bands
        Names, in order.
    dtype
        Of all bands, as numpy names it.
    nodata
        The value that means none; NaN of floating-point numbers always does.
    scale, offset
        By band: what was measured is ``value · scale + offset``.
    """

    grid: RasterGrid
    bands: tuple[str, ...]
    dtype: str
    nodata: float | None = None
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.dtype not in KEPT_TYPES:
            raise InvalidInput(
                "not-a-scene", f"values of type {self.dtype} are not kept (only {', '.join(KEPT_TYPES)})"
            )
        if len(set(self.bands)) < len(self.bands) or not all(self.bands):
            raise InvalidInput("wrong-bands", f"bands have names, each another: {', '.join(self.bands)}")
        for numbers, default in (("scale", 1.0), ("offset", 0.0)):
            given = getattr(self, numbers)
            whole = given * len(self.bands) if len(given) == 1 else given or (default,) * len(self.bands)
            if (
                len(whole) != len(self.bands)
                or not all(map(math.isfinite, whole))
                or (numbers == "scale" and 0 in whole)
            ):
                raise InvalidInput("wrong-bands", f"{numbers} {given} does not fit {len(self.bands)} bands")
            object.__setattr__(self, numbers, tuple(map(float, whole)))
        if self.nodata is not None:
            object.__setattr__(self, "nodata", self._fitting(self.nodata))

    def _fitting(self, nodata: float) -> float | None:
        kind = np.dtype(self.dtype)
        if kind.kind == "f":
            return None if math.isnan(nodata) else float(nodata)
        if (
            math.isnan(nodata)
            or nodata != int(nodata)
            or not np.iinfo(kind).min <= nodata <= np.iinfo(kind).max
        ):
            raise InvalidInput(
                "bad-nodata",
                f"nodata is {nodata:g}, and values are {self.dtype}, which never are",
                hint="state nodata in the table [raster] of the definition",
            )
        return int(nodata)

    @property
    def is_scaled(self) -> bool:
        """Whether any band has a scale or an offset."""
        return any(scale != 1 for scale in self.scale) or any(self.offset)

    def missing(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which values mean that there is none."""
        gone: NDArray[np.bool_] = np.zeros(values.shape, np.bool_)
        if values.dtype.kind == "f":
            gone |= np.isnan(values)
        if self.nodata is not None:
            gone |= values == values.dtype.type(self.nodata)
        return gone

    def measured(self, values: NDArray[Any], band: int) -> NDArray[Any]:
        """Return what was measured: values of a band, scaled as float64 where the band has a scale."""
        scale, offset = self.scale[band], self.offset[band]
        return values if scale == 1 and offset == 0 else values * np.float64(scale) + np.float64(offset)

    def columns(self) -> dict[str, Any]:
        """Return the facts as plain columns of a row."""
        rows, columns = self.grid.shape
        return {
            "crs": self.grid.crs, "transform": numbers_text(self.grid.transform), "rows": rows, "columns": columns,
            "bands": ",".join(self.bands), "dtype": self.dtype,
            "nodata": None if self.nodata is None else numbers_text([self.nodata]),
            "scale": numbers_text(self.scale), "offset": numbers_text(self.offset),
        }  # fmt: skip

    @classmethod
    def of_columns(cls, row: dict[str, Any]) -> ImageFacts:
        """Return the facts that plain columns state."""
        transform: Transform = tuple(map(float, row["transform"].split()))  # type: ignore[assignment]  # six, as written
        return cls(
            RasterGrid(row["crs"], transform, (int(row["rows"]), int(row["columns"]))),
            tuple(row["bands"].split(",")), row["dtype"], None if row["nodata"] is None else float(row["nodata"]),
            tuple(map(float, row["scale"].split())), tuple(map(float, row["offset"].split())),
        )  # fmt: skip


class Image(Protocol):
    """What a file holds of one instant."""

    @property
    def facts(self) -> ImageFacts:
        """What is known of it besides its values."""

    def blocks(self) -> Iterator[Block]:
        """Read it once, block by block, row of blocks by row of blocks; `InvalidInput` ``unreadable-source``."""


def windows(shape: tuple[int, int], size: int = BLOCK) -> Iterator[tuple[int, int, int, int]]:
    """Give the blocks of a raster: first row, first column, rows, columns."""
    rows, columns = shape
    for row in range(0, rows, size):
        for column in range(0, columns, size):
            yield row, column, min(size, rows - row), min(size, columns - column)


def content_digest(image: Image) -> str:
    """Return the digest of an image's facts and values, 32 hexadecimal digits; reads it once."""
    facts = image.facts
    made = hashlib.blake2b(json.dumps([facts.grid.digest(), facts.columns()]).encode(), digest_size=16)
    for _, _, values in image.blocks():
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), values.dtype.type(np.nan), values)  # noqa: PLW2901  (one NaN for all)
        made.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes())
    return made.hexdigest()


def numbers_text(numbers: Any) -> str:
    """Return numbers as text that reads back as the same numbers; whole ones without a point."""
    return " ".join(str(int(number)) if number == int(number) else repr(float(number)) for number in numbers)


def refuse_size(name: str, shape: tuple[int, int], bands: int) -> None:
    """Refuse an image that claims more than could be meant: `InvalidInput` ``too-large``."""
    rows, columns = shape
    if rows * columns * bands > MOST_PIXELS:
        raise InvalidInput(
            "too-large",
            f"{name} claims {rows:,} x {columns:,} pixels of {bands} bands; at most {MOST_PIXELS:,} values are read",
            hint="cut it into tiles",
        )
